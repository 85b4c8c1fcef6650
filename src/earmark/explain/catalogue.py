"""The registered explanation methods that play a game."""

from __future__ import annotations

from earmark.explain.method import Method
from earmark.registry import Registry

METHODS: Registry[type[Method]] = Registry("method")
METHODS.add("shapley", "earmark.explain.shapley:Shapley", "Shapley values; picks the estimator by size and budget")
METHODS.add("shapley_exact", "earmark.explain.shapley_exact:ShapleyExact", "all 2ⁿ coalitions, up to 14 components")
METHODS.add("shapley_kernel", "earmark.explain.shapley_kernel:ShapleyKernel", "paired KernelSHAP, no replacement")
METHODS.add("shapley_permutation", "earmark.explain.shapley_permutation:ShapleyPermutation", "antithetic permutations")
METHODS.add("lime", "earmark.explain.lime:Lime", "weighted linear model on random masks")
METHODS.add("musiclime", "earmark.explain.musiclime:MusicLime", "LIME as MusicLIME published it: kernel 25, ridge 1")
METHODS.add("occlusion", "earmark.explain.occlusion:Occlusion", "what is lost without each component")
METHODS.add("leave_one_in", "earmark.explain.occlusion:LeaveOneIn", "what each component achieves alone")
METHODS.add("owen", "earmark.explain.owen:Owen", "Shapley values of components in groups (stems, spans of time)")
METHODS.add("banzhaf", "earmark.explain.banzhaf:Banzhaf", "mean effect over all coalitions, each counted alike")
METHODS.add("rise", "earmark.explain.rise:Rise", "mean score over random masks that keep a component")
METHODS.add("sobol", "earmark.explain.sobol:Sobol", "share of the score's variance (total-order Sobol index)")
METHODS.add("hsic", "earmark.explain.hsic:Hsic", "dependence of the score on each component's mask")
