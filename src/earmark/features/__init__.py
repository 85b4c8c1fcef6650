"""Spectrogram front ends: from the waveform to what a network sees. Torch, batched, differentiable."""
