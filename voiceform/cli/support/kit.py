"""The files of a CI kit, for a stack that is a repository, and for one of several in a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from voiceform.model.errors import UsageError
from voiceform.version import __version__

SCAFFOLD = Path(__file__).parents[1] / "scaffold"
"""The files as they are written; a folder per CI system beside those of every stack."""

_VERSION = "@VERSION@"
"""In a file of a kit: the version that the jobs install."""
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)
_TRIGGERS = "  pull_request:\n  push:\n    branches: [main]\n"
_COMMAND = re.compile(r"(?<![\w./`-])voiceform (?=(?:validate|plan|show|apply|drift|prune|dispatch)\b)")
_OWN = re.compile(r"\bvoiceform-(plan|apply|prune|dispatch|scheduled|run)\b(?!\.yml)")
_SWITCH = re.compile(r"\bVOICEFORM_(PRUNE|DISPATCH)\b")


@dataclass(frozen=True, slots=True)
class Member:
    """One of several stacks in a repository: its folder from the root, and the name that its jobs have."""

    folder: str
    name: str

    @classmethod
    def at(cls, folder: str, workflows: Path) -> Member:
        """The stack in `folder`, by the last part of its path, or by all of it where another one is called
        so in `workflows`. UsageError where its path cannot stand in a workflow, or no name is left."""
        if not _PLAIN.fullmatch(folder):
            raise UsageError(
                f"{folder}: workflows would not read this path as it is meant",
                hint="give the folder a name of letters, digits, dots, dashes and underscores",
            )
        for text in (folder.rpartition("/")[2], folder):
            member = cls(folder, re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "stack")
            if member._is_free(workflows):
                return member
        raise UsageError(
            f"{folder}: another stack of this repository has the workflows of this name already",
            hint="give the folder another name",
        )

    def _is_free(self, workflows: Path) -> bool:
        """Whether the workflows of this name are this stack's, or are not there."""
        for name in ("voiceform.yml", "voiceform-scheduled.yml"):
            try:
                text = (workflows / self.file(name)).read_text(encoding="utf-8")
            except FileNotFoundError:
                continue
            if f"\n  FOLDER: {self.folder}\n" not in text:
                return False
        return True

    def file(self, name: str) -> str:
        """What a workflow of the kit is called for this stack: `voiceform-eu.yml`."""
        return name.replace("voiceform", f"voiceform-{self.name}", 1)

    def fitted(self, text: str) -> str:
        """A workflow of the kit for this stack: it runs where the stack changed, works in its folder, and
        has environments, switches and queues of its own."""
        text = text.replace("$RUNNER_TEMP/base/", "$RUNNER_TEMP/base/$FOLDER/")
        text = _COMMAND.sub('voiceform -C "$FOLDER" ', text)
        text = _OWN.sub(rf"voiceform-\1-{self.name}", text)
        text = re.sub(r"(environment: |['`])production\b", rf"\1production-{self.name}", text)
        text = _SWITCH.sub(rf"VOICEFORM_\1_{self.name.upper().replace('-', '_')}", text)
        text = re.sub(r"\bvoiceform(-scheduled)?\.yml", rf"voiceform-{self.name}\1.yml", text)
        text = text.replace(
            "variable TWILIO_ACCOUNT_SID\n", "variable TWILIO_ACCOUNT_SID, in each environment\n"
        )
        text = re.sub(r"^name: voiceform", f"name: voiceform {self.name}", text, flags=re.MULTILINE)
        text = text.replace("  STACK: default\n", f"  STACK: {self.name}\n  FOLDER: {self.folder}\n")
        workflow = f".github/workflows/{self.file('voiceform.yml')}"
        only = f"    paths: [{self.folder}/**, {workflow}, .github/actions/**]\n"
        return text.replace(_TRIGGERS, f"  pull_request:\n{only}  push:\n    branches: [main]\n{only}")


def stack_files() -> Iterator[tuple[str, str]]:
    """What every stack has in its folder: (name, content)."""
    for source, name in (("voiceform.yaml", "voiceform.yaml"), ("gitignore", ".gitignore")):
        yield name, (SCAFFOLD / source).read_text(encoding="utf-8")


def kit_files(ci: str, member: Member | None = None) -> Iterator[tuple[str, str]]:
    """The files of a kit at the root of the repository, for all of it or for one of its stacks."""
    kit = SCAFFOLD / ci
    for source in sorted(kit.rglob("*")):
        if source.is_file() and source.suffix != ".pyc":
            name = source.relative_to(kit)
            text = source.read_text(encoding="utf-8").replace(_VERSION, __version__)
            if member is not None and name.parent.name == "workflows":
                yield str(name.with_name(member.file(name.name))), member.fitted(text)
            else:
                yield str(name), text
