"""earmark: see, hear and test why an audio or music classifier decided as it did."""

__version__ = "0.1.0"
