"""The page's measures: baselines beside every figure, the sentence at the top, and what does not belong."""

from dataclasses import replace

import pytest

from earmark.errors import ExplanationError
from earmark.metrics.catalogue import QUICK
from earmark.metrics.measure import measure
from earmark.report.html import report_html
from earmark.report.measures import gap_text, measures_view


@pytest.fixture(scope="module")
def measured(case):
    return measure(case.explanation, case.classifier, case.clip, metrics=QUICK, mask="top_30", draws=4)


def page(case, measures):
    return report_html(
        case.explanation, case.clip, case.classifier, listening=case.listening, command=case.command, measures=measures
    )


def test_every_figure_stands_beside_its_baselines(case, measured):
    text = page(case, measured)
    view = measures_view(measured, case.explanation)
    assert text.count('<td class="number"><b>') == len(measured.figures)
    for row in view.rows:
        assert f'<td class="number">{row.random}</td>' in text
    assert measured.trust.sentence.split(";")[0] in text
    for heading in ("Random", "Beaten", "Loudest", "All", "Nothing"):
        assert f'<th scope="col" class="number">{heading}</th>' in text
    assert all(rule.split(":")[0] in text for rule in measured.trust.rules)


def test_without_measures_there_is_no_such_section(case):
    assert "measures-title" not in page(case, None)


def test_why_there_is_no_spectrogram_is_said(case, measured):
    # Stems are no regions of the spectrogram.
    assert {f.domain for f in measured.figures} == {"audio", ""}
    assert gap_text(measured).startswith("Measured on the sound only: ")


def test_measures_of_another_explanation_are_refused(case, measured):
    with pytest.raises(ExplanationError, match="belong together"):
        page(case, replace(measured, clip_fingerprint="0" * 64))
    with pytest.raises(ExplanationError, match="belong together"):
        page(case, replace(measured, method="lime"))
