"""Keys at the top that belong to no kind (version, account, ownership, safety), and what sections share."""

from __future__ import annotations

from schemas.source.blocks import Section, block, defined, listed
from schemas.source.sections import freezes
from schemas.source.values import (
    HTTPS_URL,
    NAME,
    Node,
    annotated,
    choice,
    duration,
    flag,
    matching,
    or_variable,
    sid_check,
    text,
    whole,
)


def section() -> Section:
    """The keys that belong to no kind, and the definitions that several kinds refer to."""
    return Section(
        keys={
            "version": annotated(
                "Format version",
                "The version of this format. There is one so far.",
                {"type": "integer", "const": 1},
                default=1,
                examples=[1],
                merge="agree",
            ),
            "account": annotated(
                "Account guard",
                "The SID of the account that this configuration is for. Credentials of another account are "
                "refused. Without it any account is accepted.",
                sid_check("AC", "an account", null=True),
                default=None,
                examples=["${TWILIO_ACCOUNT_SID}"],
                merge="agree",
                public=True,
            ),
            "name": text(
                "Name of the account",
                "What people call the account. It is shown beside its SID, above all when somebody is asked "
                "whether changes are to be applied.",
                longest=64,
                null=True,
                default=None,
                examples=["Acme production"],
                merge="agree",
                public=True,
            ),
            "ownership": choice(
                "Ownership",
                "What becomes of live queues that nobody declared. `recorded`: they are left alone, whoever "
                "made them. `exclusive`: this configuration owns the account's queues, and those that are "
                "not declared are deleted.",
                ["recorded", "exclusive"],
                default="recorded",
                merge="agree",
            ),
            "safety": _safety(),
        },
        definitions={**_definitions(), **_names()},
    )


def _safety() -> Node:
    limits = {
        "max_deletes": whole(
            "Deletions",
            "The most objects of one kind that a plan may delete, or forget because they are gone.",
            0,
            default=5,
            examples=[5],
        ),
        "max_delete_percent": whole(
            "Share of deletions",
            "The largest share of one kind's recorded objects that a plan may delete, or forget because they "
            "are gone, in percent.",
            0,
            100,
            default=30,
            examples=[30],
        ),
        "max_calls": whole(
            "Calls",
            "The most calls that a plan may place or schedule at once.",
            0,
            default=25,
            examples=[25],
        ),
        "max_recording_deletes": whole(
            "Recordings", "The most recordings that a plan may destroy.", 0, default=1000, examples=[1000]
        ),
        "max_cps": annotated(
            "Calls per second",
            "The most calls per second over all schedules, in each dispatcher and each apply. Without it "
            "each schedule has its own `pace` alone.",
            or_variable({"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1000}),
            default=None,
            examples=[1],
        ),
        "freeze": freezes.freezes(),
    }
    return block(
        "Safety limits",
        "The most that one plan may do without a person's approval. 0 means none at all.",
        limits,
        null=True,
        default={name: limit["default"] for name, limit in limits.items() if limit["default"] is not None},
        examples=[{"max_deletes": 5, "max_calls": 25}],
        merge="agree",
    )


def _definitions() -> dict[str, Node]:
    return {
        "variable": {
            "$comment": "What stands in an editor in place of a value; voiceform itself checks the value. "
            "Without a title, lest editors show it as that of the key.",
            "type": "string",
            "pattern": r"\$\{",
            "patternErrorMessage": "must name a variable, such as ${NAME}",
        },
        "freeze": freezes.freeze(),
        "duration": duration(
            "Duration",
            "A whole number and one unit: s, m, h or d. A day is 24 hours.",
            examples=["45s", "15m", "12h", "90d"],
        ),
        "https_url": matching(
            "URL",
            "An https URL; http is accepted for this machine only.",
            HTTPS_URL,
            "must be an https:// URL",
            longest=2048,
            examples=["https://example.com/notice.xml"],
        ),
        "http_method": choice("HTTP method", "How Twilio requests the URL.", ["GET", "POST"], default="POST"),
    }


def _names() -> dict[str, Node]:
    """What entries of several sections have in common."""
    return {
        # A name is a key, for which no variable can stand.
        "name": annotated(
            "Name",
            "A key in this file, and the second part of an address.",
            {
                "type": "string",
                "pattern": NAME,
                "patternErrorMessage": (
                    "must be 1 to 64 letters, digits, - or _, and begin with a letter or digit"
                ),
            },
            examples=["support"],
            public=True,
        ),
        "aliases": listed(
            "Earlier names",
            "Names under which this object was declared before. Renaming the key and listing the old one "
            "here keeps the live object.",
            defined("name"),
            least=None,
            unique=True,
            default=[],
            examples=[["helpdesk"]],
        ),
        "description": text(
            "Description",
            "What this object is for, for whoever reads a plan. It stands in plans, review comments and the "
            "recorded state, and is never sent to Twilio. Line breaks become blanks.",
            shortest=0,
            longest=500,
            null=True,
            default=None,
            examples=["Callers who pressed 2: invoices and refunds."],
        ),
        "owner": text(
            "Owner",
            "Who answers for this object: a team, a person, a channel. It stands where the description does.",
            shortest=0,
            longest=100,
            null=True,
            default=None,
            examples=["Voice team, #voice"],
        ),
        "protect": flag(
            "Protection",
            "Refuse to delete this object. It is remembered in the recorded state, so removing the block "
            "does not unprotect.",
            default=False,
        ),
    }
