"""The same with scores of yours: a folder of MusicXML or MIDI with a manifest of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from earmark.data.manifest import find_manifest
from earmark.data.scorebook import card
from earmark.data.scorebook.build import SAMPLE_RATE, Built, Progress, build, check_settings, told
from earmark.data.scorebook.collections import Piece
from earmark.data.scorebook.draws import Rules
from earmark.data.scorebook.plan import Wanted
from earmark.data.scorebook.score import SUFFIXES
from earmark.data.tables import need_columns, read_table
from earmark.errors import DatasetError


def build_from_scores(
    source: str | Path,
    folder: str | Path,
    *,
    seed: int = 0,
    per_class: int | None = None,
    per_score: int = 1,
    seconds: float = 15.0,
    as_written: bool = True,
    sample_rate: int = SAMPLE_RATE,
    jobs: int = 2,
    labels: tuple[str, ...] | None = None,
    watch: Progress | None = None,
) -> Built:
    """Play excerpts of scores of yours, with stems, notes, and words where there are any.

    Parameters
    ----------
    source : a manifest with the columns ``score`` (or ``path``) and ``label``, and where wanted ``artist`` (or
        ``group``) and ``title``, or the folder that holds it. Paths are relative to the manifest.
    folder : where to; of a build with the same settings, which then goes on.
    seed : decides windows and levels, and what else is drawn.
    per_class : excerpts a class at most; None for as many as there are.
    per_score : excerpts of one score at most, of windows that do not overlap.
    seconds : length of each, 2 to 60.
    as_written : tempo, pitch and instruments as the score has them (parts with words are sung by a choir); False draws
        them as scorebook's are.
    sample_rate : Hz, 8000 to 96000.
    jobs : processes.
    labels : only these classes.
    watch : told (done, planned) as excerpts are written.

    Raises
    ------
    DatasetError
        If there is no manifest, it lacks a column, or a class has no excerpt.
    SettingError
        If a setting is out of range, music21 is not installed, or the folder was built with other settings.
    OutputError
        If the folder cannot be written to.
    """
    check_settings(
        seed=seed, per_class=1 if per_class is None else per_class, seconds=seconds, sample_rate=sample_rate, jobs=jobs
    )
    manifest = find_manifest(Path(source))
    if manifest is None:
        raise DatasetError("holds no manifest.csv", remedy="Name the manifest itself", where=source)
    found = _pieces(manifest, labels)
    wanted = [
        Wanted(
            label,
            scores,
            Rules(seconds, as_written=as_written),
            len(scores) * per_score if per_class is None else per_class,
            rounds=per_score,
        )
        for label, scores in found.items()
    ]
    settings = {
        "scores": manifest.name,
        # So that a manifest with other rows does not go on with the plan of the former ones.
        "scores_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest(),
        "seed": seed,
        "per_class": per_class,
        "per_score": per_score,
        "seconds": float(seconds),
        "as_written": as_written,
        "sample_rate": sample_rate,
        "labels": list(found),
    }
    built = build(Path(folder), wanted, settings, jobs=jobs, watch=watch)
    card.write_own_card(built.folder, settings, told(built))
    return built


def _pieces(manifest: Path, labels: tuple[str, ...] | None) -> dict[str, tuple[Piece, ...]]:
    table = read_table(manifest)
    column = "score" if "score" in table.columns else "path"
    need_columns(manifest, table, (column, "label"))
    found: dict[str, list[Piece]] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        if labels is not None and row["label"] not in labels:
            continue
        if not row["label"] or Path(row[column]).suffix.lower() not in SUFFIXES:
            raise DatasetError(
                f"line {line} names {row[column]!r} of class {row['label']!r}, which is no score",
                remedy=f"Give a label and a file of {', '.join(SUFFIXES)}",
                where=manifest,
            )
        collection = row.get("artist", "") or row.get("group", "")
        piece = Piece(row[column], manifest.parent / row[column], collection, title=row.get("title", ""))
        found.setdefault(row["label"], []).append(piece)
    if not found:
        raise DatasetError("names no score of these classes", remedy="Check the labels", where=manifest)
    return {label: tuple(found[label]) for label in sorted(found)}
