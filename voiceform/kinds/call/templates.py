"""Texts with columns in them: `Hello {{ name }}`. A name stands for what the row has there, and nothing else
can stand between the braces: there is no logic, and nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.parsers import expat

_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[^{}<>&\"'|\r\n\t]+")
_LOGIC = re.compile(r"\{%.*?%\}", re.DOTALL)
_IN_XML = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&apos;",
        "\r": "&#13;",
        "\n": "&#10;",
        "\t": "&#9;",
    }
)
_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[\0-\x1f\"&'<>\ud800-\udfff\ufffe\uffff]")
"""What has to be written in another way, or cannot be written."""
_MARK = "\ue000"
"""No character of a name in XML, and of no text that people write."""

Escape = Callable[[str], str]


class TemplateError(ValueError):
    """What is wrong with a template."""


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` are literal texts and names in turn; the first and the last are texts."""

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Raises TemplateError for anything between braces that is not a name."""
        parts = _PLACE.split(text)
        for literal in parts[::2]:
            if "{{" in literal:
                raise TemplateError("`{{` is not closed by `}}`")
            if _LOGIC.search(literal):
                raise TemplateError("`{% %}` is logic, which there is none of: `{{ name }}` names a column")
        parts[1::2] = [_name(inner) for inner in parts[1::2]]
        return cls(tuple(parts))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it names, each once."""
        return tuple(dict.fromkeys(self.parts[1::2]))

    def filled(self, values: Mapping[str, str], escape: Escape) -> str:
        """The text with `values`, each escaped. KeyError for a name that has none."""
        parts = list(self.parts)
        parts[1::2] = [escape(values[name]) for name in self.parts[1::2]]
        return "".join(parts)


def in_xml(value: str) -> str:
    """A value as it stands in the text of an element or in an attribute. ValueError for what XML has no way
    to write."""
    if not _SPECIAL.search(value):
        return value
    if _NOT_XML.search(value):
        raise ValueError("it holds a control character, which XML cannot carry")
    return value.translate(_IN_XML)


def in_url(value: str) -> str:
    """A value as it stands in a URL: no character of it divides the URL."""
    return quote(value, safe="")


ESCAPES: Mapping[str, Escape] = {"twiml": in_xml, "url": in_url}
"""The parts of an answer that may name columns, and how values are written there."""


def filled_answer(answer: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """An answer with the values of one row."""
    return {
        key: Template.parse(value).filled(values, ESCAPES[key]) if key in ESCAPES else value
        for key, value in answer.items()
    }


def require_columns(answer: Mapping[str, Any], columns: Sequence[str]) -> None:
    """ValueError when a recorded answer names other columns than there are: nobody may hear braces. What
    another object of the configuration says is no template."""
    texts = [value for key, value in answer.items() if key in ESCAPES] if "of" not in answer else []
    if {name for text in texts for name in Template.parse(text).names} != set(columns):
        raise ValueError("the recorded answer names other columns than the rows have")


def attributes_with_names(twiml: str) -> frozenset[str]:
    """The names that stand in attributes of a well-formed document. TemplateError where one stands neither
    there nor in the text of an element."""
    template = Template.parse(twiml)
    parts = list(template.parts)
    parts[1::2] = [f"{_MARK}{name}{_MARK}" for name in parts[1::2]]
    found = _Places()
    try:
        found.parser.Parse("".join(parts), True)
    except expat.ExpatError:
        found.seen = 0
    if found.seen != len(parts) // 2:
        raise TemplateError(
            "a column can stand in the text of an element or in the value of an attribute, and nowhere else"
        )
    return frozenset(found.in_attributes)


class _Places:
    """Where the names of a document stand."""

    def __init__(self) -> None:
        self.seen = 0
        self.in_attributes: set[str] = set()
        self._literal = False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._text
        self.parser.StartCdataSectionHandler = lambda: self._set_literal(True)
        self.parser.EndCdataSectionHandler = lambda: self._set_literal(False)

    def _set_literal(self, literal: bool) -> None:
        self._literal = literal

    def _start(self, _: str, attributes: Mapping[str, str]) -> None:
        for value in attributes.values():
            names = value.split(_MARK)[1::2]
            self.seen += len(names)
            self.in_attributes.update(names)

    def _text(self, text: str) -> None:
        if not self._literal:
            self.seen += text.count(_MARK) // 2


def _name(inner: str) -> str:
    name = inner.strip()
    if not name:
        raise TemplateError("`{{ }}` names no column")
    if not _NAME.fullmatch(name):
        raise TemplateError(
            f"`{{{{{inner[:64]}}}}}` is more than the name of a column: there are no filters and no logic"
        )
    return name
