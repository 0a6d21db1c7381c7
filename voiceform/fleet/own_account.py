"""The account that a stack says in its own configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from voiceform.config.interpolate import Interpolator
from voiceform.config.problems.findings import EnoughError, Findings
from voiceform.config.sources import SourceFile, find_sources
from voiceform.config.text import UnreadableError, decode
from voiceform.config.yaml_reader import read_yaml
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block
from voiceform.twilio.sids import normal_sid

_OF_NOBODY = "TWILIO_ACCOUNT_SID"
_CORRECT = "correct it, or write account: in the fleet file"


def own_account(
    folder: Path,
    files: tuple[Path, ...],
    environ: Mapping[str, str],
    where: Position,
    allowed: tuple[Path, ...] = (),
) -> tuple[str, tuple[Diagnostic, ...]]:
    """`account:` of the configuration, with its variables filled in; or nothing, and what keeps it from being
    known, at its place there, or else `where` the fleet names the stack.

    That of the environment for all stacks (TWILIO_ACCOUNT_SID) is not this stack's. What else is wrong in the
    configuration is told when it is validated.
    """
    known = {name: value for name, value in environ.items() if name != _OF_NOBODY}
    findings = Findings()
    files_read: list[str] = []
    try:
        for source in find_sources(list(files), base_dir=folder, report=findings, allowed=allowed):
            files_read.append(source.display)
            unset: list[Diagnostic] = []
            document = _document(source, known, findings, unset.append)
            if document is None or "account" not in document:
                continue
            account = document["account"]
            if isinstance(account, str) and (sid := normal_sid(account, "AC")) is not None:
                return sid, ()
            findings(_no_account(document.value_position("account"), unset))
    except EnoughError:
        findings.stop()
    if not findings.failed:
        message, hint = "no account is known of this stack", "write account: here, or in its voiceform.yaml"
        findings(Diagnostic("invalid-value", message, where, hint=hint))
    errors = [each for each in findings.in_order(files_read) if each.severity is Severity.ERROR]
    return "", tuple(replace(each, position=each.position or where) for each in errors)


def _no_account(at: Position, unset: Sequence[Diagnostic]) -> Diagnostic:
    """What is wrong with the `account:` at a place."""
    found = next((each for each in unset if each.position == at), None)
    if found is None:
        message = "this is no account SID: AC and 32 hexadecimal digits"
        return Diagnostic("invalid-value", message, at, hint=_CORRECT)
    if _OF_NOBODY in found.message:
        return replace(found, message=f"{_OF_NOBODY} is the account of no stack of a fleet", hint=_CORRECT)
    return found


def _document(
    source: SourceFile, environ: Mapping[str, str], report: Report, of_variables: Report
) -> Block | None:
    """A file of the configuration, with what is wrong in it; what is about variables by itself."""
    content = source.read(report)
    if content is None:
        return None
    try:
        text = decode(content, source.display)
    except UnreadableError as error:
        report(error.diagnostic)
        return None
    interpolator = Interpolator(environ, file=source.display, report=of_variables)
    return read_yaml(text, source.display, report, interpolator=interpolator)
