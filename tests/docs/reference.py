"""Writes the reference of docs/python.md from the docstrings: `python -m tests.docs.reference`.

The pages are Markdown that is read where the code is, so this writes Markdown; a site generator would make a
second place to read.
"""

from __future__ import annotations

import enum
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import voiceform
from voiceform import testing
from voiceform.fleet.selecting import Which
from voiceform.stack.order import ApplyOptions
from voiceform.testing import plugin

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"
BEGIN = "<!-- from here on: python -m tests.docs.reference -->\n"
_WIDTH = 96
_INTERNAL = {"signals"}
"""What only the command line needs."""
_SCHEMAS = {"Plan": "plan", "Change": "plan", "RunReport": "run", "Outcome": "run"}
_FIXTURES = ("twilio_emulator", "voiceform_stack")


def reference() -> str:
    """The whole reference."""
    return "\n".join([BEGIN, "## Reference", "", *_everything()]).rstrip() + "\n"


def _everything() -> Iterator[str]:
    classes = {name: getattr(voiceform, name) for name in voiceform.__all__}
    errors = {name: found for name, found in classes.items() if issubclass(found, voiceform.VoiceformError)}
    for name in ("Stack", "Account", "Listener"):
        yield from _class(f"voiceform.{name}", classes[name], constructor=name == "Stack")
    yield from _section("Options of apply, destroy and prune", inspect.getdoc(ApplyOptions))
    yield from _class("voiceform.Fleet", voiceform.Fleet, constructor=True)
    yield from _section("Which stacks of a fleet", inspect.getdoc(Which))
    yield from _class("voiceform.FleetReport", voiceform.FleetReport, constructor=False)
    for name in sorted(
        classes.keys() - errors.keys() - {"Stack", "Account", "Listener", "Fleet", "FleetReport"}
    ):
        yield from _data(f"voiceform.{name}", classes[name])
    yield from _errors(errors)
    yield from _class("voiceform.testing.Emulator", testing.Emulator, constructor=True)
    yield from _class("voiceform.testing.ManualClock", testing.ManualClock, constructor=True)
    for name in _FIXTURES:
        fixture = getattr(plugin, name)
        yield from _section(f"Fixture `{name}`", inspect.getdoc(fixture))
    yield from _prose(inspect.getdoc(plugin.StackMaker.__call__))


def _section(title: str, text: str | None) -> Iterator[str]:
    yield from (f"### {title}", "")
    yield from _prose(text)


def _prose(text: str | None) -> Iterator[str]:
    """A docstring as Markdown: code that is indented becomes a block."""
    assert text, "everything public has a docstring"
    for part in text.split("\n\n"):
        if part.startswith("    "):
            yield from ("```python no-run", *textwrap.dedent(part).splitlines(), "```", "")
        else:
            yield from (*part.splitlines(), "")


def _class(title: str, found: type, *, constructor: bool) -> Iterator[str]:
    yield from _section(f"`{title}`", found.__doc__ and inspect.cleandoc(found.__doc__))
    if constructor:
        made = vars(found)["__init__"]
        yield from _signature(found.__name__, made)
        if made.__doc__:
            yield from _prose(inspect.getdoc(made))
    rooms = [found, *(base for base in found.__bases__ if base.__module__.startswith("voiceform.stack"))]
    for name, member in ((name, member) for room in rooms for name, member in vars(room).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            yield from (f"#### `{name}`", "")
            yield from _prose(inspect.getdoc(member))
        elif isinstance(member, classmethod) or inspect.isfunction(member):
            yield from (f"#### `{name}`", "")
            yield from _signature(name, getattr(found, name))
            yield from _prose(inspect.getdoc(member))


def _signature(name: str, function: Any) -> Iterator[str]:
    """As it is written, with a line for each parameter where one line is too long."""
    signature = inspect.signature(function)
    words = [_parameter(found) for found in signature.parameters.values() if found.name not in _INTERNAL]
    kinds = [found.kind for found in signature.parameters.values()]
    words = words[1:] if next(iter(signature.parameters), "") == "self" else words
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        first = next(i for i, word in enumerate(words) if word.split(":")[0] in _keywords(signature))
        words.insert(first, "*")
    back = signature.return_annotation
    end = f") -> {back}" if back not in (inspect.Signature.empty, "None") else ")"
    line = f"{name}({', '.join(words)}{end}"
    if len(line) > _WIDTH:
        line = "\n".join([f"{name}(", *(f"    {word}," for word in words), end])
    yield from ("```python no-run", *line.splitlines(), "```", "")


def _keywords(signature: inspect.Signature) -> set[str]:
    return {found.name for found in signature.parameters.values() if found.kind is found.KEYWORD_ONLY}


def _parameter(found: inspect.Parameter) -> str:
    stars = "*" if found.kind is found.VAR_POSITIONAL else "**" if found.kind is found.VAR_KEYWORD else ""
    default = "" if found.default is found.empty else f" = {_value(found.default)}"
    return f"{stars}{found.name}: {found.annotation}{default}"


def _value(value: Any) -> str:
    """A default as a reader would write it."""
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}.{value.name}"
    if isinstance(value, timedelta):
        days, seconds = value.days, value.seconds
        return f"timedelta(days={days})" if days else f"timedelta(seconds={seconds})"
    return f'"{value}"' if isinstance(value, str | datetime) else repr(value)


def _data(title: str, found: Any) -> Iterator[str]:
    """What it is, and its members; of frozen data the schema names and explains each."""
    yield from _section(f"`{title}`", inspect.cleandoc(found.__doc__).split("\n\n")[0])
    if issubclass(found, enum.Enum):
        values = (f"`{member.name}` ({member.value})" for member in found)
        yield from textwrap.wrap(f"Members: {', '.join(values)}.", 118)
        yield ""
    elif is_dataclass(found):
        schema = _SCHEMAS[title.removeprefix("voiceform.")]
        yield from (
            f"`voiceform schema {schema}` says what each member means, and editors show its type.",
            "",
        )


def _errors(errors: dict[str, type[voiceform.VoiceformError]]) -> Iterator[str]:
    yield from ("### Errors", "", "| error | exit code of a command | when |", "| --- | --- | --- |")
    for name, found in errors.items():
        first = " ".join(inspect.cleandoc(found.__doc__ or "").split("\n\n")[0].split())
        yield f"| `voiceform.{name}` | {int(found.exit_code)} | {first} |"
    yield from (
        "",
        "Each has `what` in one sentence, `where` it is, or None, and `hint`, what to do next.",
        "",
    )


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.split(BEGIN)[0] + reference(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
