"""Rows of descriptors: closed forms, literal sums over all coalitions, shap's own explainers, real descriptors.

The only test module that imports shap, which takes seconds: through the fixture ``shap``.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit

from earmark.components.descriptors import describe
from earmark.errors import CancelledError, CapabilityError, EarmarkError, ScoresError, SettingError, UnknownNameError
from earmark.explain.catalogue import METHODS
from earmark.explain.explanation import Explanation
from earmark.explain.game import Watch
from earmark.explain.lime import Lime
from earmark.explain.owen import Owen
from earmark.explain.shap_permutation import ShapPermutation
from earmark.explain.tabular import explain_row, open_row
from earmark.explain.tabular_catalogue import TABULAR_METHODS
from earmark.models.tabular import TabularClassifier, from_estimator, from_rows_function

sklearn = pytest.importorskip("sklearn")
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import PolynomialFeatures, StandardScaler  # noqa: E402

Floats = NDArray[np.float64]
FEATURES = ["mfcc01_mean", "zcr_mean", "chroma01_mean", "chroma02_mean", "tempo", "rms"]
RNG = np.random.default_rng(3)
ROWS: Floats = RNG.normal(size=(90, 6)) * [1, 0.1, 1, 1, 30, 2]
TWO = np.where(ROWS[:, 0] + ROWS[:, 4] / 30 + ROWS[:, 2] * ROWS[:, 3] > 0, "rock", "folk")
THREE = np.where(ROWS[:, 5] > 1.5, "jazz", TWO)
ROW, BACKGROUND = ROWS[0], ROWS[1:21]

GTZAN = Path(__file__).parents[3] / "shared" / "data" / "gtzan" / "descriptors_89.csv"


@pytest.fixture(scope="session")
def shap() -> ModuleType:
    numba = pytest.importorskip("numba")
    before = numba.config.DISABLE_JIT
    # What shap compiles at its first call takes 10 s and more; these small cases do without.
    numba.config.DISABLE_JIT = 1
    try:
        return pytest.importorskip("shap")
    finally:
        numba.config.DISABLE_JIT = before


def trained(estimator: Any, target: NDArray[Any] = TWO) -> TabularClassifier:
    return from_estimator(estimator.fit(ROWS, target), features=FEATURES)


def logistic(target: NDArray[Any] = TWO) -> TabularClassifier:
    return trained(LogisticRegression(C=0.01, max_iter=1000), target)


def forest() -> TabularClassifier:
    return trained(RandomForestClassifier(8, max_depth=4, random_state=0), THREE)


def literal_shapley(classifier: TabularClassifier, players: list[list[int]]) -> Floats:
    """Shapley values ``(K, n)`` of the mean probability over the background, summed over all coalitions."""

    def value(coalition: tuple[int, ...]) -> Floats:
        rows = BACKGROUND.copy()
        for player in coalition:
            rows[:, players[player]] = ROW[players[player]]
        mean: Floats = classifier.scores(rows).mean(axis=0)
        return mean

    n = len(players)
    phi = np.zeros((len(classifier.labels), n))
    for player in range(n):
        others = [p for p in range(n) if p != player]
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for coalition in itertools.combinations(others, size):
                phi[:, player] += weight * (value((*coalition, player)) - value(coalition))
    return phi


def test_logistic_regression_in_log_odds_is_weight_times_difference() -> None:
    classifier = logistic()
    why = explain_row(ROW, classifier, BACKGROUND, output="log_odds")
    expected = classifier.estimator.coef_[0] * (ROW - BACKGROUND.mean(axis=0))
    np.testing.assert_allclose(why.values("rock"), expected, atol=1e-9)
    np.testing.assert_allclose(why.values("folk"), -expected, atol=1e-9)
    assert (why.exact, why.unit) == (True, "row")


def test_probabilities_of_features_and_groups_are_the_literal_sums() -> None:
    classifier = forest()
    alone = explain_row(ROW, classifier, BACKGROUND)
    np.testing.assert_allclose(alone.attributions, literal_shapley(classifier, [[i] for i in range(6)]), atol=1e-12)
    together = explain_row(ROW, classifier, BACKGROUND, players="group")
    assert [c.group for c in together.components] == ["timbre", "harmony", "rhythm", "other"]
    expected = literal_shapley(classifier, [[0, 1], [2, 3], [4], [5]])
    np.testing.assert_allclose(together.attributions, expected, atol=1e-12)
    np.testing.assert_allclose(alone.full, classifier.scores([ROW])[0], atol=1e-12)
    np.testing.assert_allclose(alone.base, classifier.scores(BACKGROUND).mean(axis=0), atol=1e-12)


def test_totals_add_up_the_features_of_a_group() -> None:
    why = explain_row(ROW, forest(), BACKGROUND)
    totals = {name: total for name, total, _ in why.totals("rock")}
    values = why.values("rock")
    assert totals == pytest.approx(
        {
            "timbre": values[:2].sum(),
            "harmony": values[2:4].sum(),
            "rhythm": values[4],
            "other": values[5],
        }
    )
    assert sum(totals.values()) == pytest.approx((why.full - why.base)[why.index("rock")])
    mine = explain_row(ROW, forest(), BACKGROUND, groups={"all but loudness": FEATURES[:5]})
    assert {name for name, _, _ in mine.totals()} == {"all but loudness", "other"}


def test_owen_values_of_groups_add_up_to_the_groups_own_shapley_values() -> None:
    case = open_row(ROW, forest(), BACKGROUND)
    inside = case.explain(Owen(by="group"))
    whole = explain_row(ROW, forest(), BACKGROUND, players="group")
    for label in inside.labels:
        sums = {name: value for name, value, _ in inside.totals(label)}
        own = {str(c.group): v for c, v in zip(whole.components, whole.values(label), strict=True)}
        assert sums == pytest.approx(own, abs=1e-12)


@pytest.mark.parametrize("name", METHODS.names())
def test_every_method_plays_one_game_deterministically(name: str) -> None:
    case = open_row(ROW, logistic(THREE), BACKGROUND[:5])
    first = case.explain(name, seed=1)
    asked = case.tally.rows
    second = case.explain(name, seed=1, output="log_odds")
    # One row more, for the scores: the game is remembered for both outputs.
    assert case.tally.rows == asked + 1
    assert second.attributions.shape == (3, 6)
    again = open_row(ROW, logistic(THREE), BACKGROUND[:5]).explain(name, seed=1)
    assert first.to_dict() == again.to_dict()


def test_fills_of_one_row_ask_once_a_mask_and_differ() -> None:
    found = {
        fill: explain_row(ROW, forest(), BACKGROUND, fill=fill, method="shapley_exact")
        for fill in ("mean", "median", "marginal")
    }
    assert [found[fill].evaluations for fill in found] == [65, 65, 64 * 20 + 1]
    np.testing.assert_allclose(found["mean"].base, forest().scores([BACKGROUND.mean(axis=0)])[0])
    np.testing.assert_allclose(found["median"].base, forest().scores([np.median(BACKGROUND, axis=0)])[0])


def test_a_contrast_is_the_difference_of_two_labels() -> None:
    case = open_row(ROW, forest(), BACKGROUND)
    both, one = case.explain(), case.explain(contrast=("rock", "folk"))
    np.testing.assert_allclose(one.values(), both.values("rock") - both.values("folk"), atol=1e-12)
    assert one.labels == ("rock − folk",)
    assert one.targets == (0,)


def test_targets_are_the_most_probable_or_those_that_were_asked_for() -> None:
    case = open_row(ROW, forest(), BACKGROUND)
    order = [forest().labels[i] for i in np.argsort(-forest().scores([ROW])[0])]
    assert [case.explain().labels[t] for t in case.explain(targets=2).targets] == order[:2]
    assert [case.explain().labels[t] for t in case.explain(targets=["jazz"]).targets] == ["jazz"]


def test_an_explanation_of_a_row_is_saved_shown_and_says_what_it_is_of(tmp_path: Path) -> None:
    why = explain_row(ROW, forest(), BACKGROUND, name="blues.00000.wav", targets=["rock"], seed=4)
    assert Explanation.load(why.save(tmp_path / "why.json")).to_dict() == why.to_dict()
    assert (why.clip.name, why.clip.duration_s, why.clip.sample_rate) == ("blues.00000.wav", 0.0, 0)
    assert why.clip.fingerprint != explain_row(ROWS[1], forest(), BACKGROUND).clip.fingerprint
    assert why.recipe.components == "descriptors"
    assert why.recipe.seed == 4
    strongest = why.top(1)[0]
    assert strongest.component.label.startswith(f"{FEATURES[strongest.index]} = ")
    page = why._repr_html_()
    assert "tempo = " in page
    assert "blues.00000.wav" in page


def broken(rows: Floats) -> Floats:
    if len(rows) > 1:
        raise RuntimeError("no more than one row")
    return np.full((1, 2), 0.5)


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"row": [np.nan, *ROW[1:]]}, SettingError, "row: mfcc01_mean is nan in row 0"),
        ({"row": ROW[:5]}, SettingError, r"row: shape \(1, 5\) does not fit 6 features"),
        ({"background": []}, SettingError, "background: no rows"),
        ({"targets": ["punk"]}, UnknownNameError, "unknown label 'punk'. Known: folk, rock"),
        ({"contrast": ("rock", "folk ")}, UnknownNameError, "Did you mean folk?"),
        ({"method": "shap_trees"}, UnknownNameError, "Did you mean shap_tree"),
        ({"output": "odds"}, UnknownNameError, "Did you mean log_odds?"),
        (
            {"output": "logit"},
            CapabilityError,
            "shapley explains probability or log_odds of this classifier, not logit",
        ),
        ({"batch_rows": 0}, SettingError, "batch_rows: 0 rows a batch"),
        ({"classifier": from_rows_function(broken, ["a", "b"], FEATURES)}, ScoresError, "no more than one row"),
        ({"watch": Watch(cancelled=lambda: True)}, CancelledError, "stopped on request"),
        ({"method": "shap_linear", "output": "probability"}, CapabilityError, "explains log_odds of this classifier"),
        ({"method": "shap_tree"}, CapabilityError, "scikit-learn's trees, not a LogisticRegression"),
        (
            {"method": "shap_linear", "classifier": from_rows_function(broken, ["a", "b"], FEATURES)},
            CapabilityError,
            "scikit-learn's logistic regression, not a function",
        ),
        ({"method": ShapPermutation(permutations=1)}, SettingError, "1 permutations leave no standard error"),
        ({"method": "shap_permutation", "players": "group"}, SettingError, "gives values to features, not to groups"),
    ],
)
def test_bad_input_is_one_line(changed: dict[str, Any], error: type[EarmarkError], text: str) -> None:
    asked = {"row": ROW, "classifier": logistic(), "background": BACKGROUND} | changed
    with pytest.raises(error) as caught:
        explain_row(**asked)
    assert text.replace("\\", "") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pipeline_that_mixes_features_is_not_looked_through() -> None:
    mixed = trained(make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression(max_iter=1000)))
    with pytest.raises(CapabilityError, match="cannot look through PolynomialFeatures"):
        explain_row(ROW, mixed, BACKGROUND, method="shap_linear")


def test_boosted_trees_of_three_classes_are_refused() -> None:
    with pytest.raises(CapabilityError, match="boosted trees of 2 classes, not of 3"):
        explain_row(ROW, trained(GradientBoostingClassifier(n_estimators=2), THREE), BACKGROUND, method="shap_tree")


def test_the_catalogue_loads_without_shap_and_is_documented() -> None:
    code = (
        "import sys; sys.modules['shap'] = None\n"
        "from earmark.explain.tabular_catalogue import TABULAR_METHODS as T\n"
        "from earmark.explain.tabular_method import load_shap\n"
        "assert all(T.get(name)().name == name for name in T.names())\n"
        "try: load_shap()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("SettingError")
    assert "pip install 'earmark[tabular]'" in done.stdout
    page = (Path(__file__).parents[2] / "docs" / "tabular.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in TABULAR_METHODS.names())


@pytest.mark.usefixtures("shap")
class TestShap:
    """Beside the real package: ours against shap's explainers, called by themselves and through ours."""

    def test_linear_values_are_shaps_and_ours(self, shap: ModuleType) -> None:
        classifier = logistic()
        ours = explain_row(ROW, classifier, BACKGROUND, output="log_odds")
        theirs = shap.LinearExplainer(classifier.estimator, BACKGROUND).shap_values(ROW[np.newaxis])[0]
        np.testing.assert_allclose(ours.values("rock"), theirs, atol=1e-6)
        wrapped = explain_row(ROW, classifier, BACKGROUND, method="shap_linear")
        np.testing.assert_allclose(wrapped.attributions, ours.attributions, atol=1e-9)
        np.testing.assert_allclose([wrapped.base, wrapped.full], [ours.base, ours.full], atol=1e-9)
        assert (wrapped.recipe.output, wrapped.exact) == ("log_odds", True)

    @pytest.mark.parametrize("scaled", [False, True])
    def test_logits_of_three_classes_and_their_contrast(self, scaled: bool) -> None:
        last = LogisticRegression(C=0.1, max_iter=2000)
        classifier = trained(make_pipeline(StandardScaler(), last) if scaled else last, THREE)
        why = explain_row(ROW, classifier, BACKGROUND, method="shap_linear")
        scale = classifier.estimator.steps[0][1].scale_ if scaled else 1.0
        expected = last.coef_ / scale * (ROW - BACKGROUND.mean(axis=0))
        assert why.recipe.output == "logit"
        np.testing.assert_allclose(why.attributions, expected, atol=1e-9)
        one = explain_row(ROW, classifier, BACKGROUND, method="shap_linear", contrast=("rock", "jazz"))
        np.testing.assert_allclose(one.values(), why.values("rock") - why.values("jazz"), atol=1e-12)
        p = dict(zip(classifier.labels, classifier.scores([ROW])[0], strict=True))
        assert one.full[0] == pytest.approx(math.log(p["rock"] / p["jazz"]))

    def test_more_than_a_hundred_stand_ins_are_all_used(self) -> None:
        many = np.concatenate([ROWS, ROWS + 1.0])
        case = open_row(ROW, logistic(), many, background_rows=150)
        wrapped = case.explain("shap_linear")
        assert case.descriptors.stand_ins.shape == (150, 6)
        expected = logistic().estimator.coef_[0] * (ROW - case.descriptors.stand_ins.mean(axis=0))
        np.testing.assert_allclose(wrapped.values("rock"), expected, atol=1e-9)

    @pytest.mark.parametrize("scaled", [False, True])
    def test_values_of_a_forest_are_our_exact_ones(self, scaled: bool) -> None:
        last = RandomForestClassifier(8, max_depth=4, random_state=0)
        case = open_row(ROW, trained(make_pipeline(StandardScaler(), last) if scaled else last, THREE), BACKGROUND)
        tree, exact = case.explain("shap_tree"), case.explain("shapley_exact")
        np.testing.assert_allclose(tree.attributions, exact.attributions, atol=1e-6)
        np.testing.assert_allclose([tree.base, tree.full], [exact.base, exact.full], atol=1e-9)
        one = case.explain("shap_tree", contrast=("rock", "folk"))
        np.testing.assert_allclose(one.values(), tree.values("rock") - tree.values("folk"), atol=1e-12)

    def test_boosted_trees_are_exact_in_log_odds_only(self) -> None:
        case = open_row(ROW, trained(GradientBoostingClassifier(n_estimators=8, random_state=0)), BACKGROUND)
        tree, exact = case.explain("shap_tree"), case.explain("shapley_exact", output="log_odds")
        assert tree.recipe.output == "log_odds"
        np.testing.assert_allclose(tree.attributions, exact.attributions, atol=1e-6)
        with pytest.raises(CapabilityError, match="explains log_odds of this classifier, not probability"):
            case.explain("shap_tree", output="probability")

    def test_values_that_miss_the_classifiers_score_are_refused(self) -> None:
        boosted = GradientBoostingClassifier(n_estimators=8, loss="exponential", random_state=0)
        with pytest.raises(CapabilityError, match="miss the classifier's output by"):
            explain_row(ROW, trained(boosted), BACKGROUND, method="shap_tree")

    def test_a_regression_whose_scores_are_no_softmax_is_refused(self) -> None:
        class OneVersusRest(LogisticRegression):  # type: ignore[misc]
            def predict_proba(self, rows: Floats) -> Floats:
                each = expit(self.decision_function(rows))
                shares: Floats = each / each.sum(axis=1, keepdims=True)
                return shares

        with pytest.raises(CapabilityError, match="no softmax over its logits"):
            explain_row(ROW, trained(OneVersusRest(max_iter=1000), THREE), BACKGROUND, method="shap_linear")

    @pytest.mark.parametrize("output", ["probability", "log_odds"])
    def test_permutations_are_within_their_errors_and_leave_the_global_generator_alone(self, output: str) -> None:
        case = open_row(ROW, logistic(THREE), BACKGROUND)
        exact = case.explain("shapley_exact", output=output)
        np.random.seed(11)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # type: ignore[index, union-attr]  # noqa: NPY002
        method = ShapPermutation(permutations=30)
        found = [case.explain(method, output=output, seed=seed) for seed in (0, 0, 1)]
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # type: ignore[index]  # noqa: NPY002
        np.testing.assert_array_equal(found[0].attributions, found[1].attributions)
        assert (found[0].attributions != found[2].attributions).any()
        deviation = np.abs(found[0].attributions - exact.attributions)
        assert (deviation <= 4.5 * found[0].errors + 1e-9).all()
        assert found[0].errors.max() > 0
        assert not found[0].exact
        np.testing.assert_allclose(found[0].attributions.sum(axis=1), exact.full - exact.base, atol=1e-9)


@pytest.mark.usefixtures("shap")
@pytest.mark.skipif(not GTZAN.is_file(), reason="the GTZAN descriptors are not here (../shared/data/gtzan)")
def test_a_real_row_of_gtzan() -> None:
    with GTZAN.open(newline="") as file:
        table = list(csv.reader(file))
    names, files = table[0][1:], [line[0] for line in table[1:]]
    rows = np.array([line[1:] for line in table[1:]], dtype=float)
    genres = np.array([name.split(".")[0] for name in files])
    train = np.arange(len(rows)) % 5 != 0
    estimator = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300)).fit(rows[train], genres[train])
    classifier = from_estimator(estimator, features=names)
    held_out = np.flatnonzero(~train)
    assert (
        classifier.scores(rows[held_out]).argmax(axis=1) == np.searchsorted(classifier.labels, genres[held_out])
    ).mean() > 0.5
    case = open_row(rows[0], classifier, rows[train], name=files[0], background_rows=50, players="group")
    why = case.explain(targets=["blues"])
    assert [c.label for c in why.components] == [
        "timbre (64 descriptors)",
        "harmony (24 descriptors)",
        "rhythm (1 descriptor)",
    ]
    np.testing.assert_allclose(why.attributions.sum(axis=1), why.full - why.base, atol=1e-12)
    assert why.exact
    features = explain_row(rows[0], classifier, rows[train], method=Lime(samples=500), background_rows=50)
    assert len(features.components) == 89
    why = explain_row(rows[0], classifier, rows[train], method="shap_linear", contrast=("blues", "rock"))
    scaler, last = estimator.steps[0][1], estimator.steps[1][1]
    stand_ins = describe(rows[0], names, rows[train]).stand_ins
    first, second = (classifier.labels.index(label) for label in ("blues", "rock"))
    weights = (last.coef_[first] - last.coef_[second]) / scaler.scale_
    np.testing.assert_allclose(why.values(), weights * (rows[0] - stand_ins.mean(axis=0)), atol=1e-9)
    assert {name for name, _, _ in why.totals()} == {"timbre", "harmony", "rhythm"}


def test_the_page_runs_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tabular.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(block, names)
    assert "techno by" in capsys.readouterr().out
    assert names["nats"].evaluations == names["occluded"].evaluations + 1
