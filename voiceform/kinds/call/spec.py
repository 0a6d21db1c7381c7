"""A schedule of calls as the plan, apply and dispatch read it from plain JSON attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from voiceform.kinds.call.donotcall import ListSpec
from voiceform.kinds.call.hours import CallingHours
from voiceform.kinds.call.schedule import Schedule, ScheduleError
from voiceform.model.address import Address
from voiceform.model.durations import parse_duration
from voiceform.model.resource import Attributes, fingerprint


@dataclass(frozen=True, slots=True)
class Retry:
    """`attempts` calls in all for one occurrence and number, `delay` apart, while a call ends as in `on`."""

    attempts: int = 1
    delay: timedelta = timedelta(0)
    on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One schedule. `ledger` names its ledger: the first address that it had, so that a renamed schedule
    finds what it did before. `pace` is in calls
    per second. `parameters` are the keywords of createCall but `to`."""

    address: Address
    ledger: str
    to: tuple[str, ...]
    from_: str
    schedule: Schedule
    grace: timedelta
    hours: CallingHours | None
    do_not_call: tuple[ListSpec, ...]
    retry: Retry
    pace: float
    record: bool
    answer: Mapping[str, Any]
    parameters: Mapping[str, Any]
    cancel_on_remove: bool
    redirect_on_change: bool

    @classmethod
    def of(cls, address: Address, attributes: Attributes) -> CallSpec:
        """The schedule that these attributes (see parse.py) describe."""
        retry = attributes["retry"]
        hours = attributes["calling_hours"]
        return cls(
            address=address,
            ledger=attributes.get("ledger") or str(address),
            to=tuple(attributes["to"]),
            from_=attributes["from"],
            schedule=_schedule(address, attributes["schedule"]),
            grace=parse_duration(attributes["misfire_grace"]),
            hours=CallingHours.parse(hours) if hours else None,
            do_not_call=tuple(ListSpec.of(item) for item in attributes["do_not_call"] or ()),
            retry=Retry(retry["attempts"], parse_duration(retry["delay"]), frozenset(retry["on"]))
            if retry
            else Retry(),
            pace=float(attributes["pace"]),
            record=attributes["record"],
            answer=attributes["answer"],
            parameters=_parameters(attributes),
            cancel_on_remove=attributes["on_remove"] == "cancel",
            redirect_on_change=attributes["on_change"] == "redirect",
        )

    @property
    def answer_digest(self) -> str:
        """What a placed call remembers of its answer, to see later whether it has changed."""
        return fingerprint(answer_parameters(self.answer))


def _schedule(address: Address, block: Mapping[str, Any]) -> Schedule:
    """As Schedule.parse; an error names the address, for what is recorded has no place in a file."""
    try:
        return Schedule.parse(block)
    except ScheduleError as error:
        error.where = str(address)
        raise


def answer_parameters(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an answer that is sent."""
    return {key: value for key, value in answer.items() if key != "of"}


def _parameters(attributes: Attributes) -> dict[str, Any]:
    parameters: dict[str, Any] = {"from_": attributes["from"], **answer_parameters(attributes["answer"])}
    for key in ("timeout", "machine_detection"):
        if attributes[key] is not None:
            parameters[key] = attributes[key]
    if attributes["record"]:
        parameters["record"] = True
    callback = attributes["status_callback"]
    if callback:
        parameters["status_callback"] = callback["url"]
        parameters["status_callback_event"] = callback["events"]
        parameters["status_callback_method"] = callback["method"]
    return parameters
