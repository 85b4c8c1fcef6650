"""Activations of a layer as maps over frequency and time, on CNNs and on spectrogram transformers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from earmark.errors import CapabilityError, UnknownNameError
from earmark.explain.gradient.subject import Subject
from earmark.models.classifier import TokenGrid, Tokenised


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer, and how its output lies on the spectrogram.

    Parameters
    ----------
    name : as in ``network.named_modules()``.
    module : the layer itself.
    arrange : the layer's output → maps ``(rows, channels, freq, time)``.
    grid : of a transformer's tokens, else None.
    """

    name: str
    module: nn.Module
    arrange: Callable[[Tensor], Tensor]
    grid: TokenGrid | None

    def run(self, subject: Subject, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's output (in the graph) and the target's inner function ``(rows, K)``.

        Raises
        ------
        CapabilityError
            If the network calls the layer not at all, or more than once.
        """
        return run_layer(self.module, self.name, rows, lambda leaf: subject.target.inner(_logits(subject, leaf)))

    def spread(self, maps: Tensor, bins: int, frames: int) -> Tensor:
        """Maps ``(rows, freq, time)`` → ``(rows, bins, frames)``.

        CNN: bilinear, the layer's cells spread evenly over the patch (as in the papers; a cell's receptive field is
        centred there up to the network's padding). Transformer: linear between the centres of the tokens' squares,
        constant beyond the outermost centres.
        """
        if self.grid is None:
            return F.interpolate(maps.unsqueeze(1), size=(bins, frames), mode="bilinear", align_corners=False)[:, 0]
        across = _between_centres(self.grid, self.grid.n_bins, bins).to(maps)
        along = _between_centres(self.grid, self.grid.n_frames, frames).to(maps)
        return across @ maps @ along.T


def find_layer(subject: Subject, name: str | None) -> Layer:
    """A layer by name; None takes the deepest that the classifier recommends.

    Raises
    ------
    UnknownNameError
        If the network has no such layer.
    CapabilityError
        If the layer's output has no place on the spectrogram.
    """
    classifier = subject.classifier
    modules = dict(classifier.network.named_modules(remove_duplicate=False))
    if name is None:
        if not classifier.cam_layers:
            raise CapabilityError("the classifier names no layer for activation maps", remedy="Name one", where="layer")
        name = classifier.cam_layers[-1]
    if not name or name not in modules:
        raise UnknownNameError("layer", name, [n for n in (*classifier.cam_layers, *modules) if n])
    module = modules[name]
    rows = subject.cut(subject.spectrogram_of_clip.unsqueeze(0))[:1]
    output, _ = run_layer(module, name, rows, lambda leaf: _logits(subject, leaf))
    if isinstance(classifier, Tokenised):
        grid = classifier.token_grid
        tokens = grid.leading + grid.n_bins * grid.n_frames
        if output.ndim == 3 and output.shape[1] == tokens:
            return Layer(name, module, lambda a: _from_tokens(a, grid), grid)
        if output.shape[2:] == (grid.n_bins, grid.n_frames):
            return Layer(name, module, lambda a: a, grid)
    if output.ndim == 3:
        # (rows, channels, steps): one of the two axes is gone.
        time = _runs_along_time(subject, module, name, rows, lambda a: a.unsqueeze(2))
        return Layer(name, module, (lambda a: a.unsqueeze(2)) if time else (lambda a: a.unsqueeze(3)), None)
    if output.ndim != 4 or output.shape[2] * output.shape[3] == 1:
        raise CapabilityError(
            f"the output of layer {name} has the shape {tuple(output.shape)}, no map over frequency and time",
            remedy=f"Choose another layer, such as {', '.join(classifier.cam_layers) or 'a convolution'}",
            where="layer",
        )
    time = _runs_along_time(subject, module, name, rows, lambda a: a)
    return Layer(name, module, (lambda a: a) if time else (lambda a: a.transpose(2, 3)), None)


def run_layer(module: nn.Module, name: str, rows: Tensor, forward: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """A layer's output and the network's result, both in one graph over ``rows``."""
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        first = output[0] if isinstance(output, tuple) else output
        if not isinstance(first, Tensor):
            raise CapabilityError(f"layer {name} gives no tensor", remedy="Choose a layer inside it", where="layer")
        seen.append(first)
        # What follows may write in place; it gets a copy.
        return (first.clone(), *output[1:]) if isinstance(output, tuple) else first.clone()

    handle = module.register_forward_hook(keep)
    try:
        result = forward(rows.detach().clone().requires_grad_())
    finally:
        handle.remove()
    if len(seen) != 1:
        raise CapabilityError(
            f"the network calls layer {name} {len(seen)} times, a map needs exactly one",
            remedy="Choose another layer",
            where="layer",
        )
    return seen[0], result


def _logits(subject: Subject, rows: Tensor) -> Tensor:
    return subject.classifier.logits(rows)


def _runs_along_time(
    subject: Subject, module: nn.Module, name: str, rows: Tensor, arrange: Callable[[Tensor], Tensor]
) -> bool:
    """Whether the last axis of ``arrange(output)`` is time, seen from where in the input its first and last cell look.

    Noise is put in, because a silent patch may leave every ReLU at zero; it is drawn the same each time.
    """
    noise = torch.randn(4, *rows.shape[1:], generator=torch.Generator().manual_seed(0)).to(rows)
    leaf = (rows + noise * (rows.std() + 1)).detach().requires_grad_()
    seen: list[Tensor] = []
    handle = module.register_forward_hook(
        lambda _m, _i, output: seen.append(output[0] if isinstance(output, tuple) else output)
    )
    try:
        subject.classifier.logits(leaf)
    finally:
        handle.remove()
    maps = arrange(seen[0].clone())
    axis = 3 if maps.shape[3] > 1 else 2
    centres = []
    for index in (0, maps.shape[axis] - 1):
        (gradient,) = torch.autograd.grad(maps.select(axis, index).abs().sum(), leaf, retain_graph=True)
        weight = gradient.abs().sum(dim=0).double()
        if not float(weight.sum()) > 0:
            raise CapabilityError(
                f"cell {index} of layer {name} does not depend on the spectrogram", remedy="Choose another layer"
            )
        grid = [torch.arange(n, device=weight.device, dtype=torch.float64) / max(n - 1, 1) for n in weight.shape]
        total = weight.sum()
        centres.append((float((weight.sum(1) * grid[0]).sum() / total), float((weight.sum(0) * grid[1]).sum() / total)))
    across, along = (abs(last - first) for first, last in zip(*centres, strict=True))
    return bool(along >= across if axis == 3 else across > along)


def _from_tokens(output: Tensor, grid: TokenGrid) -> Tensor:
    tokens = output[:, grid.leading :]
    return tokens.reshape(len(tokens), grid.n_bins, grid.n_frames, -1).permute(0, 3, 1, 2)


def _between_centres(grid: TokenGrid, tokens: int, cells: int) -> Tensor:
    """Weights ``(cells, tokens)`` of linear interpolation between the centres of the tokens."""
    place = (torch.arange(cells, dtype=torch.float64) - (grid.patch - 1) / 2) / grid.stride
    place = place.clamp(0, tokens - 1)
    low = place.floor().long().clamp(max=max(tokens - 2, 0))
    part = place - low
    weights = torch.zeros(cells, tokens, dtype=torch.float64)
    weights.scatter_(1, low[:, None], (1 - part)[:, None])
    if tokens > 1:
        weights.scatter_(1, low[:, None] + 1, part[:, None])
    return weights
