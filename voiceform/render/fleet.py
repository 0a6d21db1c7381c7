"""What came of a command over a fleet, for people: changes that stacks have in common, failures by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from voiceform.model.diagnostics import Diagnostic
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import Alike, FailedAlike, FleetSummary, StackResult, Weight
from voiceform.model.masking import redact_text
from voiceform.model.shown import Shown
from voiceform.model.wording import counted
from voiceform.render.escape import terminal
from voiceform.render.layout import BLANK, Line, Tone, lay_out
from voiceform.render.view import EFFECTS

MARKS = {
    Weight.DESTROY: "-",
    Weight.PHONE: ">",
    Weight.BLOCKED: "#",
    Weight.WARNING: "?",
    Weight.DRIFT: "!",
    Weight.CREATE: "+",
    Weight.UPDATE: "~",
}
"""The sign before a change."""

TITLES = {
    **{Weight(effect): title for effect, title, _ in EFFECTS},
    Weight.BLOCKED: "Blocked: apply refuses these",
    Weight.WARNING: "Warnings",
    Weight.DRIFT: "Changed outside of voiceform",
}
"""What changes of a weight are, as the title above them."""

_TONES = {
    Weight.DESTROY: Tone.DELETE,
    Weight.PHONE: Tone.PHONE,
    Weight.BLOCKED: Tone.ERROR,
    Weight.WARNING: Tone.WARNING,
    Weight.DRIFT: Tone.WARNING,
    Weight.CREATE: Tone.CREATE,
    Weight.UPDATE: Tone.UPDATE,
}
_SHOWN = 50
"""So many changes of each weight are shown, and so many failures; -v shows all."""


MOST_NAMED = 10
"""So many stacks that failed alike are named; -v names all."""


def told(result: StackResult, *, show_numbers: bool) -> list[str]:
    """Why a stack failed, as lines that people may see."""
    text = result.error or result.line
    found = [redact_text(line, show_numbers=show_numbers) for line in text.split("\n")]
    return [terminal(line.strip()) for line in found]


def render_results(results: Iterable[StackResult], *, color: bool, width: int, show_numbers: bool) -> Shown:
    """A line for each stack: its name, and how it stands. No final newline."""
    lines = []
    for result in results:
        text = "; ".join(told(result, show_numbers=show_numbers)) if result.error else None
        said = text or terminal(redact_text(result.line, show_numbers=show_numbers))
        lines.append(
            Line(f"{terminal(result.stack)}: {said}", 0, Tone.ERROR if result.failed else Tone.PLAIN)
        )
    return lay_out(lines, color=color, width=width)


def alike_lines(changes: Iterable[Alike], *, everything: bool) -> Iterator[Line]:
    """Each change once, with how many accounts have it; names where it stands out. Many of one weight hide
    none of another."""
    for weight, alike in groupby(changes, key=lambda change: change.weight):
        more = 0
        for number, change in enumerate(alike):
            if number < _SHOWN or everything:
                yield Line(f"{MARKS[weight]} {of_many(change)}", 2, _TONES[weight])
                yield from (Line(f"! {text}", 6, _TONES[weight]) for text in beside(change))
            else:
                more += 1
        if more:
            yield Line(f"... and {more:,} more like these: -v shows all", 2, Tone.MUTED)


def of_many(change: Alike) -> str:
    """`update queue.support: max_size 100 -> 200 in 1,483 accounts`."""
    many = f"in {counted(change.count, 'account')}"
    return f"{change.text} {many}{f': {names(change)}' if change.stands_out else ''}"


def beside(change: Alike) -> Iterator[str]:
    """How much it does in all accounts together, and what people feel there: of what differs in numbers alone
    the greatest."""
    for amount in change.amounts:
        of = f", {amount.most:,} of them in {terminal(amount.stack)}" if change.count > 1 else ""
        yield f"{amount.total.verb}s {amount.total.text}{of}"
    for effect in change.effects:
        if effect.same and effect.count == change.count:
            yield effect.text
        elif effect.same or effect.count == 1:
            who = f": {terminal(effect.stack)}" if effect.count == 1 else ""
            yield f"{effect.text} in {counted(effect.count, 'account')}{who}"
        else:
            yield f"{effect.text} in {terminal(effect.stack)}, and alike in {effect.count - 1:,} more"


def names(change: Alike | FailedAlike) -> str:
    """Who has it."""
    more = change.count - len(change.stacks)
    return f"{', '.join(map(terminal, change.stacks))}{f' and {more:,} more' if more else ''}"


def failure_lines(failures: Iterable[FailedAlike], *, show_numbers: bool, everything: bool) -> Iterator[Line]:
    """Each reason of failures, with the exit code and who has it."""
    for number, failure in enumerate(failures):
        if number >= _SHOWN and not everything:
            yield Line("... and more: -v shows all", 2, Tone.MUTED)
            return
        first, *rest = told(failure.first, show_numbers=show_numbers)
        yield Line(f"{who_failed(failure)}: {first}", 2, Tone.ERROR)
        yield from (Line(line, 4) for line in rest)


def of_stacks(finding: Diagnostic, count: int, first: str) -> Diagnostic:
    """A finding that so many stacks have, with who they are."""
    of = first if count == 1 else f"{first} and {counted(count - 1, 'more stack')}"
    return replace(finding, address=", ".join(part for part in (finding.address, of) if part))


def who_failed(failure: FailedAlike) -> str:
    """`acme, beta and 1,481 more (exit 5)`."""
    return f"{names(failure)} (exit {int(failure.first.code)})"


def render_report(
    report: FleetSummary, *, color: bool, width: int, show_numbers: bool, everything: bool
) -> Shown:
    """The changes that stacks have in common, those that failed, and the sums. No final newline."""
    lines: list[Line] = []
    changes = list(alike_lines(report.alike(), everything=everything))
    failures = list(
        failure_lines(
            report.failed_alike(None if everything else MOST_NAMED),
            show_numbers=show_numbers,
            everything=everything,
        )
    )
    common = "To be looked at:" if report.command == "status" else "Changes:"
    for title, found in ((common, changes), ("Failed:", failures)):
        if found:
            lines += [Line(title, 0, Tone.TITLE), BLANK, *found, BLANK]
    return lay_out([*lines, Line(headline(report), 0, Tone.TITLE)], color=color, width=width)


_WORDS = {
    ExitCode.CHANGES: "with changes",
    ExitCode.DRIFT: "with drift",
    ExitCode.DONE: "well",
    ExitCode.BLOCKED: "blocked",
}


def headline(report: FleetSummary) -> str:
    """`1,500 stacks: 1,483 with changes, 15 well, 2 failed. In all 1,483 to update.`

    `partly_read` counts stacks that ended well, and of which something could not be read."""
    partly = report.counts.get("partly_read", 0)
    codes = {**report.codes, ExitCode.DONE: report.codes.get(ExitCode.DONE, 0) - partly}
    named = [f"{codes[code]:,} {word}" for code, word in _WORDS.items() if codes.get(code)]
    named += [f"{partly:,} not read whole"] if partly else []
    failed = sum(count for code, count in codes.items() if code not in _WORDS)
    left = report.total - report.done
    named += [f"{failed:,} failed"] if failed else []
    named += [f"{left:,} not begun"] if left else []
    made = [f"{amount.text} to {amount.verb}" for amount in report.amounts]
    made += [
        f"{report.counts[key]:,} to {key}" for key in ("create", "update", "delete") if report.counts.get(key)
    ]
    sums = f" In all {', '.join(made)}." if made else ""
    return f"{counted(report.total, 'stack')}: {', '.join(named) or 'nothing to do'}.{sums}"
