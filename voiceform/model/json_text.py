"""JSON that comes from a file or a pipe: read strictly, because it may be anything."""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 100
"""Levels of nesting; everything that voiceform writes has fewer than twenty."""


def read_json(content: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of one JSON text, as UTF-8 with or without a byte order mark.

    ValueError, with a sentence for people, for what is not JSON, and for what JSON readers disagree about or
    nothing of ours can hold: a key twice in one object, NaN and numbers out of range, lone surrogates, more
    than DEEPEST levels.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    try:
        value = json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    _check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object in it has the same key twice")
    return made


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number in it is out of range")
    return value


def _check(value: Any) -> None:  # noqa: ANN401 - any JSON value
    level = [value]
    for _ in range(DEEPEST):
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                following += item
                following += item.values()
            elif isinstance(item, list):
                following += item
            elif isinstance(item, str) and not item.isascii():
                _check_text(item)
        if not following:
            return
        level = following
    raise ValueError(f"it is nested more than {DEEPEST} levels deep")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("a text in it holds half of a surrogate pair") from None
