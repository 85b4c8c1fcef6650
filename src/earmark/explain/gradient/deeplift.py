"""DeepLIFT: differences from a baseline, carried back through the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from earmark.errors import CapabilityError, SettingError
from earmark.explain.gradient.graph import is_linear, require
from earmark.explain.gradient.intercept import Call, Intercept, Local, frozen, propagate
from earmark.explain.gradient.maxima import halves, maximum
from earmark.explain.gradient.method import Domain, MapAttribution, completeness
from earmark.explain.gradient.subject import Subject, each_gradient

# Functions of each cell alone: the Rescale rule holds for all of them.
ELEMENTWISE = frozenset(
    {
        "relu",
        "relu6",
        "elu",
        "celu",
        "selu",
        "leaky_relu",
        "gelu",
        "silu",
        "mish",
        "softplus",
        "hardswish",
        "hardsigmoid",
        "hardtanh",
        "sigmoid",
        "logsigmoid",
        "tanh",
        "softsign",
        "clamp",
        "clamp_min",
        "clamp_max",
        "clip",
        "exp",
        "log",
        "log1p",
        "log10",
        "sqrt",
        "square",
        "abs",
    }
)

# Below this difference between clip and baseline the multiplier is the derivative, as in captum.
_CLOSE = 1e-10

# Contributions sum exactly but for rounding: allowed gap, as a part of the sum of their magnitudes.
_ROUNDING = 1e-3


@dataclass(frozen=True)
class DeepLift:
    """Contributions by the Rescale rule (Shrikumar et al. 2017); they sum to f(x) − f(baseline).

    A nonlinearity y(x) has the multiplier Δy/Δx, difference of clip and baseline; linear operations keep their
    derivative; a maximum follows the rule of shap and captum. The RevealCancel rule is not offered.

    Parameters
    ----------
    baseline : "silence" or "median".
    """

    baseline: str = "silence"

    name: ClassVar[str] = "deeplift"
    domains: ClassVar[tuple[Domain, ...]] = ("spectrogram",)
    signed: ClassVar[bool] = True

    def attribute(self, subject: Subject, generator: torch.Generator) -> MapAttribution:
        """Two forward and T backward passes a patch; no randomness.

        Raises
        ------
        CapabilityError
            If the network multiplies or normalises activations (attention, softmax, LSTM), for which there is no rule,
            or if the sum is not what the rules promise.
        SettingError
            For a softmax's probability or log-odds: the rule needs one number after the other.
        """
        target = subject.target
        if not target.elementwise:
            raise SettingError(
                f"DeepLIFT has no rule for the {target.output} of a softmax",
                remedy='Use output="logit" (a contrast of logits says why one class and not the other)',
                where="output",
            )
        baseline = subject.baseline(self.baseline)
        rows, references = subject.cut(subject.x.unsqueeze(0)), subject.cut(baseline.unsqueeze(0))
        means, base_means = subject.means_of_clip, subject.means(baseline.unsqueeze(0))
        seeds = target.secants(means, base_means).float()
        values = torch.zeros(len(target.names), 1, *subject.x.shape, device=rows.device)
        with frozen(subject.classifier.network):
            # One pair at a time: a network may split its batch, or fold time into it, and clip and baseline still meet.
            for number, (row, reference) in enumerate(zip(rows, references, strict=True)):
                subject.watch.before_batch()
                leaf = torch.stack([row, reference]).detach().requires_grad_()
                with Intercept(_rescale_all):
                    result = target.inner(subject.classifier.logits(leaf.clone()))
                if number == 0:
                    require(
                        result,
                        is_linear,
                        method="DeepLIFT",
                        remedy="Use integrated_gradients or gradient_shap, which need no rules",
                    )
                for t, multipliers in enumerate(each_gradient(result, leaf, seeds.expand(-1, 2, -1))):
                    subject.place((multipliers[0] * (row - reference)).unsqueeze(0), values[t], number)
                subject.watch.after_batch(1)
        base = target.values(base_means)[0].cpu()
        gap = completeness(subject, values[:, 0], base)
        size = values[:, 0].flatten(1).abs().sum(dim=1, dtype=torch.float64).cpu()
        if (gap > _ROUNDING * size).any():
            raise CapabilityError(
                f"the contributions miss the change of the output by {float(gap.max()):.2g}, against its rules",
                remedy="The network does not keep the rows of a batch apart along the first axis; "
                "use integrated_gradients",
                where="network",
            )
        return MapAttribution(values[:, 0], base, gap)


def _rescale_all(call: Call) -> Any:
    if call.name in ELEMENTWISE:
        return propagate(call, rescale)
    return maximum(call)


def rescale(grad: Tensor, inputs: tuple[Tensor, ...], output: Tensor, local: Local) -> tuple[Tensor, ...]:
    """The Rescale rule on rows of clips followed by as many rows of baselines."""
    x, reference = halves(inputs[0])
    y, y_reference = halves(output)
    step = x - reference
    (plain,) = local(grad)
    close = step.abs() < _CLOSE
    slope = (y - y_reference) / torch.where(close, torch.ones_like(step), step)
    return (torch.where(torch.cat([close, close]), plain, grad * torch.cat([slope, slope])),)
