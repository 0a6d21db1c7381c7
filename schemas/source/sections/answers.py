"""What people hear who take a call, for the section `calls`."""

from __future__ import annotations

from schemas.source.blocks import block, defined, either
from schemas.source.values import NAME, Node, matching, sid, text, whole


def answer() -> Node:
    """The key `answer` of a call."""
    return block(
        "Answer",
        "What happens when somebody answers: exactly one of these. In say, twiml and url `{{ name }}` stands "
        "for what the table of `to` has in its column of that name.",
        {
            "conference": _declared("conference", "which the call joins", "standup"),
            "queue": _declared("queue", "in which the call waits", "support"),
            "say": either(
                "Speech",
                "A text that is spoken.",
                text("Text", "Spoken as it is.", examples=["Good morning."]),
                _speech(),
                examples=["Good morning.", "Hello {{ name }}, your visit is on {{ when }}."],
            ),
            "twiml": text(
                "TwiML",
                "A whole document, at most 4000 characters.",
                examples=["<Response><Say>Hello</Say></Response>"],
            ),
            "url": _url(),
            "method": defined("http_method"),
            "application_sid": sid("Application", "The SID of a TwiML application.", "AP", "an application"),
        },
        least=1,
        examples=[
            {"say": "Your appointment is tomorrow at ten."},
            {"conference": "standup"},
            {"url": "https://example.com/answer.xml", "method": "GET"},
        ],
    )


def _url() -> Node:
    """A URL whose path and query may name columns."""
    column = r"\{\{[^{}\r\n]*\}\}"
    return matching(
        "URL",
        "An https URL that answers with TwiML; http is accepted for this machine only. Columns may be named "
        "behind the host, and what they hold is escaped.",
        rf"^(https://[^\s/?#{{}}]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{{1,5}})?)"
        rf"([/?#]([^\s{{]|{column}|\{{(?!\{{))*)?$",
        "must be an https:// URL",
        longest=2048,
        examples=["https://example.com/answer.xml", "https://example.com/answer.xml?id={{ id }}"],
    )


def _declared(kind: str, purpose: str, example: str) -> Node:
    """The key of another object of this configuration."""
    return matching(
        kind.capitalize(),
        f"The key of a declared {kind}, {purpose}.",
        NAME,
        f"must be the key of a declared {kind}",
        examples=[example],
        public=True,
    )


def _speech() -> Node:
    return block(
        "Text and voice",
        "With a voice of one's own.",
        {
            "text": text("Text", "What is spoken.", examples=["Guten Morgen."]),
            "voice": text("Voice", "One of Twilio's voices.", examples=["alice"], public=True),
            "language": text(
                "Language", "The language of the text.", shortest=2, examples=["de-DE"], public=True
            ),
            "loop": whole("Repetitions", "How often it is spoken.", 1, 100, default=1, examples=[2]),
        },
        required=["text"],
        examples=[{"text": "Guten Morgen.", "language": "de-DE"}],
    )
