"""A seed against ``schemas/seed.schema.json``: the first mistake, with its place and what to do about it.

The common case, nothing wrong, costs little (jsonschema-rs). Only what that refuses goes through jsonschema,
whose errors have their rule and its schema at hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voiceform.emulator.errors import ControlError

if TYPE_CHECKING:
    from jsonschema import ValidationError

_NAME = "seed.schema.json"
_DEEPEST = 8
"""Levels of a document; no seed has more than five."""
_LONGEST = 80


def checked(document: object) -> Mapping[str, Any]:
    """The seed as the schema sees it: without nulls, its dates as texts; ``ControlError``."""
    seed: Mapping[str, Any] = _plain(document, "", _DEEPEST)
    if not _fits()(seed):
        from jsonschema import Draft202012Validator

        for error in Draft202012Validator(_schema()).iter_errors(seed):
            raise ControlError(f"{_complaint(error)} (`voiceform schema seed` says what a seed holds)")
    return seed


@cache
def _fits() -> Callable[[object], bool]:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_schema()).is_valid


def _schema() -> dict[str, Any]:
    """A wheel carries the schemas inside the package; in a checkout they lie beside it."""
    package = Path(__file__).resolve().parents[2]
    inside = package / "_data" / "schemas" / _NAME
    path = inside if inside.is_file() else package.parent / "schemas" / _NAME
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _plain(value: object, where: str, levels: int) -> Any:  # noqa: ANN401 - a JSON value
    """What YAML and Python make of a seed, as JSON has it; null is the same as nothing."""
    if levels == 0:
        raise ControlError(f"{where}: is nested too deeply")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ControlError(f"{where or 'seed'}: {_short(key)} is no name; write it in quotes")
        return {
            key: _plain(item, f"{where}.{key}".lstrip("."), levels - 1)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{index}]", levels - 1) for index, item in enumerate(value)]
    return value.isoformat() if isinstance(value, date) else value


def _complaint(error: ValidationError) -> str:
    where = _place(error.absolute_path)
    schema: Any = error.schema
    wanted: Any = error.validator_value
    given: Any = error.instance
    if error.validator == "additionalProperties":
        known = schema["properties"]
        unknown = sorted(given.keys() - known.keys())
        return f"{where or 'seed'}: unknown {', '.join(unknown)}; there are {', '.join(known)}"
    if error.validator == "required":
        missing = next(name for name in wanted if name not in given)
        return f"{where}.{missing}: is required".lstrip(".")
    if error.validator == "oneOf":
        names = " or ".join(name for branch in wanted for name in branch["required"])
        return f"{where}: either {names} is required, and not both"
    if error.validator == "type" and wanted == "object":
        return f"{where or 'seed'}: must be an object"
    if error.validator == "enum":
        return f"{where}: {_short(given)} is not one of {', '.join(wanted)}"
    return f"{where}: {_short(given)} is not {schema['title']}"


def _place(path: Iterable[str | int]) -> str:
    """``queues[0].friendly_name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.lstrip(".")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
