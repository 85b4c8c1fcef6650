"""Reports of gradient methods, and of anything without a direction: what is said, and what is drawn."""

import re
from dataclasses import replace

import numpy as np
import pytest

from earmark.audio.clip import Clip
from earmark.components.grid import Grid
from earmark.components.time import Time
from earmark.errors import ExplanationError
from earmark.explain.gradient.integrated_gradients import IntegratedGradients
from earmark.explain.gradient.pooled import explain_pooled
from earmark.explain.gradient.saliency import Saliency
from earmark.explain.gradient.smoothgrad import SmoothGrad
from earmark.explain.run import explain
from earmark.explain.sobol import Sobol
from earmark.listen.render import listen
from earmark.models.prepare import prepare
from earmark.report.figures import attribution_figure, map_figure, overlay_figure
from earmark.report.html import report_html
from earmark.report.images import png_bytes
from earmark.report.notebook import explanation_html
from earmark.report.view import model_view
from earmark.report.words import trust, unit, verdict

CLAIMS = ("Raises it", "Lowers it", "Orange raises", "raises low", "lowers low")


@pytest.fixture(scope="module")
def clip(slim):
    return Clip(slim.clip.waveform, slim.clip.sample_rate)


def page(found, explanation, clip, classifier):
    heard = listen(explanation, clip)
    return report_html(explanation, clip, classifier, listening=heard, command="x", found_map=found)


def test_a_signed_map(slim, clip):
    found, e = explain_pooled(clip, slim.classifier, Grid(n_times=2, n_bands=2), IntegratedGradients(), targets=["low"])
    text = page(found, e, clip, slim.classifier)
    assert [claim for claim in CLAIMS if claim in text] == []
    assert text.count("<picture>") == 3
    for said in (
        "Speaks for it",
        "Speaks against it",
        "Orange speaks for low",
        "at the method’s baseline",
        "cell by cell",
    ):
        assert said in text
    assert "The cells sum to the change of the output" in trust(e)
    assert "Exact" not in trust(e)
    assert unit(e) == "logit"
    assert verdict(e).startswith("sum off by")
    assert "at the method’s baseline" in explanation_html(e)


def test_an_unsigned_map(slim, clip):
    found, e = explain_pooled(clip, slim.classifier, Time(n=3), Saliency(), targets=["low"])
    text = page(found, e, clip, slim.classifier)
    assert [claim for claim in (*CLAIMS, "Speaks") if claim in text] == []
    for said in ("Matters most", "The more violet", "have half of all that matters", "no sampling", "Importance"):
        assert said in text
    shown = re.sub(r'"data:[^"]*"', "", text.split("<main>")[1].split("<script")[0])
    assert not re.search(r"\bnan\b", shown, re.IGNORECASE)
    assert "a scale of their own" in trust(e)
    assert (unit(e), verdict(e)) == ("own scale", "no sampling")
    assert "nan" not in explanation_html(e).split("<img")[0]


def test_a_drawn_map_says_so(slim, clip):
    _, e = explain_pooled(clip, slim.classifier, Time(n=2), SmoothGrad(samples=1), targets=["low"])
    assert "draws at random" in trust(e)
    assert "by how much is not known" in trust(e)
    assert verdict(e) == "sampled, error unknown"
    _, e = explain_pooled(clip, slim.classifier, Time(n=2), SmoothGrad(samples=4), targets=3)
    assert "one standard error of the mean over the draws" in trust(e)
    assert verdict(e) in ("converged", "not converged")


def test_a_wide_gap_is_a_warning(slim, clip):
    _, e = explain_pooled(clip, slim.classifier, Time(n=2), IntegratedGradients(), targets=["low"])
    wide = replace(
        e, diagnostics=e.diagnostics | {"gap": [0.2 * abs(float(e.full[0] - e.base[0]))]}, converged=False, exact=False
    )
    assert "20 % of it" in trust(wide)
    assert "too much to trust the scale" in trust(wide)
    assert verdict(wide) == "not converged"


def test_shares_of_variance_have_no_direction(slim, clip):
    e = explain(clip, slim.classifier, Time(n=3), Sobol(samples=64), targets=["low"])
    text = page(None, e, clip, slim.classifier)
    assert [claim for claim in (*CLAIMS, "Speaks") if claim in text] == []
    assert "Matters most" in text
    assert "share of variance" in text
    assert "With every component off" in text


def coloured(figure):
    """Means of red, green and blue of the strongly coloured pixels."""
    import io

    from matplotlib.image import imread

    pixels = imread(io.BytesIO(png_bytes(figure, dpi=60)), format="png")[..., :3].reshape(-1, 3)
    strong = pixels[np.ptp(pixels, axis=1) > 0.25]
    return strong.mean(axis=0) if len(strong) else np.zeros(3)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_of_what_has_no_direction_are_violet(slim, clip, theme):
    found, e = explain_pooled(clip, slim.classifier, Grid(n_times=2, n_bands=2), Saliency(), targets=["low"])
    view = model_view(slim.classifier, prepare(clip, slim.classifier.input).clip)
    figures = (
        map_figure(found, view, theme=theme), overlay_figure(e, view, theme=theme), attribution_figure(e, theme=theme)
    )  # fmt: skip
    for figure in figures:
        red, green, blue = coloured(figure)
        assert blue > red > green


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_cells_of_a_map_are_where_they_belong(slim, clip, theme):
    found, _ = explain_pooled(clip, slim.classifier, Time(n=2), Saliency(absolute=False), targets=["low"])
    view = model_view(slim.classifier, prepare(clip, slim.classifier.input).clip)
    values = np.zeros_like(found.values)
    values[0, :, : values.shape[2] // 2] = 1.0
    figure = map_figure(replace(found, values=values), view, theme=theme)
    overlay = figure.axes[0].images[1].get_array()
    half = values.shape[2] // 2
    assert (overlay[:, :half, 3] > 0.9).all()
    assert (overlay[:, half:, 3] == 0).all()
    assert overlay[0, 0, 0] > overlay[0, 0, 2]
    against = map_figure(replace(found, values=-values), view, theme=theme).axes[0].images[1].get_array()
    assert against[0, 0, 2] > against[0, 0, 0]


def test_a_waveform_map_is_drawn_as_a_course(slim, clip):
    found, e = explain_pooled(
        clip, slim.classifier, Time(n=2), Saliency(absolute=False), targets=["low"], domain="waveform"
    )
    view = model_view(slim.classifier, prepare(clip, slim.classifier.input).clip)
    assert len(png_bytes(map_figure(found, view))) > 5000
    assert "summed over short steps of time" in page(found, e, clip, slim.classifier)


def test_a_map_of_something_else_is_refused(slim, clip):
    found, e = explain_pooled(clip, slim.classifier, Time(n=2), Saliency(), targets=["low"])
    with pytest.raises(ExplanationError, match="do not belong together"):
        page(replace(found, targets=("other",)), e, clip, slim.classifier)
