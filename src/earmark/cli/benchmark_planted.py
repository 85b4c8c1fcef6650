"""``earmark benchmark planted``: which methods find evidence that was planted?"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earmark.cli import options
from earmark.cli.again import command_line
from earmark.cli.console import Console
from earmark.cli.results import check_writable, refuse_existing
from earmark.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from earmark.metrics.planted.run import CaseResult, Plan

FILES = ("planted.html", "planted.csv", "planted.parquet")
# Folders with one of each case and seed.
OF_CASES = ("models", "sounds")
METHODS = (
    "shapley", "lime", "occlusion", "leave_one_in", "rise",
    "saliency", "integrated_gradients", "smoothgrad", "grad_cam",
)  # fmt: skip

HELP = """Score methods on sounds whose evidence is known because it was planted.

Noise and tones, music of which one stem carries the class, and shortcuts; a small listener is trained on each, and
shown to go by what was planted. Every method, kind of components and fill is scored by whether it finds the evidence,
beside its faithfulness, a random order and loudness. Writes planted.html, planted.csv, planted.parquet, pictures, the
listeners and sounds. A run that was broken off goes on when its command is repeated.

Examples:

- `earmark benchmark planted -o planted/`
- `earmark benchmark planted --quick --case hum --case cell`
- `earmark benchmark planted --methods all --clips 10`
"""


def planted(
    context: typer.Context,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="NAME", help="Only this one (`earmark list planted`); repeatable."),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            metavar="NAMES",
            help="Separated by commas, of `earmark list methods`; all for all. Nine that are common by default.",
        ),
    ] = None,
    components: Annotated[
        str | None,
        typer.Option("--components", metavar="NAMES", help="Of time, bands, grid, stems, stems_time; all by default."),
    ] = None,
    fills: Annotated[
        str | None, typer.Option("--fills", metavar="NAMES", help="Of `earmark list fills`; all by default.")
    ] = None,
    clips: Annotated[
        int | None, typer.Option("--clips", metavar="N", min=1, help="Sounds a case that are explained; 4 by default.")
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", metavar="N", min=1, help="Evaluations of a sampling method.")
    ] = 256,
    scorebook: Annotated[
        Path | None,
        typer.Option(
            "--scorebook",
            metavar="FOLDER",
            help="Mix the stems of this data set scorebook in the case stem, not the demo track's.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A third of the time: fewer sounds, and silence as the only fill.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of every random draw.")] = 0,
    seeds: Annotated[
        int,
        typer.Option(
            "--seeds",
            metavar="N",
            min=1,
            help="Do it all N times, with other sounds and listeners: by --seed, the number after it and so on.",
        ),
    ] = 1,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where the files go.")] = Path("planted"),
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    no_progress: options.NoProgress = False,
) -> None:
    """Score methods where the truth is known."""
    from earmark.metrics.planted.case import Sources, planted_case
    from earmark.metrics.planted.run import PARTS, forget, run_planted
    from earmark.metrics.planted.table import auc_intervals, disagreements, exact, write_table
    from earmark.report.planted import table_lines, verdict, write_planted

    plan = _plan(case, methods, components, fills, clips, samples, scorebook, quick, seed, seeds)
    sources = Sources(scorebook)
    if scorebook is not None and "stem" in plan.cases:
        # What is wrong with the folder is said now, not after the minutes that the cases before take.
        planted_case("stem", seed=seed, n=1, sources=sources)
    kept = [f"{part}/{plan.folder(name, one)}" for part in OF_CASES for name in plan.cases for one in plan.every_seed]
    if not overwrite and not (out / PARTS).exists():
        # What lies beside the parts of an unfinished run was written by that run.
        refuse_existing(out, (*FILES, *kept))
    check_writable(out)
    if overwrite:
        shutil.rmtree(out / PARTS, ignore_errors=True)
    if not (out / PARTS).exists():
        # Listeners and sounds of another run: other settings may have made them.
        for folder in kept:
            shutil.rmtree(out / folder, ignore_errors=True)
    console = Console(quiet=quiet, verbose=verbose, json=json, bars=not no_progress)
    with console.watch("Planting, training, explaining") as watch:
        results = run_planted(plan, out, watch=watch, say=console.detail)
    scores = [score for result in results for score in result.scores]
    examples = [planted_case(name, seed=seed, n=1, part="explained", sources=sources).clips[0] for name in plan.cases]
    tables = write_table(scores, out)
    paths = (*write_planted(out, plan, results, examples, command_line(context, out)), *tables)
    forget(out)
    for line in table_lines(results):
        console.data(line)
    for result in results:
        console.data(f"{plan.folder(result.name, result.seed)}: {result.proof.sentence} {verdict(result)}")
    console.data(str(paths[0]))
    checked = exact(scores)
    console.document(
        {
            "exact": None if checked is None else {**asdict(checked), "as_due": checked.as_due},
            "auc": [
                {"case": name, "method": method, **asdict(interval)}
                for (name, method), interval in auc_intervals(scores).items()
            ],
            "cases": [_facts(result) for result in results],
            "disagreements": [
                {
                    "case": one.case,
                    "components": one.components,
                    "measure": one.measure,
                    "rank_correlation": None if one.correlation != one.correlation else one.correlation,
                    "flips": [list(pair) for pair in one.flips],
                }
                for one in disagreements(scores)
            ],
            "files": [str(path) for path in paths],
        }
    )


def _plan(
    case: list[str] | None,
    methods: str | None,
    components: str | None,
    fills: str | None,
    clips: int | None,
    samples: int,
    scorebook: Path | None,
    quick: bool,
    seed: int,
    seeds: int,
) -> Plan:
    from earmark.components.catalogue import FILLS
    from earmark.explain.catalogue import METHODS as PLAYING
    from earmark.explain.gradient.catalogue import GRADIENT_METHODS
    from earmark.metrics.planted.catalogue import PLANTED
    from earmark.metrics.planted.run import Plan
    from earmark.metrics.planted.score import KINDS, Ask

    # Exact values need too many evaluations here, and the estimators are what `shapley` chooses from.
    every = (*(name for name in PLAYING.names() if not name.startswith("shapley_")), *GRADIENT_METHODS.names())
    known = (*PLAYING.names(), *GRADIENT_METHODS.names())
    chosen = every if methods == "all" else _names(methods, "method", known, METHODS)
    if "shapley_exact" in chosen:
        raise UsageError(
            "shapley_exact takes at most 14 components, a grid here has 64",
            remedy="Use shapley, which is exact where it can be",
            where="--methods",
        )
    asked = Ask(
        methods=chosen,
        components=_names(components, "kind of components", KINDS, KINDS),
        fills=_names(fills, "fill", FILLS.names(), ("silence",) if quick else FILLS.names()),
        samples=samples,
        seed=seed,
    )
    cases = _names(",".join(case) if case else None, "planted case", PLANTED.names(), PLANTED.names())
    for name in cases:
        kinds = PLANTED.get(name).kinds
        if not set(kinds) & set(asked.components):
            raise UsageError(
                f"nothing can be found in {name} by {', '.join(asked.components)}",
                remedy=f"Add {' or '.join(kinds)}, or leave that case out with --case",
                where="--components",
            )
    book = None if scorebook is None else str(scorebook)
    if quick:
        return Plan(cases, asked, clips or 1, training=96, held_out=12, scorebook=book, seed=seed, seeds=seeds)
    return Plan(cases, asked, clips or 4, scorebook=book, seed=seed, seeds=seeds)


def _names(text: str | None, what: str, known: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
    if text is None:
        return default
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name not in known:
            raise UnknownNameError(what, name, known)
    if not names:
        raise UsageError(f"no {what} given", remedy=f"Choose of {', '.join(known)}")
    return names


def _facts(result: CaseResult) -> dict[str, object]:
    proof = result.proof
    return {
        "name": result.name,
        "seed": result.seed,
        "listener": result.listener,
        "accuracy": proof.accuracy,
        "without_evidence": proof.without,
        "evidence_only": proof.only,
        "guessing": proof.guessing,
        "uses_evidence": proof.uses,
        "shortcut_planted": result.expected,
        "shortcuts_flagged": list(result.flagged),
    }
