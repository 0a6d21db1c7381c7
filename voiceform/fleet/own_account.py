"""The account that a stack says in its own configuration."""

from __future__ import annotations

from collections.abc import Mapping
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


def own_account(
    folder: Path, files: tuple[Path, ...], environ: Mapping[str, str], where: Position
) -> tuple[str, tuple[Diagnostic, ...]]:
    """`account:` of the configuration, with its variables filled in; or nothing, and what keeps it from being
    known, at its place there, or else `where` the fleet names the stack.

    That of the environment for all stacks (TWILIO_ACCOUNT_SID) is not this stack's. What else is wrong in the
    configuration is told when it is validated.
    """
    known = {name: value for name, value in environ.items() if name != "TWILIO_ACCOUNT_SID"}
    findings = Findings()
    files_read: list[str] = []
    try:
        for source in find_sources(list(files), base_dir=folder, report=findings):
            files_read.append(source.display)
            document = _document(source, known, findings)
            if document is None or "account" not in document:
                continue
            account = document["account"]
            if isinstance(account, str) and (sid := normal_sid(account, "AC")) is not None:
                return sid, ()
            message = "this is no account SID: AC and 32 hexadecimal digits"
            hint = "correct it, or set its variable; or write account: in the fleet file"
            findings(Diagnostic("invalid-value", message, document.value_position("account"), hint=hint))
    except EnoughError:
        findings.stop()
    if not findings.failed:
        message, hint = "no account is known of this stack", "write account: here, or in its voiceform.yaml"
        findings(Diagnostic("invalid-value", message, where, hint=hint))
    errors = [each for each in findings.in_order(files_read) if each.severity is Severity.ERROR]
    return "", tuple(replace(each, position=each.position or where) for each in errors)


def _document(source: SourceFile, environ: Mapping[str, str], report: Report) -> Block | None:
    content = source.read(report)
    if content is None:
        return None
    try:
        text = decode(content, source.display)
    except UnreadableError as error:
        report(error.diagnostic)
        return None
    interpolator = Interpolator(environ, file=source.display, report=_ignore)
    return read_yaml(text, source.display, report, interpolator=interpolator)


def _ignore(_: object) -> None:
    """Loading the configuration tells it."""
