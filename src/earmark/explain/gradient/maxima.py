"""DeepLIFT's rule for a maximum over cells: max-pooling, and the maximum along axes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from earmark.errors import CapabilityError
from earmark.explain.gradient.intercept import Call

_POOLS = {
    "max_pool1d": F.max_pool1d_with_indices,
    "max_pool2d": F.max_pool2d_with_indices,
    "max_pool3d": F.max_pool3d_with_indices,
    "max_pool1d_with_indices": F.max_pool1d_with_indices,
    "max_pool2d_with_indices": F.max_pool2d_with_indices,
    "max_pool3d_with_indices": F.max_pool3d_with_indices,
}
_ADAPTIVE = {
    "adaptive_max_pool1d": F.adaptive_max_pool1d_with_indices,
    "adaptive_max_pool2d": F.adaptive_max_pool2d_with_indices,
}
_CLOSE = 1e-10


def halves(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of clips, rows of baselines.

    Raises
    ------
    CapabilityError
        If there are not as many of one as of the other.
    """
    if len(rows) % 2:
        raise CapabilityError(
            f"the network sends clip and baseline on separately ({len(rows)} rows at once)",
            remedy="Use integrated_gradients, or a network that takes a batch as a whole",
            where="network",
        )
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def maximum(call: Call) -> Any:
    """The call with the rule in place, if it is a maximum over cells; None if it is something else."""
    x = call.x
    if x is None:
        return None
    if call.name in _POOLS or call.name in _ADAPTIVE:
        return _pool(call, x)
    if call.name == "amax" or (call.name == "max" and (len(call.args) > 1 or "dim" in call.kwargs)):
        return _along_axes(call, x)
    return None


def _pool(call: Call, x: Tensor) -> Any:
    settings = {k: v for k, v in call.kwargs.items() if k not in ("input", "return_indices")}
    adaptive = call.name in _ADAPTIVE
    spatial = int(call.name.split("pool")[1][0])
    positional = call.args[1:] if call.args else ()
    # Only the settings: the last positional argument would be return_indices.
    function = _ADAPTIVE[call.name] if adaptive else _POOLS[call.name]
    with torch.no_grad():
        values, indices = function(x, *positional[: 1 if adaptive else 5], **settings)
    flat = x.flatten(-spatial)
    result = Largest.apply(flat, indices.flatten(-spatial))  # type: ignore[no-untyped-call]
    pooled = result.reshape(values.shape)
    asked = call.name.endswith("_with_indices") or call.kwargs.get("return_indices") is True
    return (pooled, indices) if asked else pooled


def _along_axes(call: Call, x: Tensor) -> Any:
    axes: Any = call.setting(1, "dim", ())
    keep = bool(call.setting(2, "keepdim", False))
    if isinstance(axes, Tensor):
        return None
    listed: list[int] = [axes] if isinstance(axes, int) else list(axes)
    chosen = sorted(axis % x.ndim for axis in (listed or range(x.ndim)))
    if 0 in chosen:
        return None  # across the batch: left to the inspection of the graph, which refuses it
    moved = x.movedim(chosen, list(range(-len(chosen), 0)))
    flat = moved.flatten(-len(chosen))
    indices = flat.detach().argmax(dim=-1, keepdim=True)
    result = Largest.apply(flat, indices).squeeze(-1)  # type: ignore[no-untyped-call]
    where = indices.squeeze(-1)
    if keep:
        for axis in chosen:
            result, where = result.unsqueeze(axis), where.unsqueeze(axis)
    return result if call.name == "amax" else torch.return_types.max((result, where))


class Largest(torch.autograd.Function):
    """Cells ``flat (…, M)`` picked by ``indices (…, O)``, in rows of clips followed by rows of baselines.

    A rise of the output above the baseline's is credited to the clip's own largest cell, the fall below the
    baseline's to the cell that was largest there. Cells picked by several outputs (overlapping pools) add up, which
    captum's unpooling does not do.
    """

    @staticmethod
    def forward(ctx: Any, flat: Tensor, indices: Tensor) -> Tensor:
        """Gather."""
        ctx.save_for_backward(flat, indices)
        return flat.gather(-1, indices)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        """Multipliers of both halves."""
        flat, indices = ctx.saved_tensors
        (x, reference), (at, at_reference) = halves(flat), halves(indices)
        grad = halves(grads[0])[0]
        y, y_reference = x.gather(-1, at), reference.gather(-1, at_reference)
        top = torch.maximum(y, y_reference)
        credit = torch.zeros_like(x).scatter_add(-1, at, grad * (top - y_reference))
        credit = credit.scatter_add(-1, at_reference, grad * (y - top))
        plain = torch.zeros_like(x).scatter_add(-1, at, grad)
        step = x - reference
        close = step.abs() < _CLOSE
        multiplier = torch.where(close, plain, credit / torch.where(close, torch.ones_like(step), step))
        return torch.cat([multiplier, multiplier]), None
