"""The network of musicnn as we run it, beside a port that follows the published graph layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.record import Benchmark, Row, ratios
from benchmarks.stems import RATE, stems_by_time
from benchmarks.taggers import tagger
from benchmarks.timing import Stopwatch, interleaved, seconds
from earmark.models.zoo.affine import ChannelAffine
from earmark.models.zoo.musicnn import Musicnn


@dataclass(frozen=True)
class Settings:
    """Whether the trained network is asked, seconds of the demo track, patches a call, rounds."""

    trained: bool
    seconds: float
    batch: int
    rounds: int


FULL, TINY = Settings(True, 30.0, 8, 9), Settings(False, 4.0, 1, 1)


def run(settings: Settings) -> Benchmark:
    """Time per patch of both, in turns, and how far they are apart."""
    classifier = tagger(trained=settings.trained)
    network = classifier.network
    if not isinstance(network, Musicnn):
        raise TypeError(f"{type(network).__name__} is no Musicnn")
    sound = torch.from_numpy(stems_by_time(settings.seconds, 2).clip.waveform.copy())
    frames = network.frames
    with torch.inference_mode():
        spectrogram = classifier.front_end(sound[None])
        patches = torch.stack([spectrogram[0, :, i * frames : (i + 1) * frames] for i in range(settings.batch)])
        apart = (network(patches) - layer_by_layer(network, patches)).abs()

    def ours(batch: Tensor = patches) -> None:
        with torch.inference_mode():
            network(batch)

    def naive(batch: Tensor = patches) -> None:
        with torch.inference_mode():
            layer_by_layer(network, batch)

    def naive_one_by_one() -> None:
        for patch in patches.split(1):
            naive(patch)

    calls = {"naive": naive, "ours": ours, "single": naive_one_by_one}
    interleaved(calls, 1, Stopwatch())
    laps = interleaved(calls, settings.rounds, Stopwatch())
    each = {name: [s / settings.batch for s in seconds(laps[name])] for name in calls}
    setup = (
        f"Patches of 187 frames × 96 bands ({frames * 256 / RATE:.1f} s), {settings.batch} at a time. Naive: every "
        "layer of the published graph in turn (two-dimensional convolutions over the patch, bias, ReLU, batch norm, "
        "then the maximum over frequency)."
    )
    rows = (
        Row("naive port ÷ earmark", "×", ratios(each["naive"], each["ours"]), at_least=2.0),
        Row("naive port, one patch at a time ÷ earmark", "×", ratios(each["single"], each["ours"])),
        Row("earmark, per patch", "ms", tuple(1000 * s for s in each["ours"])),
        Row("naive port, per patch", "ms", tuple(1000 * s for s in each["naive"])),
        Row("largest difference of a logit between the two", "", (float(apart.max()),), at_most=1e-4),
    )
    return Benchmark("musicnn", "The network of musicnn", setup, rows)


def layer_by_layer(network: Musicnn, spectrogram: Tensor) -> Tensor:
    """Logits of patches ``(B, 96, 187)``, nothing folded, nothing fused, nothing reordered."""
    x = _normed(network.norm, spectrogram)
    front, first = network.front, 0
    parts = []
    for bank in (*front.timbral, *front.temporal):
        kernel = bank.conv.weight
        span = slice(first, first + len(kernel))
        frames = kernel.shape[3]
        padded = functional.pad(x[:, None], ((frames - 1) // 2, frames // 2))
        # Stored with the sign turned where batch norm turns it; the published filter has its own sign.
        response = functional.conv2d(padded, kernel * front.bias.scale[span, :, None, None], front.bias.shift[span, 0])
        parts.append(_normed(front.norm, functional.relu(response), span).amax(2))
        first += len(kernel)
    features = [torch.cat(parts, 1)]
    for block in (network.mid1, network.mid2, network.mid3):
        padded = functional.pad(features[-1].transpose(1, 2)[:, None], (0, 0, 3, 3))
        kernel = block.conv.weight.transpose(1, 2)[:, None]
        response = functional.relu(functional.conv2d(padded, kernel, block.conv.bias))
        out = _normed(block.norm, response)[..., 0]
        features.append(out + features[-1] if block.residual else out)
    every = torch.cat(features, 1)
    pooled = torch.cat([every.amax(2), every.mean(2)], 1)
    logits: Tensor = network.out(functional.relu(network.hidden(pooled)))
    return logits


def _normed(affine: ChannelAffine, x: Tensor, span: slice = slice(None)) -> Tensor:
    """Batch norm, as the layer that it was: its mean and variance are in scale and shift already."""
    scale, shift = (nn.Parameter(t.flatten()[span], requires_grad=False) for t in (affine.scale, affine.shift))
    if len(scale) == 1:  # one scale for the whole spectrogram: the channel that the graph gives it
        return functional.batch_norm(x[:, None], torch.zeros(1), torch.ones(1), scale, shift, eps=0.0)[:, 0]
    return functional.batch_norm(x, torch.zeros(len(scale)), torch.ones(len(scale)), scale, shift, eps=0.0)
