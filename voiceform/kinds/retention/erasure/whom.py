"""Whom an erasure is about: by number while it is planned, by keyed hash while it is carried out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.kinds.retention.matching.parties import Parties, who_is
from voiceform.kinds.retention.matching.truth import Truth, some
from voiceform.model.errors import UsageError
from voiceform.model.numbers import person

if TYPE_CHECKING:
    from voiceform.kinds.retention.matching.legs import Leg
    from voiceform.twilio.resources import Call

_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Whom:
    """The person who is to be erased, in the one spelling that stands for all, and why."""

    person: str
    reason: str = ""
    parties: Parties = field(init=False)
    _digits: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parties", Parties.of((self.person,)))
        digits = self.person.removeprefix("+") if self.person.startswith("+") else ""
        object.__setattr__(self, "_digits", digits)

    @classmethod
    def of(cls, number: str, reason: str) -> Whom:
        """UsageError for what names nobody, and for a reason that is none or would keep the number."""
        whom = cls(read_person(number), " ".join(reason.split()))
        if not 0 < len(whom.reason) <= _LONGEST_REASON:
            raise UsageError(
                f"the reason has {len(whom.reason)} characters",
                hint=f"say in at most {_LONGEST_REASON} why this person is erased; the evidence keeps it",
            )
        if whom.is_in(whom.reason):
            raise UsageError(
                "the reason holds the number that is to be erased, and the evidence keeps the reason",
                hint="name the request instead, as in --reason 'request 4711'",
            )
        return whom

    def of_call(self, call: Call) -> Truth:
        """Whether a call's own record is of this person. One that somebody else's telephone may have passed
        on from theirs is UNKNOWN."""
        sides = some(self.parties.test(side) for side in (call.from_, call.to))
        passed_on = call.forwarded_from is not None and self.parties.test(call.forwarded_from)
        return Truth.UNKNOWN if sides is Truth.NO and passed_on is Truth.YES else sides

    def of_leg(self, leg: Leg) -> bool:
        """Whether a leg certainly is to or from this person."""
        return Truth.YES in (self.parties.test(leg.from_), self.parties.test(leg.to))

    def is_in(self, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        """Whether a value is this person in any spelling, or holds the number, in a key or a text."""
        return any(self._in_text(text) for text in _texts(value))

    def _in_text(self, text: str) -> bool:
        if not self._digits:
            return self.person.casefold() in text.casefold() or person(text) == self.person
        if self._digits[-4:] not in "".join(character for character in text if character.isdigit()):
            return False
        digits = "".join(character for character in text if character.isdigit())
        return self._digits in digits or person(text) == self.person


@dataclass(frozen=True, slots=True)
class HashedPerson:
    """The person whose `digest` this is, told from others without their number."""

    digest: str
    pseudonyms: Pseudonyms

    def __contains__(self, party: object) -> bool:
        """Whether a party, as the API or the state writes it, certainly is this person."""
        return isinstance(party, str) and self.pseudonyms.of(who_is(party) or party) == self.digest

    def any_of(self, legs: Iterable[Leg]) -> bool:
        """Whether one of these legs is to or from this person."""
        return any(side in self for leg in legs for side in (leg.from_, leg.to))


def read_person(number: str) -> str:
    """Who is meant. UsageError where nobody can know: digits alone may be a number of this country or, with a
    country code, of another one."""
    who = None if number.strip()[:1].isdigit() else person(number)
    if who is None:
        raise UsageError(
            f"{number[:80]!r} is nobody: a person has a number with + and country code, or an address",
            hint="such as +15558675310, sip:anna@example.com or client:anna; nothing was looked for",
        )
    return who


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
