"""All methods that attribute to the cells of the model's input, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.registry import Registry

if TYPE_CHECKING:
    from earmark.explain.gradient.method import MapMethod

_ROOM = "earmark.explain.gradient"

GRADIENT_METHODS: Registry[type[MapMethod]] = Registry("gradient method")
GRADIENT_METHODS.add("saliency", f"{_ROOM}.saliency:Saliency", "magnitude (or sign) of the gradient")
GRADIENT_METHODS.add("input_x_gradient", f"{_ROOM}.input_x_gradient:InputXGradient", "input times gradient")
GRADIENT_METHODS.add(
    "integrated_gradients",
    f"{_ROOM}.integrated_gradients:IntegratedGradients",
    "gradient averaged from a baseline to the clip; sums to the change of the output",
)
GRADIENT_METHODS.add("smoothgrad", f"{_ROOM}.smoothgrad:SmoothGrad", "gradient averaged over noisy copies")
GRADIENT_METHODS.add(
    "gradient_shap",
    f"{_ROOM}.gradient_shap:GradientShap",
    "expected gradients over baselines and noise; sums to the change of the output in expectation",
)
GRADIENT_METHODS.add(
    "deeplift", f"{_ROOM}.deeplift:DeepLift", "differences from a baseline, Rescale rule; sums to the change"
)
GRADIENT_METHODS.add(
    "guided_backprop", f"{_ROOM}.guided_backprop:GuidedBackprop", "gradient without negative paths through ReLUs"
)
GRADIENT_METHODS.add("lrp", f"{_ROOM}.lrp:Lrp", "layer-wise relevance propagation, epsilon rule")
GRADIENT_METHODS.add("grad_cam", f"{_ROOM}.grad_cam:GradCam", "a layer's channels weighted by their mean gradients")
GRADIENT_METHODS.add("hirescam", f"{_ROOM}.hirescam:HiResCam", "a layer's activations times gradients, cell by cell")
GRADIENT_METHODS.add(
    "score_cam", f"{_ROOM}.score_cam:ScoreCam", "a layer's channels weighted by the scores of what they let through"
)
