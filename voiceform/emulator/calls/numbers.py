"""Magic numbers: what happens to a call is decided by the number that is called.

=================  =====  ==========================================================================
number             as     effect
=================  =====  ==========================================================================
``+15005550001``   To     refused with 21217: not a valid phone number
``+15005550002``   To     refused with 21214: cannot be reached
``+15005550003``   To     refused with 21215: international permissions
``+15005550004``   To     refused with 21216: on the block list
``+15005550001``   From   refused with 21212: not a valid caller ID
``+15005550007``   From   refused with 21210: not yours and not verified
``+15005550010``   To     busy
``+15005550011``   To     no-answer: rings until the timeout
``+15005550012``   To     failed
``+15005550013``   To     a machine answers (``machine_start``, or ``machine_end_beep`` after the greeting)
``+15005550014``   To     a person answers and stays for four hours
``+15005550015``   To     a person answers and hangs up after one second
``+15005550016``   To     a fax answers
``+15005550017``   To     a machine whose greeting ends in silence (``machine_end_silence``)
``+15005550018``   To     a machine whose greeting ends otherwise (``machine_end_other``)
``+15005550019``   To     a person answers whom machine detection does not know for one (``unknown``)
any other          To     a person answers after four seconds and stays for ten minutes at most
=================  =====  ==========================================================================

The first six are as with Twilio's test credentials. A seed can give any number an outcome, or one outcome
after the other: ``{numbers: [{phone_number: "+15558675310", outcomes: [busy, no-answer, human]}]}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from voiceform.emulator.store import unpacked
from voiceform.emulator.world import World


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a dialled number behaves: seconds until it is answered or refused, seconds that the person
    stays.
    """

    result: str
    ring: int = 4
    talk: int = 600
    answered_by: str = "human"


OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "human": Outcome("answered"),
        "busy": Outcome("busy", ring=2),
        "no-answer": Outcome("no-answer"),
        "failed": Outcome("failed", ring=0),
        "machine": Outcome("answered", talk=60, answered_by="machine"),
        "long": Outcome("answered", talk=4 * 3600),
        "hangs-up": Outcome("answered", talk=1),
        "fax": Outcome("answered", talk=30, answered_by="fax"),
        "machine-silence": Outcome("answered", talk=60, answered_by="machine-silence"),
        "machine-other": Outcome("answered", talk=60, answered_by="machine-other"),
        "unknown": Outcome("answered", answered_by="unknown"),
    }
)
#: Outcomes of the documented numbers.
MAGIC: Mapping[str, str] = MappingProxyType(
    {
        "+15005550010": "busy",
        "+15005550011": "no-answer",
        "+15005550012": "failed",
        "+15005550013": "machine",
        "+15005550014": "long",
        "+15005550015": "hangs-up",
        "+15005550016": "fax",
        "+15005550017": "machine-silence",
        "+15005550018": "machine-other",
        "+15005550019": "unknown",
    }
)
#: Numbers that are refused when they are called: code and message.
REFUSED_TO: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "+15005550001": (21217, "Phone number {number} does not appear to be valid"),
        "+15005550002": (21214, "'To' phone number {number} cannot be reached"),
        "+15005550003": (21215, "Account not allowed to call {number}"),
        "+15005550004": (21216, "Account not allowed to call {number}: the number is on the block list"),
    }
)
NOT_VERIFIED = (
    21210,
    "The source phone number provided, {number}, is not yet verified for your account. You may only make "
    "calls from phone numbers that you've verified or purchased from Twilio.",
)
#: Numbers that are refused as the caller.
REFUSED_FROM: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "+15005550001": (21212, "The 'From' number {number} is not a valid phone number"),
        "+15005550007": NOT_VERIFIED,
    }
)
_E164 = re.compile(r"\+[1-9]\d{1,14}", re.ASCII)
_OTHER = re.compile(r"client:\S{1,121}|sips?:[^\s@]+@[^\s@]+|app:AP[0-9a-fA-F]{32}(\?\S*)?", re.ASCII)
_PUNCTUATION = re.compile(r"[\s().-]")


def normalize(text: str) -> str | None:
    """A number as E.164 (ten digits are taken as North American), or a client, SIP or application address;
    else None.
    """
    if _OTHER.fullmatch(text):
        return text
    number = _PUNCTUATION.sub("", text)
    if number.isascii() and number.isdigit() and len(number) in (10, 11):
        number = ("+1" if len(number) == 10 else "+") + number
    return number if _E164.fullmatch(number) else None


def formatted(number: str) -> str:
    """``(415) 867-5308`` for North American numbers, everything else as it is."""
    if len(number) == 12 and number.startswith("+1") and number[1:].isdigit():
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


def outcome_of(world: World, number: str) -> Outcome:
    """How this number behaves this time: by the seed, by the table above, or answered by a person."""
    row = world.store.one("SELECT * FROM numbers WHERE number = ?", number)
    if row is None:
        return OUTCOMES[MAGIC.get(number, "human")]
    names = unpacked(row["outcomes"])
    world.store.run("UPDATE numbers SET used = used + 1 WHERE number = ?", number)
    outcome = OUTCOMES[names[min(row["used"], len(names) - 1)]]
    return outcome if row["talk"] is None else replace(outcome, talk=row["talk"])
