"""The schema of test files, `*.voiceform.yaml`: written to schemas/test.schema.json by `make schemas`.

What is given is written as a seed of the emulator is, by the definitions of schemas/seed.schema.json.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from schemas.source import expectations
from schemas.source.blocks import block, defined, either, listed
from schemas.source.values import DATE, DURATION, OFFSET, TIME, Json, Node, annotated, check_of, text

WORDS = ("apply", "plan", "destroy", "drift", "undo", "dispatch", "prune")
"""Steps that need nothing said of them."""


def document() -> Node:
    """The schema of a test file."""
    seed = json.loads(expectations.SEED.read_text(encoding="utf-8"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:voiceform:schema:test:1",
        "$comment": "Written by `make schemas` from schemas/source/, which is the place to change it.",
        "title": "voiceform tests",
        "description": (
            "Tests of a stack, for `voiceform test`: what is given, what is done, and what is expected. Each "
            "case has an emulated account and a state of its own."
        ),
        **_block(
            {
                "version": annotated(
                    "Version", "The version of this format.", {"const": 1}, default=1, examples=[1]
                ),
                "stack": defined("stack"),
                "given": defined("given"),
                "cases": listed(
                    "Cases", "The tests, each on its own.", defined("case"), examples=[[_example()]]
                ),
            },
            required=["version", "cases"],
        ),
        "$defs": {**seed["$defs"], **_definitions(seed["properties"])},
    }


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _example() -> Json:
    return {
        "name": "Who is busy is phoned once more",
        "given": {
            "now": "2026-12-01T22:00:00Z",
            "numbers": [{"phone_number": "+12125550101", "outcomes": ["busy", "human"]}],
        },
        "when": ["apply", {"advance": "15m"}, "dispatch"],
        "expect": {"calls": [{"to": "+12125550101"}, {"to": "+12125550101", "at": "2026-12-01T22:15:00Z"}]},
    }


def _block(keys: Mapping[str, Node], *, required: Sequence[str] = (), least: int | None = None) -> Node:
    """The check of a mapping with these keys and no others."""
    check = check_of(
        "object", required=list(required) or None, additionalProperties=False, minProperties=least
    )
    return {**check, "properties": dict(keys)}


def _definitions(seed: Mapping[str, Node]) -> dict[str, Node]:
    return {
        "stack": _stack(),
        "given": _given(seed),
        "case": _case(),
        "step": _step(),
        "moment": _matching(
            "Instant",
            "A date, which begins in UTC, or an instant with its offset.",
            f"^{DATE}([T ]{TIME}{OFFSET})?$",
            "must be a date, or an instant with an offset such as 2026-12-01T09:00:00Z",
            "2026-12-01T09:00:00Z",
        ),
        "span": _matching(
            "Duration",
            "A whole number and a unit.",
            f"^({DURATION})$",
            "must be a duration of one whole number and one unit, such as 45s, 15m, 12h or 90d",
            "15m",
        ),
        "times": annotated(
            "How many", "How many there are.", {"type": "integer", "minimum": 0}, examples=[0, 12]
        ),
        "words": text("Words", "A text that has to be in it.", examples=["12 callers are waiting"]),
        **expectations.definitions(),
    }


def _matching(title: str, description: str, pattern: str, must: str, example: str) -> Node:
    check = check_of("string", pattern=pattern, patternErrorMessage=must)
    return annotated(title, description, check, examples=[example])


def _stack() -> Node:
    path = text("Path", "From the folder of the stack.", examples=["voiceform.yaml"])
    return block(
        "Stack",
        "Which configuration is tested, and what it reads from the environment.",
        {
            "folder": text(
                "Folder",
                "The folder of the stack, from that of this file; the nearest that has a voiceform.yaml "
                "where nothing is said. A copy of it is used, in which nothing is left behind.",
                examples=[".."],
            ),
            "files": listed(
                "Files",
                "Files or folders of configuration, from the folder of the stack; voiceform.yaml where none "
                "is named.",
                path,
                examples=[["voiceform.yaml"]],
            ),
            "overlays": listed(
                "Overlays", "What is laid over it, in this order.", path, examples=[["production.yaml"]]
            ),
            "env_files": listed(
                "Files of variables",
                "Variables for ${NAME}, from the folder of the stack. Credentials and the state of theirs "
                "are not used.",
                path,
                examples=[["staging.env"]],
            ),
            "environment": annotated(
                "Variables",
                "Variables for ${NAME}, before those of files. Nothing of the real environment is seen. "
                "${TEST_FOLDER} is a folder of the case's own, as in file://${TEST_FOLDER}/archive.",
                {"type": "object", "additionalProperties": {"type": ["string", "integer", "number"]}},
                examples=[{"CALLER_ID": "+15017122661"}],
            ),
        },
        least=1,
        examples=[{"files": ["voiceform.yaml"], "environment": {"CALLER_ID": "+15017122661"}}],
    )


def _given(seed: Mapping[str, Node]) -> Node:
    keys = {name: node for name, node in seed.items() if name != "account_sid"}
    return block(
        "Given",
        "What there is before the first step: the time, and what is in the account, as in a seed of the "
        "emulator. What a case gives is added to what the file gives.",
        {
            "now": defined("moment", "Now", "When the case begins. Time moves only where a step says so."),
            **keys,
        },
        least=1,
        examples=[
            {
                "now": "2026-12-01T09:00:00Z",
                "queues": [{"friendly_name": "Support", "max_size": 50, "current_size": 12}],
            }
        ],
    )


def _case() -> Node:
    return block(
        "Case",
        "One test.",
        {
            "name": text("Name", "What holds, as a sentence.", examples=["Nobody on the list is phoned"]),
            "stack": defined("stack", "", "Which configuration, in place of the file's."),
            "given": defined("given"),
            "when": listed(
                "When", "What is done, one step after the other.", defined("step"), examples=[["apply"]]
            ),
            "expect": defined("case_expect"),
        },
        required=["name", "when"],
        examples=[_example()],
    )


def _step() -> Node:
    word = {"type": "string", "enum": list(WORDS)}
    return either("Step", "What is done, and what is expected of it.", word, _doing(), examples=["apply"])


def _doing() -> Node:
    address = text("Schedule", "Its address.", examples=["call.reminder"])
    acts = {
        "apply": _run("Plan and apply.", "targets", "excludes", "approve"),
        "plan": _run("Plan, with --detailed-exitcode.", "targets", "excludes"),
        "destroy": _run("Delete what is recorded.", "targets", "excludes", "approve"),
        "drift": _run("Look for what was changed behind our back.", "targets", "excludes"),
        "undo": _run("Take back the run before.", "approve"),
        "dispatch": _run("Place the calls that are due now."),
        "prune": _run("Delete what is over its time.", "approve"),
        "calls pause": {**address, "description": "The schedule that is paused, or `all`."},
        "calls resume": {**address, "description": "The schedule that goes on, or `all`."},
        "calls cancel": block(
            "Cancel",
            "Take calls back.",
            {
                "address": address,
                "occurrence": defined("moment"),
                "queued": {"type": "boolean", "description": "Also what nobody has answered yet."},
                "live": {"type": "boolean", "description": "Also what is going on."},
            },
            required=["address"],
            examples=[{"address": "call.reminder"}],
        ),
        "advance": defined("span", "Advance", "Let so much time pass."),
        "to": defined("moment", "To", "Let time pass until then."),
        "add": defined("given", "Add", "What comes into the account now."),
        "stack": defined("stack", "", "The configuration from now on."),
    }
    return block(
        "Step",
        "One thing that is done, and what is expected of it.",
        {**acts, "expect": defined("step_expect")},
        exactly_one=tuple(acts),
        must=f"must do one thing: {', '.join(acts)}",
        examples=[{"apply": {"approve": ["delete:queue=1"]}, "expect": {"exit": 0}}],
    )


def _run(description: str, *options: str) -> Node:
    texts = {
        "targets": "Only these, by address or pattern.",
        "excludes": "Not these, by address or pattern.",
        "approve": "Limits that are lifted.",
    }
    examples = {"approve": "delete:queue=1"}
    keys = {
        name: listed(
            name.capitalize(),
            texts[name],
            text("Text", "One of them.", examples=[examples.get(name, "queue.support")]),
            examples=[[examples.get(name, "queue.support")]],
        )
        for name in options
    }
    return block(description.rstrip("."), description, keys, null=True, examples=[{}])
