"""A person says what became of the attempt to phone a participant, which nobody else can find out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.conference.labels import label_of
from voiceform.kinds.conference.memory import Attempt, Memory, Notebook
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.instants import instant_to_text
from voiceform.model.numbers import are_one_person

if TYPE_CHECKING:
    from voiceform.twilio.resources import Call

_STILL_UNDER_WAY = timedelta(minutes=4)
"""The client may wait two minutes for a place (429), and a request takes two at most."""


def resolve_participant(
    notebook: Notebook, address: Address, key: str, number: str | None, call: Call | None, now: datetime
) -> None:
    """Remember that the unknown attempt to phone the participant `key` made `call`, or with None that it made
    none: then the participant may be phoned again. `number` is the participant's, None where it is not
    recorded.

    Raises UsageError, and changes nothing, where no attempt is unknown, the request may still be under way,
    or the call is not to this participant.
    """
    attempt = _unknown(notebook.memory, address, key)
    if call is None:
        if now - attempt.at < _STILL_UNDER_WAY:
            left = instant_to_text(attempt.at)
            raise UsageError(
                f"the request to phone {key} may still be under way: it left at {left}",
                hint="wait some minutes, and look again",
            )
        notebook.keep(notebook.memory.without_attempt(attempt.label))
        return
    if number is not None and not are_one_person(call.to, number):
        raise UsageError(f"{call.sid} is a call to somebody else", hint=f"look for the call to {key}")
    notebook.keep(notebook.memory.with_attempt(replace(attempt, call_sid=call.sid)))


def _unknown(memory: Memory, address: Address, key: str) -> Attempt:
    """The attempt under the participant's label, or under that of an earlier address of the conference."""
    known = [
        attempt
        for label, attempt in memory.attempts.items()
        if attempt.call_sid is None and (attempt.participant or _key_in(label, address, key)) == key
    ]
    if len(known) == 1:
        return known[0]
    raise UsageError(
        f"{address}: no call to a participant {key!r} is in doubt",
        hint="`voiceform plan` names the participants of whom nobody knows whether they were phoned",
    )


def _key_in(label: str, address: Address, key: str) -> str | None:
    """`key`, where a label is made of it and the address, or of an earlier one."""
    return key if label == label_of(address, key) or label.endswith(f".{key}") else None
