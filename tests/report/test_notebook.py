from html.parser import HTMLParser

from earmark.report.notebook import explanation_html


def test_fragment_is_escaped_and_asks_for_nothing(case):
    text = explanation_html(case.explanation)
    seen: list[tuple[str, dict]] = []
    words: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, dict(attrs)))

        def handle_data(self, data):
            words.append(data)

    Parser().feed(text)
    assert not {tag for tag, _ in seen} & {"script", "link", "style", "iframe"}
    pictures = [a for tag, a in seen if tag == "img"]
    assert len(pictures) == 3
    assert all(a["src"].startswith("data:image/png;base64,") and a["alt"] for a in pictures)
    assert "</script><b>noisy</b>" in "".join(words)
    assert "a & b.wav" in "".join(words)
    assert sum(tag == "tr" for tag, _ in seen) == 3 * 9


def test_the_explanation_shows_itself_the_same_way_every_time(slim):
    assert slim.explanation._repr_html_() == explanation_html(slim.explanation)
