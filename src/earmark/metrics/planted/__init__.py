"""Sounds whose evidence is known because it was planted: what an explanation should find."""
