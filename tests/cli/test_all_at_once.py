"""`validate` tells all that is wrong at once: of all files, of all sorts, beside and inside entries."""

from __future__ import annotations

import pytest

from tests.cli.calling import FROM, TO
from tests.support import Stack

GOOD = f"""\
    to: "{TO}"
    from: "{FROM}"
    answer: {{say: x}}
    schedule: {{at: 2026-12-24T12:00:00, timezone: UTC}}
"""

MANY = f"""\
version: 1
account: nonsense
queues:
  support: {{max_size: 9000}}
  first: {{friendly_name: Same}}
  second: {{friendly_name: same}}
  third: {{friendly_name: "blank ", max_size: none}}
conferences:
  standup: {{status: closed, friendly_name: CF00000000000000000000000000000001}}
  other: {{start: true}}
calls:
  timing:
    to: "{TO}"
    from: "{FROM}"
    answer: {{say: x}}
    schedule: {{cron: "0 25 * * *", timezone: Mars/Olympus, start: 2026-02-31}}
    pace: -1
  lacking:
    to: {{csv: nowhere.csv}}
    schedule: {{cron: "61 * * * *", timezone: UTC}}
    answer: {{say: x, url: "https://example.com"}}
  bad-number:
    to: "12"
    from: 5
    answer: {{conference: standup}}
    schedule: {{at: 2026-12-24T12:00:00, timezone: UTC}}
  lost:
{GOOD.replace("say: x", "queue: nowhere")}
  unset:
{GOOD.replace("say: x", "say: '${NOT_SET}'")}
    misfire_grace: soon
  held:
{GOOD.replace("say: x", "queue: support")}
retention:
  recordings:
    - {{name: a, keep: 90d, archive: {{to: "ftp://x"}}}}
    - {{name: b, keep: ninety}}
  holds:
    h: {{reason: x, match: {{created: {{start: 2026-13-01}}}}}}
    i: {{reason: x, matches: {{}}}}
"""


SHAPE = ("invalid-value", "unknown-key", "missing-key", "out-of-range", "wrong-type")


def found(stack: Stack) -> list[tuple[str, str | None, int]]:
    stack.environ = {}
    result = stack.run("validate", "--format", "json")
    return [(item["code"], item["address"], item["line"]) for item in result.json["diagnostics"]]


def test_of_one_file_all_sorts_are_told_together(stack: Stack) -> None:
    stack.write(MANY)
    codes = [(code, address) for code, address, _ in found(stack)]
    for expected in [
        ("queue-name-taken", "queue.second"),
        ("queue-name-space", "queue.third"),
        ("conference-name-sid", "conference.standup"),
        ("conference-start", "conference.other"),
        ("unknown-reference", "call.lost"),
        ("missing-key", "call.lacking"),
        ("unusable-csv", "call.lacking"),
        ("one-answer", "call.lacking"),
        ("archive-url", None),
        ("invalid-date", None),
    ]:
        assert expected in codes, codes
    assert codes.count(("invalid-schedule", "call.timing")) == 3
    assert codes.count(("invalid-schedule", "call.lacking")) == 1
    assert "undefined-variable" in [code for code, _ in codes]
    lines = {line for code, _, line in found(stack) if code in SHAPE}
    text = MANY.splitlines()
    for wrong in (
        "nonsense",
        "9000",
        "max_size: none",
        "closed",
        "pace: -1",
        "from: 5",
        "grace: soon",
        "ninety",
        "matches",
    ):
        assert any(wrong in text[line - 1] for line in lines), wrong


def test_what_comes_of_something_wrong_is_not_told(stack: Stack) -> None:
    """A misspelt or wrong value is not also taken for one that is not there."""
    stack.write(
        "version: 1\n"
        "queues: {desk: {frendly_name: Desk, max_size: 5}, other: {friendly_name: desk},\n"
        "  bad: {max_size: x}}\n"
        "conferences:\n  standup: {start: true, partcipants: {a: {to: '+15558675310', from: '+15017122661'}}}"
        "\n  room: {start: true, participants: {a: {to: 5, from: '+15017122661'}}}\n"
        f"calls:\n  a:\n{GOOD.replace('say: x', 'queue: bad')}  b:\n{GOOD.replace('say: x', 'sya: x')}"
        f"  c:\n{GOOD.replace('say: x', 'conference: standup')}"
    )
    codes = sorted({code for code, _, _ in found(stack)})
    assert codes == ["unknown-key", "wrong-type"], codes


@pytest.mark.parametrize("other", ["queues: [", "queues: {a: {", "\tx", "queues: *nobody\n", None])
def test_a_file_that_cannot_be_read_hides_nothing_of_the_others(stack: Stack, other: str | None) -> None:
    """What it would declare is not missed."""
    stack.write(
        "version: 1\nqueues: {a: {friendly_name: 'x '}}\n"
        f"calls:\n  c:\n{GOOD.replace('say: x', 'queue: elsewhere')}"
        f"  d:\n{GOOD.replace('UTC', 'Nowhere/Land')}",
        "conf/a.yaml",
    )
    if other is None:
        (stack.folder / "conf" / "b.yaml").symlink_to("nothing")
    else:
        (stack.folder / "conf" / "b.yaml").write_text(other)
    stack.environ = {}
    result = stack.run("-f", "conf", "validate", "--format", "json")
    codes = [item["code"] for item in result.json["diagnostics"]]
    assert "queue-name-space" in codes
    assert "invalid-schedule" in codes
    assert "unknown-reference" not in codes
    assert any("b.yaml" in (item["file"] or "") for item in result.json["diagnostics"])


def test_two_files_are_told_of_together(stack: Stack) -> None:
    stack.write("version: 1\nqueues: {a: {size: 1}, b: {friendly_name: 'x '}}\n", "conf/a.yaml")
    stack.write(f"version: 1\nqueues: {{a: {{}}}}\ncalls:\n  c:\n{GOOD.replace('UTC', 'No')}", "conf/b.yaml")
    stack.environ = {}
    result = stack.run("-f", "conf", "validate", "--format", "json")
    codes = {item["code"] for item in result.json["diagnostics"]}
    assert {"unknown-key", "queue-name-space", "duplicate-address", "invalid-schedule"} <= codes


def test_each_place_is_told_once(stack: Stack) -> None:
    stack.write(MANY)
    stack.environ = {}
    everything = stack.run("validate", "--format", "json").json["diagnostics"]
    assert len({(item["code"], item["line"], item["column"]) for item in everything}) == len(everything)
