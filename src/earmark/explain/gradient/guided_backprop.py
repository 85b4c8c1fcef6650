"""Guided backpropagation: the gradient, with negative contributions cut off at every ReLU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from earmark.explain.gradient.graph import is_no_relu, require
from earmark.explain.gradient.intercept import Call, Intercept, Local, propagate
from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject


@dataclass(frozen=True)
class GuidedBackprop:
    """The gradient with R ← R · [x > 0] · [R > 0] at every ReLU (Springenberg et al. 2015).

    ReLUs are changed however the network writes them: as modules, as functions, as ``clamp(min=0)``, in place, or one
    module used many times. Other nonlinearities keep their derivative. What the method shows depends little on the
    class (Adebayo et al. 2018): compare the maps of two targets before believing one.
    """

    name: ClassVar[str] = "guided_backprop"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram", "waveform")
    signed: ClassVar[bool] = True

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """One forward and T backward passes; no randomness. Raises CapabilityError for a ReLU out of reach."""
        found = 0

        def rule(call: Call) -> Any:
            nonlocal found
            if not is_relu(call):
                return None
            found += 1
            return propagate(call, _positive)

        def inspect(result: Tensor) -> None:
            require(
                result,
                is_no_relu,
                method="Guided backpropagation",
                remedy="Write the ReLU in plain PyTorch, not TorchScript or a compiled block",
            )

        gradients = subject.gradients(subject.x.unsqueeze(0), mode=lambda: Intercept(rule), inspect=inspect)
        return MapAttribution(gradients[:, 0], diagnostics={"relu_calls": found})


def is_relu(call: Call) -> bool:
    """Whether a call is a ReLU, in one of its spellings."""
    if call.name in ("relu", "relu6"):
        return True
    if call.name == "clamp_min":
        return bool(call.setting(1, "min", None) == 0)
    if call.name in ("clamp", "clip"):
        low, high = call.setting(1, "min", None), call.setting(2, "max", None)
        return not isinstance(low, Tensor) and low == 0 and high is None
    return False


def _positive(grad: Tensor, inputs: tuple[Tensor, ...], output: Tensor, local: Local) -> tuple[Tensor, ...]:
    return tuple(g.clamp(min=0) for g in local(grad))
