"""What a gradient method differentiates: one number per target, from the logits of a clip's patches.

A clip of P patches (P = 1 where the classifier is not patchwise) with logits ``z`` of shape ``(P, K)`` has the quantity
``value = W · outer(mean over patches of inner(z))``:

==============  ======================  ===================================================
output          inner                   outer
==============  ======================  ===================================================
"logit"         z                       identity (a mean of logits where there are patches)
"probability"   softmax or sigmoid      identity: the classifier's score
"log_odds"      P = 1: log p/(1−p)      identity
"log_odds"      P > 1: p                log p/(1−p) of the clip's score, nats
==============  ======================  ===================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from earmark.errors import SettingError, UnknownNameError
from earmark.models.classifier import Activation

Output = Literal["logit", "probability", "log_odds"]
OUTPUTS: tuple[Output, ...] = ("logit", "probability", "log_odds")

# As in earmark.explain.game.log_odds: float32 scores reach 0 and 1.
_EDGE = 1e-7


@dataclass(frozen=True, eq=False)
class Target:
    """T quantities over K labels.

    Parameters
    ----------
    names : what each is called: a label, or "rock − metal".
    indices : the labels that each one is about: one, or two for a contrast.
    weights : ``(T, K)`` float32; a row has a 1 at its label, and a −1 at the label it is contrasted with.
    output : see the module's table.
    activation : of the classifier.
    patches : P.
    """

    names: tuple[str, ...]
    indices: tuple[tuple[int, ...], ...]
    weights: Tensor
    output: Output
    activation: Activation
    patches: int = 1

    @property
    def couples_patches(self) -> bool:
        """Whether the gradient in one patch depends on the scores of the others."""
        return self.output == "log_odds" and self.patches > 1

    @property
    def elementwise(self) -> bool:
        """Whether every quantity depends on the logits of its own labels only."""
        return self.output == "logit" or self.activation == "sigmoid"

    def inner(self, logits: Tensor) -> Tensor:
        """What is averaged over patches, ``(rows, K)``, from logits ``(rows, K)``."""
        if self.output == "logit":
            return logits
        if self.output == "log_odds" and self.patches == 1:
            return self.alone(logits)
        return torch.sigmoid(logits) if self.activation == "sigmoid" else torch.softmax(logits, dim=1)

    def alone(self, logits: Tensor) -> Tensor:
        """The output of each row as if it were a clip of its own, ``(rows, K)``."""
        if self.output == "logit":
            return logits
        if self.output == "probability":
            return torch.sigmoid(logits) if self.activation == "sigmoid" else torch.softmax(logits, dim=1)
        if self.activation == "sigmoid":
            return logits
        # log p/(1−p) of a softmax is z_k minus the logarithm of the sum over all others.
        others = logits.unsqueeze(1).expand(-1, logits.shape[1], -1)
        own = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
        return logits - torch.logsumexp(others.masked_fill(own, -torch.inf), dim=2)

    def values(self, means: Tensor) -> Tensor:
        """Quantities ``(N, T)`` from the means of ``inner`` over patches ``(N, K)``."""
        return self._outer(means) @ self.weights.T.to(means)

    def seeds(self, means: Tensor) -> Tensor:
        """Derivative of each quantity by ``inner`` of one patch: ``(T, N, K)`` at means ``(N, K)``."""
        slope = torch.ones_like(means)
        if self.couples_patches:
            inside = (means > _EDGE) & (means < 1 - _EDGE)
            slope = torch.where(inside, 1 / (means * (1 - means)).clamp_min(_EDGE**2), torch.zeros_like(means))
        return self.weights.to(means)[:, None, :] * slope / self.patches

    def secants(self, means: Tensor, reference: Tensor) -> Tensor:
        """As ``seeds``, with the slope of ``outer`` between two points in place of its derivative (DeepLIFT)."""
        if not self.couples_patches:
            return self.seeds(means)
        step = means - reference
        close = step.abs() < 1e-6
        slope = (self._outer(means) - self._outer(reference)) / torch.where(close, torch.ones_like(step), step)
        secant = self.weights.to(means)[:, None, :] * slope / self.patches
        return torch.where(close, self.seeds(means), secant)

    def _outer(self, means: Tensor) -> Tensor:
        if not self.couples_patches:
            return means
        p = means.clamp(_EDGE, 1 - _EDGE)
        return torch.log(p) - torch.log1p(-p)


def make_target(
    labels: Sequence[str],
    scores: Sequence[float],
    *,
    targets: str | Sequence[str] | int | None,
    output: str,
    contrast: tuple[str, str] | None,
    activation: Activation,
    patches: int = 1,
) -> Target:
    """The target that the words mean.

    Parameters
    ----------
    labels, scores : the classifier's labels and its probabilities for the clip, K each.
    targets : a label, several, or how many of the most probable; None for three.
    output : "logit", "probability" or "log_odds".
    contrast : two labels A, B: why A and not B; ``targets`` must then be None.
    activation, patches : see ``Target``.

    Raises
    ------
    UnknownNameError, SettingError
        For a label or output that does not exist, or targets and a contrast at once.

    Examples
    --------
    >>> make_target(["rock", "jazz"], [0.2, 0.8], targets=1, output="logit", contrast=None, activation="softmax").names
    ('jazz',)
    """
    labels = tuple(labels)
    if output not in OUTPUTS:
        raise UnknownNameError("output", output, OUTPUTS)
    if contrast is not None:
        if targets is not None:
            raise SettingError("targets and a contrast at once", remedy="Give one of them", where="contrast")
        chosen = [tuple(_row(labels, name) for name in contrast)]
        if len(chosen[0]) != 2 or chosen[0][0] == chosen[0][1]:
            raise SettingError("a contrast takes two different labels", remedy="Give (A, B)", where="contrast")
    elif targets is None or isinstance(targets, int):
        count = min(3, len(labels)) if targets is None else targets
        if not 1 <= count <= len(labels):
            raise SettingError(
                f"{count} targets of {len(labels)} labels", remedy=f"Choose 1 to {len(labels)}", where="targets"
            )
        chosen = [(int(row),) for row in sorted(range(len(labels)), key=lambda row: -float(scores[row]))[:count]]
    else:
        names = (targets,) if isinstance(targets, str) else tuple(targets)
        if not names:
            raise SettingError("no target", remedy="Name a label", where="targets")
        chosen = [(_row(labels, name),) for name in names]
    weights = torch.zeros(len(chosen), len(labels))
    for t, rows in enumerate(chosen):
        weights[t, rows[0]] = 1.0
        if len(rows) == 2:
            weights[t, rows[1]] = -1.0
    names = tuple(" − ".join(labels[row] for row in rows) for rows in chosen)
    chosen_output: Output = next(name for name in OUTPUTS if name == output)
    return Target(names, tuple(chosen), weights, chosen_output, activation, patches)


def _row(labels: tuple[str, ...], name: str) -> int:
    if name not in labels:
        raise UnknownNameError("label", name, labels)
    return labels.index(name)
