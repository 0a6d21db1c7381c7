"""Accounts as configuration: the folder for all of them, and the job that writes one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voiceform.config.sources import DEFAULT_FILE
from voiceform.model.errors import UsageError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.files import write_new
from voiceform.model.fleet import StackResult
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.fleet.jobs import Heard, Job
    from voiceform.stack.stack import Stack


def make_folder(path: Path) -> None:
    """Make it, unless it is there. UsageError for a name that can be no folder's, VoiceformError where it
    cannot be made."""
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        misnamed = isinstance(error, FileNotFoundError | FileExistsError | NotADirectoryError)
        raise (UsageError if misnamed else VoiceformError)(
            f"cannot make the folder {path}: {error.strerror}",
            where="--out",
            hint="name another, or make room for it",
        ) from error


def export(stack: Stack, job: Job, heard: Heard) -> StackResult:
    """Write it to a folder of the stack's own below `out`; nothing is overwritten."""
    file = Path(job.options["out"]).resolve() / job.member.name / DEFAULT_FILE
    found = stack.export(file)
    try:
        file.parent.mkdir(exist_ok=True)
        write_new(file, found.text)
    except FileExistsError:
        raise VoiceformError(f"{file} exists", hint="export never overwrites: choose another --out") from None
    except OSError as error:
        raise VoiceformError(f"cannot write {file}: {error.strerror}", hint="choose another --out") from error
    heard.notes.extend(found.remarks)
    refused = f"; {found.refused:,} cannot be declared, and comments say why" if found.refused else ""
    line = f"{counted(found.declared, 'object')} in {file}{refused}"
    counts = {"declared": found.declared, "refused": found.refused}
    return StackResult(job.member.name, job.member.account, ExitCode.DONE, line, counts=counts)
