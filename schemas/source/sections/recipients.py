"""Tables of people, and what becomes of them after an outage, for the section `calls`."""

from __future__ import annotations

from schemas.source.blocks import block
from schemas.source.values import Node, choice, text


def table() -> Node:
    """A CSV file as the key `to` of a call."""
    return block(
        "CSV file",
        "A file with a header line, relative to this file. The answer may name its columns.",
        {
            "csv": text("File", "The path of the file, relative to this one.", examples=["people.csv"]),
            "column": text(
                "Column", "The name of the column with the numbers.", default="phone", examples=["phone"]
            ),
            "key": _column(
                "Key",
                "The column that names a row, each once. With it a number may stand in several rows, each "
                "with a time of its own (`schedule.column`); without it a number is called once.",
                "appointment_id",
            ),
            "timezone": _column(
                "Zones",
                "The column with the IANA zone of each person. It goes before the zones in which the number "
                "may lie; where it is empty these count.",
                "zone",
            ),
            "language": _column(
                "Languages",
                "The column with the language of each person, as de-DE: `{{ language }}`, that in which "
                "`{{ when }}` is said, and that of `say` unless it has one of its own.",
                "language",
            ),
            "when": _column(
                "Times to say",
                "The column with the time that `{{ when }}` says, in the zone and the language of the "
                "person. Without it, that of `schedule.column`.",
                "appointment",
            ),
        },
        required=["csv"],
        examples=[
            {"csv": "people.csv", "column": "phone"},
            {"csv": "patients.csv", "timezone": "zone", "language": "language", "when": "appointment"},
        ],
    )


def misfire() -> Node:
    """The key `misfire` of a call."""
    return choice(
        "Misfire",
        "What becomes of several occurrences of one person that are due at once, as after an outage: each is "
        "placed within its grace, or the latest alone, and those before it are missed.",
        ["each", "latest"],
        default="each",
    )


def _column(title: str, description: str, example: str) -> Node:
    return text(title, description, examples=[example], public=True)
