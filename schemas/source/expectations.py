"""What a test expects: of a step, and at the end of a case."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from schemas.source.blocks import block, defined, either, listed
from schemas.source.values import Node, annotated, text

SEED = Path(__file__).resolve().parents[1] / "seed.schema.json"
EVENTS = {
    "calls": "People who were phoned, also into a conference.",
    "ledger": "What became of the calls of schedules, by the words of `voiceform calls list`.",
    "deleted": "What was deleted from the account.",
}
STATUSES = (
    *(
        "planned",
        "due",
        "reserved",
        "deferred",
        "placed",
        "answered",
        "machine",
        "busy",
        "no-answer",
        "failed",
    ),
    *("canceled", "unknown", "missed", "suppressed"),
)


def definitions() -> dict[str, Node]:
    """The expectations, and one of each thing that they name."""
    return {
        "step_expect": _expect("Expected of this step", {**_of_runs(), **_of_accounts()}),
        "case_expect": _expect("Expected at the end", _of_accounts()),
        **_things(),
    }


def _expect(title: str, keys: Mapping[str, Node]) -> Node:
    return block(
        title,
        "What has to be so. A list names all that there are, in any order, and none when it is empty; what "
        "is left out of an entry may be anything. A number says how many there are.",
        keys,
        least=1,
        examples=[{"calls": [{"to": "+12125550101"}]}],
    )


def _of_runs() -> dict[str, Node]:
    code = annotated(
        "Exit code",
        "How the command ends; 0 where nothing is said, and what the rest of the expectation means.",
        {"enum": [0, 1, 2, 3, 4, 5, 6, 7, 8, 64]},
        examples=[0, 4],
    )
    return {
        "exit": code,
        "error": defined("words", "Error", "What has to be in the message of the error."),
        "impact": listed(
            "Impact",
            "Texts, each of which has to be in a line of impact of the plan.",
            defined("words"),
            examples=[["12 callers are waiting"]],
        ),
        "changes": _all_of("expected_change", "What the plan changes."),
        "drift": _all_of("expected_drift", "What was changed behind our back."),
        "blocked": listed(
            "Blocked",
            "The rules that refuse the plan, by their names; none when it is empty.",
            text("Rule", "The name of a rule.", examples=["max_deletes"]),
            least=None,
            examples=[["max_deletes"]],
        ),
        "findings": _all_of("expected_finding", "What is wrong with the configuration, or doubtful in it."),
    }


def _of_accounts() -> dict[str, Node]:
    by_status = {name: _all_of("expected_entry", f"Calls that are {name}.") for name in STATUSES}
    gone = {
        "queues": _all_of("expected_queue", "Queues."),
        "recordings": _all_of("expected_recording", "Recordings."),
        "call_records": _all_of("expected_call_record", "Call records."),
    }
    return {
        "calls": _all_of("expected_call", EVENTS["calls"]),
        "ledger": block(
            "Ledger", EVENTS["ledger"], by_status, least=1, examples=[{"suppressed": [{"reason": "list"}]}]
        ),
        "queues": _all_of("expected_queue", "The queues that there are."),
        "conferences": _all_of("expected_conference", "The conferences that are live."),
        "recordings": _all_of("expected_recording", "The recordings that there are."),
        "deleted": block("Deleted", EVENTS["deleted"], gone, least=1, examples=[{"recordings": 2}]),
    }


def _all_of(thing: str, description: str) -> Node:
    items = listed("All", "All of them.", defined(thing), least=None, examples=[[]])
    return either("All, or how many", description, defined("times"), items, examples=[0])


def _things() -> dict[str, Node]:
    """What is expected of one of each."""
    return {
        "expected_call": _thing("A call that was placed", _CALL),
        "expected_entry": _thing("A call of a schedule", _ENTRY),
        "expected_queue": _thing(
            "A queue", _fields("queue", "sid", "friendly_name", "max_size", "current_size")
        ),
        "expected_conference": _thing(
            "A conference",
            {
                **_fields("conference", "sid", "friendly_name", "status"),
                "participants": _all_of("expected_participant", "Who is in it."),
            },
        ),
        "expected_participant": _thing(
            "Somebody in a conference",
            _fields(
                *("participant", "call_sid", "label", "status", "muted", "hold", "coaching"),
                *("start_conference_on_enter", "end_conference_on_exit"),
            ),
        ),
        "expected_recording": _thing(
            "A recording",
            _fields(
                *("recording", "sid", "call_sid", "conference_sid", "status", "source", "channels"),
                *("duration", "date_created"),
            ),
        ),
        "expected_call_record": _thing(
            "A call record", _fields("call", "sid", "to", "from", "status", "direction", "date_created")
        ),
        "expected_change": _thing("A change", _CHANGE),
        "expected_drift": _thing("A drift", _DRIFT),
        "expected_finding": _thing("A finding", _FINDING),
    }


def _thing(title: str, keys: Mapping[str, Node]) -> Node:
    return block(title, f"{title}; what is left out may be anything.", keys, least=1, examples=[])


def _fields(name: str, *fields: str) -> dict[str, Node]:
    """Fields of a seed."""
    seed = json.loads(SEED.read_text(encoding="utf-8"))
    properties: Mapping[str, Node] = seed["$defs"][name]["properties"]
    return {field: properties[field] for field in fields}


_CALL: Mapping[str, Node] = {
    "to": text("Whom", "Who is phoned.", examples=["+12125550101"]),
    "from": text("Caller", "The number that calls.", examples=["+15017122661"]),
    "at": defined("moment", "When", "To the second."),
    "hears": defined("words", "Hears", "What has to be in what is said, or in the URL of it."),
    "conference": text("Conference", "The room, by its name.", examples=["standup"]),
}
_ENTRY: Mapping[str, Node] = {
    "address": text("Schedule", "Its address.", examples=["call.reminder"]),
    "to": text("Whom", "Who is, or would be, phoned.", examples=["+12125550101"]),
    "occurrence": defined("moment", "Occurrence", "The time for which the call is."),
    "answered_by": text("Answered by", "Who answered, as the API says.", examples=["machine_start"]),
    "attempt": annotated("Attempt", "Which one, from 1.", {"type": "integer", "minimum": 0}, examples=[2]),
    "reason": defined("words", "Reason", "What has to be in the reason."),
}
_CHANGE: Mapping[str, Node] = {
    "address": text("Address", "What is changed.", examples=["queue.support"]),
    "action": annotated(
        "Action", "What is done to it.", {"enum": ["create", "update", "delete"]}, examples=["create"]
    ),
    "reason": defined("words", "Reason", "What has to be in the reason."),
}
_DRIFT: Mapping[str, Node] = {
    "address": _CHANGE["address"],
    "status": annotated("Status", "What happened.", {"enum": ["changed", "gone"]}, examples=["gone"]),
}
_FINDING: Mapping[str, Node] = {
    "code": text("Code", "As in brackets.", examples=["do-not-call"]),
    "severity": annotated("Severity", "How bad it is.", {"enum": ["error", "warning"]}, examples=["warning"]),
    "message": defined("words", "Message", "What has to be in the message."),
}
