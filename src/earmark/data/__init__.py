"""Data sets: what sounds there are, what each is, and which of them may be learnt from and which judge."""
