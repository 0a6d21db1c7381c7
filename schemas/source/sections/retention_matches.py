"""What a rule or a hold of the section `retention` is about: criteria for recordings and call records."""

from __future__ import annotations

from schemas.source.blocks import block, defined, listed
from schemas.source.values import Json, Node, sid_check, word


def recording_match() -> Node:
    """Criteria for recordings."""
    return _match(
        "everything",
        {
            "source": listed(
                "Sources",
                "What started the recording.",
                word(
                    [
                        "DialVerb",
                        "Conference",
                        "OutboundAPI",
                        "Trunking",
                        "RecordVerb",
                        "StartCallRecordingAPI",
                        "StartConferenceRecordingAPI",
                    ]
                ),
                examples=[["Conference"]],
            ),
            "status": listed(
                "States",
                "The state of the recording. In any other state it is left alone anyway.",
                word(["completed", "absent", "failed"]),
                examples=[["absent"]],
            ),
            "channels": listed("Channels", "1 for mono, 2 for dual.", word([1, 2]), examples=[[2]]),
            "recording_sid": _sids("Recordings", "The SIDs of recordings.", "RE", "a recording"),
            "conference_sid": _sids("Conferences", "The SIDs of conferences.", "CF", "a conference"),
            **_of_any(),
            **_of_its_call(
                " Looked up once per call.",
                whose=" Any leg of the call counts.",
                either_side=", on any leg of the call: the criterion for everything of a person.",
            ),
        },
        example={"source": ["Conference"], "min_duration": "60s"},
    )


def call_record_match() -> Node:
    """Criteria for call records."""
    return _match(
        "every call",
        {
            "status": listed(
                "States",
                "How the call ended.",
                word(["completed", "busy", "failed", "no-answer", "canceled"]),
                examples=[["busy"]],
            ),
            **_of_any(),
            **_of_its_call(
                "", whose=" The record's own leg counts.", either_side=", by the record's own leg."
            ),
        },
        example={"direction": ["inbound"]},
    )


def _match(what: str, criteria: dict[str, Node], *, example: Json) -> Node:
    return block(
        "What it is about",
        f"Criteria that must all be met. Without any, {what} is meant.",
        criteria,
        null=True,
        default={},
        examples=[example],
    )


def _of_any() -> dict[str, Node]:
    """Criteria that a row itself answers."""
    return {
        "call_sid": _sids(
            "Calls",
            "The SIDs of calls. The call that dialled one of them, and those that it dialled, are meant too.",
            "CA",
            "a call",
        ),
        "min_duration": defined("duration"),
        "max_duration": defined("duration"),
        "created": block(
            "Created",
            "When it was made: from start, which counts, to end, which does not.",
            {"start": defined("date"), "end": defined("date")},
            least=1,
            examples=[{"start": "2026-01-01", "end": "2026-07-01"}],
        ),
    }


def _of_its_call(price: str, *, whose: str, either_side: str) -> dict[str, Node]:
    """Criteria that a call answers. The arguments are what descriptions say of its legs, and of the price."""
    return {
        "from": _parties(
            "Callers",
            f"Who called: numbers, clients or SIP addresses, as in the to of a call.{whose}{price}",
            "+15558675310",
        ),
        "to": _parties("Called", f"Who was called.{whose}{price}", "+15017122661"),
        "number": _parties("Either side", f"Who called or was called{either_side}{price}", "+15558675310"),
        "direction": listed(
            "Directions",
            f"The direction of the call.{price}",
            word(
                ["inbound", "outbound-api", "outbound-dial", "trunking-terminating", "trunking-originating"]
            ),
            examples=[["inbound"]],
        ),
    }


def _sids(title: str, description: str, prefix: str, noun: str) -> Node:
    item = {**sid_check(prefix, noun), "x-public": True}
    return listed(title, description, item, examples=[[prefix + "0123456789abcdef" * 2]])


def _parties(title: str, description: str, example: str) -> Node:
    """People in any spelling: who is meant is compared, and nobody is phoned."""
    item = {"type": "string", "minLength": 1, "maxLength": 256, "x-public": "numbers"}
    return listed(title, description, item, examples=[[example]])
