"""Each rule by itself: what fails, what warns, what is not asked."""

import pytest

from earmark.metrics.measures import Figure
from earmark.metrics.trust import judge

GOOD = Figure("ff", "audio", 0.5, "higher", random=0.1, random_sd=0.05, beaten=1.0, energy=0.2, ones=0.5, zeros=0.0)
FINE = {"area": 0.3, "settled": True, "perturbed": True}


def verdict(figures=(GOOD,), extras=None, **changed):
    return judge(figures, extras=extras or {}, **(FINE | changed))


def figure(**changed):
    return Figure(**({name: getattr(GOOD, name) for name in GOOD.__dataclass_fields__} | changed))


def test_all_rules_passed():
    found = verdict()
    assert found.verdict == "yes"
    assert (
        found.sentence
        == "This explanation passed what was asked of it: better than chance; better than loudness; settled."
    )
    assert found.rules[-1].startswith("not asked: randomised model")


@pytest.mark.parametrize(
    ("figures", "changed", "extras", "says"),
    [
        ((figure(beaten=0.94),), {}, {}, "random masks of the same size"),
        ((GOOD,), {"settled": False}, {}, "had not settled"),
        ((GOOD,), {}, {"randomisation": 0.51}, "random parameters"),
    ],
)
def test_what_fails(figures, changed, extras, says):
    found = verdict(figures, extras, **changed)
    assert found.verdict == "no"
    assert says in found.sentence
    assert any(rule.startswith("failed: ") for rule in found.rules)


@pytest.mark.parametrize(
    ("figures", "changed", "extras", "says"),
    [
        ((figure(energy=0.5),), {}, {}, "loudest"),
        ((GOOD,), {"area": 1.0}, {}, "keeps everything"),
        ((GOOD,), {"area": 0.0}, {}, "keeps nothing"),
        ((GOOD, figure(domain="spectrogram", value=0.7)), {}, {}, "between spectrogram and sound"),
        ((GOOD,), {}, {"rank_agreement": 0.69}, "another seed"),
        ((Figure("entropy", "", 1.0, "lower"),), {}, {}, "not compared with chance"),
    ],
)
def test_what_warns(figures, changed, extras, says):
    found = verdict(figures, extras, **changed)
    assert found.verdict == "with care"
    assert says in found.sentence


def test_the_limits_themselves_pass():
    extras = {"rank_agreement": 0.7, "randomisation": 0.5}
    assert verdict((figure(beaten=0.95), figure(domain="spectrogram", value=0.55)), extras).verdict == "yes"


def test_where_lower_is_better():
    deletion = figure(metric="deletion_auc", better="lower", value=0.1, energy=0.2)
    assert verdict((deletion,)).verdict == "yes"
    assert verdict((figure(metric="deletion_auc", better="lower", value=0.3, energy=0.2),)).verdict == "with care"


def test_a_gradient_method_has_nothing_to_settle():
    found = verdict(perturbed=False, settled=False)
    assert found.verdict == "yes"
    assert "not asked: convergence (a gradient method)" in found.rules
