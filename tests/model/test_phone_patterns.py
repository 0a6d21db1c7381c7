"""No number of anybody can be read, in whatever spelling; and nothing else is damaged."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import voiceform
from voiceform.model.masking import redact
from voiceform.model.phone_patterns import mask_numbers

NUMBER = "12125550101"
FULL_WIDTH = str.maketrans("0123456789+()-", "０１２３４５６７８９＋（）－")
ARABIC_INDIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
DEVANAGARI = str.maketrans("0123456789", "०१२३४५६७८९")

SPELLINGS = [
    "+12125550101",
    "+1 212 555 0101",
    "+1 (212) 555-0101",
    "+1-212-555-0101",
    "+1.212.555.0101",
    "+1/212/555/0101",
    "+1\u00a0212\u00a0555\u00a00101",
    "+1\u2009212\u202f555\u20110101",
    "+1 - (212) - 555 - 0101",
    "+ 1 2 1 2 5 5 5 0 1 0 1",
    "+1\u200b212\u2060555\u00ad0101",
    "12125550101",
    "2125550101",
    "(212) 555-0101",
    "(212)555-0101",
    "212-555-0101",
    "212.555.0101",
    "212 555 0101",
    "1-212-555-0101",
    "0012125550101",
    "00 1 212 555 0101",
    "01112125550101",
    "tel:+12125550101",
    "tel:+1-212-555-0101",
    "TEL:2125550101",
    "sip:12125550101@pbx.example.com",
    "sip:+12125550101@pbx.example.com;user=phone",
    "%2B12125550101",
    "%252B12125550101",
    "%25252B12125550101",
    "%2B1%20%28212%29%20555-0101",
    "%2B%31%32%31%32%35%35%35%30%31%30%31",
    "To=+1+212+555+0101",
    "&#43;12125550101",
    "\\u002b12125550101",
    "+12125550101".translate(FULL_WIDTH),
    "+1 (212) 555-0101".translate(FULL_WIDTH),
    "12125550101".translate(ARABIC_INDIC),
    "+12125550101".translate(DEVANAGARI),
]
AROUND = [
    "",
    " ",
    "call ",
    ", ",
    '"',
    "'",
    "(",
    "=",
    ":",
    "/",
    ">",
    "https://example.com/?to=",
    "x",
    "_",
    "\n",
]

KEPT = [
    "CA00000000000000000000000000000001",
    "RE12345678901234567890123456789012",
    "0b0a1f2e-1234-1234-1234-123456789012",
    "01234567-1234-1234-1234-123456789012",
    "sha256:1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef",
    "2026-12-01T09:00:00Z",
    "2026-12-01T09:00:00.123456+01:00",
    "2026-12-01 09:00:00 UTC",
    "Tue, 01 Dec 2026 09:00:00 +0000",
    "20261201",
    "20261201T090000Z",
    "20261201090000",
    "2026-01-01..2026-12-31",
    "01.12.2026",
    "14,546 minutes",
    "1,048,576 recordings",
    "1048576 bytes",
    "from 1 to 5000",
    "HTTP 400, Twilio error 21211",
    "http://127.0.0.1:8765/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json",
    "192.168.100.200",
    "pid 4194304",
    "3.12.1",
    "0.1234567",
    "12.345678 s",
    "1,200 of 10,000 (12 %), 118/s, 1 min 14 s left",
    "queue.q1000000",
    "at most 10000000",
    "1 + 1 = 2, +12",
    "line 12, column 7",
    "RQ1234567890abcdef1234567890abcdef",
    "Evidence: s3://bucket/2026/000003.jsonl",
    "s3://voiceform/9eb614d65522/000003.0001.jsonl",
    "/var/evidence-2026-11/000012.jsonl",
]


def readable(text: str) -> str:
    """The decimal digits of a text, as ASCII."""
    return "".join(str(int(char)) for char in text if char.isdecimal())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_masked_wherever_it_stands(spelling: str) -> None:
    for before in AROUND:
        for after in (*AROUND, "@host", " is not valid", ", 2026-12-01T09:00:00Z"):
            shown = mask_numbers(f"{before}{spelling}{after}")
            assert "•••••" in shown, (before, after)
            assert NUMBER[1:7] not in readable(shown)
            assert (
                len(readable(shown.split("2026")[0].replace("25", ""))) <= 8
            )  # of %2B, the country, the last four
            assert mask_numbers(shown) == shown


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_number_stays_as_it_is(text: str) -> None:
    for around in ("{}", "of {} and", "({})", '"{}"', "+12125550101 {}", "{}, (212) 555-0101"):
        assert text in mask_numbers(around.format(text)), around


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+6831234", "+6•••••34"),
        ("555-0101", "•••••01"),
        ("5550101", "•••••01"),
        ("tel:55501", "tel:•••••01"),
        ("+1555867531012345678 is too long", "+1•••••5678 is too long"),
        ("(212) 555-0101 2 times", "•••••0101 2 times"),
        ("+44 20 7183 8750 2026-12-01", "+4•••••8750 2026-12-01"),
    ],
)
def test_short_and_overlong_numbers(text: str, shown: str) -> None:
    assert mask_numbers(text) == shown


marks = st.text(" .-/()\u00a0", max_size=2)
digits = st.text("0123456789", min_size=9, max_size=14)
words = st.text("abc XYZ,;:\"'<>{}[]\n=&?!é", max_size=12)


@st.composite
def international(draw: st.DrawFn) -> tuple[str, str]:
    """A number as numbers.py accepts it: a plus, digits, punctuation anywhere; and its digits."""
    number = draw(st.sampled_from("123456789")) + draw(digits)
    return "+" + "".join(draw(marks) + digit for digit in number), number


@given(international(), words, words, st.sampled_from([None, FULL_WIDTH, ARABIC_INDIC]), st.integers(0, 3))
def test_any_international_number_in_any_text(
    spelt: tuple[str, str], before: str, after: str, script: dict[int, int] | None, encoded: int
) -> None:
    text, number = spelt
    if script is not None:
        text = text.translate(script)
    for _ in range(encoded):
        text = quote(text, safe="")
    shown = mask_numbers(before + text + after)
    assert "•••••" in shown
    assert number[1:-4] not in readable(shown)
    assert mask_numbers(shown) == shown


@given(
    st.integers(0, 16**32 - 1),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001 - the zone is put in below
    st.integers(0, 10**9),
    st.sampled_from(["CA", "RE", "CF", "QU", "AC"]),
)
def test_no_sid_instant_count_or_uuid_is_damaged(
    number: int, moment: datetime, count: int, kind: str
) -> None:
    instant = moment.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    text = f"{kind}{number:032x} at {instant}: {count:,} rows of {UUID(int=number)} in {count} bytes"
    assert mask_numbers(text) == text


@given(st.text("0123456789+-() .x%2B", max_size=60))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_numbers(text)
    assert mask_numbers(once) == once


def test_numbers_in_fields_of_parties_are_masked_as_integers_and_short_ones_too() -> None:
    value = {"to": [12125550101, "55501", "client:anna"], "match": {"from": ["555"]}, "max_size": 12125550101}
    assert redact(value) == {
        "to": ["•••••0101", "•••••01", "client:anna"],
        "match": {"from": ["555"]},
        "max_size": 12125550101,
    }
    assert redact({"archive": {"to": "s3://bucket/12345"}, "from": "2026-01-01"}) == {
        "archive": {"to": "s3://bucket/12345"},
        "from": "2026-01-01",
    }


def our_texts() -> list[str]:
    """The literal texts of our own sources."""
    folder = Path(voiceform.__file__).parent
    found = []
    for path in folder.rglob("*.py"):
        # What `explain` prints is written for it, whole, and masked by nobody.
        if "emulator" in path.parts or path.name in ("phone_patterns.py", "explanations.py"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documented = {
            ast.get_docstring(node, clean=False)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        }
        found += [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in documented
        ]
    return [text for text in found if "+1" in text and any(char.isspace() for char in text)]


def test_example_numbers_in_our_own_messages_are_shown() -> None:
    texts = our_texts()
    assert len(texts) >= 2
    assert [text for text in texts if mask_numbers(text) != text] == []
    assert mask_numbers("as +15558675311") == "as +1•••••5311"
    assert mask_numbers("to +15558675310") == "to +1•••••5310"


LINEAR = """
import resource
from voiceform.model.phone_patterns import mask_numbers
from voiceform.model.secret_patterns import redact_secrets

resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
pieces = ["+", "1 ", "%25", "%31", "+1", "2026-", "(1", "deadbeef", "1.", "tel:", "0"]
pieces += ["a@", "://", "sip:", "token=", "%40%3a", "?a=", "bearer ", "x:", "a"]
for piece in pieces:
    text = piece * (300_000 // len(piece))
    mask_numbers(text)
    redact_secrets(text)
"""


def test_masking_is_linear_in_the_text() -> None:
    """The kernel counts the work, in processor time: seconds, and hours if any piece were quadratic."""
    done = subprocess.run([sys.executable, "-c", LINEAR], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@given(st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True))
def test_a_number_alone_is_masked_as_one_in_a_text(number: str) -> None:
    assert f"to {mask_numbers(number)}" == mask_numbers(f"to {number}")
