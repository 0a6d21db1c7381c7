"""docs/codes.md: every code that voiceform prints, from the texts of `voiceform explain`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from voiceform.model.explanations import Explanation, Group, explanations

_INTRODUCTIONS = {
    Group.FINDINGS: "What stands in brackets behind a finding: `error[unknown-key]`. "
    "Each shows a voiceform.yaml that has it and one that has not.",
    Group.REFUSALS: "What stands behind `Blocked` in a plan, as in `Blocked (protect)`. "
    "What each is for is told in [security](security.md).",
    Group.EXITS: "The same for every command and every format. "
    "[Exit codes](exit-codes.md) has them in one table.",
    Group.TWILIO: "What Twilio answers, as in `Twilio 20003: Authenticate`. "
    "[Twilio's own dictionary](https://www.twilio.com/docs/api/errors) has all of them.",
}


def page() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    found = list(explanations().values())
    yield "# Codes"
    yield ""
    yield "Everything that voiceform prints a code for: what it says, why it matters and what to do. The"
    yield "same texts are in the terminal: `voiceform explain unknown-key`. Each example is run by a test, in"
    yield "an account of its own."
    yield ""
    for group, items in groupby(found, key=lambda item: item.group):
        yield f"- {group}: " + ", ".join(f"[{item.code}](#{item.code})" for item in items)
    for group, items in groupby(found, key=lambda item: item.group):
        yield from ("", f"## {group}", "", _INTRODUCTIONS[group])
        for item in items:
            yield from _section(item)


def _section(item: Explanation) -> Iterator[str]:
    yield from ("", f"### {item.code}", "", f"{item.what} {item.why}", "", f"**What to do:** {item.do}", "")
    yield item.example.rstrip("\n")
