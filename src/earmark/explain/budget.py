"""A registered method with a number of samples of ours in place of its own, where it has one."""

from __future__ import annotations

from dataclasses import fields, replace

from earmark.explain.method import Method
from earmark.explain.sobol import Sobol


def with_samples(method: Method, samples: int, n: int) -> Method:
    """The method with that budget for ``n`` components; never with fewer evaluations than it can weigh them by.

    That is four a component and four more, and for Sobol indices 8 base rows of n + 1, and both ends.

    Parameters
    ----------
    method : any that plays a game; returned as it is if it draws no samples.
    samples : evaluations at most.
    n : components.

    Examples
    --------
    >>> from earmark.explain.lime import Lime
    >>> with_samples(Lime(), 256, 36).samples, with_samples(Lime(), 256, 64).samples
    (256, 260)
    >>> with_samples(Sobol(), 256, 64).samples
    522
    """
    if not any(field.name == "samples" for field in fields(method)):  # type: ignore[arg-type]
        return method
    fewest = 8 * (n + 1) + 2 if isinstance(method, Sobol) else 4 * n + 4
    return replace(method, samples=max(samples, fewest))  # type: ignore[type-var]
