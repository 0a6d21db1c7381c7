"""The section `retention`; what rules and holds match is in `retention_matches`."""

from __future__ import annotations

from schemas.source.blocks import Section, block, defined, entries, listed, notes
from schemas.source.sections import retention_matches
from schemas.source.values import DATE, DURATION, TIME, Json, Node, choice, matching, text


def section() -> Section:
    """How long recordings and call records are kept."""
    return Section(
        keys={
            "retention": block(
                "Retention",
                "How long recordings and call records are kept. The first rule that matches decides; what no "
                "rule matches is never deleted. Holds keep what they match in any case.",
                {**_rules(), **_files()},
                null=True,
                default={},
                examples=[{"recordings": [_everything_else()]}],
                merge="keys",
            )
        },
        definitions={
            "date": matching(
                "Date or instant",
                "A date, which means its midnight in UTC, or an instant with a time zone.",
                f"^{DATE}([Tt ]{TIME}([Zz]|[-+][0-9]{{2}}:[0-9]{{2}}))?$",
                "must be a date such as 2026-07-01, or an instant with a time zone",
                examples=["2026-07-01"],
                public=True,
            ),
            "recording_match": retention_matches.recording_match(),
            "call_record_match": retention_matches.call_record_match(),
            "recording_rule": _rule(
                "Rule for recordings",
                "What to do with recordings that match.",
                {"match": defined("recording_match"), **_fates(), "archive": _archive()},
            ),
            "call_record_rule": _rule(
                "Rule for call records",
                "What to do with the records of finished calls that match.",
                {"match": defined("call_record_match"), **_fates()},
            ),
            "hold": _hold(),
        },
    )


def _everything_else() -> Json:
    return {"name": "everything-else", "keep": "90d"}


def _litigation() -> Json:
    return {"reason": "litigation", "match": {"number": ["+15558675310"]}}


def _rules() -> dict[str, Node]:
    return {
        "recordings": listed(
            "Rules for recordings",
            "In their order: the first rule that matches a recording decides.",
            defined("recording_rule"),
            least=None,
            null=True,
            default=[],
            examples=[[_everything_else()]],
        ),
        "call_records": listed(
            "Rules for call records",
            "In their order. A call record stays as long as one of its recordings has to stay.",
            defined("call_record_rule"),
            least=None,
            null=True,
            default=[],
            examples=[[{"name": "cdr", "keep": "300d"}]],
        ),
        "holds": entries(
            "Holds",
            "What may not be deleted, whatever the rules say. Adding one counts at once; removing one needs "
            "--approve release-hold=NAME.",
            "hold",
            examples=[{"case-4711": _litigation()}],
            merge="keys",
        ),
    }


def _files() -> dict[str, Node]:
    return {
        "prices": text(
            "Price file",
            "A YAML or JSON file with what storage costs, beside this file: as_of, storage_per_minute_month, "
            "currency, free_minutes. Without it Twilio's published prices of a documented date are used.",
            longest=1024,
            null=True,
            default=None,
            examples=["prices.yaml"],
        ),
        "evidence": text(
            "Evidence",
            "Where what is destroyed is taken down: a folder beside the stack, s3://BUCKET/PREFIX (gs, az), "
            "or off, which keeps nothing that could prove a deletion.",
            longest=1024,
            null=True,
            default="evidence",
            examples=["evidence", "s3://bucket/evidence", "off"],
        ),
    }


def _rule(title: str, description: str, keys: dict[str, Node]) -> Node:
    return block(
        title,
        description,
        {"name": defined("name"), **keys, **notes()},
        required=["name"],
        exactly_one=["keep", "until"],
        must="must have a name and exactly one of keep and until",
        examples=[_everything_else()],
    )


def _fates() -> dict[str, Node]:
    """How long a rule keeps what it matches."""
    return {
        "keep": matching(
            "How long",
            "A duration since it was made, or forever.",
            f"^(forever|{DURATION})$",
            "must be a duration such as 90d, or forever",
            examples=["90d", "forever"],
            public=True,
        ),
        "until": defined("date"),
    }


def _archive() -> Node:
    return block(
        "Archive",
        "Where each recording is copied before it is deleted. A recording whose copy cannot be made and read "
        "back stays.",
        {
            "to": text(
                "Place",
                "A URL: s3://, gs://, az:// or file://.",
                longest=2048,
                examples=["s3://bucket/prefix"],
            ),
            "format": choice(
                "Format",
                "wav is what was recorded; mp3 is a quarter of the size. Encrypted recordings exist as wav "
                "only.",
                ["wav", "mp3"],
                default="wav",
            ),
        },
        required=["to"],
        null=True,
        examples=[{"to": "s3://bucket/prefix", "format": "mp3"}],
    )


def _hold() -> Node:
    return block(
        "Hold",
        "What may not be deleted until the hold is released. What might match, because nobody can tell (a "
        "call that can no longer be read, the recording of a conference), is kept too.",
        {
            "reason": text(
                "Reason",
                "Why; for whoever reads the plan or the evidence.",
                longest=500,
                examples=["litigation"],
            ),
            "match": defined("recording_match"),
            **notes(),
        },
        required=["reason"],
        examples=[_litigation()],
    )
