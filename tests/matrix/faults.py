"""The faults of the matrix: the table of hostile answers (tests/hostile/answers.py) and the service's own
refusals, and lies: answers of the right form that are not true."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.hostile.answers import (
    BROKEN,
    FOREIGN_REFUSALS,
    NOT_THE_ANSWER,
    NOT_THE_WAV,
    TWILIO_404,
    html,
    twilio_error,
)
from tests.twilio.scripted import SILENCE, answer, error

Edit = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """What comes back instead of the answer: `step`, or the true answer as `edit` leaves it.

    One that is not `honest` looks like an answer of the service's own, so that nobody can know better: it
    must do no harm, but a command that believes it may say that all is well.
    """

    name: str
    step: bytes = b""
    edit: Edit | None = None
    honest: bool = True

    @property
    def stalls(self) -> bool:
        """Whether only a timeout ends it."""
        return self.step == SILENCE

    def spoiled(self, reply: bytes) -> bytes:
        """The true answer after the edit; as it is where that has nothing to say about it."""
        head, _, body = reply.partition(b"\r\n\r\n")
        if self.edit is None or not head.startswith(b"HTTP/1.1 2") or not body.startswith(b"{"):
            return reply
        document = json.loads(body)
        self.edit(document)
        return answer(int(head.split()[1]), document, Content_Type="application/json")


SERVICE: dict[str, bytes] = {
    "bad request": twilio_error(400, 20001),
    "wrong credentials": twilio_error(401, 20003),
    "not permitted": twilio_error(403, 20003),
    "conflict": twilio_error(409, 20409),
    "too many requests": twilio_error(429, 20429),
    "too many requests, wait": error(429, 20429, Retry_After="2"),
    "too many requests, wait for ever": error(429, 20429, Retry_After="99999999999"),
    "internal error": twilio_error(500, 20500),
    "bad gateway": html(502),
    "unavailable, wait": html(503, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"),
    "gateway timeout": answer(504, raw=b""),
    "request timeout": answer(408, raw=b""),
    "redirect": answer(302, raw=b"", Location="https://198.51.100.1/elsewhere"),
    "redirect to itself": answer(307, raw=b"", Location="?"),
    "not modified": answer(304),
}
"""Refusals of the service and of gateways that speak for it."""


def _rows(document: Any) -> list[Any] | None:
    """The rows of a list; None for a single object."""
    lists = [value for value in document.values() if isinstance(value, list)]
    return lists[0] if "next_page_uri" in document and lists else None


def _each(change: Callable[[Any], object]) -> Edit:
    def edit(document: Any) -> None:
        rows = _rows(document)
        for row in [document] if rows is None else rows:
            if isinstance(row, dict):
                change(row)

    return edit


def _listed(change: Callable[[list[Any], Any], object]) -> Edit:
    def edit(document: Any) -> None:
        rows = _rows(document)
        if rows is not None:
            change(rows, document)

    return edit


def _setting(**fields: object) -> Edit:
    return _each(lambda row: row.update({name: value for name, value in fields.items() if name in row}))


LIES: dict[str, Edit] = {
    "an empty list": _listed(lambda rows, _: rows.clear()),
    "the first row is missing": _listed(lambda rows, _: rows and rows.pop(0)),
    "the last row is missing": _listed(lambda rows, _: rows and rows.pop()),
    "every row twice": _listed(lambda rows, _: rows.extend([*rows])),
    "rows that are none": _listed(lambda rows, _: rows.extend([None, 7, "row", [], {}])),
    "a page that leads to itself": _listed(lambda _, page: page.update(next_page_uri=page.get("uri"))),
    "a page that leads away": _listed(
        lambda _, page: page.update(next_page_uri="https://198.51.100.1/2010-04-01/x.json")
    ),
    "a page that leads out of the account": _listed(
        lambda _, page: page.update(next_page_uri="/2010-04-01/Accounts/AC" + "f" * 32 + "/Queues.json")
    ),
    "a page that leads nowhere": _listed(lambda _, page: page.update(next_page_uri=7)),
    "another account's": _setting(account_sid="AC" + "e" * 32),
    "no sid": _setting(sid=None),
    "a sid of another kind": _setting(sid="AC" + "0" * 32),
    "another object": _each(lambda row: row.update(sid=str(row.get("sid"))[:2] + "9" * 32)),
    "another name": _setting(friendly_name="somebody else's"),
    "a name in controls": _setting(friendly_name="\x1b]0;x\x07\n::error::x", label="\u202e\x00"),
    "another size": _setting(max_size=4999),
    "sizes in words": _setting(max_size="many", current_size="few", average_wait_time="long"),
    "callers are waiting": _setting(current_size=4),
    "the status is unknown": _setting(status="perhaps"),
    "all is over": _setting(status="completed"),
    "all goes on": _setting(status="in-progress"),
    "dates in words": _setting(date_created="yesterday", date_updated="now", start_time="soon"),
    "the dates of tomorrow": _setting(date_created="Fri, 31 Dec 2999 23:59:59 +0000"),
    "nothing but nulls": _each(lambda row: row.update({name: None for name in row if name != "sid"})),
    "nothing but the sid": _each(lambda row: [row.pop(name) for name in [*row] if name != "sid"]),
    "everybody is somebody else": _each(
        lambda row: row.update({name: "+15550009999" for name in ("to", "from") if name in row})
    ),
    "nobody is anybody": _setting(to="anonymous", call_sid=None, label=None),
    "another call's": _setting(call_sid="CA" + "9" * 32, conference_sid="CF" + "9" * 32),
    "flags are turned": _each(
        lambda row: row.update({name: not value for name, value in row.items() if isinstance(value, bool)})
    ),
}
"""2xx answers of the right form, in which something is not true."""


def table() -> dict[str, Fault]:
    """Every fault, by name."""
    found = [
        *(Fault(f"foreign: {name}", step) for name, step in FOREIGN_REFUSALS.items()),
        *(Fault(f"not the answer: {name}", step) for name, step in NOT_THE_ANSWER.items()),
        *(Fault(f"broken: {name}", step) for name, step in BROKEN.items()),
        *(Fault(f"service: {name}", step) for name, step in SERVICE.items()),
        *(Fault(f"gone: {name}", step, honest=False) for name, step in TWILIO_404.items()),
        *(Fault(f"lie: {name}", edit=edit, honest=False) for name, edit in LIES.items()),
    ]
    return {fault.name: fault for fault in found}


def audio() -> dict[str, Fault]:
    """What comes instead of a recording's audio, beside all others."""
    return {f"audio: {name}": Fault(f"audio: {name}", step) for name, step in NOT_THE_WAV.items()}
