"""The drawings of the error tree are the tree."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import voiceform
from voiceform.model import errors
from voiceform.model.errors import InterruptedRunError, VoiceformError
from voiceform.twilio import errors as twilio_errors

LINE = re.compile(r"^    (?P<branch>[|` ]*(?:-- )?)(?P<name>[A-Z]\w+Error) +(?P<rest>\S.*)$", re.MULTILINE)
EXIT = re.compile(r"(?:exit )?(\d+)(?= |$)")


def drawn(text: str) -> list[tuple[str, str | None, str]]:
    """Each class of a drawing, the one above it, and what is said beside it."""
    rows: list[tuple[int, str]] = []
    found = []
    for line in LINE.finditer(text):
        depth = len(line["branch"]) // 4
        rows = [row for row in rows if row[0] < depth]
        found.append((line["name"], rows[-1][1] if rows else None, line["rest"]))
        rows.append((depth, line["name"]))
    return found


def below(root: type[VoiceformError], module: str) -> list[type[VoiceformError]]:
    """The public classes under `root` that `module` defines, each once."""
    found: dict[type[VoiceformError], None] = {}
    for child in root.__subclasses__():
        found.update(dict.fromkeys([child, *below(child, module)]))
    return [one for one in found if one.__module__ == module and not one.__name__.startswith("_")]


def every(root: type[VoiceformError]) -> set[type[VoiceformError]]:
    return {child for direct in root.__subclasses__() for child in (direct, *every(direct))}


@pytest.mark.parametrize("module", [errors, twilio_errors], ids=lambda module: module.__name__)
def test_every_class_is_drawn_once_below_its_parent(module: object) -> None:
    drawing = drawn(getattr(module, "__doc__", ""))
    root = getattr(module, drawing[0][0])
    names = [name for name, _, _ in drawing]
    defined = [one.__name__ for one in below(root, getattr(module, "__name__", ""))]
    assert sorted(names) == sorted({root.__name__, *defined})
    for name, parent, _ in drawing[1:]:
        ancestors = [one.__name__ for one in getattr(module, name).__mro__ if one.__name__ in names]
        assert parent == ancestors[1], name


def test_what_is_drawn_nowhere_hangs_below_the_root_and_exits_with_1() -> None:
    """Else the drawing would have to tell of it. What is private is caught in the module that raises it."""
    for found in pkgutil.walk_packages(voiceform.__path__, "voiceform."):
        if not found.name.endswith("__main__") and ".scaffold." not in found.name:
            importlib.import_module(found.name)
    drawings = {errors.__name__, twilio_errors.__name__}
    public = [one for one in every(VoiceformError) if not one.__name__.startswith("_")]
    elsewhere = [one for one in public if one.__module__ not in drawings]
    assert elsewhere
    for one in elsewhere:
        assert VoiceformError in one.__bases__, one
        assert one.exit_code == 1, one


def test_the_exit_codes_beside_the_classes_are_theirs() -> None:
    for name, _, rest in drawn(errors.__doc__ or ""):
        one = getattr(errors, name)
        if one is InterruptedRunError:
            continue
        said = EXIT.match(rest)
        assert said is not None, name
        assert one.exit_code == int(said[1]), name
