"""Answers of the Reassigned Numbers Database, for the section `calls`."""

from __future__ import annotations

from schemas.source.blocks import block, defined
from schemas.source.sections import do_not_call
from schemas.source.values import Node, choice, text


def file() -> Node:
    """The key `reassigned`."""
    return block(
        "Reassigned numbers",
        "A table of what the Reassigned Numbers Database answered, or Twilio's Lookup: whose number was "
        "disconnected since consent was given is not called. It is about numbers of the United States; "
        "others are not looked for. While it is missing, damaged, empty or too old nobody is called.",
        {
            "csv": text(
                "File",
                "The path of the file, relative to this one, with a header line.",
                longest=1024,
                examples=["lists/rnd.csv"],
            ),
            "column": text(
                "Column of the number",
                "By the name in the header.",
                longest=256,
                default="number",
                examples=["number"],
            ),
            "answer": text(
                "Column of the answer",
                "The column with yes, no or no data.",
                longest=256,
                default="answer",
                examples=["answer"],
            ),
            "consent": text(
                "Column of the consent",
                "The column with the date of consent that was asked about. Of several rows about one number "
                "that of the latest consent counts; without it the worst answer.",
                longest=256,
                examples=["consent_date"],
            ),
            "no_data": choice(
                "Without an answer",
                "What becomes of people of whom the database knows nothing, or who are not in the file.",
                ["suppress", "call"],
                default="suppress",
            ),
            "max_age": defined(
                "duration",
                "Greatest age",
                "How old the answers may be, counted from as_of, or from when the file was last written.",
                examples=["31d"],
            ),
            "as_of": do_not_call.as_of("Date of the answers", "Of when the answers are."),
        },
        required=["csv"],
        examples=[
            {
                "csv": "lists/rnd.csv",
                "column": "number",
                "consent": "consent_date",
                "answer": "answer",
                "max_age": "31d",
            }
        ],
    )
