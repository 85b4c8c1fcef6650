"""Texts in two languages: a translation that was never sung stands beside the words.

No more than a sieve of function words, which every text is full of, for five languages of songs. A stretch of
twelve words counts for a language if it has two or more words that only this one has, and three times as many as any
other: names and a borrowed refrain are not enough.
"""

from __future__ import annotations

from collections import Counter

from earmark.data.lyrics.tokens import folded

_STRETCH = 12
_LEAST_HITS = 2
_CLEAR = 3
# Of the stretches whose language is known, so that two lines of a refrain do not make a song bilingual.
_LEAST_SHARE = 0.2
_LEAST_STRETCHES = 2

_WORDS = {
    "English": "the and of to that with for my you your is was not it when from thy thee thou shall which his her "
    "she they this have are but all be at on in by me we i so no do as what",
    "German": "und der die das ich nicht ist mit ein mir mich dir dich wie so auf im den dem zu von es sich wenn noch "
    "auch sein was in du er sie wir aus am um nur doch mein dein da ein eine einen war hat wird vom zum als",
    "French": "le la les des et une est pas que qui dans pour sur vous je ne mon ma mes ton ta tu ses au du un en se "
    "de il elle nous si me te sa son par plus mais où ou tout aux c'est j'ai d'un qu'il l'amour",
    "Spanish": "el la los las y una que es por con mi su para pero como del yo se lo un en de no me te tu si al más "
    "cuando porque muy ya qué sin",
    "Italian": "il la gli che di non per con una mio sono è della nel mi un e la lo si ma se in al tu io le del più "
    "come quando questo perché dei",
}
_OWNERS = Counter(word for words in _WORDS.values() for word in set(words.split()))
_LANGUAGE_OF = {word: name for name, words in _WORDS.items() for word in words.split() if _OWNERS[word] == 1}


def languages(text: str) -> tuple[str, ...]:
    """The languages that a fifth and more of a text is in, the most frequent first; empty where none is recognised.

    Examples
    --------
    >>> german = "ich weiß nicht was soll es bedeuten dass ich so traurig bin und mir das Herz nicht ruht " * 2
    >>> english = "I know not what it means that I am sad and that my heart is not at rest with the night " * 2
    >>> languages(german), sorted(languages(german + english))
    (('German',), ['English', 'German'])
    """
    words = folded(text).replace("’", "'").split()
    found: Counter[str] = Counter()
    for start in range(0, len(words), _STRETCH):
        hits = Counter(_LANGUAGE_OF[word] for word in words[start : start + _STRETCH] if word in _LANGUAGE_OF)
        (name, most), (_, next_most) = [*hits.most_common(2), ("", 0), ("", 0)][:2]
        if most >= _LEAST_HITS and most >= _CLEAR * next_most:
            found[name] += 1
    known = found.total()
    if len(found) == 1:
        return tuple(found)
    return tuple(name for name, count in found.most_common() if count >= max(_LEAST_STRETCHES, _LEAST_SHARE * known))
