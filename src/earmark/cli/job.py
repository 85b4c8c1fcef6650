"""What ``explain`` was asked to do, checked before any sound is read, and the command line that asks it again."""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.errors import SettingError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.components.component import ComponentKind
    from earmark.explain.gradient.method import MapMethod
    from earmark.explain.method import Method
    from earmark.explain.refine import Refinement

OUTPUTS = ("probability", "log_odds")
MAP_OUTPUTS = ("logit", *OUTPUTS)
WORDS = ("word", "line", "stanza")
REPEATED = ("together", "each")
DOMAINS = ("spectrogram", "waveform")
FORMATS = {
    "json": "explanation.json: everything one run found out, for programs and for `earmark listen`",
    "html": "report.html: one file with pictures, numbers and players, no request to anywhere",
    "flac": "kept.flac and removed.flac: the evidence, and all the rest, as sound",
    "map": "map.safetensors: every cell of a gradient method's map (gradient methods only)",
    "csv": "components.csv: one row a component and label, for spreadsheets",
    "audacity": "audacity.txt: label track for the first target, with times, frequencies and effects",
    "raven": "raven.txt: selection table for Raven, for the first target",
}

_CAM = ("grad_cam", "hirescam", "score_cam")

# Options that mean nothing to a model that does not listen, and to one that does not read.
OF_SOUND = ("components", "segments", "bands", "spacing", "stems", "fill", "component_set")
OF_WORDS = ("words", "repeated", "lyrics_encoding")

# Kinds that need more than options can say; how each comes about.
_OF_THEMSELVES = {
    "lyrics": "Words come in by themselves with a model that reads them: --lyrics, --words",
    "joint": "Join kinds in Python: Joint.of(Time(n=4), Bands(n=3))",
    "refined": "Split the strongest components with --refine",
}

# What an option is called in the settings of the kinds of components that have it. All kinds have ``fill``.
_FIELDS = {
    "segments": {"time": "n", "grid": "n_times", "stems_time": "n", "segments": "n"},
    "bands": {"bands": "n", "grid": "n_bands"},
    "spacing": {"bands": "spacing", "grid": "spacing"},
    "stems": {"stems": "source", "stems_time": "source"},
}


@dataclass(frozen=True)
class Job:
    """The settings of ``earmark explain``. None leaves a setting to the kind of components or the method.

    Parameters
    ----------
    model : registered name, or folder of a bundle.
    components, segments, bands, spacing, stems, fill : how the sound is cut; ``stems`` are paths of files.
    component_set : further settings of the kind of components, as "key=value".
    method, samples : how it is asked.
    layer, domain : of a gradient method: which layer's map, and the "spectrogram" or "waveform" it attributes to.
    method_set : further settings of the method, as "key=value".
    targets : labels, or how many of the most probable.
    refine : how many times the strongest components are split further; 0 for not at all.
    measure : whether the explanation is measured as well, beside random masks and loudness.
    interactions, counterfactual : whether pairs of components, and what flips the decision, are asked for as well.
    contrast : a pair of labels whose difference is explained, as "A,B".
    output : "probability", "log_odds" (nats), or "logit" (gradient methods only).
    start_s, duration_s : which part of the file, in seconds.
    lyrics : "auto", "none", or a file; for a model that reads them.
    words, repeated : which units of them are switched off, see ``earmark.data.lyrics.tokens``.
    lyrics_encoding : of that file; None for what it says itself.
    seed : of every random draw.
    device : where the network computes: "auto", "cpu", "cuda" or "cuda:N".
    given : which of ``OF_SOUND`` and ``OF_WORDS`` were asked for in so many words, and would do nothing to some models.
    """

    model: str
    components: str = "stems_time"
    segments: int | None = None
    bands: int | None = None
    spacing: str | None = None
    stems: tuple[str, ...] | None = None
    fill: str | None = None
    component_set: tuple[str, ...] = ()
    method: str = "shapley"
    samples: int | None = None
    layer: str | None = None
    domain: str | None = None
    method_set: tuple[str, ...] = ()
    refine: int = 0
    interactions: bool = False
    counterfactual: bool = False
    measure: bool = False
    targets: tuple[str, ...] | int = 3
    contrast: str | None = None
    output: str = "probability"
    start_s: float = 0.0
    duration_s: float | None = None
    lyrics: str = "auto"
    words: str = "word"
    repeated: str = "together"
    lyrics_encoding: str | None = None
    seed: int = 0
    device: str = "auto"
    given: tuple[str, ...] = ()

    @property
    def gradient(self) -> bool:
        """Whether the method is a gradient method, which makes a map."""
        return is_gradient(self.method)

    def kind(self) -> ComponentKind:
        """The kind of components, with its settings.

        Raises
        ------
        UnknownNameError, SettingError
            If there is no such kind or fill, or the kind has no such setting.
        """
        from earmark.components.catalogue import COMPONENTS, FILLS, kind_from

        COMPONENTS.entry(self.components)
        if self.components in _OF_THEMSELVES:
            raise SettingError(
                f"{self.components} components are not chosen by name",
                remedy=_OF_THEMSELVES[self.components],
                where="--components",
            )
        settings = _settings(self.component_set, "--component-set")
        if self.fill is not None:
            FILLS.entry(self.fill)
            settings["fill"] = self.fill
        for option, field_of in _FIELDS.items():
            value = getattr(self, option)
            if value is None:
                continue
            if self.components not in field_of:
                raise SettingError(
                    f"{self.components} components have no {option}",
                    remedy=f"Leave it out, or choose --components {' or '.join(field_of)}",
                    where=f"--{option}",
                )
            settings[field_of[self.components]] = value
        return kind_from(self.components, settings)

    def how(self) -> Method:
        """The method, with its settings.

        Raises
        ------
        UnknownNameError, SettingError
            If there is no such method, or it does not sample.
        """
        from earmark.explain.catalogue import METHODS

        for option in ("layer", "domain"):
            if getattr(self, option) is not None:
                raise SettingError(f"{self.method} is no gradient method", remedy="Leave it out", where=f"--{option}")
        chosen: Method = self._with_settings(METHODS.get(self.method))
        return chosen

    def how_map(self) -> MapMethod:
        """The gradient method, with its settings.

        Raises
        ------
        UnknownNameError, SettingError
            If it has no such setting, or an option has no meaning for it.
        """
        from earmark.explain.gradient.catalogue import GRADIENT_METHODS

        if self.fill is not None or any(text.partition("=")[0] == "fill" for text in self.component_set):
            raise SettingError(
                f"{self.method} switches nothing off that could be filled", remedy="Leave it out", where="--fill"
            )
        chosen: MapMethod = self._with_settings(GRADIENT_METHODS.get(self.method))
        if self.domain is not None and self.domain not in chosen.domains:
            raise SettingError(
                f"{self.method} of the {self.domain}",
                remedy=f"Choose {' or '.join(chosen.domains)}",
                where="--domain",
            )
        return chosen

    def how_refined(self) -> Refinement:
        """Settings of ``refine``.

        Raises
        ------
        UnknownNameError, SettingError
            If it has no such setting, or one is out of range.
        """
        from earmark.explain.refine import Refinement

        # Its levels are the value of --refine itself.
        settings = functools.partial(Refinement, levels=self.refine)
        chosen: Refinement = self._with_settings(settings, ("split", "keep", "samples", "tolerance"))
        return chosen

    def _with_settings(self, method: Any, known: Sequence[str] | None = None) -> Any:
        known = [field.name for field in fields(method)] if known is None else known
        settings = _settings(self.method_set, "--method-set")
        if self.samples is not None:
            settings["samples"] = self.samples
        if self.layer is not None:
            if "layer" not in known:
                raise SettingError(f"{self.method} looks at no layer", remedy="Leave it out", where="--layer")
            settings["layer"] = self.layer
        for key in settings:
            if key == "samples" and key not in known:
                raise SettingError(
                    f"the method {self.method} draws no samples", remedy="Leave it out", where="--samples"
                )
            if key not in known:
                raise UnknownNameError(f"setting of the method {self.method}", key, known)
        try:
            return method(**settings)
        except TypeError as error:
            raise SettingError(str(error), remedy=f"Settings: {', '.join(known)}", where="--method-set") from error

    def check(self) -> None:
        """Raise what is wrong about the settings themselves, before anything is read or fetched."""
        check_method(self.method)
        outputs = MAP_OUTPUTS if self.gradient else OUTPUTS
        if self.output not in outputs:
            raise UnknownNameError("output", self.output, outputs)
        if self.domain is not None and self.domain not in DOMAINS:
            raise UnknownNameError("domain", self.domain, DOMAINS)
        for name, value, known in (("words", self.words, WORDS), ("repeated", self.repeated, REPEATED)):
            if value not in known:
                raise UnknownNameError(f"value of --{name}", value, known)
        if self.contrast is not None and not isinstance(self.targets, int):
            raise UsageError("--target and --contrast exclude each other", remedy="A contrast is its own target")
        self.kind()
        self._check_further()
        if self.gradient:
            self.how_map()
        elif self.refine:
            self.how_refined()
        else:
            self.how()

    def _check_further(self) -> None:
        if self.measure and self.contrast is not None:
            raise UsageError(
                "a difference of two labels is no class whose score could fall",
                remedy="Measure one of the labels: --target",
                where="--measure",
            )
        asked = [name for name in ("refine", "interactions", "counterfactual") if getattr(self, name)]
        if asked and self.gradient:
            raise UsageError(
                f"{self.method} switches nothing off", remedy="Choose --method shapley", where=f"--{asked[0]}"
            )
        if not self.refine:
            return
        if len(asked) > 1:
            raise UsageError(
                f"--refine and --{asked[1]} exclude each other", remedy="Run them one by one with different -o"
            )
        if self.method != "shapley":
            raise UsageError(
                f"parts share Shapley values, not those of {self.method}",
                remedy="Leave out --method",
                where="--refine",
            )

    def check_labels(self, labels: Sequence[str]) -> None:
        """Raise if a target or contrast names no label of the classifier."""
        for target in () if isinstance(self.targets, int) else self.targets:
            if target not in labels:
                raise UnknownNameError("label", target, labels)
        self.pair(labels)

    def pair(self, labels: Sequence[str]) -> tuple[str, str] | None:
        """The contrast as two labels; labels may themselves hold commas.

        Raises
        ------
        UsageError
            If it is no pair of labels.
        """
        if self.contrast is None:
            return None
        pieces = self.contrast.split(",")
        splits = [(",".join(pieces[:i]).strip(), ",".join(pieces[i:]).strip()) for i in range(1, len(pieces))]
        for first, second in splits:
            if first in labels and second in labels and first != second:
                return first, second
        if len(splits) == 1:
            for label in splits[0]:
                if label not in labels:
                    raise UnknownNameError("label", label, labels)
        raise UsageError("not two different labels", remedy="Give them as --contrast rock,metal", where="--contrast")

    def command(self, file: str, out: Path, *, listens: bool = True) -> str:
        """The command line that makes the same files again, every setting spelled out.

        Parameters
        ----------
        file : as it was named.
        out : the folder.
        listens : whether the sound is cut; of a model of words alone it is not.

        Examples
        --------
        >>> Job("musicnn-msd", components="bands").command("my song.mp3", Path("out"))  # doctest: +ELLIPSIS
        "earmark explain 'my song.mp3' --model musicnn-msd --components bands --bands 8 --spacing mel ..."
        """
        kind = self.kind()
        method = self.how_map() if self.gradient else self.how_refined() if self.refine else self.how()
        words: list[str] = ["earmark", "explain", file, "--model", self.model]
        words += self._cut(kind) if listens else []
        words += ["--method", self.method]
        if hasattr(method, "samples"):
            words += ["--samples", str(method.samples)]
        if self.gradient:
            words += ["--domain", self.domain or DOMAINS[0]]
            words += ["--layer", self.layer] if self.layer is not None else []
        words += [word for text in self.method_set for word in ("--method-set", text)]
        words += ["--refine", str(self.refine)] if self.refine else []
        words += [f"--{name}" for name in ("interactions", "counterfactual", "measure") if getattr(self, name)]
        if self.contrast is not None:
            words += ["--contrast", self.contrast]
        elif isinstance(self.targets, int):
            words += ["--top-targets", str(self.targets)]
        else:
            for target in self.targets:
                words += ["--target", target]
        words += ["--output", self.output]
        words += ["--lyrics", self.lyrics] if self.lyrics != "auto" else []
        words += ["--words", self.words] if self.words != "word" else []
        words += ["--repeated", self.repeated] if self.repeated != "together" else []
        words += ["--lyrics-encoding", self.lyrics_encoding] if self.lyrics_encoding is not None else []
        words += ["--device", self.device] if self.device != "auto" else []
        if self.start_s:
            words += ["--start", str(self.start_s)]
        if self.duration_s is not None:
            words += ["--duration", str(self.duration_s)]
        words += ["--seed", str(self.seed), "-o", str(out)]
        return shlex.join(words)

    def _cut(self, kind: ComponentKind) -> list[str]:
        """The options of the sound's cut, spelled out."""
        words = ["--components", self.components]
        for option, field_of in _FIELDS.items():
            value = getattr(kind, field_of[self.components]) if self.components in field_of else None
            if option == "stems":
                for path in self.stems or ():
                    words += ["--stems", path]
            elif value is not None:
                words += [f"--{option}", str(value)]
        if not self.gradient:
            words += ["--fill", str(getattr(kind, "fill"))]  # noqa: B009 - every kind has one, if not its protocol
        return words + [word for text in self.component_set for word in ("--component-set", text)]


def is_gradient(method: str) -> bool:
    """Whether a name is that of a gradient method."""
    from earmark.explain.gradient.catalogue import GRADIENT_METHODS

    return method in GRADIENT_METHODS


def default_components(method: str, domain: str | None) -> str:
    """The kind of components where none is named: one that suits the method.

    A waveform has no frequency axis, and the deep layers of many music networks have none left.
    """
    if not is_gradient(method):
        return "stems_time"
    return "time" if domain == "waveform" or method in _CAM else "grid"


def check_method(name: str) -> None:
    """Raise if there is no method of that name, neither one that plays a game nor a gradient method.

    Raises
    ------
    UnknownNameError
        With the nearest names of both sorts.
    """
    from earmark.explain.catalogue import METHODS
    from earmark.explain.gradient.catalogue import GRADIENT_METHODS

    if name not in METHODS and name not in GRADIENT_METHODS:
        raise UnknownNameError("method", name, (*METHODS.names(), *GRADIENT_METHODS.names()))


def _settings(given: Sequence[str], option: str) -> dict[str, Any]:
    """Settings from "key=value" texts; a value is JSON (8, 0.5, true, [1, 2]) or else a text."""
    settings: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key or key in settings:
            raise UsageError(f"{text!r} sets nothing new", remedy="Give each key once, as KEY=VALUE", where=option)
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return settings
