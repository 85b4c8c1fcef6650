"""TF-IDF: how often each word of a vocabulary occurs, rare words for more (Spärck Jones 1972), of length 1.

As scikit-learn counts by default: tf · (ln((1 + n) / (1 + df)) + 1), then L2-normalised. Words are runs of letters and
digits, with their accents and vowel signs, and with apostrophes inside, in lower case; so that a word that is switched
off takes nothing else with it.
"""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from earmark.errors import BundleError, SettingError
from earmark.models.card import TextCard
from earmark.models.text.encoder import checked

# Vowel signs of Hindi, Thai, … are characters of their own, and for ``re`` no part of words.
_SIGNS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c).startswith("M"))
_LETTERS = rf"(?:[^\W_][{_SIGNS}]*)+"
_WORD = re.compile(rf"{_LETTERS}(?:['’]{_LETTERS})*")
_USUAL: dict[str, int] = {"ngrams": 1, "least_texts": 2, "most_terms": 5000}


class Tfidf:
    """Counts of terms.

    Parameters
    ----------
    terms : the vocabulary.
    idf : weight of each term, ``(V,)``.
    ngrams : a term is one word, or up to so many in a row.

    Examples
    --------
    >>> encoder = Tfidf.fitted(["love me", "love you"], {"least_texts": 1})
    >>> encoder.terms, encoder.width
    (('love', 'me', 'you'), 3)
    """

    def __init__(self, terms: Sequence[str], idf: Tensor, *, ngrams: int = 1) -> None:
        self.terms = tuple(terms)
        self.idf = idf.float()
        self.ngrams = ngrams
        self._place = {term: index for index, term in enumerate(self.terms)}

    @classmethod
    def fitted(cls, texts: Sequence[str], settings: Mapping[str, object]) -> Tfidf:
        """Learn the vocabulary: of the terms in ``least_texts`` texts the ``most_terms`` that are in most of them.

        Raises
        ------
        SettingError
            If a setting makes no sense, or no term is in enough texts.
        """
        chosen = checked(settings, _USUAL, "tfidf")
        if min(chosen.values()) < 1 or chosen["ngrams"] > 3:
            raise SettingError(f"{chosen}", remedy="Give 1 or more, and at most 3 ngrams", where="tfidf")
        seen: Counter[str] = Counter()
        for text in texts:
            seen.update(set(_terms(text, chosen["ngrams"])))
        often = [(-count, term) for term, count in seen.items() if count >= chosen["least_texts"]]
        kept = sorted(term for _, term in sorted(often)[: chosen["most_terms"]])
        if not kept:
            raise SettingError(
                f"no word is in {chosen['least_texts']} of {len(texts)} texts",
                remedy="Give more texts, or --set least_texts=1",
                where="tfidf",
            )
        idf = torch.tensor([math.log((1 + len(texts)) / (1 + seen[term])) + 1 for term in kept])
        return cls(kept, idf, ngrams=chosen["ngrams"])

    @classmethod
    def restored(cls, card: TextCard, weights: Mapping[str, Tensor]) -> Tfidf:
        """From ``weights()``.

        Raises
        ------
        BundleError
            If they are not those of a vocabulary.
        """
        try:
            terms = bytes(weights["terms"].tolist()).decode("utf-8").split("\n")
            made = cls(terms, weights["idf"], ngrams=int(str(card.settings["ngrams"])))
        except (KeyError, ValueError) as error:
            raise BundleError(f"holds no vocabulary ({error})", remedy="Train it again", where="tfidf") from error
        if len(made.terms) != len(made.idf):
            raise BundleError("its vocabulary is cut off", remedy="Train it again", where="tfidf")
        return made

    @property
    def card(self) -> TextCard:
        """Its name and the checksum of its vocabulary."""
        digest = hashlib.sha256("\n".join([str(self.ngrams), *self.terms]).encode())
        digest.update(self.idf.numpy().astype("<f4").tobytes())
        return TextCard("tfidf", "tfidf", digest.hexdigest(), {"ngrams": self.ngrams})

    @property
    def width(self) -> int:
        """Terms in the vocabulary."""
        return len(self.terms)

    def embed(self, texts: Sequence[str]) -> Tensor:
        """``(B, terms)``, each row of length 1, or 0 where no term occurs."""
        rows = torch.zeros(len(texts), self.width)
        for row, text in zip(rows, texts, strict=True):
            counts = Counter(
                place for term in _terms(text, self.ngrams) if (place := self._place.get(term)) is not None
            )
            if counts:
                row[list(counts)] = torch.tensor(list(counts.values()), dtype=torch.float32)
        return torch.nn.functional.normalize(rows * self.idf)

    def read_until(self, text: str) -> int:
        """All of it."""
        return len(text)

    def weights(self) -> dict[str, Tensor]:
        """The vocabulary as UTF-8, a term a line, and the weights of its terms."""
        raw = "\n".join(self.terms).encode()
        return {"terms": torch.tensor(list(raw), dtype=torch.uint8), "idf": self.idf}


def _terms(text: str, ngrams: int) -> Iterator[str]:
    words = [match[0].replace("’", "'") for match in _WORD.finditer(unicodedata.normalize("NFC", text.lower()))]
    for n in range(1, ngrams + 1):
        for start in range(len(words) - n + 1):
            yield " ".join(words[start : start + n])
