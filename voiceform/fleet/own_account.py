"""The account that a stack says in its own configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from voiceform.config.interpolate import Interpolator
from voiceform.config.sources import find_sources
from voiceform.config.text import UnreadableError, decode
from voiceform.config.yaml_reader import read_yaml
from voiceform.model.diagnostics import Report
from voiceform.twilio.sids import normal_sid


def own_account(
    folder: Path, files: tuple[Path, ...], environ: Mapping[str, str], report: Report
) -> str | None:
    """`account:` of the configuration, with its variables filled in; None where there is none that is one.

    That of the environment for all stacks (TWILIO_ACCOUNT_SID) is not this stack's. What keeps it from being
    read is reported; what else is wrong in the configuration is told when it is validated.
    """
    known = {name: value for name, value in environ.items() if name != "TWILIO_ACCOUNT_SID"}
    for source in find_sources(list(files), base_dir=folder, report=report):
        content = source.read(report)
        try:
            text = decode(content or b"", source.display)
        except UnreadableError as error:
            report(error.diagnostic)
            continue
        interpolator = Interpolator(known, file=source.display, report=_ignore)
        document = read_yaml(text, source.display, report, interpolator=interpolator)
        account = document.get("account") if document is not None else None
        if isinstance(account, str) and (sid := normal_sid(account, "AC")) is not None:
            return sid
    return None


def _ignore(_: object) -> None:
    """Loading the configuration tells it."""
