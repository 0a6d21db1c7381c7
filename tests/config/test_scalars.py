from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from voiceform.config.scalars import resolve_plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-5", -5),
        ("200", 200),
        ("0.5", 0.5),
        ("-1.5e+3", -1500),
        ("2.0", 2),
    ],
)
def test_null_booleans_and_numbers(text: str, value: Any) -> None:
    resolved = resolve_plain(text)
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "on",
        "off",
        "Yes",
        "NO",
        "ON",
        "y",
        "n",
        "on-enter",
        "tRue",
        "010",
        "0x1F",
        "0o17",
        "1_000",
        "09:00",
        "190:20:30",
        "+15558675310",
        "+5",
        "1e3",
        "1.5e3",
        ".5",
        "5.",
        ".inf",
        "-.inf",
        ".nan",
        "-",
        "--",
        "=",
        "<<",
        "2026-12-01",
        "2026-12-01T09:00:00",
        "12345678901234567890",
        "1.0e+999",
        "١٢",
        "nullable",
    ],
)
def test_everything_that_surprises_stays_text(text: str) -> None:
    assert resolve_plain(text) == text


@given(st.text(alphabet="0123456789+-.eE_:xotrufalsnNT~ ", max_size=8))
def test_what_is_not_text_here_is_not_text_in_yaml_1_1(text: str) -> None:
    """So a text that another writer left unquoted is a text here too."""
    if not isinstance(resolve_plain(text), str):
        resolver = yaml.resolver.Resolver()
        tag = resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        assert tag != "tag:yaml.org,2002:str"
