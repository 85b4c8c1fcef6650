"""Many explanations as one Parquet table, written and read piece by piece: a row for each clip, label and feature."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.errors import EarmarkError, ExplanationError, SettingError
from earmark.explain.case import heard_s
from earmark.explain.explanation import Explanation
from earmark.explain_global.aggregate.evidence import clip_id, kind_of, predicted_of, rows_of, segments_of
from earmark.files import replacing

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "earmark.evidence/2"
# Rows that are kept in memory before they are written.
_ROWS = 65536
COLUMNS = (
    ("clip", "string"),
    ("clip_id", "string"),
    ("group", "string"),
    ("truth", "string"),
    ("label", "string"),
    ("score", "double"),
    ("predicted", "bool"),
    ("feature", "string"),
    ("kind", "string"),
    ("stem", "string"),
    ("position", "int32"),
    ("heard", "bool"),
    ("low_hz", "double"),
    ("high_hz", "double"),
    ("word", "string"),
    ("value", "double"),
    ("error", "double"),
    ("level_db", "double"),
    ("converged", "bool"),
)


@dataclass(frozen=True)
class Subject:
    """What all explanations of one table have in common.

    Parameters
    ----------
    model, fingerprint : of the classifier.
    method, output, components : of the recipe.
    signed : whether attributions have a direction.
    segments : parts of a clip into which positions are counted.
    """

    model: str
    fingerprint: str
    method: str
    output: str
    components: str
    signed: bool
    segments: int


@dataclass(frozen=True)
class Known:
    """What is known of a clip apart from its explanation: its true class, and what it belongs to (artist, piece)."""

    truth: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Collected:
    """What went into a table.

    Parameters
    ----------
    path : of the table.
    subject : of all explanations.
    count : explanations in it.
    problems : one line for each that could not be taken.
    """

    path: Path
    subject: Subject
    count: int
    problems: tuple[str, ...]


def schema() -> pa.Schema:
    """Columns of a table.

    Raises
    ------
    SettingError
        If pyarrow is not installed.
    """
    pyarrow = need("pyarrow")
    return pyarrow.schema([(name, getattr(pyarrow, _ARROW.get(kind, kind))()) for name, kind in COLUMNS])


def subject_of(explanation: Explanation, *, segments: int) -> Subject:
    """What an explanation has to share with others."""
    recipe, model = explanation.recipe, explanation.model
    return Subject(
        model.name, model.fingerprint, recipe.method, recipe.output, kind_of(explanation), explanation.signed, segments
    )


def collect(
    sources: Iterable[Path | Explanation],
    path: str | Path,
    *,
    known: Mapping[str, Known] | None = None,
    segments: int | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> Collected:
    """Write a table of explanations; one at a time is in memory.

    Parameters
    ----------
    sources : explanations, or files that hold them.
    path : of the table, ``.parquet``.
    known : by the name of the clip (or, where several have one, the SHA-256 of its file), what else is known of it.
    segments : parts of a clip into which positions are counted; None for as many as the first explanation has.
    watch : hears of progress.

    Raises
    ------
    ExplanationError
        If two are of different models, methods or kinds of components, or none can be read.
    SettingError
        If pyarrow is not installed.
    OutputError
        If the table cannot be written.
    """
    parquet = need("pyarrow.parquet")
    columns = schema()
    sources = list(sources)
    subject: Subject | None = None
    first, count = "", 0
    problems: list[str] = []
    seen: set[tuple[str, float, int]] = set()
    buffer: list[dict[str, Any]] = []
    with replacing(path) as temporary, contextlib.ExitStack() as stack:
        writer: Any = None
        for number, source in enumerate(sources):
            if watch is not None:
                watch(number, len(sources))
            try:
                explanation = source if isinstance(source, Explanation) else Explanation.load(source)
                segments = segments_of(explanation) if segments is None else segments
                rows = list(_rows(explanation, known or {}, segments))
            except EarmarkError as error:
                problems.append(str(error))
                continue
            name = str(source) if isinstance(source, Path) else explanation.clip.name
            its = subject_of(explanation, segments=segments)
            if subject is None:
                subject, first = its, name
                facts = {"earmark": json.dumps({"schema": SCHEMA} | asdict(subject))}
                writer = stack.enter_context(parquet.ParquetWriter(temporary, columns.with_metadata(facts)))
            check_same(subject, its, first, name)
            key = (clip_id(explanation), explanation.clip.start_s, explanation.recipe.seed)
            if key in seen:
                problems.append(f"{name}: the same clip, explained with the same seed, is there already; left out.")
                continue
            seen.add(key)
            buffer += rows
            count += 1
            if len(buffer) >= _ROWS:
                _flush(writer, buffer, columns)
        if subject is None:
            raise ExplanationError(
                f"none of {len(sources)} explanations can be used" + (f" ({problems[0]})" if problems else ""),
                remedy="Give explanation.json files, as earmark explain writes them",
            )
        _flush(writer, buffer, columns)
        # The footer must be written before the file takes its final name.
        stack.close()
    return Collected(Path(path), subject, count, tuple(problems))


def read_subject(paths: Sequence[str | Path]) -> Subject:
    """What the explanations of one or several tables have in common.

    Raises
    ------
    ExplanationError
        If a file is no such table, or two do not belong together.
    SettingError
        If pyarrow is not installed.
    """
    parquet = need("pyarrow.parquet")
    found: Subject | None = None
    for path in paths:
        remedy = "Give a table that earmark aggregate wrote"
        try:
            raw = (parquet.read_schema(path).metadata or {}).get(b"earmark")
        except (OSError, ValueError) as error:
            raise ExplanationError(
                f"is no Parquet table ({str(error).splitlines()[0][:120]})", remedy=remedy, where=path
            ) from error
        facts = json.loads(raw) if raw is not None else {}
        if facts.pop("schema", None) != SCHEMA:
            raise ExplanationError("is no table of explanations", remedy=remedy, where=path)
        its = Subject(**facts)
        if found is None:
            found = its
        check_same(found, its, str(paths[0]), str(path))
    if found is None:
        raise ExplanationError("no table was given", remedy="Give one")
    return found


def check_same(subject: Subject, other: Subject, first: str, second: str) -> None:
    """That two explanations may be aggregated.

    Raises
    ------
    ExplanationError
        If they are of different models or were made in different ways.
    """
    if replace(other, model=subject.model) == subject:
        return
    for name, what in (
        ("fingerprint", "model"),
        ("method", "method"),
        ("output", "output"),
        ("components", "kind of components"),
        ("segments", "number of segments"),
        ("signed", "sign"),
    ):
        ours, its = getattr(subject, name), getattr(other, name)
        if ours != its:
            mine, theirs = ours, its
            if name == "fingerprint":
                mine, theirs = f"{subject.model}, {ours[:8]}", f"{other.model}, {its[:8]}"
            raise ExplanationError(
                f"has another {what} ({theirs}) than {first} ({mine})",
                remedy="Aggregate explanations of one model, made in one way, at a time",
                where=second,
            )


def need(module: str) -> Any:
    """Import what the extra ``aggregate`` brings.

    Raises
    ------
    SettingError
        If it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SettingError(
            f"aggregates need {module.split('.')[0]}", remedy="Run: pip install 'earmark[aggregate]'"
        ) from error


def _rows(explanation: Explanation, known: Mapping[str, Known], segments: int) -> Iterator[dict[str, Any]]:
    clip = explanation.clip
    facts = known.get(clip.file_sha256) or known.get(clip.name) or Known()
    predicted = explanation.labels[predicted_of(explanation)]
    its = clip_id(explanation)
    heard_share = heard_s(clip) / clip.duration_s if clip.duration_s else 1.0
    for row in rows_of(explanation, segments=segments):
        feature = row.feature
        score = float(explanation.scores[explanation.index(row.label)])
        yield {
            "clip": clip.name,
            # Explained with another seed, it is another explanation of the same clip.
            "clip_id": f"{its}@{clip.start_s}#{explanation.recipe.seed}",
            "group": facts.group if facts.group is not None else its,
            "truth": facts.truth,
            "label": row.label,
            "score": score,
            "predicted": row.label == predicted,
            "feature": feature.name,
            "kind": feature.kind,
            "stem": feature.stem,
            "position": feature.position,
            # A model of whole patches may not hear the end of a clip: what lies there can have no effect.
            "heard": feature.position is None or (feature.position + 0.5) / segments <= heard_share,
            "low_hz": feature.low_hz,
            "high_hz": feature.high_hz,
            "word": feature.word,
            "value": row.value,
            "error": row.error,
            "level_db": row.level_db,
            "converged": explanation.converged,
        }


def _flush(writer: Any, buffer: list[dict[str, Any]], columns: pa.Schema) -> None:
    if buffer:
        writer.write_table(need("pyarrow").Table.from_pylist(buffer, schema=columns))
        buffer.clear()


_ARROW = {"double": "float64", "bool": "bool_"}
