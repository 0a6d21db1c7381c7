"""Which files make up a configuration, and what each of them holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voiceform.config.text import MAX_BYTES
from voiceform.model.diagnostics import Diagnostic, Position

DEFAULT_FILE = "voiceform.yaml"
SUFFIXES = (".yaml", ".yml")

Report = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: how to open it and how to call it in messages."""

    path: Path
    display: str

    def read(self, report: Report) -> bytes | None:
        """Its bytes, at most one more than may be read; None, reported, when they cannot be had."""
        try:
            with self.path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            reason = (error.strerror or "unknown error").lower()
            report(
                Diagnostic(
                    "unreadable-file", f"the file cannot be read: {reason}", Position(self.display, 1, 1)
                )
            )
            return None


def find_sources(paths: Sequence[Path], *, base_dir: Path, report: Report) -> list[SourceFile]:
    """The files that `paths` name, relative to `base_dir`, each once; without paths, `voiceform.yaml`.

    A folder stands for its *.yaml and *.yml files, sorted, without those of its folders and without hidden
    ones. What is missing is reported.
    """
    sources: dict[str, SourceFile] = {}
    for path in paths or [Path(DEFAULT_FILE)]:
        for source in _sources_at(path, base_dir, default=not paths, report=report):
            sources.setdefault(os.path.realpath(source.path), source)
    return list(sources.values())


def _sources_at(path: Path, base_dir: Path, *, default: bool, report: Report) -> Iterator[SourceFile]:
    """The files that one path names."""
    full = base_dir / path
    display = _display(path, base_dir)
    if os.path.isdir(full):
        try:
            names = sorted(entry.name for entry in full.iterdir() if _is_configuration(entry))
        except OSError as error:
            reason = (error.strerror or "unknown error").lower()
            report(Diagnostic("unreadable-file", f"the folder {display!r} cannot be read: {reason}"))
            return
        if not names:
            report(
                Diagnostic(
                    "no-configuration",
                    f"the folder {display!r} holds no *.yaml or *.yml file",
                    hint="name another file or folder with -f",
                )
            )
        for name in names:
            yield SourceFile(full / name, os.path.normpath(os.path.join(display, name)))
    elif os.path.exists(full):
        yield SourceFile(full, display)
    else:
        report(_missing(display, default=default))


def _is_configuration(entry: Path) -> bool:
    return entry.suffix in SUFFIXES and not entry.name.startswith(".") and os.path.isfile(entry)


def _missing(display: str, *, default: bool) -> Diagnostic:
    """What to say about a path at which there is nothing."""
    hint = "run `voiceform init` to make one, or name a file or folder with -f"
    if default:
        return Diagnostic("no-configuration", f"there is no {display}", hint=hint)
    return Diagnostic("no-configuration", f"there is no file or folder {display!r}", hint=hint)


def _display(path: Path, base_dir: Path) -> str:
    """`path` as the user would type it in the current directory; an absolute path stays as it is."""
    if path.is_absolute():
        return os.path.normpath(path)
    full = os.path.normpath(base_dir / path)
    if not os.path.isabs(full):
        return full
    relative = os.path.relpath(full)
    return full if relative.startswith(os.pardir) else relative
