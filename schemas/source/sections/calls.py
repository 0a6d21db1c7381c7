"""The section `calls`; when, whom not, and what people hear have modules of their own beside this one."""

from __future__ import annotations

from schemas.source.blocks import Section, block, defined, either, entries, listed, notes
from schemas.source.sections import (
    answers,
    call_parameters,
    calling_rules,
    contact_limits,
    do_not_call,
    outcomes,
    reassigned,
    recipients,
    schedules,
)
from schemas.source.values import (
    Json,
    Node,
    annotated,
    choice,
    duration,
    flag,
    or_variable,
    party,
)


def section() -> Section:
    """Scheduled calls by name."""
    return Section(
        keys={
            "calls": entries(
                "Scheduled calls",
                "Outbound calls by name. Registered by apply, placed by apply and dispatch, each at most "
                "once.",
                "call",
                examples=[{"reminder": _example()}],
                merge="keys",
            )
        },
        definitions={
            "call": _call(),
            "callee": party(
                "Number",
                "A phone number in international form, in quotes; or client:NAME, or sip:ADDRESS.",
                "+15558675310",
            ),
            "schedule": schedules.schedule(),
            "calling_hours": schedules.calling_hours(),
            "answer": answers.answer(),
            **do_not_call.definitions(),
            **call_parameters.definitions(),
        },
    )


def _example() -> Json:
    return {
        "to": "+15558675310",
        "from": "+15017122661",
        "schedule": {"at": "2026-12-01T09:00:00", "timezone": "America/New_York"},
        "answer": {"say": "Your appointment is tomorrow at ten."},
    }


def _call() -> Node:
    return block(
        "Scheduled call",
        "Who is called when, and what they hear. Each occurrence calls each number at most once.",
        {
            "enabled": flag(
                "Enabled",
                "Whether anybody is called. Turned off and applied, a schedule is paused: what becomes due "
                "meanwhile is not placed. Turned on again, `misfire_grace` says what is too late.",
                default=True,
            ),
            "to": _recipients(),
            "from": party(
                "Caller",
                "A number of the account, in quotes; or client:NAME, or sip:ADDRESS.",
                "+15017122661",
            ),
            "schedule": defined("schedule"),
            "misfire_grace": duration(
                "Misfire grace",
                "How late a call may be placed; later than this it is missed, never placed. Also how long "
                "calling hours are waited for.",
                default="15m",
                examples=["15m"],
            ),
            "misfire": recipients.misfire(),
            "calling_hours": defined("calling_hours"),
            "purpose": contact_limits.purpose(),
            "rules": calling_rules.used(),
            "do_not_call": do_not_call.lists(),
            "reassigned": reassigned.file(),
            "answer": defined("answer"),
            **call_parameters.of_calls(),
            "retry": outcomes.retry(),
            "waves": outcomes.waves(),
            "pace": annotated(
                "Pace",
                "Calls per second. Twilio dials one per second unless the account may do more.",
                or_variable({"type": "number", "exclusiveMinimum": 0, "maximum": 1000}),
                default=1,
                examples=[1],
            ),
            **_later(),
            **notes(),
            "protect": defined("protect"),
            "aliases": defined("aliases"),
        },
        required=["to", "from", "schedule", "answer"],
        examples=[_example()],
    )


def _recipients() -> Node:
    return either(
        "Who is called",
        "A phone number, a list of numbers, or the rows of a CSV file. A number that is given twice is "
        "called once.",
        defined("callee"),
        listed(
            "Numbers", "Several recipients.", defined("callee"), examples=[["+15558675310", "+15558675311"]]
        ),
        recipients.table(),
        examples=["+15558675310"],
    )


def _later() -> dict[str, Node]:
    """What becomes of calls when their schedule is changed or removed."""
    return {
        "on_remove": choice(
            "On removal",
            "What becomes of calls that are queued or going on when the schedule is removed: they finish, or "
            "they are ended.",
            ["let-finish", "cancel"],
            default="let-finish",
        ),
        "on_change": choice(
            "On change",
            "What a changed answer means for calls that are going on: they keep the old one, or they are "
            "redirected.",
            ["keep", "redirect"],
            default="keep",
        ),
    }
