"""Which operations a network's result was made of: the autograd graph, read after the forward pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from earmark.errors import CapabilityError

# Operations that only move numbers: relevance passes through them unchanged.
MOVING = frozenset(
    {
        "Alias",
        "AsStrided",
        "Cat",
        "Chunk",
        "Clone",
        "Contiguous",
        "CopyBackwards",
        "CopySlices",
        "Copy",
        "Detach",
        "Diagonal",
        "Expand",
        "Flip",
        "Index",
        "IndexSelect",
        "Movedim",
        "Narrow",
        "Permute",
        "PixelShuffle",
        "ReshapeAlias",
        "Reshape",
        "Roll",
        "Select",
        "Slice",
        "Split",
        "SplitWithSizes",
        "Squeeze",
        "Stack",
        "T",
        "ToCopy",
        "Transpose",
        "UnsafeSplit",
        "UnsafeView",
        "Unbind",
        "Unfold",
        "Unsqueeze",
        "View",
        "ViewAsReal",
        "ConstantPadNd",
    }
)

# Operations linear in the one argument that depends on the input.
LINEAR = MOVING | frozenset(
    {
        "Add",
        "Addbmm",
        "Addmm",
        "Addmv",
        "AvgPool2D",
        "AvgPool3D",
        "AvgPool1D",
        "AdaptiveAvgPool2D",
        "AdaptiveAvgPool3D",
        "MkldnnAdaptiveAvgPool2D",
        "BatchNorm",
        "Baddbmm",
        "Bmm",
        "Convolution",
        "CudnnBatchNorm",
        "CudnnConvolution",
        "Cumsum",
        "Div",
        "Dot",
        "Linear",
        "Mean",
        "MkldnnConvolution",
        "MkldnnLinear",
        "Mm",
        "Mul",
        "Mv",
        "NativeBatchNorm",
        "Neg",
        "ReflectionPad1D",
        "ReflectionPad2D",
        "Repeat",
        "ReplicationPad1D",
        "ReplicationPad2D",
        "Rsub",
        "Sub",
        "Sum",
        "UpsampleBilinear2D",
        "UpsampleNearest2D",
    }
)

# Linear in each argument, not in two at once.
PRODUCTS = frozenset(
    {"Addbmm", "Addmm", "Addmv", "Baddbmm", "Bmm", "Convolution", "Div", "Dot", "Linear", "Mm", "Mul", "Mv"}
)

# Ends of the graph, and operations that a rule took over.
_ENDS = frozenset({"AccumulateGrad", "Propagate", "Largest"})


def operations(result: Tensor) -> Iterator[tuple[str, Any]]:
    """Name (without "Backward0") and node of every operation between the input and ``result``."""
    waiting, seen = [result.grad_fn], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        yield re.sub(r"Backward\d*$", "", node.name().rsplit(".", 1)[-1].removeprefix("torch::autograd::")), node
        waiting.extend(parent for parent, _ in node.next_functions)


def require(result: Tensor, allowed: Callable[[str, Any], bool], *, method: str, remedy: str) -> None:
    """Refuse a network with an operation that ``allowed(name, node)`` does not allow.

    Raises
    ------
    CapabilityError
        Naming the operations.
    """
    bad = sorted({name for name, node in operations(result) if name not in _ENDS and not allowed(name, node)})
    if bad:
        raise CapabilityError(
            f"{method} has no rule for the operation {', '.join(bad)} in this network", remedy=remedy, where="network"
        )


def is_linear(name: str, node: Any) -> bool:
    """Whether a node of the graph is linear in what depends on the input."""
    if name not in LINEAR:
        return False
    if name not in PRODUCTS:
        return True
    variable = [index for index, (parent, _) in enumerate(node.next_functions) if parent is not None]
    if name == "Div":
        return variable == [0]
    # The first argument of addmm and its kin, and the last of a convolution or linear layer, is only added.
    added = {"Addbmm": 0, "Addmm": 0, "Addmv": 0, "Baddbmm": 0, "Convolution": 2, "Linear": 2}.get(name)
    return len([index for index in variable if index != added]) <= 1


def is_moving(name: str, node: Any) -> bool:
    """Whether a node only moves numbers about."""
    return name in MOVING


def is_no_relu(name: str, node: Any) -> bool:
    """Whether a node can hide no ReLU: neither one itself nor a compiled block of operations."""
    return not re.search(r"relu|threshold|differentiablegraph|compiled", name, flags=re.IGNORECASE)
