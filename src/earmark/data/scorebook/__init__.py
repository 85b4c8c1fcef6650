"""scorebook: scores played with a soundfont, so that of every sound stems, notes, key, tempo and words are known.

``collections`` says where the scores are, ``score`` reads them, ``draws`` decides by seed what is played and on what,
``render`` plays it, ``build`` writes the data set and goes on where it was stopped; ``own`` does the same with scores
of yours.
"""
