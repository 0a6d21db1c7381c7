"""The schema of a fleet, fleet.yaml: written to schemas/fleet.schema.json by `make schemas`."""

from __future__ import annotations

import json

from schemas.source.blocks import block, defined, either, listed
from schemas.source.values import DURATION, Node, annotated, check_of, text

NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"
_LABEL_KEY = "^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$"
_LABEL_VALUE = "^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$"
_VARIABLE = "^[A-Za-z_][A-Za-z0-9_]*$"
_GROUP = {"select": {"ring": "canary"}, "max_failed": 0, "wait": "10m"}
_EXAMPLE_STACK = {
    "name": "acme",
    "path": "stacks/acme",
    "account": f"AC{'0' * 32}",
    "labels": {"ring": "canary"},
}


def document() -> Node:
    """The schema of fleet.yaml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:voiceform:schema:fleet:1",
        "$comment": "Written by `make schemas` from schemas/source/, which is the place to change it.",
        "title": "voiceform fleet",
        "description": (
            "Many stacks, each with an account and a recorded state of its own, for `voiceform fleet`. No "
            "secret stands in it: it names the variable, the file or the command that has a credential."
        ),
        "type": "object",
        "required": ["version", "stacks"],
        "additionalProperties": False,
        "patternProperties": {"^x-": {}},
        "properties": {
            "version": annotated(
                "Version", "The version of this format.", {"const": 1}, default=1, examples=[1]
            ),
            "state": defined("state"),
            "credentials": defined("credentials"),
            "evidence": defined("evidence"),
            "region": defined("region"),
            "edge": defined("edge"),
            "labels": defined("labels"),
            "variables": defined("variables"),
            "rollout": block(
                "Rollout",
                "In which groups `fleet apply` goes through the stacks, one after the other. Each stack "
                "is in the first group that it is in.",
                {"groups": listed("Groups", "In their order.", defined("group"), examples=[[_GROUP]])},
                required=["groups"],
                examples=[{"groups": [_GROUP, {"max_failed": "1%"}]}],
            ),
            "stacks": {
                **annotated(
                    "Stacks",
                    "The stacks: one by one, by pattern, or as rows of a table.",
                    {"type": ["array", "object"]},
                    examples=[[_EXAMPLE_STACK]],
                ),
                "if": {"type": "object"},
                "then": defined("stack"),
                "else": {"minItems": 1, "items": defined("stack")},
            },
        },
        "$defs": _definitions(),
    }


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _matching(title: str, description: str, pattern: str, must: str, example: str) -> Node:
    check = check_of("string", pattern=pattern, patternErrorMessage=must)
    return annotated(title, description, check, examples=[example])


def _definitions() -> dict[str, Node]:
    return {
        "name": _matching(
            "Name",
            "What the stack is called; one name for each.",
            NAME,
            "must be 1 to 63 letters, digits, - and _, beginning with a letter or digit",
            "acme",
        ),
        "account": _matching(
            "Account",
            "The account of the stack. Where it is not said, that of its own voiceform.yaml.",
            "^AC[0-9a-fA-F]{32}$",
            "must be an account SID: AC and 32 hexadecimal digits",
            f"AC{'0' * 32}",
        ),
        "state": text(
            "State",
            "The URL of the recorded state. {stack} and {account} are filled in, and ${NAME} where the stack "
            "is worked on. A file is beside this one. By default sqlite:///.voiceform/state.db in the "
            "folder of the stack.",
            examples=["postgresql://db/voice?schema={stack}"],
        ),
        "evidence": text(
            "Evidence",
            "Where what is destroyed is taken down, in place of what the configurations say; {stack} and "
            "{account} are filled in. Stacks that share a folder have each a folder of its own in any case.",
            examples=["s3://bucket/evidence/{stack}"],
        ),
        "region": _matching(
            "Region",
            "The region of the account, as TWILIO_REGION.",
            "^[a-z0-9-]{1,63}$",
            "must be as ie1",
            "ie1",
        ),
        "edge": _matching(
            "Edge",
            "The edge that leads there, as TWILIO_EDGE.",
            "^[a-z0-9-]{1,63}$",
            "must be as dublin",
            "dublin",
        ),
        "credentials": _credentials(),
        "source": _source(),
        "labels": _labels(),
        "variables": annotated(
            "Variables",
            "What ${NAME} means in the configuration of the stack; before the environment.",
            {
                "type": "object",
                "propertyNames": defined("variable_name"),
                "additionalProperties": {"type": ["string", "integer"]},
            },
            examples=[{"SUPPORT_SIZE": "200"}],
        ),
        "variable_name": _matching(
            "Variable",
            "Its name.",
            _VARIABLE,
            "must be letters, digits and _, not beginning with a digit",
            "SIZE",
        ),
        "label_name": _matching(
            "Label", "Its name.", _LABEL_KEY, "must be letters, digits, - _ . and /, 63 at most", "ring"
        ),
        "stack": _stack(),
        "group": _group(),
    }


def _group() -> Node:
    share = check_of(
        "string", pattern="^(100|[0-9]{1,2})%$", patternErrorMessage="must be a share such as 1%"
    )
    return block(
        "Group",
        "Some of the stacks.",
        {
            "select": {
                **defined("labels"),
                "title": "Labels",
                "description": "Which: those with all of these labels; all that are left by default.",
                "examples": [{"ring": "canary"}],
            },
            "max_failed": either(
                "Failures",
                "How many of the group may fail, as a number or a share of it; one more stops the rollout.",
                check_of("integer", minimum=0),
                share,
                examples=[0, "1%"],
            ),
            "wait": _matching(
                "Wait",
                "How long to watch before the next group begins.",
                f"^({DURATION})$",
                "must be a duration of one whole number and one unit, such as 45s, 15m, 12h or 90d",
                "10m",
            ),
            "parallel": annotated(
                "At once",
                "How many stacks are worked on at once, at most; --jobs may say fewer.",
                check_of("integer", minimum=1, maximum=500),
                examples=[50],
            ),
        },
        examples=[_GROUP],
    )


def _stack() -> Node:
    return block(
        "Stack",
        "One stack by `path`, several by a pattern, or one for each row of a table by `template` and `csv`.",
        {
            "name": defined("name"),
            "path": text(
                "Path",
                "A folder with a voiceform.yaml, a file, or a pattern such as stacks/*, from the folder of "
                "this file. Each is called after its folder.",
                examples=["stacks/*"],
            ),
            "template": text(
                "Template",
                "A folder or file that several stacks share, each with variables of its own.",
                examples=["templates/centre"],
            ),
            "csv": text(
                "Table",
                "A row for each stack. The columns name, account, state, evidence, region, edge, template "
                "and label.NAME mean what they do here; every other is a variable.",
                examples=["accounts.csv"],
            ),
            "account": defined("account"),
            "state": defined("state"),
            "evidence": defined("evidence"),
            "region": defined("region"),
            "edge": defined("edge"),
            "credentials": defined("credentials"),
            "labels": defined("labels"),
            "variables": defined("variables"),
        },
        examples=[_EXAMPLE_STACK, {"template": "templates/centre", "csv": "accounts.csv"}],
    )


def _credentials() -> Node:
    return block(
        "Credentials",
        "Where those of the account are: the auth token, or an API key with its secret. {STACK} in a name is "
        "the name of the stack in capitals, with _ for what is no letter or digit; {stack} and {account} are "
        "what they say.",
        {
            "token": defined("source", "Auth token", "The auth token of the account."),
            "key": defined("source", "API key", "The SID of an API key."),
            "secret": defined("source", "API secret", "The secret of that key."),
            "account": {
                **defined("account"),
                "title": "Whose token",
                "description": "The parent account that the token is of, which may act on its subaccounts; a "
                "key acts on its own account alone. By default the account of the stack.",
            },
        },
        least=1,
        examples=[
            {"token": {"env": "TOKEN_{STACK}"}},
            {"key": {"env": "KEY"}, "secret": {"file": "/run/secrets/acme"}},
            {"account": f"AC{'0' * 32}", "token": {"env": "PARENT_TOKEN"}},
        ],
    )


def _source() -> Node:
    command = text("Word", "One word of the command.", examples=["vault"])
    return block(
        "Source",
        "What has a credential; it is read where the stack is worked on, and stands nowhere else.",
        {
            "env": text("Variable", "An environment variable.", examples=["TOKEN_{STACK}"]),
            "file": text("File", "A file that holds nothing else.", examples=["/run/secrets/{stack}"]),
            "command": listed(
                "Command",
                "A command without a shell; the first line that it prints.",
                command,
                examples=[["vault", "kv", "get", "-field=token", "voice/{stack}"]],
            ),
        },
        exactly_one=("env", "file", "command"),
        must="must name one place: env, file or command; the value itself stands in no file",
        examples=[{"env": "TOKEN_{STACK}"}],
    )


def _labels() -> Node:
    value = either(
        "Value",
        "Its value.",
        check_of(
            "string",
            pattern=_LABEL_VALUE,
            patternErrorMessage="must be letters, digits, - _ and ., 63 at most",
        ),
        {"type": "integer"},
        examples=["canary"],
    )
    return annotated(
        "Labels",
        "Words by which stacks are selected: --select ring=canary.",
        {"type": "object", "propertyNames": defined("label_name"), "additionalProperties": value},
        examples=[{"ring": "canary"}],
    )
