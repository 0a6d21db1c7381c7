"""What came of the tests of a stack: text with the place of each expectation, JSON, and JUnit XML.

The XML is what CI systems agree upon: <testsuites>, a <testsuite> for each file, a <testcase> for each case
with <failure>; a file that could not be read is an <error> (https://github.com/testmoapp/junitxml).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from xml.etree import ElementTree

from voiceform.model.case_report import CaseReport, CaseResult, FileResult, Mismatch
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.escape import escaped_xml, visible
from voiceform.model.masking import redact_text
from voiceform.model.shown import Shown, shown_json
from voiceform.model.wording import counted
from voiceform.render import diagnostics
from voiceform.render.escape import terminal
from voiceform.render.layout import BLANK, Line, Tone, lay_out
from voiceform.render.source_lines import SourceLines, SourceReader, read_source

Safe = Callable[[str], str]
"""A text as people may see it."""


def text(
    result: FileResult,
    source_reader: SourceReader = read_source,
    *,
    color: bool,
    width: int,
    show_numbers: bool = False,
) -> Shown:
    """One file: a line for each case, and below one that failed what was expected and is not so, with its
    place. No final newline."""
    lines = [Line(terminal(result.file), 0, Tone.TITLE)]
    sources = SourceLines(
        source_reader, (mismatch.position for case in result.cases for mismatch in case.mismatches)
    )
    for case in result.cases:
        lines += _case(case, sources, show_numbers=show_numbers)
    head = lay_out(lines, color=color, width=width)
    if not result.findings:
        return head
    found = diagnostics.text(result.findings, source_reader, color=color, width=width)
    return Shown(f"{head}\n{found}\n")


def summary(report: CaseReport, *, color: bool) -> Shown:
    """`3 passed, 1 failed in 0.41 s`."""
    parts = [f"{report.passed} passed"] if report.passed or not report.failed else []
    parts += [f"{report.failed} failed"] if report.failed else []
    parts += [f"{counted(report.unreadable, 'file')} not usable"] if report.unreadable else []
    well = not report.failed and not report.unreadable
    line = Line(f"{', '.join(parts)} in {report.seconds:.2f} s", 0, Tone.CREATE if well else Tone.ERROR)
    return lay_out([line], color=color, width=0)


def json(report: CaseReport, *, show_numbers: bool = False) -> Shown:
    """`{summary, files: [{file, findings, cases: [{name, status, seconds, file, line, column, mismatches:
    [{message, file, line, column, expected, got}]}]}]}`; ends in no newline."""
    document = {
        "summary": {
            "passed": report.passed,
            "failed": report.failed,
            "unreadable": report.unreadable,
            "seconds": round(report.seconds, 3),
        },
        "files": [
            {
                "file": file.file,
                "findings": [_finding(found) for found in file.findings],
                "cases": [
                    {
                        "name": case.name,
                        "status": _status(case),
                        "seconds": round(case.seconds, 3),
                        **_place(case.position),
                        "mismatches": [
                            {
                                "message": mismatch.what,
                                **_place(mismatch.position),
                                "expected": list(mismatch.missing),
                                "got": list(mismatch.other),
                            }
                            for mismatch in case.mismatches
                        ],
                    }
                    for case in file.cases
                ],
            }
            for file in report.files
        ],
    }
    return shown_json(document, show_numbers=show_numbers)


def junit(report: CaseReport, *, show_numbers: bool = False) -> Shown:
    """The XML; ends in a newline."""

    def safe(text: str) -> str:
        return "\n".join(visible(line) for line in redact_text(text, show_numbers=show_numbers).split("\n"))

    root = ElementTree.Element(
        "testsuites",
        name="voiceform test",
        tests=str(report.passed + report.failed + report.unreadable),
        failures=str(report.failed),
        errors=str(report.unreadable),
        time=f"{report.seconds:.3f}",
    )
    for file in report.files:
        _suite(root, file, safe)
    ElementTree.indent(root)
    body = escaped_xml(ElementTree.tostring(root, encoding="unicode"))
    return Shown(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n')


def _suite(root: ElementTree.Element, file: FileResult, safe: Safe) -> None:
    failures = sum(not case.passed for case in file.cases)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=safe(file.file),
        tests=str(len(file.cases) + (not file.readable)),
        failures=str(failures),
        errors=str(int(not file.readable)),
        time=f"{sum(case.seconds for case in file.cases):.3f}",
    )
    group = PurePath(file.file).name.split(".")[0]
    if not file.readable:
        each = ElementTree.SubElement(suite, "testcase", name=safe(file.file), classname=safe(group))
        error = ElementTree.SubElement(each, "error", message="the file cannot be used")
        error.text = safe("\n".join(map(str, file.findings)))
    for case in file.cases:
        each = ElementTree.SubElement(
            suite,
            "testcase",
            name=safe(case.name),
            classname=safe(group),
            file=safe(file.file),
            line=str(case.position.line),
            time=f"{case.seconds:.3f}",
        )
        if not case.passed:
            failure = ElementTree.SubElement(each, "failure", message=safe(case.mismatches[0].what))
            failure.text = safe("\n".join(_plain(mismatch) for mismatch in case.mismatches))


def _plain(mismatch: Mismatch) -> str:
    lines = [f"{mismatch.position}: {mismatch.what}"]
    lines += [f"  - {line}" for line in mismatch.missing]
    return "\n".join([*lines, *(f"  + {line}" for line in mismatch.other)])


def _case(case: CaseResult, sources: SourceLines, *, show_numbers: bool) -> Iterator[Line]:
    def safe(text: str) -> str:
        return terminal(redact_text(text, show_numbers=show_numbers))

    word, tone = ("pass", Tone.CREATE) if case.passed else ("FAIL", Tone.ERROR)
    yield Line(f"{word}  {safe(case.name)} ({case.seconds:.2f} s)", 2, tone)
    for mismatch in case.mismatches:
        yield Line(safe(mismatch.what), 6, Tone.ERROR)
        yield Line(f"--> {terminal(str(mismatch.position))}", 6, Tone.MUTED)
        found = sources.line(mismatch.position)
        if found is not None:
            yield Line(f"{mismatch.position.line} | {safe(found[0])}", 6, Tone.MUTED, wrap=False)
        yield from (Line(f"- {safe(line)}", 6, Tone.DELETE) for line in mismatch.missing)
        yield from (Line(f"+ {safe(line)}", 6, Tone.CREATE) for line in mismatch.other)
    if not case.passed:
        yield BLANK


def _status(case: CaseResult) -> str:
    return "passed" if case.passed else "failed"


def _place(position: Position) -> dict[str, object]:
    return {"file": position.file, "line": position.line, "column": position.column}


def _finding(found: Diagnostic) -> dict[str, object]:
    place = _place(found.position) if found.position is not None else {}
    return {
        "code": found.code,
        "severity": str(found.severity),
        "message": found.message,
        "hint": found.hint,
        **place,
    }
