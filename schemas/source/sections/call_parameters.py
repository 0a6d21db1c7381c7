"""How a call is placed: what scheduled calls and participants of conferences have in common.

The parameters of createCall and createParticipant in groups; bounds as in
https://www.twilio.com/docs/voice/api/call-resource.
"""

from __future__ import annotations

from collections.abc import Sequence

from schemas.source.blocks import block, defined, either, listed
from schemas.source.values import Json, Node, annotated, choice, flag, matching, sid, text, whole

_CALL_RECORDING_EVENTS = ("in-progress", "completed", "absent")
_PARTICIPANT_RECORDING_EVENTS = (
    "started",
    "in-progress",
    "paused",
    "resumed",
    "stopped",
    "completed",
    "failed",
    "absent",
)


def definitions() -> dict[str, Node]:
    """What both sections refer to."""
    return {
        "call_recording": _recording(_CALL_RECORDING_EVENTS),
        "participant_recording": _recording(_PARTICIPANT_RECORDING_EVENTS),
        "call_machine_detection": _machine_detection(
            {
                "async": flag(
                    "In the background",
                    "Whether the call goes on while Twilio finds out, instead of silence until it knows.",
                    default=False,
                )
            },
            {"mode": "DetectMessageEnd", "timeout": 20, "async": True},
        ),
        "participant_machine_detection": _machine_detection({}, {"mode": "Enable", "silence_timeout": 3000}),
        "call_progress": _progress(),
        "sip_auth": _sip_auth(),
    }


def of_calls() -> dict[str, Node]:
    """The keys of a scheduled call."""
    return {
        "timeout": whole(
            "Ringing time", "Seconds for which it rings. Twilio's default is 60.", 1, 600, examples=[30]
        ),
        "time_limit": _time_limit("Seconds after which a call ends. Twilio's default is 4 hours."),
        "record": flag(
            "Recording",
            "Whether the call is recorded. Turned on later, apply begins to record calls that are going on. "
            "`recording` says how, and turns it on by itself.",
            default=False,
        ),
        "recording": defined("call_recording"),
        "machine_detection": defined("call_machine_detection"),
        "send_digits": matching(
            "Digits",
            "Keys that are dialled as soon as somebody answers, such as an extension; w waits for half a "
            "second, W for a second. Twilio does not look for machines then.",
            "^[0-9A-Da-d#*wW]{1,32}$",
            "must be 1 to 32 of 0-9, A-D, #, *, w and W, in quotes",
            examples=["W1234#"],
        ),
        "fallback": block(
            "Fallback",
            "A URL of TwiML that Twilio asks for where the answer cannot be fetched or fails.",
            {"url": defined("https_url"), "method": defined("http_method")},
            required=["url"],
            examples=[{"url": "https://example.com/fallback.xml"}],
        ),
        "status_callback": defined("call_progress"),
        **_presented(),
        **_routed(),
    }


def of_participants() -> dict[str, Node]:
    """The keys of a participant."""
    return {
        "record": flag(
            "Recording",
            "Whether this participant alone is recorded. `recording` says how, and turns it on by itself.",
            default=False,
        ),
        "recording": defined("participant_recording"),
        "machine_detection": defined("participant_machine_detection"),
        "timeout": whole("Ringing time", "Seconds for which it rings.", 5, 600, default=60, examples=[30]),
        "time_limit": _time_limit("Seconds after which the participant's call ends."),
        "status_callback": defined("call_progress"),
        **_presented(),
        "caller_display_name": text(
            "Displayed name",
            "The name that a SIP device shows. For sip: addresses alone.",
            shortest=2,
            longest=255,
            examples=["Acme Clinic"],
        ),
        **_routed(),
    }


def _time_limit(description: str) -> Node:
    return whole("Time limit", description, 1, 86400, examples=[3600])


def _presented() -> dict[str, Node]:
    """What whoever is called sees."""
    return {
        "caller_id": matching(
            "Shown number",
            "What is shown as the caller in place of `from`: a phone number in international form, "
            "client:NAME, sip:ADDRESS, or for SIP the user part of an address.",
            r"^(\+.{6,30}|client:\S+|sips?:\S+|[A-Za-z0-9][A-Za-z0-9._+@-]*)$",
            'must be a phone number such as "+15558675310", client:NAME, sip:ADDRESS or a user name of SIP',
            longest=256,
            examples=["+15017122661"],
            public="numbers",
        ),
        "call_reason": text(
            "Reason",
            "Why somebody is called, as it is shown on telephones that can (Branded Calls).",
            longest=64,
            examples=["Your appointment"],
        ),
    }


def _routed() -> dict[str, Node]:
    """Which way the call takes."""
    return {
        "byoc": sid(
            "Trunk",
            "The SID of a trunk of your own carrier that phone numbers are called through.",
            "BY",
            "a BYOC trunk",
        ),
        "sip_auth": defined("sip_auth"),
        "client_notification_url": defined(
            "https_url",
            "Push notification",
            "The URL through which Twilio sends push notifications. For client: addresses alone.",
            ["https://example.com/push"],
        ),
    }


def _recording(events: Sequence[str]) -> Node:
    return block(
        "How it is recorded",
        "Turns recording on, and says how. What is not declared is left to Twilio.",
        {
            "channels": choice(
                "Channels", "One for everybody, or one for each side.", ["mono", "dual"], default="mono"
            ),
            "track": choice(
                "Track",
                "Which side is recorded: what Twilio hears, what it says, or both.",
                ["inbound", "outbound", "both"],
                default="both",
            ),
            "trim": choice(
                "Trimming",
                "Whether silence is cut from the ends. Twilio's default is trim-silence, and do-not-trim for "
                "what is begun in the middle of a call.",
                ["trim-silence", "do-not-trim"],
            ),
            "configuration": text(
                "Recording configuration",
                "The id of a recording configuration of the account.",
                longest=128,
                examples=["interviews"],
            ),
            "callback": _told(
                "Callback",
                "A URL that Twilio tells when the recording can be fetched.",
                events,
                ["in-progress", "completed"],
                {"url": "https://example.com/recorded"},
            ),
        },
        least=1,
        examples=[{"channels": "dual", "callback": {"url": "https://example.com/recorded"}}],
    )


def _machine_detection(more: dict[str, Node], example: dict[str, object]) -> Node:
    """The mode alone, or with what else there is to say."""
    mode = choice(
        "Mode",
        "Whether Twilio finds out if a person or a machine answers, and whether it waits for the end of the "
        "greeting.",
        ["Enable", "DetectMessageEnd"],
    )
    return either(
        "Machine detection",
        "Whether Twilio finds out if a person or a machine answers.",
        mode,
        block(
            "Machine detection",
            "With times of one's own.",
            {
                "mode": mode,
                "timeout": whole(
                    "Time", "Seconds that it may take. Twilio's default is 30.", 3, 59, examples=[20]
                ),
                "speech_threshold": whole(
                    "Longest greeting of a person",
                    "Milliseconds of speech; who speaks for longer is a machine. Twilio's default is 2400.",
                    1000,
                    6000,
                    examples=[2000],
                ),
                "speech_end_threshold": whole(
                    "End of speech",
                    "Milliseconds of silence that end it. Twilio's default is 1200.",
                    500,
                    5000,
                    examples=[1000],
                ),
                "silence_timeout": whole(
                    "Silence",
                    "Milliseconds of silence from the beginning that make the answer unknown. Twilio's "
                    "default is 5000.",
                    2000,
                    10000,
                    examples=[3000],
                ),
                **more,
                "callback": block(
                    "Callback",
                    "A URL that Twilio tells who answered. Of a scheduled call with `async` alone.",
                    {"url": defined("https_url"), "method": defined("http_method")},
                    required=["url"],
                    examples=[{"url": "https://example.com/answered-by"}],
                ),
            },
            required=["mode"],
            examples=[example],
        ),
        examples=["Enable", example],
    )


def _progress() -> Node:
    events = ("initiated", "ringing", "answered", "completed")
    some = ["answered", "completed"]
    return _told(
        "Status callback",
        "A URL that Twilio tells about the progress of each call.",
        events,
        some,
        {"url": "https://example.com/cb", "events": some},
    )


def _told(title: str, description: str, events: Sequence[str], some: list[Json], example: Json) -> Node:
    """A URL that is told of events; `some` of them, and a whole block, are the examples."""
    return block(
        title,
        description,
        {
            "url": defined("https_url"),
            "events": listed(
                "Events",
                "What Twilio tells.",
                choice("Event", "One event.", events),
                unique=True,
                default=["completed"],
                examples=[some],
            ),
            "method": defined("http_method"),
        },
        required=["url"],
        examples=[example],
    )


def _sip_auth() -> Node:
    return block(
        "SIP login",
        "The login for those sip: addresses that want one.",
        {
            "username": text("User", "The name of the user.", longest=256, examples=["acme"]),
            "password": {
                **annotated(
                    "Password",
                    "A variable of the environment and nothing else, such as ${SIP_PASSWORD}. Whoever calls "
                    "somebody reads it then; plans and state hold its name alone.",
                    {"type": "string", "minLength": 1},
                    examples=["${SIP_PASSWORD}"],
                ),
                "writeOnly": True,
            },
        },
        required=["username", "password"],
        examples=[{"username": "acme", "password": "${SIP_PASSWORD}"}],
    )
