"""scorebook, split by piece: the networks over slices, the models over descriptors and the probe side by side."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.learning.judge import row
from benchmarks.learning.zoo_runs import Answer, answer
from benchmarks.record import Benchmark, Row
from earmark.data.dataset import Dataset
from earmark.data.open import open_dataset
from earmark.data.scorebook.build import build_scorebook
from earmark.data.split import Split
from earmark.data.splits import split_by_group
from earmark.files import cache_folder
from earmark.models.estimators import build_estimator
from earmark.training.augment import Augmentation
from earmark.training.material import descriptor_rows, targets_of
from earmark.training.scores import Judged, difference
from earmark.training.settings import FitSettings

# Without mixing and shifting, the cnn at 1e-3 knew its 294 excerpts by heart after six epochs.
_MIXED = Augmentation(mixup=0.3, spec_frames=26, shift_s=1.5)
_CNN = FitSettings(epochs=40, patience=40, learning_rate=5e-4, schedule="cosine", augmentation=_MIXED, device="cpu")
SETTINGS = {
    "cnn": _CNN,
    "cnn_lstm": replace(_CNN, epochs=24, patience=24),
    # Slices of 4 s, since excerpts are shorter than the recipe's 29 s: one an excerpt and epoch, from anywhere in it.
    # An epoch of the 294 excerpts takes 70 s on one core, so six of them.
    "crnn": FitSettings(
        epochs=6,
        patience=6,
        schedule="cosine",
        frames=192,
        slice_hop=512,
        augmentation=Augmentation(shift_s=11.0),
        device="cpu",
    ),
    "mlp_full": FitSettings(
        patience=150, schedule="cosine", weight_decay=0.01, augmentation=Augmentation(mixup=0.3), device="cpu"
    ),
    "logreg": FitSettings(),
    "svm": FitSettings(),
    "random_forest": FitSettings(),
    "hist_gradient_boosting": FitSettings(),
    "probe": FitSettings(device="cpu"),
}


def run(keep: Path | None = None) -> Benchmark:
    """Accuracy on the test pieces; bundles are kept in a folder where one is named."""
    folder = cache_folder() / "scorebook"
    if not (folder / "manifest.csv").exists():
        build_scorebook(folder, seed=0)
    dataset = open_dataset(folder)
    split = split_by_group(dataset, by="track", seed=0)
    found: dict[str, Answer] = {}
    with tempfile.TemporaryDirectory() as other:
        bundles = keep or Path(other)
        for model, settings in SETTINGS.items():
            source = bundles / "cnn" if model == "cnn_lstm" else None
            found[model] = answer(model, dataset, split, settings, folder=bundles / model, source=source)
    rows = [_row(model, each) for model, each in found.items()]
    rows += [
        row(f"logreg on {said} alone", by_columns(dataset, split, which))
        for said, which in (("the MFCCs' columns", True), ("all other columns", False))
    ]
    gain = difference(found["cnn_lstm"].judged, found["cnn"].judged)
    said = "beats the cnn" if gain.low > 0 else "is worse" if gain.high < 0 else "does not beat it"
    rows.append(Row(f"cnn_lstm − cnn: the cnn_lstm {said}", "", (gain.value, gain.low, gain.high)))
    parts = " / ".join(str(len(part)) for part in (split.train, split.validation, split.test))
    setup = (
        f"{len(dataset.items)} excerpts of 15 s in {len(dataset.labels)} classes, drawn anew by seed 0 (instruments, "
        f"tempo, key and level say nothing about the class); {parts} excerpts, no piece on two sides. "
        "Timbre tells nothing here, and MFCCs are timbre: hence the rows on the MFCCs' columns and on all others. The "
        "cnn and its offspring see MFCCs, 3 s at a time; the crnn, on mel bands, got six epochs only (70 s each). "
        "Networks keep the weights that were best on the validation pieces. "
        "Intervals: 95 %, bootstrap over pieces. CPU minutes on one core."
    )
    return Benchmark("scorebook", "scorebook, split by piece", setup, tuple(rows))


def by_columns(dataset: Dataset, split: Split, mfcc: bool) -> Judged:
    """What logistic regression says about the test pieces when it learns from MFCCs alone, or from all but them."""
    training = dataset.subset(split.train)
    names, values = descriptor_rows(
        replace(training, items=(*training.items, *dataset.subset(split.validation).items)), "full"
    )
    chosen = [place for place, name in enumerate(names) if name.startswith("mfcc") == mfcc]
    model = build_estimator("logreg").fit(values[: len(split.train), chosen], [item.label for item in training.items])
    test = dataset.subset(split.test)
    said = model.predict_proba(descriptor_rows(test, "full")[1][:, chosen])
    return Judged(dataset.labels, targets_of(test, dataset.labels), said, test.groups("track"))


def _row(model: str, found: Answer) -> Row:
    return replace(row(model, found.judged), note=f"{found.cpu_s / 60:.1f} min")
