"""Models of text: TF-IDF, sentence embeddings, transformers from a folder; and their classifiers.

``encoder`` says what every encoder offers and finds one by name, ``lyrics_classifier`` puts a head on it.
"""
