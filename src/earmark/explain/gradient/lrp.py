"""Layer-wise relevance propagation with the epsilon rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from earmark.errors import SettingError
from earmark.explain.gradient.graph import is_moving, require
from earmark.explain.gradient.intercept import Call, Intercept, Local, frozen, propagate
from earmark.explain.gradient.method import Domain, MapAttribution
from earmark.explain.gradient.subject import Subject, each_gradient

# z = f(a) is linear in the activations a, or picks one of them (maximum).
WEIGHTED = frozenset(
    {
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "batch_norm",
        "matmul",
        "mm",
        "bmm",
        "addmm",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "adaptive_avg_pool1d",
        "adaptive_avg_pool2d",
        "adaptive_avg_pool3d",
        "max_pool1d",
        "max_pool2d",
        "max_pool3d",
        "adaptive_max_pool1d",
        "adaptive_max_pool2d",
        "amax",
        "mean",
        "sum",
        "add",
        "radd",
        "iadd",
        "sub",
        "rsub",
        "isub",
        "mul",
        "rmul",
        "imul",
        "div",
        "truediv",
        "itruediv",
    }
)

# Linear in each factor, not in both: no rule where both depend on the input.
PRODUCTS = frozenset(
    {
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "matmul",
        "mm",
        "bmm",
        "addmm",
        "mul",
        "rmul",
        "imul",
        "div",
        "truediv",
        "itruediv",
    }
)

# Nonlinearities that relevance passes unchanged.
PASSING = frozenset({"relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "tanh"})


@dataclass(frozen=True)
class Lrp:
    """Relevance R_i = a_i Σ_j w_ij R_j / (z_j + ε sign z_j) (Bach et al. 2015, equation 58).

    Relevance starts as the logit itself. It passes nonlinearities unchanged and is shared by a layer, batch norm, pool
    or addition in proportion to each input's part of z. A bias keeps its share, so the map need not sum to the logit;
    how much is missing is reported as ``conservation_gap``.

    Parameters
    ----------
    epsilon : takes relevance where z is small; 0 would divide by zero.
    """

    epsilon: float = 1e-6

    name: ClassVar[str] = "lrp"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram",)
    signed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.epsilon > 0:
            raise SettingError(f"epsilon {self.epsilon}", remedy="Choose a number above 0", where="epsilon")

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """One forward and T backward passes; no randomness.

        Raises
        ------
        CapabilityError
            If the network has an operation without a rule (attention, sigmoid gates, LSTM).
        SettingError
            For an output other than the logit, of which alone relevance is defined.
        """
        target = subject.target
        if target.output != "logit":
            raise SettingError(f"LRP of a {target.output}", remedy='Use output="logit"', where="output")
        rows = subject.cut(subject.x.unsqueeze(0))
        values = torch.zeros(len(target.names), 1, *subject.x.shape, device=rows.device)
        weights = target.weights.to(rows.device)[:, None, :] / target.patches
        with frozen(subject.classifier.network):
            for start, batch in subject.batches(rows):
                leaf = batch.detach().clone().requires_grad_()
                with Intercept(self._rule):
                    result = subject.classifier.logits(leaf.clone())
                if start == 0:
                    require(result, is_moving, method="LRP", remedy="Use integrated_gradients, which needs no rules")
                for t, relevance in enumerate(each_gradient(result, leaf, weights * result.detach())):
                    subject.place(relevance, values[t], start)
        total = values[:, 0].flatten(1).sum(dim=1, dtype=torch.float64).cpu()
        gap = float((total - subject.full).abs().max())
        return MapAttribution(values[:, 0], diagnostics={"conservation_gap": gap})

    def _rule(self, call: Call) -> Any:
        if call.name in PASSING:
            return propagate(call, _pass)
        if call.name == "dropout":
            return call.x  # the network is in eval mode
        if call.name not in WEIGHTED or (call.name in PRODUCTS and len(call.variables) > 1):
            return None
        if call.name in ("div", "truediv", "itruediv") and call.x is not call.variables[0]:
            return None
        return propagate(call, self._share)

    def _share(self, relevance: Tensor, inputs: tuple[Tensor, ...], output: Tensor, local: Local) -> tuple[Tensor, ...]:
        sign = torch.where(output < 0, -1.0, 1.0)
        return tuple(a * s for a, s in zip(inputs, local(relevance / (output + self.epsilon * sign)), strict=True))


def _pass(relevance: Tensor, inputs: tuple[Tensor, ...], output: Tensor, local: Local) -> tuple[Tensor, ...]:
    return (relevance,)
