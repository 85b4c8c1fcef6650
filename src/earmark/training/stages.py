"""Gradual thawing: the deepest layers of weights taken over are trained first, then one stage after the other.

After Howard and Ruder, *Universal language model fine-tuning for text classification* (2018), with some epochs a stage.
"""

from __future__ import annotations

from earmark.errors import SettingError
from earmark.models.recipe import Recipe

EVERY = 3
"""Epochs from stage to stage where nobody says otherwise."""
NEVER = 10**6
"""An epoch that no training reaches."""


def gradual(recipe: Recipe, every: int = EVERY) -> tuple[tuple[int, str], ...]:
    """The recipe's stages as (epoch, layer) pairs for ``FitSettings.thaw``; layers of no stage are never thawed.

    Parameters
    ----------
    recipe : with stages.
    every : epochs from stage to stage; the first is trained from epoch 0.

    Raises
    ------
    SettingError
        If the recipe has no stages, or ``every`` is below 1.

    Examples
    --------
    >>> from earmark.models.recipe import recipe
    >>> gradual(recipe("vgg16"), 2)[:3]
    ((1000000, '*'), (0, 'classifier'), (2, 'features.24'))
    """
    if not recipe.stages:
        raise SettingError(
            f"{recipe.architecture} names no stages to thaw", remedy="Name layers: --thaw EPOCH:LAYER", where="--thaw"
        )
    if every < 1:
        raise SettingError(f"{every} epochs a stage", remedy="Give 1 or more", where="--thaw")
    pairs = [(turn * every, layer) for turn, stage in enumerate(recipe.stages) for layer in stage]
    return ((NEVER, "*"), *pairs)
