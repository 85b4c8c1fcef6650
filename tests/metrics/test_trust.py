"""Each rule by itself: what fails, what warns, what is not asked."""

import pytest

from earmark.metrics.measures import Figure
from earmark.metrics.trust import Rivals, judge

GOOD = Figure("ff", "audio", 0.5, "higher", random=0.1, random_sd=0.05, beaten=1.0, energy=0.2, ones=0.5, zeros=0.0)
MASKS, ORDERS = "masks of its size", "orders of its parts"
FINE = {
    "area": 0.3,
    "settled": True,
    "perturbed": True,
    "similar_by_chance": 0.4,
    "masks": Rivals(19, 200, MASKS),
    "orders": Rivals(5, 1000, ORDERS),
}


def verdict(figures=(GOOD,), extras=None, **changed):
    return judge(figures, extras=extras or {}, **(FINE | changed))


def figure(**changed):
    return Figure(**({name: getattr(GOOD, name) for name in GOOD.__dataclass_fields__} | changed))


def test_all_rules_passed():
    found = verdict()
    assert found.verdict == "yes"
    assert (
        found.sentence == "This explanation passed what was asked of it: better than chance; better than loudness; "
        "the estimate had settled."
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


def test_few_parts_are_alike_by_chance():
    """A limit over 0.5 is that of chance; where everything is alike nothing is asked."""
    few = {"similar_by_chance": 0.1 + 0.7}
    found = verdict(extras={"randomisation": 0.8}, **few)
    assert found.verdict == "yes"
    assert "ok: randomised model, similarity 0.80 (of so few parts, up to 0.80 is chance)" in found.rules
    assert verdict(extras={"randomisation": 0.81}, **few).verdict == "no"
    none = verdict(similar_by_chance=1.0)
    assert none.verdict == "yes"
    assert none.rules[-1] == "not asked: randomised model (too few parts to tell)"


def test_where_lower_is_better():
    deletion = figure(metric="deletion_auc", better="lower", value=0.1, energy=0.2)
    enough = {"orders": Rivals(19, 120, ORDERS)}
    assert verdict((deletion,), **enough).verdict == "yes"
    worse = figure(metric="deletion_auc", better="lower", value=0.3, energy=0.2, random=0.4)
    assert verdict((worse,), **enough).verdict == "with care"


@pytest.mark.parametrize(
    ("masks", "says"),
    [
        (Rivals(18, 200, MASKS), "drawn: 18; 19 are the fewest that can show 95%"),
        (Rivals(1, 200, MASKS), "drawn: 1; 19 are the fewest that can show 95%"),
        (Rivals(100, 19, MASKS), "19 masks of its size exist; 20 are the fewest that can show 95%"),
    ],
)
def test_too_few_random_masks_show_nothing(masks, says):
    found = verdict(masks=masks)
    assert found.verdict == "with care"
    assert f"not shown ({says})" in found.sentence
    assert f"not shown: better than chance (ff 0.5 against 0.1 for random masks, 100% beaten; {says})" in found.rules
    assert not any(rule.startswith("ok: better than chance") for rule in found.rules)
    # What does no better than they do on average needs no more of them.
    assert verdict((figure(value=0.1, beaten=0.4),), masks=masks).verdict == "no"


def test_where_too_few_masks_exist_the_order_decides():
    order = figure(metric="deletion_auc", better="lower", value=0.1, energy=0.3, random=0.4)
    found = verdict((GOOD, order), masks=Rivals(19, 6, MASKS), orders=Rivals(19, 120, ORDERS))
    assert found.verdict == "yes"
    assert any(rule.startswith("ok: better than chance (deletion_auc 0.1 against 0.4") for rule in found.rules)


def test_a_gradient_method_has_nothing_to_settle():
    found = verdict(perturbed=False, settled=False)
    assert found.verdict == "yes"
    assert "not asked: convergence (a gradient method)" in found.rules
