"""What the environment gave to a configuration and may be secret: shown as it is written, not as it is.

The rule: a text that came from `${NAME}`, whole or in part, is shown only where the schema says that the
place holds no secret (`x-public`, an enumeration; what is no text; a phone number, which is masked).
Everywhere else people see what stands in the file, `https://example.com/hook?sig=${SIG}`, and never what it
stood for.
A default that stood in is text of the file and is shown.

Objects carry a `Hidden`: where in their attributes such texts are, and how each is written. It goes with them
into plans, journals and recorded state. `concealed` shows attributes by it; `Unshown` takes the same values
out of sentences that quote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Self

Hidden = Mapping[str, str]
"""The dotted path of each hidden text (`answer.url`, `to[2]`) -> the text as it is written: `${URL}`, and
`$${` for a literal `${`."""

Holding = tuple[Mapping[str, Any] | None, Hidden]
"""Attributes of an object, and what of them is hidden."""

_REFERENCE = re.compile(r"\$\$\{|\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_LITERAL = "$${"
_SHORT = 4
_CHANGED = " (changed)"
_IN_ELEMENTS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_ATTRIBUTES = _IN_ELEMENTS | str.maketrans({'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"})


class Sourced(str):
    """A text that the environment gave, in a place that may hold a secret; `template` is as it is written and
    `values` are what was filled in, by name."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, str]

    def __new__(cls, text: str, template: str, values: Mapping[str, str]) -> Self:
        """See above."""
        made = super().__new__(cls, text)
        made.template = template
        made.values = values
        return made


class Reference(Sourced):
    """A text that names a variable and stands for nothing else, `${NAME}`: what the variable holds is never
    written, also not for who asks for values."""

    __slots__ = ()

    @classmethod
    def to(cls, name: str) -> Reference:
        """The reference to the variable `name`."""
        text = f"${{{name}}}"
        return cls(text, text, {})


class Unshown:
    """Values that sentences must not repeat; each is replaced by the names that it came from.

    A value that people see anyway (`support`, where a queue has that name) is none. Short ones are replaced
    only where they stand as words.
    """

    def __init__(self, values: Iterable[tuple[str, str]] = (), seen: Iterable[str] = ()) -> None:
        """`values` are (value, what to write for it); `seen` are texts that are shown anyway."""
        self._names: dict[str, str] = {}
        visible = None
        for value, name in values:
            if not value.strip():
                continue
            visible = "\n".join(seen) if visible is None else visible
            if not re.search(rf"(?<!\w){re.escape(value)}(?!\w)", visible, re.IGNORECASE):
                for form in _forms(value):
                    self._names.setdefault(form.lower(), name)

    @classmethod
    def of(
        cls, holdings: Iterable[Holding], seen: Iterable[str] = (), unseen: Iterable[Holding] = ()
    ) -> Unshown:
        """What is hidden of these objects; `seen` is what is shown beside them. `unseen` hold hidden texts
        too, and whatever else is in them nobody sees."""
        kept = [item for item in holdings if item[0] is not None]
        within = [*unseen]
        if not any(hidden for _, hidden in (*kept, *within)):
            return cls()
        values: dict[str, str] = {}
        shown = [*seen]
        for attributes, hidden in kept:
            for path, text in texts_in(attributes):
                if path in hidden:
                    values.update(_filled_in(hidden[path], text))
                else:
                    shown.append(text)
        for attributes, hidden in within:
            values.update(
                item
                for path, text in texts_in(attributes)
                if path in hidden
                for item in _filled_in(hidden[path], text).items()
            )
        return cls(values.items(), shown)

    def __bool__(self) -> bool:
        return bool(self._names)

    def joined(self, other: Unshown) -> Unshown:
        """Both together."""
        both = Unshown()
        both._names = {**other._names, **self._names}
        return both

    def text(self, text: str) -> str:
        """`text` with names in place of the values."""
        return self._pattern.sub(self._name, text) if self._names else text

    def template(self, text: str) -> str:
        """As `text`, and a literal `${` is written as in a configuration."""
        end, pieces = 0, []
        for match in self._pattern.finditer(text):
            pieces += [text[end : match.start()].replace("${", _LITERAL), self._name(match)]
            end = match.end()
        return "".join([*pieces, text[end:].replace("${", _LITERAL)])

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """A JSON value with names in place of the values, in every text of it."""
        if not self._names:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _mapping(self, value: Mapping[Any, Any]) -> dict[Any, Any]:
        """Counts are kept by the words that they count; of two that look alike now neither may vanish."""
        items: dict[Any, Any] = {}
        for key, item in value.items():
            name = self.text(key) if isinstance(key, str) else key
            while name in items:
                name += "'"
            items[name] = self.value(item)
        return items

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        words = sorted(self._names, key=len, reverse=True)
        return re.compile("|".join(map(_word, words)) if words else r"(?!)", re.IGNORECASE)

    def _name(self, match: re.Match[str]) -> str:
        return self._names.get(match[0].lower(), "(not shown)")


NOTHING = Unshown()
"""Nothing is hidden."""


def concealed(value: Any, hidden: Hidden, path: str = "") -> Any:  # noqa: ANN401 - any JSON value
    """What stands at `path` of an object's attributes, with hidden texts as they are written."""
    if not hidden:
        return value
    if isinstance(value, str):
        return hidden.get(path, value)
    if isinstance(value, Mapping):
        return {key: concealed(item, hidden, inner_path(path, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [concealed(item, hidden, f"{path}[{index}]") for index, item in enumerate(value)]
    return value


def concealed_change(path: str, before: Any, after: Any, hidden: tuple[Hidden, Hidden]) -> tuple[Any, Any]:  # noqa: ANN401
    """Both sides of a field that differs; where they are written alike the later one says that it changed."""
    old, new = concealed(before, hidden[0], path), concealed(after, hidden[1], path)
    if isinstance(new, str) and old == new and before != after:
        new += _CHANGED
    return old, new


def texts_in(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    """Every text in a JSON value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts_in(item, inner_path(path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from texts_in(item, f"{path}[{index}]")


def inner_path(path: str, key: str) -> str:
    """The path of what a mapping at `path` has under `key`."""
    return f"{path}.{key}" if path else key


def _filled_in(template: str, text: str) -> dict[str, str]:
    """What stands in `text` for the references of `template`, with their names: the literal parts between are
    looked for in order. All of it where they are not found: a text that is something else by now."""
    found: dict[str, str] = {}
    literals, names = _parts(template)
    if not text.startswith(literals[0]) or not text.endswith(literals[-1]):
        return {text: template}
    at = len(literals[0])
    for index, name in enumerate(names, start=1):
        literal = literals[index]
        end = len(text) - len(literal) if index == len(names) else text.find(literal, at)
        if end < at:
            return {text: template}
        found[text[at:end]] = name
        at = end + len(literal)
    return found


def _parts(template: str) -> tuple[list[str], list[str]]:
    """The literal parts of a template, and between each two the references that stand there side by side."""
    literals, end = [""], 0
    names: list[str] = []
    for match in _REFERENCE.finditer(template):
        literals[-1] += template[end : match.start()]
        end = match.end()
        if match[0] == _LITERAL:
            literals[-1] += "${"
        elif names and not literals[-1]:
            names[-1] += match[0]
        else:
            names.append(match[0])
            literals.append("")
    literals[-1] += template[end:]
    return literals, names


def _forms(value: str) -> Iterator[str]:
    """How a value may be written in TwiML, in URLs and in sentences that quote it."""
    import json
    from urllib.parse import quote

    for text in dict.fromkeys((value, value.strip())):
        yield from (text, text.translate(_IN_ELEMENTS), text.translate(_IN_ATTRIBUTES))
        yield from (repr(text)[1:-1], json.dumps(text)[1:-1])
        yield from (quote(text, safe=""), quote(text))


def _word(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _SHORT else rf"(?<!\w){escaped}(?!\w)"
