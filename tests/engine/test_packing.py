from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.support import Stack
from voiceform.engine.packing import LONG, packed, unpacked
from voiceform.engine.planfile import read_plan
from voiceform.model.errors import PlanFileError
from voiceform.model.plan_codec import document_digest
from voiceform.model.scopes import Vocabulary

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
SIDS = random.Random(1).randbytes(4000).hex().encode()
CONTENT = SIDS + b" " * LONG
FILE = packed(CONTENT)


@given(st.binary(max_size=100), st.integers(0, 3))
def test_what_was_packed_comes_back(part: bytes, long: int) -> None:
    content = b"{" + part + b" " * (long * LONG // 2)
    assert unpacked(packed(content)) == content
    assert (packed(content) == content) == (len(content) < LONG)


def test_common_tools_unpack_it() -> None:
    assert gzip.decompress(FILE) == CONTENT
    found = subprocess.run(["gzip", "-dc"], input=FILE, capture_output=True, check=True)
    assert found.stdout == CONTENT


def test_no_flipped_bit_is_passed_over() -> None:
    for at in range(len(FILE)):
        for bit in range(8) if at < 200 or at > len(FILE) - 200 else (at % 8,):
            changed = bytearray(FILE)
            changed[at] ^= 1 << bit
            try:
                found = unpacked(bytes(changed))
            except ValueError:
                continue
            # Without its first two bytes it is taken for a plain file, which is no JSON.
            assert at < 2
            assert found == changed


@pytest.mark.parametrize(
    "content",
    [
        FILE[:-1],
        FILE[:40],
        FILE[:3],
        FILE + b"\0",
        FILE + FILE,
        gzip.compress(CONTENT, mtime=0),
        gzip.compress(b"{}", mtime=0),
        FILE[:16] + bytes(32) + FILE[48:],
    ],
)
def test_what_is_not_whole_or_packed_by_others_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="it is packed"):
        unpacked(content)


def test_a_few_bytes_do_not_become_more_than_a_file_may_hold() -> None:
    most = 2 * LONG
    assert unpacked(packed(bytes(most)), most) == bytes(most)
    with pytest.raises(ValueError, match="longer than 2,000,000 bytes"):
        unpacked(packed(bytes(most + 1)), most)


def test_a_long_plan_is_packed_and_shown_and_applied(stack: Stack) -> None:
    count = 2500
    stack.write(
        "version: 1\nqueues:\n"
        + "".join(f"  q{number}: {{friendly_name: {'long ' * 12}{number}}}\n" for number in range(count))
    )
    stack.ok("plan", "--out", "p.json")
    stack.ok("plan", "--out", "p.json")  # what is there is known for a plan
    path = stack.folder / "p.json"
    content = path.read_bytes()
    assert len(content) < LONG / 4
    document = json.loads(gzip.decompress(content))
    assert document["digest"] == document_digest(document)
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []
    shown = json.loads(stack.ok("show", "p.json", "--format", "json").out)
    assert len(shown["changes"]) == count

    changed = bytearray(content)
    changed[-1] ^= 1
    path.write_bytes(changed)
    refused = stack.run("apply", "p.json", "--auto-approve")
    assert refused.code == 1
    assert "this is not a whole plan file" in refused.err
    assert stack.account.writes() == []

    path.write_bytes(gzip.decompress(content))
    assert json.loads(stack.ok("show", "p.json", "--format", "json").out) == shown


def test_a_packed_plan_comes_through_a_pipe_too() -> None:
    with pytest.raises(PlanFileError, match="this is not a plan file"):
        read_plan(io.BytesIO(packed(b"{}" + b" " * LONG)), Vocabulary())
    with pytest.raises(PlanFileError, match="damaged"):
        read_plan(io.BytesIO(FILE[:-1]), Vocabulary())
