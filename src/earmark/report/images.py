"""A figure as bytes: PNG, SVG or WebP, without date or program name, so that the same figure gives the same bytes."""

from __future__ import annotations

import io

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure


def png_bytes(figure: Figure, *, dpi: float = 150.0) -> bytes:
    """The figure as PNG, at that many pixels per inch.

    Examples
    --------
    >>> png_bytes(Figure(figsize=(1, 1)))[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def webp_bytes(figure: Figure, *, dpi: float = 150.0, quality: int = 92) -> bytes:
    """The figure as WebP of a quality at which no difference is seen: a spectrogram takes a quarter of its PNG."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, format="webp", dpi=dpi, pil_kwargs={"quality": quality})
    return buffer.getvalue()


def svg_bytes(figure: Figure) -> bytes:
    """The figure as SVG, text as text."""
    canvas = FigureCanvasSVG(figure)
    buffer = io.BytesIO()
    # matplotlib names the parts of an SVG at random unless this setting of its own says otherwise; it is put back.
    with matplotlib.rc_context({"svg.hashsalt": "earmark", "svg.fonttype": "none"}):
        canvas.print_figure(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
