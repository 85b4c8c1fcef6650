"""The clip as a differentiable point: its input, its patches, and gradients of the targets in bounded memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from earmark.errors import CapabilityError, SettingError
from earmark.explain.game import Floats, Watch
from earmark.explain.gradient.intercept import frozen
from earmark.explain.gradient.target import Target
from earmark.models.classifier import Differentiable

Mode = Callable[[], AbstractContextManager[object]]
Pool = Callable[[Tensor], Floats]
Inspect = Callable[[Tensor], None]


@dataclass(frozen=True)
class Span:
    """Frames ``first`` to ``first + frames`` of the clip's spectrogram: what the network sees at once."""

    first: int
    frames: int


@dataclass(frozen=True, eq=False)
class Subject:
    """One clip, one classifier, T targets.

    Points are inputs like ``x`` with one more dimension in front, ``(N, *x.shape)``; rows are patches of points,
    ``(N · P, bins, patch frames)``, those of a point side by side.

    Parameters
    ----------
    classifier : front end and logits.
    target : the quantities.
    domain : whether ``x`` is the spectrogram or the waveform.
    waveform : ``(channels, samples)`` float32 on the classifier's device.
    spans : the P patches, or one span over everything.
    batch_size : rows that the network sees at once.
    pool : sums a map ``(T, *x.shape)`` over n components, ``(T, n)``; methods that draw tell how far off they are.
    """

    classifier: Differentiable
    target: Target
    domain: Literal["spectrogram", "waveform"]
    waveform: Tensor
    spans: tuple[Span, ...]
    batch_size: int = 16
    watch: Watch = field(default_factory=Watch)
    pool: Pool | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise SettingError(f"a batch of {self.batch_size} rows", remedy="Choose 1 or more", where="batch_size")
        modules = [name or "the network" for name, m in self.classifier.network.named_modules() if m.training]
        if modules:
            raise CapabilityError(
                f"{modules[0]} is in training mode, where dropout and batch statistics change the scores",
                remedy="Call network.eval() first",
                where="network",
            )
        frames = self.spectrogram_of_clip.shape[1]
        last = max(span.first + span.frames for span in self.spans)
        if last > frames:
            raise CapabilityError(
                f"a patch ends at frame {last}, the front end gives {frames}",
                remedy="Make patches() and front_end agree on padding",
                where="patches",
            )
        if len({span.frames for span in self.spans}) != 1:
            raise CapabilityError("patches of different lengths", remedy="Give equal patches", where="patches")

    @property
    def rows_per_point(self) -> int:
        """P, the number of patches."""
        return len(self.spans)

    @cached_property
    def spectrogram_of_clip(self) -> Tensor:
        """``(bins, frames)``."""
        with torch.no_grad():
            return self.classifier.front_end(self.waveform.unsqueeze(0))[0].detach()

    @property
    def x(self) -> Tensor:
        """The clip in the domain that is attributed to."""
        return self.spectrogram_of_clip if self.domain == "spectrogram" else self.waveform

    @cached_property
    def logits_of_clip(self) -> Tensor:
        """Logits of the clip's patches, ``(P, K)``."""
        with torch.no_grad():
            rows = self.cut(self.spectrogram_of_clip.unsqueeze(0))
            return torch.cat([self.classifier.logits(batch) for _, batch in self.batches(rows)])

    @property
    def means_of_clip(self) -> Tensor:
        """As ``means``, of the clip itself: ``(1, K)`` float64."""
        return self.target.inner(self.logits_of_clip).double().mean(dim=0, keepdim=True)

    @cached_property
    def full(self) -> Tensor:
        """The quantities of the clip, ``(T,)`` float64."""
        return self.target.values(self.means_of_clip)[0].cpu()

    def baseline(self, name: str) -> Tensor:
        """A named input that stands for "nothing there", of the shape of ``x``.

        "silence": digital silence (through the front end). "median": each bin's median over the clip's frames, so the
        spectrum stays and all change in time goes; of a spectrogram only.
        """
        if name == "silence":
            if self.domain == "waveform":
                return torch.zeros_like(self.waveform)
            with torch.no_grad():
                return self.classifier.front_end(torch.zeros_like(self.waveform).unsqueeze(0))[0].detach()
        if name == "median" and self.domain == "spectrogram":
            return self.x.median(dim=1, keepdim=True).values.expand_as(self.x).contiguous()
        raise SettingError(
            f"no baseline {name!r} for a {self.domain}",
            remedy="Choose silence or median" if self.domain == "spectrogram" else "Choose silence",
            where="baseline",
        )

    def front(self, points: Tensor) -> Tensor:
        """Points → spectrograms ``(N, bins, frames)``, differentiable."""
        return points if self.domain == "spectrogram" else self.classifier.front_end(points)

    def cut(self, spectrograms: Tensor) -> Tensor:
        """Spectrograms ``(N, bins, frames)`` → rows ``(N · P, bins, patch frames)``."""
        pieces = [spectrograms[:, :, span.first : span.first + span.frames] for span in self.spans]
        return torch.stack(pieces, dim=1).flatten(0, 1)

    def place(self, rows: Tensor, out: Tensor, first_row: int) -> None:
        """Add maps of rows ``(R, bins, patch frames)``, from row number ``first_row`` on, into ``out (N, …)``."""
        for offset, piece in enumerate(rows):
            point, patch = divmod(first_row + offset, self.rows_per_point)
            span = self.spans[patch]
            out[point, :, span.first : span.first + span.frames] += piece

    def batches(self, rows: Tensor) -> Iterator[tuple[int, Tensor]]:
        """Rows in batches, each with the number of its first row; progress and cancellation in between."""
        for start in range(0, len(rows), self.batch_size):
            self.watch.before_batch()
            batch = rows[start : start + self.batch_size]
            yield start, batch
            self.watch.after_batch(len(batch))

    def means(self, points: Tensor) -> Tensor:
        """Means over patches of the target's inner function, ``(N, K)`` float64."""
        with torch.no_grad():
            rows = self.cut(self.front(points))
            inner = [self.target.inner(self.classifier.logits(batch)).double() for _, batch in self.batches(rows)]
            every = torch.cat(inner)
            return every.view(-1, self.rows_per_point, every.shape[1]).mean(dim=1)

    def values(self, points: Tensor) -> Tensor:
        """The quantities of points, ``(N, T)`` float64 on the CPU."""
        return self.target.values(self.means(points)).cpu()

    def groups(self, count: int) -> Iterator[slice]:
        """Slices of ``count`` points, each about one batch of rows."""
        size = max(1, self.batch_size // self.rows_per_point)
        for start in range(0, count, size):
            yield slice(start, min(start + size, count))

    def gradients(self, points: Tensor, *, mode: Mode | None = None, inspect: Inspect | None = None) -> Tensor:
        """Gradients of the T quantities at points ``(N, *x.shape)``: ``(T, N, *x.shape)`` float32.

        One forward pass a row serves all targets. The gradient of a clip is the sum of those of its patches, so only
        one batch of rows is ever differentiated at a time.

        Parameters
        ----------
        mode : a context in which the network runs (rules in place of derivatives).
        inspect : called with the result of the first batch, its graph attached; raises where it cannot be trusted.
        """
        with frozen(self.classifier.network):
            points = points.detach().clone().requires_grad_(self.domain == "waveform")
            spectrograms = self.front(points)
            rows = self.cut(spectrograms.detach())
            # Only log-odds over several patches need the scores before the first derivative.
            means = self.means(points) if self.target.couples_patches else self._no_means(len(points))
            seeds = self.target.seeds(means).float().repeat_interleave(self.rows_per_point, dim=1)
            out = torch.zeros(len(self.target.names), *spectrograms.shape, device=rows.device)
            for start, batch in self.batches(rows):
                leaf = batch.detach().clone().requires_grad_()
                with mode() if mode is not None else contextlib.nullcontext():
                    result = self.target.inner(self.classifier.logits(leaf.clone()))
                if inspect is not None and start == 0:
                    inspect(result)
                for t, gradient in enumerate(each_gradient(result, leaf, seeds[:, start : start + len(batch)])):
                    self.place(gradient, out[t], start)
            if self.domain == "spectrogram":
                return out
            return torch.stack(list(each_gradient(spectrograms, points, out)))

    def _no_means(self, count: int) -> Tensor:
        return torch.zeros(count, self.target.weights.shape[1], device=self.waveform.device)


def each_gradient(result: Tensor, leaf: Tensor, seeds: Tensor) -> Iterator[Tensor]:
    """Vector-Jacobian products of ``result`` by ``leaf`` for seeds ``(T, *result.shape)``, one graph for all.

    Raises
    ------
    CapabilityError
        If the result does not depend on the leaf differentiably.
    """
    for t, seed in enumerate(seeds):
        try:
            (gradient,) = torch.autograd.grad(result, leaf, seed.to(result), retain_graph=t + 1 < len(seeds))
        except RuntimeError as error:
            raise CapabilityError(
                f"the scores cannot be differentiated by the input ({error})",
                remedy="Use a perturbation method, or remove detach() and no_grad from logits and front_end",
                where="network",
            ) from error
        yield gradient
