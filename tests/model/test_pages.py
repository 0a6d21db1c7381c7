"""What templates print is text, whatever it holds; and nothing that is missing is printed as nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from jinja2 import UndefinedError

from tests.render.strategies import texts
from voiceform.model.escape import visible
from voiceform.model.pages import environment

TEMPLATES = environment("voiceform.render")


class Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(texts)
def test_a_value_is_text_and_attribute_only(text: str) -> None:
    collector = Collector()
    collector.feed(TEMPLATES.from_string('<p title="{{ text }}">{{ text }}</p>').render(text=text))
    collector.close()
    assert collector.tags == [("p", {"title": visible(text)})]
    assert collector.text == visible(text)


@pytest.mark.parametrize("text", ["##vso[task.setvariable variable=a]b", "##[error]x", "a##teamcity[b]"])
def test_what_ci_runners_obey_is_broken_up(text: str) -> None:
    page = TEMPLATES.from_string("{% macro data(text) %}{{ text }}{% endmacro %}{{ data(text) }}")
    assert "##" not in page.render(text=text)


@pytest.mark.parametrize(
    "template", ["{{ absent }}", "{{ given.absent }}", "{{ absent|grouped }}", "{% if absent %}{% endif %}"]
)
def test_an_unknown_name_is_an_error(template: str) -> None:
    with pytest.raises((UndefinedError, TypeError)):
        TEMPLATES.from_string(template).render(given={})


@pytest.mark.parametrize("value", [None, True, 1.5, ["a"], {"a": 1}, b"a", object], ids=repr)
def test_only_texts_and_whole_numbers_are_printed(value: object) -> None:
    with pytest.raises(TypeError, match="texts and whole numbers"):
        TEMPLATES.from_string("{{ value }}").render(value=value)


def test_figures_are_grouped() -> None:
    assert TEMPLATES.from_string("{{ count|grouped }}").render(count=1234567) == "1,234,567"
