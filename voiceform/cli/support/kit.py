"""The files of a CI kit, for a stack that is a repository, and for one of several in a repository."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from voiceform.cli.support.kit_jobs import github_jobs, gitlab_jobs
from voiceform.model.errors import UsageError
from voiceform.version import __version__

SCAFFOLD = Path(__file__).parents[1] / "scaffold"
"""The files as they are written; a folder per CI system beside those of every stack."""

INCLUDED = ".gitlab/voiceform*.yml"
"""The files of all stacks, as GitLab's pipeline includes them."""
_VERSION = "@VERSION@"
"""In a file of a kit: the version that the jobs install."""
_STACK = (
    ("voiceform.yaml", "voiceform.yaml"),
    ("gitignore", ".gitignore"),
    ("stack.voiceform.yaml", "tests/stack.voiceform.yaml"),
)
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Member:
    """One of several stacks in a repository: its folder from the root, and the name that its jobs have."""

    folder: str
    name: str

    @classmethod
    def at(cls, folder: str, root: Path, ci: str) -> Member:
        """The stack in `folder`, by the last part of its path, or by all of it where another one is called
        so in the kit of `root`. UsageError where its path cannot stand in the files of a CI system, or no
        name is left."""
        if not _PLAIN.fullmatch(folder):
            raise UsageError(
                f"{folder}: the jobs would not read this path as it is meant",
                hint="give the folder a name of letters, digits, dots, dashes and underscores",
            )
        for text in (folder.rpartition("/")[2], folder):
            member = cls(folder, re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "stack")
            if all(member._is_mine(root / member.file(name)) for name in _own_files(ci)):
                return member
        raise UsageError(
            f"{folder}: another stack of this repository has the jobs of this name already",
            hint="give the folder another name",
        )

    def _is_mine(self, path: Path) -> bool:
        """Whether a file of this name is this stack's, or is not there."""
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return True
        except OSError:  # what cannot be read is somebody's
            return False
        return f'FOLDER: "{self.folder}"' in (line.strip() for line in lines)

    def file(self, name: PurePath) -> PurePath:
        """What a file of the kit is called for this stack: `.github/workflows/voiceform-eu.yml`."""
        return name.with_name(name.name.replace("voiceform", f"voiceform-{self.name}", 1))


def stack_files() -> Iterator[tuple[str, str]]:
    """What every stack has in its folder: (name, content)."""
    for source, name in _STACK:
        yield name, (SCAFFOLD / source).read_text(encoding="utf-8")


def kit_files(ci: str, member: Member | None = None) -> Iterator[tuple[str, str]]:
    """The files of a kit at the root of the repository, for all of it or for one of its stacks."""
    own, fitted = _own_files(ci), {"github": github_jobs, "gitlab": gitlab_jobs}[ci]
    for name in _files(ci):
        text = (SCAFFOLD / ci / name).read_text(encoding="utf-8").replace(_VERSION, __version__)
        if name not in own:
            yield str(name), text
        elif member is None:
            yield str(name), fitted(text, None, None)
        else:
            yield str(member.file(name)), fitted(text, member.name, member.folder)


def _files(ci: str) -> list[PurePath]:
    """The names of a kit's files, from the root of the repository."""
    kit = SCAFFOLD / ci
    found = sorted(path for path in kit.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return [path.relative_to(kit) for path in found]


def _own_files(ci: str) -> list[PurePath]:
    """Those of which each stack has one; the others are everybody's."""
    return [name for name in _files(ci) if name.name.startswith("voiceform") and name.suffix == ".yml"]
