"""The section `conferences`; the attributes of a room are in `conference_settings`."""

from __future__ import annotations

from schemas.source.blocks import Section, block, defined, entries, notes
from schemas.source.sections.call_parameters import of_participants
from schemas.source.sections.conference_settings import beep, settings, wait_url
from schemas.source.values import Node, choice, flag, matching, party, text


def section() -> Section:
    """Conference rooms by name."""
    return Section(
        keys={
            "conferences": entries(
                "Conferences",
                "Conference settings by name. The name is the second part of the address: "
                "conference.standup. A room itself appears when somebody joins it.",
                "conference",
                examples=[{"standup": {"settings": {"beep": "on-enter", "max_participants": 40}}}],
                merge="keys",
            )
        },
        definitions={
            "conference": _conference(),
            "participant": _participant(),
            "phone_number": matching(
                "Phone number",
                "A phone number in international form (E.164), in quotes: + and up to 15 digits.",
                r"^\+[1-9][0-9]{6,14}$",
                'must be a phone number in international form, such as "+15558675310"',
                examples=["+15558675310"],
                public="numbers",
            ),
        },
    )


def _conference() -> Node:
    return block(
        "Conference",
        "The settings of one conference, and what is kept true while a room of this name is live.",
        {
            "friendly_name": text(
                "Name in the account",
                "The name that people dial into. The default is the key. It is no place for personal data.",
                longest=128,
                examples=["standup"],
                public=True,
            ),
            "settings": settings(),
            "participants": entries(
                "Participants",
                "People who are kept in the room while it is live: apply phones those who are missing.",
                "participant",
                most=250,
                examples=[{"bridge": {"to": "+15558675310", "from": "+15017122661"}}],
            ),
            "status": choice(
                "Status",
                "`open`: a live room is kept as declared. `ended`: a live room of this name is ended.",
                ["open", "ended"],
                default="open",
            ),
            "start": flag(
                "Start",
                "Phone the participants also when there is no live room, which begins one.",
                default=False,
            ),
            "max_duration": defined("duration"),
            "announce": block(
                "Announcement",
                "Played once in each live room, and once more when it is declared differently.",
                {"url": defined("https_url"), "method": defined("http_method")},
                required=["url"],
                null=True,
                default=None,
                examples=[{"url": "https://example.com/notice.xml", "method": "GET"}],
            ),
            **notes(),
            "aliases": defined("aliases"),
        },
        null=True,
        default={},
        examples=[{"settings": {"beep": "on-enter"}, "max_duration": "4h"}],
    )


def _participant() -> Node:
    when_added = "Decided when the participant is added; the default is that of the settings."
    kept = "Kept as declared; the default is that of the settings."
    return block(
        "Participant",
        "Somebody who is phoned into the room. It costs money and disturbs a person.",
        {
            "to": party(
                "Who is phoned",
                "A phone number in international form, in quotes; or client:NAME, or sip:ADDRESS.",
                "+15558675310",
                number="[1-9][0-9]{6,14}",
            ),
            "from": defined("phone_number"),
            "muted": flag(
                "Muted",
                "Whether the participant is muted. Kept as declared; the default is that of the settings.",
                default=False,
            ),
            "hold": flag("On hold", "Whether the participant is on hold. Kept as declared.", default=False),
            "start_conference_on_enter": flag("Starts the conference", when_added, default=True),
            "end_conference_on_exit": flag("Ends the conference", kept, default=False),
            "beep": beep("When a tone is played; the default is that of the settings."),
            "early_media": flag(
                "Early media",
                "Whether the room hears the participant's line before it is answered.",
                default=True,
            ),
            **_in_the_room(),
            **of_participants(),
        },
        required=["to", "from"],
        examples=[{"to": "+15558675310", "from": "+15017122661", "muted": True}],
    )


def _in_the_room() -> dict[str, Node]:
    """How a participant is known, whom it hears, and what is heard by it alone."""
    return {
        "label": matching(
            "Label",
            "Under which the participant is known in the room, to programs too. The default is made of the "
            "address and the key.",
            r"^(?!CA[0-9a-fA-F]{32}$)(?!.*%2[fF])[^/]+$",
            "must not contain a slash, nor be the SID of a call",
            shortest=1,
            longest=128,
            examples=["bridge"],
            public=True,
        ),
        "coach": matching(
            "Coached participant",
            "The key of another participant of this conference, who alone hears this one; or the SID of a "
            "call. Kept as declared. The participant is phoned only once the other is in the room.",
            r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
            "must be the key of another participant",
            examples=["agent"],
            public=True,
        ),
        "hold_url": defined(
            "https_url",
            "Sound on hold",
            "What the participant hears while on hold; hold music without it.",
            ["https://example.com/hold.xml"],
        ),
        "hold_method": choice("Method", "How Twilio requests hold_url.", ["GET", "POST"], default="GET"),
        "wait_url": wait_url(
            "A URL of audio or TwiML for the participant while the conference has not begun; an empty text "
            "is silence. The default is that of the settings."
        ),
        "wait_method": defined("http_method"),
        "announce": block(
            "Announcement",
            "Played to this participant alone, once in each call.",
            {"url": defined("https_url"), "method": defined("http_method")},
            required=["url"],
            examples=[{"url": "https://example.com/notice.xml", "method": "GET"}],
        ),
    }
