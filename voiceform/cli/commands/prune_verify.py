"""What `voiceform prune verify` says."""

from __future__ import annotations

from voiceform.kinds.retention.evidence.verify import Found
from voiceform.model.shown import shown_json
from voiceform.model.wording import counted


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
