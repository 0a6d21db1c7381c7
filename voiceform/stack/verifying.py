"""Checking the evidence of earlier runs."""

from __future__ import annotations

from voiceform.kinds.retention.evidence.naming import OFF, place_complaint
from voiceform.kinds.retention.evidence.verify import Found, check_account, check_place
from voiceform.model.errors import CredentialsError, UsageError
from voiceform.stack.parts import Parts


def verified(parts: Parts, place: str, *, begin: int, offline: bool) -> Found:
    """Check a folder or URL from file number `begin` on and, with its account's credentials, what is gone."""
    if place == OFF:
        raise UsageError(
            "off is no place of evidence: it says that none is taken down",
            hint="name the folder or the URL; ./off for a folder of that name",
        )
    complaint = place_complaint(place)
    if complaint is not None:
        raise UsageError(complaint, hint="as in prune verify evidence, or prune verify s3://bucket/prefix")
    found = check_place(parts.evidence_place(place), begin=begin)
    if offline:
        found.notes.append("the account was not looked at (--offline)")
        return found
    try:
        account = parts.account_for(found.account_sid)
    except CredentialsError as error:
        found.notes.append(f"the account was not looked at: {error.what}")
        return found
    with parts.reader(account) as reader:
        check_account(found, reader, progress=parts.progress)
    return found
