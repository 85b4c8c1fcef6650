"""Recipes of classifiers of lyrics: an encoder of text, and logistic regression (scikit-learn's C) on it."""

from __future__ import annotations

from earmark.models.recipe import Recipe

TFIDF = Recipe("tfidf", kind="text", settings={"model": "tfidf", "C": 10.0})
SENTENCE = Recipe("sentence", kind="text", settings={"model": "sentence", "C": 0.01})
# --set model=FOLDER, and as they fit: pooling, tokens, lower, normalise.
TEXT = Recipe("text", kind="text", settings={"model": "roberta-large", "C": 0.01})
