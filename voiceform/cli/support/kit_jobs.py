"""The jobs of a kit, fitted to a stack that is the repository, or to one of several in it."""

from __future__ import annotations

import re

_TRIGGERS = "  pull_request:\n  push:\n    branches: [main]\n"
_COMMAND = re.compile(r"(?<![\w./`-])voiceform (?=(?:validate|plan|show|apply|drift|prune|dispatch)\b)")
_OWN = re.compile(r"\bvoiceform-(plan|apply|prune|dispatch|scheduled|run)\b(?!\.yml)")
_SWITCH = re.compile(r"\bVOICEFORM_(PRUNE|DISPATCH)\b")


def github_jobs(text: str, name: str | None, folder: str | None) -> str:
    """A workflow of the kit; that of the stack `name` in `folder` runs where the stack changed, works in its
    folder, and has environments, switches and queues of its own."""
    if name is None or folder is None:
        return text
    text = text.replace("$RUNNER_TEMP/base/", "$RUNNER_TEMP/base/$FOLDER/")
    text = _COMMAND.sub('voiceform -C "$FOLDER" ', text)
    text = _OWN.sub(rf"voiceform-\1-{name}", text)
    text = re.sub(r"(environment: |['`])production\b", rf"\1production-{name}", text)
    text = _SWITCH.sub(rf"VOICEFORM_\1_{name.upper().replace('-', '_')}", text)
    text = re.sub(r"\bvoiceform(-scheduled)?\.yml", rf"voiceform-{name}\1.yml", text)
    text = text.replace("variable TWILIO_ACCOUNT_SID\n", "variable TWILIO_ACCOUNT_SID, in each environment\n")
    text = re.sub(r"^name: voiceform", f"name: voiceform {name}", text, flags=re.MULTILINE)
    text = text.replace("  STACK: default\n", f'  STACK: "{name}"\n  FOLDER: "{folder}"\n')
    only = f"    paths: [{folder}/**, .github/workflows/voiceform-{name}.yml, .github/actions/**]\n"
    return text.replace(_TRIGGERS, f"  pull_request:\n{only}  push:\n    branches: [main]\n{only}")


def gitlab_jobs(text: str, name: str | None, folder: str | None) -> str:
    """The jobs of the kit; those of the stack `name` in `folder` are called `name:job`, run where the stack
    changed or VOICEFORM_STACK names it, work in its folder, and have environments and queues of their own.

    All stacks share one pipeline, and so one space of names, in which no other job has a colon.
    """
    alone = {
        "JOB": "",
        "-NAME": "",
        "STACK": "default",
        "MINE": "null",
        "AT": "",
        "IN": "",
        "CHANGES": "",
        "HINT": "",
        "HAND": "",
        "ALSO": "",
        "WHERE": "",
        "PATHS": "",
    }
    own = f"VOICEFORM_STACK={name}"
    among = {
        "JOB": f"{name}:",
        "-NAME": f"-{name}",
        "STACK": f'"{name}"\n    FOLDER: "{folder}"',
        "MINE": f'"{name}"',
        "AT": "$FOLDER/",
        "IN": ' -C "$FOLDER"',
        "CHANGES": "\n      changes: *changes",
        "HINT": f",\n#                            and {own}",
        "HAND": f" with {own} and",
        "ALSO": f" {own} and",
        "WHERE": "                 for each environment, or for all of them",
        "PATHS": (
            "# Where the stack changed: lists that lie outside of its folder belong here too.\n"
            f".changes-{name}: &changes\n"
            f"  [{folder}/**/*, .gitlab/voiceform-{name}.yml, .gitlab/voiceform.py]\n\n"
        ),
    }
    values = alone if name is None else among
    return re.sub("@([A-Z-]+)@", lambda found: values[found[1]], text)
