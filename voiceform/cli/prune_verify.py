"""What `voiceform prune verify` does and says."""

from __future__ import annotations

from pathlib import Path

from voiceform.cli import wiring
from voiceform.cli.options import App
from voiceform.kinds.retention.evidence.verify import Found, check_account, check_folder
from voiceform.model.errors import CredentialsError
from voiceform.model.shown import shown_json


def check(app: App, folder: Path, *, offline: bool) -> Found:
    """Check the folder and, where there are credentials of its account, that what was deleted is gone."""
    found = check_folder(folder)
    if offline:
        found.notes.append("the account was not looked at (--offline)")
        return found
    try:
        who = wiring.credentials(app, found.account_sid)
    except CredentialsError as error:
        found.notes.append(f"the account was not looked at: {error.what}")
        return found
    with wiring.client(app, who, read_only=True) as reader:
        check_account(found, reader, progress=wiring.progress(app))
    return found


def report(found: Found, format_: str) -> str:
    """The result as text or JSON, without a final newline."""
    if format_ == "json":
        return shown_json(
            {
                "valid": not found.problems,
                "files": found.files,
                "lines": found.lines,
                "deleted": found.removed,
                "account_sid": found.account_sid,
                "account_checked": found.looked,
                "confirmed": found.confirmed,
                "head": found.head,
                "problems": found.problems,
                "notes": found.notes,
            }
        )
    lines = [f"Problem: {problem}" for problem in found.problems]
    lines += [f"Note: {note}" for note in found.notes]
    looked = ""
    if found.looked and not found.problems:
        looked = ", all of it gone from the account"
        if found.confirmed:
            looked += f" (Twilio itself remembers {found.confirmed:,} as deleted)"
    lines.append(
        f"{found.files:,} {'file' if found.files == 1 else 'files'}, {found.lines:,} lines,"
        f" {found.removed:,} deleted{looked}."
    )
    lines.append("The evidence is NOT sound." if found.problems else "The evidence is sound.")
    lines.append(f"Its last line has the hash {found.head}")
    return "\n".join(lines)
