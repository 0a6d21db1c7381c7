"""Files of answers of the Reassigned Numbers Database, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from voiceform.kinds.call.dialling.donotcall import unusable
from voiceform.kinds.call.dialling.reassigned import (
    Answer,
    ReassignedContent,
    ReassignedSpec,
    read_answer,
    read_consent,
    read_person,
)
from voiceform.kinds.call.tables import TableError, read_table


def answers_in(text: str, spec: ReassignedSpec, modified: datetime) -> ReassignedContent:
    """What a file says. DoNotCallError for one with a row that cannot be read: it may be about anybody."""
    content = ReassignedContent.of(_rows(text, spec), spec, modified)
    if not content.answers:
        raise unusable(spec, "is empty", "an export that failed looks like this")
    return content


def _rows(text: str, spec: ReassignedSpec) -> Iterator[tuple[str, date | None, Answer]]:
    columns = [spec.column, spec.answer, *([spec.consent] if spec.consent else [])]
    try:
        for row in read_table(text, columns):
            if row.problem is not None:
                raise TableError(f"does not fit its header: {row.problem}", line=row.line)
            who, answer = read_person(row.cells[0]), read_answer(row.cells[1])
            consent = read_consent(row.cells[2]) if spec.consent else None
            if who is None:
                raise TableError("has a row without a phone number", line=row.line)
            if answer is None:
                raise TableError("has an answer that is neither yes, no nor no data", line=row.line)
            if spec.consent and consent is None:
                raise TableError(
                    "has a row without a date of consent", line=row.line, hint="as 2026-12-01 or 20261201"
                )
            yield who, consent, answer
    except TableError as error:
        place = f" (line {error.line})" if error.line else ""
        raise unusable(spec, f"{error}{place}", error.hint) from None
