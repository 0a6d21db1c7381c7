"""The looking itself: a canary is found however it is written, and nothing else is."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.secrets.canaries import NUMBERS, SECRETS, leaked, leaked_numbers, text_of
from voiceform.model.shown import shown

WAYS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "quoted": quote_plus,
    "quoted twice": lambda value: quote(quote(value)),
    "in JSON": json.dumps,
    "in HTML": html.escape,
    "as Python shows it": repr,
    "in base64": lambda value: base64.b64encode(value.encode()).decode(),
    "in base64 behind something": lambda value: base64.b64encode(f"AC1:{value}\n".encode()).decode(),
    "in base64 for URLs": lambda value: base64.urlsafe_b64encode(f"k:{value}".encode()).decode(),
    "in hexadecimal": lambda value: value.encode().hex(),
    "cut in two": lambda value: value[: len(value) // 2 + 2],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_however_it_is_written(name: str, way: str) -> None:
    assert name in {leak.name for leak in leaked(f"so: {WAYS[way](SECRETS[name])}.")}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_taken_for_no_other(name: str) -> None:
    assert {leak.name for leak in leaked(SECRETS[name])} == {name}
    assert leaked(SECRETS[name], {name}) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_found_in_its_spelling_in_part_and_not_where_it_is_masked(number: str) -> None:
    assert leaked_numbers(f"call {number}!")
    assert leaked_numbers(json.dumps({"to": number}))
    assert leaked_numbers(f"SM{number}")
    assert leaked_numbers(f"x{number[-9:]}")
    assert leaked_numbers(shown(number)) == []
    assert leaked_numbers(f"AC{'12127738461' * 3}"[:34]) == []


def test_packed_files_are_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "plan.json.gz"
    path.write_bytes(gzip.compress(SECRETS["auth token"].encode()))
    assert leaked(text_of(path))
