"""The peer libraries on binary masks over components, called as their documentation has it."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]
Forward = Callable[[Tensor], Tensor]
Predict = Callable[[Any], Any]


@dataclass(frozen=True)
class Captum:
    """Rows a call, the one class that is explained, and what is there when a component is off."""

    batch: int
    target: int
    fill: float


def captum_lime(forward: Forward, x: Tensor, groups: Tensor, samples: int, options: Captum) -> Tensor:
    """captum's Lime with its own defaults (cosine similarity, Lasso) for one class."""
    from captum.attr import Lime

    return _captum(Lime, forward, x, groups, samples, options)


def captum_kernel_shap(forward: Forward, x: Tensor, groups: Tensor, samples: int, options: Captum) -> Tensor:
    """captum's KernelShap for one class."""
    from captum.attr import KernelShap

    return _captum(KernelShap, forward, x, groups, samples, options)


def _captum(method: Any, forward: Forward, x: Tensor, groups: Tensor, samples: int, options: Captum) -> Tensor:
    made: Tensor = method(forward).attribute(
        x[None],
        baselines=options.fill,
        target=options.target,
        feature_mask=groups[None],
        n_samples=samples,
        perturbations_per_eval=options.batch,
        show_progress=False,
    )
    return made


def shap_kernel(predict: Callable[[Floats], Floats], players: int, samples: int) -> Floats:
    """shap's KernelExplainer over masks: background all off, the clip all on, every class."""
    import shap

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = shap.KernelExplainer(predict, np.zeros((1, players)))
        values = explainer.shap_values(np.ones((1, players)), nsamples=samples, l1_reg=False, silent=True)
    made: Floats = np.asarray(values)[0].T
    return made


def shapiq_kernel(value: Callable[[NDArray[np.bool_]], Floats], players: int, samples: int, *, seed: int) -> Floats:
    """shapiq's KernelSHAP with paired sampling, one output: ``value(masks) -> (B,)``."""
    import shapiq

    estimator = shapiq.KernelSHAP(n=players, pairing_trick=True, random_state=seed)
    found = estimator.approximate(samples, lambda masks: value(np.asarray(masks, dtype=np.bool_)))
    return np.array([found[(player,)] for player in range(players)])


def lime_image(
    image: NDArray[np.float32], groups: NDArray[np.intp], predict: Predict, samples: int, *, batch: int, labels: int
) -> object:
    """lime's image explainer on a grey picture with given segments, all labels."""
    from lime.lime_image import LimeImageExplainer

    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar cannot be switched off
        return LimeImageExplainer(random_state=0).explain_instance(
            image.astype(np.float64),
            predict,
            labels=tuple(range(labels)),
            top_labels=None,
            hide_color=float(image.min()),
            num_samples=samples,
            batch_size=batch,
            segmentation_fn=lambda _: groups,
        )
