"""Gradients and class activation maps: an attribution for every cell of the model's own input."""
