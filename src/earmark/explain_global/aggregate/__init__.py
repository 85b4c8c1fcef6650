"""Many explanations of one model as one: what counts for each class, how surely, and what to distrust."""
