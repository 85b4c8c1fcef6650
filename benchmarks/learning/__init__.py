"""What classifiers reach on real data, honestly split: ``python -m benchmarks.learning --date YYYY-MM-DD``."""
