"""Classifiers are fitted, tuned and assessed here; explained elsewhere."""
