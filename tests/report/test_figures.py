import subprocess
import sys
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle

from earmark.components.component import Component
from earmark.models.prepare import prepare
from earmark.report.figures import LEFT, RIGHT, attribution_figure, overlay_figure, spectrogram_figure
from earmark.report.images import png_bytes, svg_bytes, webp_bytes
from earmark.report.layout import boxes, is_table, lanes
from earmark.report.theme import DARK, LIGHT, signed
from earmark.report.view import model_view


@pytest.fixture(scope="module")
def view(case):
    return model_view(case.classifier, prepare(case.clip, case.classifier.input).clip)


@pytest.fixture(scope="module")
def grid(case):
    cells = tuple(
        Component(start_s=float(s), end_s=float(s + 1), low_hz=100.0 * 4**b, high_hz=100.0 * 4 ** (b + 1))
        for b in range(3)
        for s in range(4)
    )
    return replace(case.explanation, components=cells)


def numbers(axes):
    return {t.get_text() for t in axes.texts}


def test_stems_get_lanes_and_grids_get_boxes(case, grid):
    assert boxes(case.explanation) == ()
    names, cells = lanes(case.explanation)
    assert names == ("bass", "lead", "drums")
    assert [(c.lane, c.start_s) for c in cells] == [(lane, float(s)) for lane in range(3) for s in range(4)]
    assert len(boxes(grid)) == 12
    assert lanes(grid)[0] == ("1.6–6.4 kHz", "0.4–1.6 kHz", "100–400 Hz")
    assert is_table(case.explanation)
    only_time = replace(grid, components=tuple(Component(start_s=s / 3, end_s=(s + 1) / 3) for s in range(12)))
    assert not is_table(only_time)


def test_spectrogram_has_axes_with_units(view):
    axes, bar = spectrogram_figure(view).axes
    assert axes.get_xlabel() == "Time (s)"
    assert axes.get_xlim() == (0, 4)
    assert bar.get_ylabel().replace("\n", " ") == "log10(10000·mel power + 1)"
    # Ticks lie where the mel bins with those centres are.
    for position, tick in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        number, word = tick.get_text().split()
        hz = float(number) * (1000 if word == "kHz" else 1)
        assert np.interp(position, np.arange(24), view.bin_hz) == pytest.approx(hz)
    (image,) = axes.get_images()
    assert image.get_cmap().name == "magma"
    np.testing.assert_array_equal(image.get_array(), view.spectrogram)


def test_lanes_show_the_sign_three_ways(case, view):
    e = case.explanation
    values = e.values("low")
    axes = overlay_figure(e, view, "low").axes[2]
    assert axes.get_xlim() == (0, 4)
    cells = [p for p in axes.patches if isinstance(p, Rectangle)]
    filled = [p for p in cells if p.get_hatch() is None]
    hatched = [(p.get_x(), p.get_y() + 0.5) for p in cells if p.get_hatch()]
    strong = np.abs(values) > 0.05 * np.abs(values).max()
    starts = [(c.start_s, float(i // 4)) for i, c in enumerate(e.components)]
    assert len(filled) == 12
    assert sorted(hatched) == sorted(s for s, v, big in zip(starts, values, strong, strict=True) if big and v < 0)
    assert hatched
    decimals = 2 if np.abs(values).max() >= 0.1 else 3
    assert numbers(axes) == {signed(v, decimals) for v in values[strong]}
    for patch, value in zip(filled, values, strict=True):
        red, _, blue, _ = patch.get_facecolor()
        if abs(value) > 0.3 * np.abs(values).max():
            assert (red > blue) == (value > 0)


def test_boxes_lie_at_their_seconds_and_hz(grid, view):
    axes = overlay_figure(grid, view, "low").axes[0]
    outlines = [p for p in axes.patches if p.get_hatch() is None]
    assert len(outlines) == 12
    for patch, component in zip(outlines, grid.components, strict=True):
        assert (patch.get_x(), patch.get_width()) == (component.start_s, 1.0)
        bottom = np.interp(patch.get_y(), np.arange(24), view.bin_hz)
        assert bottom == pytest.approx(max(component.low_hz, view.bin_hz[0]))
    assert all(text[0] in "+−" for text in numbers(axes))


def test_zero_is_the_middle_of_the_diverging_map(case, view):
    bar = overlay_figure(case.explanation, view).axes[3]
    low, high = bar.get_ylim()
    assert low == -high
    for theme in (LIGHT, DARK):
        np.testing.assert_allclose(theme.diverging(0.5)[:3], matplotlib.colors.to_rgb(theme.neutral), atol=0.01)


def test_bars_carry_errors_and_numbers(case):
    e = replace(case.explanation, components=tuple(Component(stem=f"s{i}") for i in range(12)))
    axes = attribution_figure(e, "low", k=5).axes[0]
    top = e.top(5, "low")
    assert [t.get_text() for t in axes.get_yticklabels()] == [x.component.label for x in top]
    np.testing.assert_allclose([p.get_width() for p in axes.patches], [x.value for x in top])
    assert [p.get_hatch() is not None for p in axes.patches] == [x.value < 0 for x in top]
    errors = [line.get_segments()[0] for line in axes.collections]
    np.testing.assert_allclose([s[1, 0] - s[0, 0] for s in errors], [2 * x.error for x in top])


def test_names_are_not_mathematics(case):
    e = replace(case.explanation, components=tuple(Component(stem=f"$x^{i}") for i in range(12)))
    assert png_bytes(attribution_figure(e), dpi=40)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("to_bytes", [png_bytes, svg_bytes, webp_bytes])
def test_same_figure_same_bytes_without_date_or_program(case, view, theme, to_bytes):
    first, second = (to_bytes(overlay_figure(case.explanation, view, theme=theme)) for _ in range(2))
    assert first == second
    assert b"Software" not in first
    assert b"dc:date" not in first


def test_time_axis_is_where_the_playhead_expects_it(case, view):
    for axes in overlay_figure(case.explanation, view).axes[0:3:2]:
        box = axes.get_position()
        assert (box.x0, box.x1) == pytest.approx((LEFT, RIGHT))


def test_settings_of_matplotlib_are_left_alone(case, view):
    before = dict(matplotlib.rcParams)
    svg_bytes(overlay_figure(case.explanation, view))
    assert dict(matplotlib.rcParams) == before
    code = "import sys, earmark.report.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("stems", [("drums", "bass"), ("drums", "bass", "chords", "lead", "pad")])
def test_the_colour_bars_label_is_inside_the_figure_and_beside_its_numbers(case, stems):
    table = tuple(Component(start_s=i, end_s=i + 1, stem=stem) for stem in stems for i in range(4))
    values = np.zeros((len(case.explanation.labels), len(table)))
    values[:, ::3] = 0.043
    e = replace(case.explanation, components=table, attributions=values, errors=np.zeros_like(values))
    figure = attribution_figure(e)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (bar,) = [axes for axes in figure.axes if axes.get_position().x0 > RIGHT]
    label = bar.yaxis.label if bar.get_ylabel() else figure.texts[0]
    assert "Effect" in label.get_text()
    box = label.get_window_extent(canvas.get_renderer())
    assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
    numbers = [*bar.get_yticklabels(), *figure.axes[0].get_xticklabels(), figure.axes[0].xaxis.label]
    assert not [text for text in numbers if text.get_text() and box.overlaps(text.get_window_extent())]
