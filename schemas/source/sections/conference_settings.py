"""The attributes of TwiML <Conference>, for the section `conferences`."""

from __future__ import annotations

from schemas.source.blocks import block, defined, listed
from schemas.source.values import HTTPS_URL, Node, choice, flag, matching, sid, text, whole, word


def settings() -> Node:
    """The block `settings` of a conference."""
    return block(
        "Settings",
        "The attributes of TwiML <Conference>, in snake case. What is not declared is left to Twilio.",
        {**_room(), **_recording(), **_callbacks(), **_person()},
        null=True,
        default={},
        examples=[{"beep": "on-enter", "max_participants": 40}],
    )


def beep(description: str) -> Node:
    """When a tone is played, of a room or of one participant."""
    return choice("Beep", description, [True, False, "on-enter", "on-exit"], default=True)


def wait_url(description: str) -> Node:
    """What people hear who wait, of a room or of one participant."""
    return matching(
        "Waiting sound",
        description,
        f"^$|{HTTPS_URL}",
        "must be an https:// URL, or empty for silence",
        longest=2048,
        examples=[""],
    )


def _room() -> dict[str, Node]:
    """How people enter and leave, and the room itself."""
    return {
        "muted": flag("Muted", "Everybody enters muted.", default=False),
        "beep": beep("When a tone is played to the room: always, never, or only on entry or exit."),
        "start_conference_on_enter": flag(
            "Starts the conference",
            "The conference begins when this person enters; before that people hear the wait_url.",
            default=True,
        ),
        "end_conference_on_exit": flag(
            "Ends the conference",
            "The conference ends for everybody when this person leaves.",
            default=False,
        ),
        "wait_url": wait_url(
            "A URL of audio or TwiML for people who wait for the conference to begin; an empty text is "
            "silence. The default is hold music."
        ),
        "wait_method": defined("http_method"),
        "max_participants": whole(
            "Places", "The most people that fit into the room.", 2, 250, default=250, examples=[40]
        ),
    }


def _recording() -> dict[str, Node]:
    """Whether it is recorded, and how its sound is made."""
    return {
        "record": choice(
            "Recording",
            "Whether the whole conference is recorded.",
            ["do-not-record", "record-from-start"],
            default="do-not-record",
        ),
        "recording_configuration_id": text(
            "Recording configuration",
            "The id of a recording configuration of the account.",
            longest=128,
            examples=["standup-recordings"],
        ),
        "region": choice(
            "Region",
            "Where the audio is mixed. Without it Twilio chooses; the first participant decides.",
            ["us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1"],
        ),
        "coach": sid(
            "Coached call",
            "The SID of the call that is coached: only that person hears who enters.",
            "CA",
            "a call",
        ),
        "trim": choice(
            "Trimming",
            "Whether silence is cut from the ends of the recording.",
            ["trim-silence", "do-not-trim"],
            default="trim-silence",
        ),
    }


def _callbacks() -> dict[str, Node]:
    """Whom Twilio tells what happens."""
    return {
        "status_callback": defined("https_url"),
        "status_callback_method": defined("http_method"),
        "status_callback_event": listed(
            "Events",
            "Which events of the conference the status callback is told of.",
            word(["start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"]),
            unique=True,
            default=["start", "end"],
            examples=[["start", "end", "join", "leave"]],
        ),
        "recording_status_callback": defined("https_url"),
        "recording_status_callback_method": defined("http_method"),
        "recording_status_callback_event": listed(
            "Recording events",
            "Which events of the recording its callback is told of.",
            word(["in-progress", "completed", "failed", "absent"]),
            unique=True,
            default=["completed"],
            examples=[["in-progress", "completed"]],
        ),
        "event_callback_url": defined("https_url"),
    }


def _person() -> dict[str, Node]:
    """What concerns the line of whoever dials in."""
    return {
        "jitter_buffer_size": choice(
            "Jitter buffer",
            "How much the sound is delayed to even out the network.",
            ["off", "small", "medium", "large"],
            default="large",
        ),
        "participant_label": matching(
            "Label",
            "A label for the person who dials in with this document; within one room it can be used by one "
            "person at a time.",
            "^[^/]+$",
            "must not contain a slash",
            shortest=1,
            longest=128,
            examples=["moderator"],
            public=True,
        ),
    }
