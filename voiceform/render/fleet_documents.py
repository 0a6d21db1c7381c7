"""What came of a command over a fleet, as documents: JSON, JUnit XML, Markdown for a comment, an HTML
page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from voiceform.model.escape import escaped_xml, visible
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import FleetSummary, StackResult, Weight
from voiceform.model.instants import instant_to_text
from voiceform.model.masking import redact_text
from voiceform.model.pages import page
from voiceform.model.shown import Shown, shown_json
from voiceform.model.wording import counted
from voiceform.render.escape import log_line, markdown_code, markdown_fence
from voiceform.render.fleet import MARKS, MOST_NAMED, TITLES, beside, headline, of_many, told, who_failed
from voiceform.render.markdown import marked, marker

LIMIT = 65_000
"""Bytes of a comment, a little less than GitHub takes."""
_MOST_ON_PAGE = 2_000
_MOST_PARTS = 20
_FRAME = 400
_AROUND = 40
"""Bytes around a title and the lines below it."""
_ODD = "Odd about the fleet"
_DIFF = {"destroy": "-", "create": "+"}


def json(report: FleetSummary, code: ExitCode, *, show_numbers: bool = False) -> Shown:
    """schemas/fleet_report.schema.json; ends in no newline."""
    document = {
        "format_version": "1.0",
        "command": report.command,
        "fleet": report.fleet,
        "at": instant_to_text(report.at),
        "exit_code": int(code),
        "summary": {
            "stacks": report.total,
            "done": report.done,
            "failed": report.failures,
            "by_exit_code": {str(int(key)): count for key, count in sorted(report.codes.items())},
            "counts": dict(sorted(report.counts.items())),
        },
        "changes": [
            {
                "weight": str(change.weight),
                "change": change.text,
                "count": change.count,
                "stands_out": change.stands_out,
                "stacks": list(change.stacks),
                "amounts": [
                    {
                        "verb": each.total.verb,
                        "of": each.total.many,
                        "count": each.total.count,
                        "most": each.most,
                        "stack": each.stack,
                    }
                    for each in change.amounts
                ],
                "effects": [
                    {"text": each.text, "count": each.count, "stack": each.stack, "same": each.same}
                    for each in change.effects
                ],
            }
            for change in report.alike()
        ],
        "findings": [str(finding) for finding in report.warnings],
        "stacks": [_stack(result) for result in report.results()],
    }
    return shown_json(document, show_numbers=show_numbers)


def _stack(result: StackResult) -> dict[str, Any]:
    return {
        "stack": result.stack,
        "account": result.account or None,
        "exit_code": int(result.code),
        "result": result.line,
        "error": result.error,
        "seconds": result.seconds,
        "counts": dict(result.counts),
        "findings": [str(finding) for finding in result.findings],
        "details": dict(result.details),
    }


def junit(report: FleetSummary, *, show_numbers: bool = False) -> Shown:
    """A <testcase> for each stack; what failed or has drifted is a <failure>. Ends in a newline."""

    def safe(text: str) -> str:
        return "\n".join(visible(line) for line in redact_text(text, show_numbers=show_numbers).split("\n"))

    name = f"voiceform fleet {report.command}"
    left = report.total - report.done
    bad = report.failures + report.codes.get(ExitCode.DRIFT, 0)
    root = ElementTree.Element(
        "testsuites", name=name, tests=str(report.total), failures=str(bad), errors=str(left)
    )
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=safe(report.fleet),
        tests=str(report.total),
        failures=str(bad),
        errors=str(left),
    )
    for result in report.results():
        each = ElementTree.SubElement(
            suite, "testcase", name=safe(result.stack), classname="fleet", time=f"{result.seconds:.3f}"
        )
        if result.failed or result.code is ExitCode.DRIFT:
            message = f"exit {int(result.code)}: {result.line}"
            failure = ElementTree.SubElement(each, "failure", message=safe(message))
            changes = [change.text for change in result.changes]
            failure.text = safe("\n".join([result.error or "", *changes, *map(str, result.findings)]).strip())
    if left:
        each = ElementTree.SubElement(suite, "testcase", name="not begun", classname="fleet")
        ElementTree.SubElement(each, "error", message=f"{counted(left, 'stack')} not begun")
    if report.warnings:
        said = "\n".join(map(str, report.warnings))
        ElementTree.SubElement(suite, "system-err").text = safe(said)
    ElementTree.indent(root)
    body = escaped_xml(ElementTree.tostring(root, encoding="unicode"))
    return Shown(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n')


def markdown(
    report: FleetSummary, *, show_numbers: bool = False, digest: str = "", part: Sequence[str] = ()
) -> Shown:
    """A comment of at most LIMIT bytes: what failed, then changes, the gravest first. Where not all of it
    fits no section takes the room of a shorter one. Ends in a newline.

    `part` says of which part of which fleet it is; its first line finds the comment about that again.

    What comes from YAML or from an API stands in fenced blocks, where no markup, mention or link works.
    """
    title = f"## voiceform fleet {report.command}\n\n**{headline(report)}**"
    head = f"{marker('fleet', report.command, marked(', '.join(part)))}\n{title}"
    of = [f"Of {', '.join(map(markdown_code, part[:_MOST_PARTS]))}"] if part else []
    parts = [head, *of, *([f"Digest: `{digest}`"] if digest else [])]
    sections = list(_sections(report, show_numbers=show_numbers))
    left = LIMIT - _FRAME - sum(_size(part) for part in parts)
    fitting = _fitting([[*map(_size, (title, *lines))] for title, lines in sections], left)
    missing: list[str] = []
    for (title, lines), count in zip(sections, fitting, strict=True):
        if count:
            parts.append(f"### {title}\n\n{markdown_fence(lines[:count], 'diff')}")
        if count < len(lines):
            missing.append(f"{len(lines) - count:,} of {title.lower()}")
    if missing:
        parts.append(
            f"**Too long for a comment, left out here: {', '.join(missing)}.** JSON and HTML have all."
        )
    return Shown("\n\n".join(parts) + "\n")


def _sections(report: FleetSummary, *, show_numbers: bool) -> Iterator[tuple[str, list[str]]]:
    failed = []
    for failure in report.failed_alike(MOST_NAMED):
        why = "; ".join(told(failure.first, show_numbers=show_numbers))
        failed.append(log_line(f"- {who_failed(failure)}: {why}"))
    yield f"Failed ({report.failures:,})", failed
    yield _ODD, [log_line(f"! {finding}") for finding in report.warnings]
    for weight, changes in groupby(report.alike(), key=lambda change: change.weight):
        lines = [
            line
            for change in changes
            for line in (
                f"{_DIFF.get(weight, '!')} {of_many(change)}",
                *(f"    ! {text}" for text in beside(change)),
            )
        ]
        yield TITLES[weight], lines


def _fitting(sections: Sequence[Sequence[int]], left: int) -> list[int]:
    """How many lines of each section fit, by their sizes, the first of which is that of its title: each may
    have as much as every other, and what the short ones leave."""
    count = [0] * len(sections)
    for done, number in enumerate(sorted(range(len(sections)), key=lambda number: sum(sections[number]))):
        title, *lines = sections[number]
        room = left // (len(sections) - done) - title - _AROUND
        for size in lines:
            room -= size + 1
            if room < 0:
                break
            count[number] += 1
        left -= title + _AROUND + sum(size + 1 for size in lines[: count[number]])
    return count


def _size(text: str) -> int:
    return len(text.encode())


def html(report: FleetSummary, code: ExitCode, *, show_numbers: bool = False, digest: str = "") -> Shown:
    """A whole page with a map of the stacks; nothing is loaded from elsewhere. Ends in a newline."""
    values = page_values(report, code, show_numbers=show_numbers, digest=digest)
    return Shown(page("voiceform.render", "fleet.html", values))


def page_values(
    report: FleetSummary, code: ExitCode, *, show_numbers: bool = False, digest: str = ""
) -> dict[str, object]:
    """What the template is filled with."""
    groups = [
        {
            "title": TITLES[weight],
            "weight": str(weight),
            "changes": [
                {"mark": MARKS[weight], "text": of_many(change), "beside": [*beside(change)]}
                for change in changes
            ],
        }
        for weight, changes in groupby(report.alike(), key=lambda change: change.weight)
    ]
    if report.warnings:
        odd = [{"mark": "?", "text": str(finding), "beside": []} for finding in report.warnings]
        groups.insert(0, {"title": _ODD, "weight": str(Weight.WARNING), "changes": odd})
    facts = {
        "Fleet": report.fleet,
        "Made at": instant_to_text(report.at),
        "Exit code": str(int(code)),
        "Digest": digest,
    }
    return {
        "command": report.command,
        "headline": headline(report),
        "facts": [{"name": name, "value": value} for name, value in facts.items() if value],
        "map": [{"name": r.stack, "how": _colour(r), "code": int(r.code)} for r in report.results()],
        "failures": report.failures,
        "failed": [
            {"who": who_failed(failure), "lines": told(failure.first, show_numbers=show_numbers)}
            for failure in report.failed_alike(None)
        ],
        "groups": groups,
        "stacks": [
            {
                "name": result.stack,
                "account": result.account,
                "line": redact_text(result.line, show_numbers=show_numbers),
            }
            for _, result in zip(range(_MOST_ON_PAGE), report.results(), strict=False)
        ],
        "more": max(0, report.done - _MOST_ON_PAGE),
    }


def _colour(result: StackResult) -> str:
    words = {ExitCode.DONE: "create", ExitCode.CHANGES: "update", ExitCode.DRIFT: "phone"}
    return words.get(result.code, "destroy")
