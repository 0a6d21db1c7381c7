"""What `voiceform prune verify` does and says."""

from __future__ import annotations

from voiceform.cli.support import wiring
from voiceform.cli.support.options import App
from voiceform.kinds.retention.evidence.naming import OFF, place_complaint, place_of
from voiceform.kinds.retention.evidence.verify import Found, check_account, check_place
from voiceform.model.errors import CredentialsError, UsageError
from voiceform.model.shown import shown_json
from voiceform.model.wording import counted


def check(app: App, place: str, *, begin: int, offline: bool) -> Found:
    """Check a folder or URL from file number `begin` on and, with its account's credentials, what is gone."""
    if place == OFF:
        raise UsageError(
            "off is no place of evidence: it says that none is taken down",
            hint="name the folder or the URL; ./off for a folder of that name",
        )
    complaint = place_complaint(place)
    if complaint is not None:
        raise UsageError(complaint, hint="as in prune verify evidence, or prune verify s3://bucket/prefix")
    found = check_place(place_of(place, app.directory), begin=begin)
    if offline:
        found.notes.append("the account was not looked at (--offline)")
        return found
    try:
        who = wiring.parts(app).account_for(found.account_sid)
    except CredentialsError as error:
        found.notes.append(f"the account was not looked at: {error.what}")
        return found
    with wiring.parts(app).reader(who) as reader:
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
    lines.append(f"{counted(found.files, 'file')}, {found.lines:,} lines, {found.removed:,} deleted{looked}.")
    lines.append("The evidence is NOT sound." if found.problems else "The evidence is sound.")
    lines.append(f"Its last line has the hash {found.head}")
    return "\n".join(lines)
