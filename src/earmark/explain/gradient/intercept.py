"""Rules of propagation in place of derivatives, for every way in which a network can write an operation.

Libraries that hang hooks on ``nn.ReLU`` modules miss ``F.relu(x)``, ``x.relu()`` and ``x.clamp(min=0)``, and stumble
over one ReLU module that is called twice. Here the calls themselves are caught while the network runs (a
``TorchFunctionMode``), so a ReLU is a ReLU however it is written, in place or not. What cannot be caught (TorchScript,
custom C++ operations) is found afterwards in the autograd graph, see ``earmark.explain.gradient.graph``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

T = TypeVar("T")

_DISPATCHED: dict[Any, str] = {
    F.max_pool1d: "max_pool1d",
    F.max_pool2d: "max_pool2d",
    F.max_pool3d: "max_pool3d",
    F.adaptive_max_pool1d: "adaptive_max_pool1d",
    F.adaptive_max_pool2d: "adaptive_max_pool2d",
    F.adaptive_max_pool3d: "adaptive_max_pool3d",
}


@dataclass(frozen=True, eq=False)
class Call:
    """One operation of the network, as it was called."""

    name: str
    in_place: bool
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def x(self) -> Tensor | None:
        """The tensor it works on: the first argument."""
        first = self.args[0] if self.args else self.kwargs.get("input")
        return first if isinstance(first, Tensor) else None

    @property
    def variables(self) -> tuple[Tensor, ...]:
        """The arguments that depend on the network's input, each once."""
        values = [*self.args, *self.kwargs.values()]
        flat = [v for value in values for v in (value if isinstance(value, (list, tuple)) else (value,))]
        return tuple({id(v): v for v in flat if isinstance(v, Tensor) and v.requires_grad}.values())

    def setting(self, position: int, name: str, default: T) -> T:
        """An argument by position or name."""
        value: T = self.args[position] if len(self.args) > position else self.kwargs.get(name, default)
        return value

    def again(self, replaced: dict[int, Tensor]) -> Any:
        """The same call, out of place, with tensors (by ``id``) replaced."""

        def swap(value: Any) -> Any:
            if isinstance(value, Tensor):
                return replaced.get(id(value), value)
            if isinstance(value, (list, tuple)):
                return type(value)(swap(v) for v in value)
            return value

        return self.function(*(swap(a) for a in self.args), **{k: swap(v) for k, v in self.kwargs.items()})


Rule = Callable[[Call], Any]
"""Answers a call with the tensor to go on with, or None where the operation is to run as it is."""


class Intercept(TorchFunctionMode):
    """While active, every operation is offered to ``rule`` first.

    Operations in place on the result of another are done out of place and copied back, so that a rule never sees its
    own input overwritten.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self._rule = rule

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        name = _DISPATCHED[func] if _hashable(func) and func in _DISPATCHED else str(getattr(func, "__name__", ""))
        method_in_place = name.endswith("_") and not name.endswith("__")
        in_place = method_in_place or kwargs.get("inplace") is True
        call = Call(name.strip("_"), in_place, func, args, kwargs)
        x = call.x
        if x is None or not call.variables:
            return func(*args, **kwargs)
        if in_place:
            # The tensor's own value goes into the rule as a copy; the answer is written back into the tensor.
            source = x.clone()
            settings = {k: v for k, v in kwargs.items() if k != "inplace"}
            call = Call(call.name, True, _out_of_place(func, name), (source, *args[1:]), settings)
        answer = self._rule(call)
        if answer is None:
            return func(*args, **kwargs)
        if in_place:
            x.copy_(answer)
            return x
        return answer


def _hashable(func: Any) -> bool:
    return getattr(func, "__hash__", None) is not None


def _out_of_place(func: Any, name: str) -> Callable[..., Any]:
    if not (name.endswith("_") and not name.endswith("__")):
        return func  # type: ignore[no-any-return]
    for place in (Tensor, torch, F):
        found = getattr(place, name[:-1], None)
        if found is not None:
            return found  # type: ignore[no-any-return]

    def copied(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        return func(x.clone(), *args, **kwargs)

    return copied


class Propagate(torch.autograd.Function):
    """Forward: the call's own result. Backward: whatever ``backward(grad, inputs, output, local)`` says.

    ``local(vector)`` is the plain vector-Jacobian product of the call.
    """

    @staticmethod
    def forward(ctx: Any, call: Call, backward: Backward, *inputs: Tensor) -> Tensor:
        """Run the call on detached inputs and keep its small graph."""
        with torch.enable_grad():
            leaves = tuple(v.detach().requires_grad_() for v in inputs)
            output = call.again({id(v): leaf for v, leaf in zip(call.variables, leaves, strict=True)})
        ctx.leaves, ctx.output, ctx.rule = leaves, output, backward
        result: Tensor = output.detach().clone()
        return result

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Apply the rule."""

        def local(vector: Tensor) -> tuple[Tensor, ...]:
            return tuple(torch.autograd.grad(ctx.output, ctx.leaves, vector, retain_graph=True))

        with torch.no_grad():
            inputs = tuple(v.detach() for v in ctx.leaves)
            answer: tuple[Tensor, ...] = ctx.rule(grads[0], inputs, ctx.output.detach(), local)
        return (None, None, *answer)


Local = Callable[[Tensor], tuple[Tensor, ...]]
Backward = Callable[[Tensor, tuple[Tensor, ...], Tensor, Local], tuple[Tensor, ...]]


def propagate(call: Call, backward: Backward) -> Tensor:
    """The call's result, with ``backward`` in place of its derivative."""
    result: Tensor = Propagate.apply(call, backward, *call.variables)  # type: ignore[no-untyped-call]
    return result


@contextlib.contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Parameters need no gradient inside, so that what needs one depends on the input; as before on leaving."""
    needing = [p for p in network.parameters() if p.requires_grad]
    try:
        for p in needing:
            p.requires_grad_(False)
        yield
    finally:
        for p in needing:
            p.requires_grad_(True)
