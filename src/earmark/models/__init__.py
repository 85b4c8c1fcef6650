"""The classifier seam, the pre-trained taggers, adapters, and a model's files on disk."""
