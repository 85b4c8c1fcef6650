"""What a network starts from: drawn weights, a trained network that it grows on, or weights to go on from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from earmark.errors import BundleError, SettingError
from earmark.models.bundle import Bundle, load_bundle
from earmark.models.catalogue import ARCHITECTURES
from earmark.models.recipe import Recipe


def fresh(architecture: str, labels: int, settings: Mapping[str, object], seed: int) -> nn.Module:
    """A network with weights drawn from the seed; torch's own generator is left as it was.

    Raises
    ------
    SettingError
        If the settings make no sense to the architecture.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.SeedSequence([seed, 0]).generate_state(1)[0]))
        try:
            return cast(nn.Module, ARCHITECTURES.get(architecture).from_settings(labels, settings))
        except ValueError as error:
            raise SettingError(str(error), remedy="Correct it with --set KEY=VALUE", where=architecture) from error


def continue_from(
    network: nn.Module, recipe: Recipe, source: Path | None, *, say: Callable[[str], None] | None = None
) -> bool:
    """Take over the weights of ``source``; True where the network's standardisation came with them.

    Parameters
    ----------
    network : fresh.
    recipe : its own.
    source : the folder of a bundle: of the network that the recipe grows on, or of the same architecture (whose last
        layer stays fresh where the labels differ in number); or a published checkpoint: PANNs for cnn14, ImageNet's of
        torchvision for vgg16, a folder of transformers for ast.
    say : told which layers stay fresh.

    Raises
    ------
    SettingError
        If the recipe grows on another network and there is none, or it is another one.
    BundleError
        If the weights are not that architecture's.
    """
    if source is None:
        if recipe.grown_on is not None:
            raise SettingError(
                f"{recipe.architecture} grows on a trained {recipe.grown_on}",
                remedy=f"Run: earmark train {recipe.grown_on} DATA -o FOLDER, then add --from FOLDER",
                where="--from",
            )
        return False
    if source.is_file() or (source / "config.json").is_file():
        return _published(network, recipe, source, say)
    bundle = load_bundle(source)
    if recipe.grown_on is not None and bundle.card.architecture == recipe.grown_on:
        _grow(network, bundle, recipe)
        return True
    if bundle.card.architecture != recipe.architecture:
        raise SettingError(
            f"{source} is a {bundle.card.architecture}, not a {recipe.grown_on or recipe.architecture}",
            remedy="Give another bundle",
            where="--from",
        )
    own = network.state_dict()
    if own.keys() != bundle.weights.keys():
        raise BundleError("has other layers", remedy="Give a bundle made with the same settings", where=source)
    other = [name for name, tensor in bundle.weights.items() if tensor.shape != own[name].shape]
    last = [*own][-1].rpartition(".")[0]
    if any(name.rpartition(".")[0] != last for name in other):
        raise BundleError(
            f"{other[0]} has another shape", remedy="Give a bundle made with the same settings", where=source
        )
    network.load_state_dict({**own, **{k: v for k, v in bundle.weights.items() if k not in other}})
    if other and say is not None:
        say(f"{source}: all but its last layer {last} is taken over, the labels differ in number")
    return True


def _grow(network: nn.Module, bundle: Bundle, recipe: Recipe) -> None:
    from earmark.models.zoo.cnn import Cnn
    from earmark.models.zoo.cnn_lstm import CnnLstm

    trunk = fresh(bundle.card.architecture, len(bundle.card.labels), bundle.card.settings, 0)
    trunk.load_state_dict(bundle.weights)
    if not isinstance(network, CnnLstm) or not isinstance(trunk, Cnn):
        raise SettingError(
            f"{recipe.architecture} cannot grow on {recipe.grown_on}", remedy="Choose cnn_lstm", where="--from"
        )
    if bundle.card.front_end != recipe.front_end:
        raise SettingError(
            "the trained network has another front end", remedy="Train it with the same recipe", where="--from"
        )
    network.grow_on(trunk, thawed=recipe.thawed)


def _published(network: nn.Module, recipe: Recipe, source: Path, say: Callable[[str], None] | None) -> bool:
    """Weights of others: PANNs for Cnn14 (its standardisation among them), ImageNet's for VGG16, an AST's folder."""
    from earmark.models.zoo.cnn14 import Cnn14
    from earmark.models.zoo.panns import load_panns
    from earmark.models.zoo.vgg16 import Vgg16

    if isinstance(network, Cnn14) and source.is_file():
        left = load_panns(network, source)
    elif isinstance(network, Vgg16) and source.is_file():
        left = network.load_imagenet(source)
    elif recipe.architecture == "ast" and source.is_dir():
        left = network.load_folder(source)  # type: ignore[operator]
    else:
        raise SettingError(
            f"{recipe.architecture} reads no published checkpoint", remedy="Give the folder of a bundle", where=source
        )
    if left and say is not None:
        say(f"{source}: taken over but for {', '.join(left)}, which stay fresh")
    # ImageNet's statistics are of photographs: the standardisation is that of the training data.
    return not isinstance(network, Vgg16)
