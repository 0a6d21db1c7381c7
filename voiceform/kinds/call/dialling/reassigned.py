"""What the Reassigned Numbers Database answered about numbers. Pure.

The database of the FCC says of a number and a date of consent whether the number was permanently disconnected
on that date or later ("yes"), was not ("no"), or that it does not know ("no data"). It knows numbers of the
United States (https://docs.fcc.gov/public/attachments/DA-21-1649A1.txt). Twilio's Lookup answers alike
(https://www.twilio.com/docs/lookup/v2-api/reassigned-number).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from voiceform.kinds.call.dialling.donotcall import SHORTEST, FileSpec, age_of, by_ending
from voiceform.model.numbers import person

_NORTH_AMERICA = "+1"
_REGIONS = frozenset({"US", "PR", "VI", "GU", "MP", "AS"})


class Answer(StrEnum):
    """What the database said; of two answers of one day the lower one counts."""

    YES = "yes"
    NO_DATA = "no data"
    NO = "no"


_WEIGHT = (Answer.YES, Answer.NO_DATA, Answer.NO)


@dataclass(frozen=True, slots=True)
class ReassignedSpec(FileSpec):
    """One file of answers: a table with a header. `column` has the number, `answer` the answer, `consent` the
    date of consent that was asked about, if there is such a column. `call_unknown` lets people be called of
    whom the database knows nothing. Ages as of a do-not-call list."""

    file: str
    column: str = "number"
    answer: str = "answer"
    consent: str | None = None
    call_unknown: bool = False
    max_age: timedelta | None = None
    as_of: datetime | None = None

    @property
    def title(self) -> str:
        """What it is called."""
        return f"the file of reassigned numbers {self.file}"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ReassignedSpec:
        """From a schema-valid mapping; ValueError says what is wrong with it."""
        max_age, as_of = age_of(document)
        named = {key: document[key] for key in ("column", "answer", "consent") if key in document}
        return cls(
            document["csv"],
            **named,
            call_unknown=document.get("no_data") == "call",
            max_age=max_age,
            as_of=as_of,
        )


@dataclass(frozen=True, slots=True)
class ReassignedContent:
    """What a file says: the answer for the latest consent of each person."""

    answers: Mapping[str, Answer]
    call_unknown: bool
    modified: datetime
    _endings: dict[int, Mapping[str, Answer]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls, rows: Iterable[tuple[str, date | None, Answer]], spec: ReassignedSpec, modified: datetime
    ) -> ReassignedContent:
        """From people, when they consented, and what was answered."""
        latest: dict[str, tuple[date, Answer]] = {}
        for who, consent, answer in rows:
            day = consent or date.min
            known = latest.get(who)
            if known is None or (day, -_WEIGHT.index(answer)) > (known[0], -_WEIGHT.index(known[1])):
                latest[who] = day, answer
        answers = {who: answer for who, (_, answer) in latest.items()}
        return cls(answers, spec.call_unknown, modified)

    def refusal(self, who: str, dialled: str | None, now: datetime) -> str | None:
        """Why somebody is not called, or None."""
        ending = None if dialled is None else self._of_ending(dialled[-SHORTEST:])
        if who.startswith("+") and ending is not Answer.YES:
            if not concerned(who):
                return None
            answer = self.answers.get(who)
        elif dialled is not None:
            answer = ending
        else:
            return None
        if answer is Answer.YES:
            return "disconnected since consent was given"
        if answer is Answer.NO or self.call_unknown:
            return None
        if answer is None:
            return "not in the file of reassigned numbers"
        return "nobody knows if the number was reassigned"

    def _of_ending(self, ending: str) -> Answer | None:
        """What was answered about the numbers that end so. Where digits are left out it may be anybody's, and
        only a yes counts."""
        length = len(ending)
        if length not in self._endings:
            self._endings[length] = by_ending(self.answers, length, _worse)
        answer = self._endings[length].get(ending)
        return answer if length == SHORTEST or answer is Answer.YES else None


def _worse(one: Answer, other: Answer) -> Answer:
    return min(one, other, key=_WEIGHT.index)


@lru_cache(maxsize=100_000)
def concerned(who: str) -> bool:
    """Whether the database might know of a number: one of the United States, or of nobody knows where in
    North America."""
    if not who.startswith(_NORTH_AMERICA):
        return False
    import phonenumbers

    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(who))
    except phonenumbers.NumberParseException:
        return True
    return region is None or region in _REGIONS


def read_answer(text: str) -> Answer | None:
    """An answer in any of the spellings that are in use; None for none."""
    folded = text.strip().casefold().replace("_", " ").replace("-", " ")
    return next((answer for answer in Answer if folded == answer), None)


def read_consent(text: str) -> date | None:
    """A date as `2025-06-30`, `20250630` or `06/30/2025`; None for what is none."""
    text = text.strip()
    for form in ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day, of no zone
        except ValueError:
            continue
    return None


def read_person(text: str) -> str | None:
    """Who has a number, also one of ten digits, as the database has them."""
    digits = "".join(character for character in text if character not in "().- /\u00a0")
    if digits.isdigit() and len(digits) == SHORTEST:
        return person(f"+1{digits}")
    who = person(text)
    return who if who is not None and who.startswith("+") else None
