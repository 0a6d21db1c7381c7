"""Outputs never replace inputs.

What `--out`, `--report-json` and `--metrics` name is checked before anything is done: it may be new, or what
an earlier run wrote there of the same kind, recognised by its head. Any other file needs `--force`, and what
the command reads (configuration and what that names, the state, a plan) is never replaced, under whichever
name it is reached: links, hard links and other spellings of a path lead to the same file.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voiceform.cli.support.invocation import App
from voiceform.config.sources import SUFFIXES, find_sources
from voiceform.model.errors import UsageError

_HEAD = 512
_LARGEST_SOURCE = 16 * 1024 * 1024
_EVIDENCE = re.compile(r"\bevidence[\"']?:\s*[\"']?([^\s\"',}]+)")
_STAYS = "nothing was done; choose another file"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of output: what it is called, and how its files begin."""

    name: str
    head: re.Pattern[bytes]
    form: str = "JSON"

    def lies(self, path: Path) -> str | None:
        """What the name of a file says that it is, where this kind is none of it."""
        form = FORMS.get(path.suffix.lower())
        return form if form not in (None, self.form) else None


FORMS = {
    ".json": "JSON",
    ".html": "HTML",
    ".htm": "HTML",
    ".md": "Markdown",
    ".markdown": "Markdown",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".xml": "XML",
    ".csv": "CSV",
    ".ics": "iCalendar",
    ".sarif": "SARIF",
    ".pdf": "PDF",
    ".prom": "Prometheus metrics",
}
"""What files with these endings are taken for."""
_PAGES = ("HTML", "Markdown")


PLAN = Kind(
    "a saved plan",
    # Plain, or packed (voiceform/engine/packing.py), as nothing else is.
    re.compile(rb'\{"format_version": ?"[^"]*", ?"plan_id": ?"|\x1f\x8b\x08\x04\0{5}\xff\x24\0VF\x20\0'),
)
REPORT = Kind(
    "a report",
    re.compile(
        rb'\{\n  "(format_version": "[^"]*",\n  "(plan_id|run_id|command)"'
        rb'|error": \{"exit_code"|schedules": \[(\n    \{\n      "address"|\]))|\{\}\n$'
    ),
)
METRICS = Kind("voiceform's metrics", re.compile(rb"# HELP voiceform_"), "Prometheus metrics")
JUNIT = Kind(
    "the results of `voiceform test`",
    re.compile(rb'<\?xml [^>]*\?>\n<testsuites name="voiceform test" '),
    "XML",
)
CONFIGURATION = Kind("a configuration", re.compile(rb"(?!)"), "YAML")


@dataclass(frozen=True, slots=True)
class Output:
    """One file that a command is to write, and the option that names it."""

    option: str
    path: Path
    kind: Kind


def check_outputs(
    app: App, outputs: Sequence[Output], *, force: bool = False, inputs: Iterable[Path] = ()
) -> None:
    """Refuse, with a UsageError, outputs that would replace what they may not; `inputs` are those that the
    command line names beside the configuration and the state: files, or folders with all that is in them."""
    read = [*inputs, *_state_files(app), *_evidence(app)] if outputs else []
    for number, output in enumerate(outputs):
        check_ending(output)
        _check_place(output)
        for other in outputs[:number]:
            if _same(output.path, other.path):
                raise _refused(output, f"is what {other.option} names, too")
        for path in read:
            if _same(output.path, path) or (path.is_dir() and _inside(output.path, path)):
                raise _refused(output, "is read by this command, and an output never replaces an input")
        _check_configuration(app, output)
        _check_replaced(app, output, force=force)


def check_ending(output: Output) -> None:
    """Refuse, with a UsageError, a name that says that the file is something else: `--out plan.html` saves no
    page."""
    form = output.kind.lies(output.path)
    if form is not None:
        kind = output.kind
        page = f", or write the page with --format {form.lower()} > FILE" if form in _PAGES else ""
        raise UsageError(
            f"{output.option} {output.path}: a file of this name is taken for {form}, and this is {kind.name}"
            f" ({kind.form})",
            hint=f"nothing was done; choose another name{page}",
        )


def _check_place(output: Output) -> None:
    """It must be a name for a file, in a folder that can be written."""
    if output.path.name == "-" or str(output.path) == ".":
        raise _refused(output, "is not a file; stdout has the document of this command")
    try:
        mode = output.path.lstat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise _refused(output, f"cannot be a file: {error.strerror}") from error
    parent = output.path.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise _refused(output, f"there is no folder {parent} that can be written to")
    if mode is not None and not stat.S_ISREG(mode):
        what = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "not a file"
        raise _refused(output, f"is {what}, and only files are replaced")


def _check_configuration(app: App, output: Output) -> None:
    """Neither a source, nor in a folder of sources a file that the next run would read as one."""
    for source in find_sources([Path(name) for name in app.files], base_dir=app.folder, report=_ignore):
        if _same(output.path, source.path):
            raise _refused(output, "is the configuration, and an output never replaces an input")
    for name in app.files:
        folder = app.path(name)
        if not folder.is_dir() or not _same(folder, output.path.parent):
            continue
        if output.path.exists() and not _written_before(output):
            raise _refused(output, f"is in the folder {folder} of the configuration")
        if output.path.suffix.lower() in SUFFIXES:
            raise _refused(output, f"would be read as configuration: it is in the folder {folder}")


def _check_replaced(app: App, output: Output, *, force: bool) -> None:
    """What is there must be of the same kind, empty, or given up with --force; and not be a file that the
    configuration names."""
    if not output.path.exists() or _written_before(output):
        return
    if any(_names(text, output.path, folder, app) for text, folder in _sources(app)):
        raise _refused(output, "is named by the configuration, and an output never replaces an input")
    if not force and output.path.stat().st_size:
        raise UsageError(
            f"{output.option} {output.path}: there is a file, and it is not {output.kind.name} of ours",
            hint="nothing was done; choose another file, or replace it with --force",
        )


def _written_before(output: Output) -> bool:
    try:
        with output.path.open("rb") as file:
            return output.kind.head.match(file.read(_HEAD)) is not None
    except OSError:
        return False


def _state_files(app: App) -> list[Path]:
    """The files of a state in SQLite, also those that are there only now and then."""
    from voiceform.state.open import DEFAULT_URL, sqlite_file

    path = sqlite_file(DEFAULT_URL if app.state_url is None else app.state_url, base_dir=app.folder)
    return [Path(f"{path}{end}") for end in ("", "-wal", "-shm", "-journal")] if path is not None else []


def _evidence(app: App) -> list[Path]:
    """The folders of evidence: the one by default, and those that the configuration names."""
    named = [match for text, _ in _sources(app) for match in _EVIDENCE.findall(text)]
    return [app.path(name) for name in ("evidence", *named)]


def _sources(app: App) -> Iterator[tuple[str, Path]]:
    """The text of each source of the configuration, and the folder that its paths start at."""
    for source in find_sources([Path(name) for name in app.files], base_dir=app.folder, report=_ignore):
        try:
            if not source.path.is_file():  # a pipe gives what it has but once, and not to us
                continue
            with source.path.open("rb") as file:
                yield file.read(_LARGEST_SOURCE).decode("utf-8", "replace"), app.folder
        except OSError:
            continue


def _names(text: str, path: Path, folder: Path, app: App) -> bool:
    """Whether a text of YAML names a file. Asked of the text, not of what it declares: it may be wrong YAML,
    and any key of any kind may name a file."""
    if path.name in text:
        return True
    for word in set(re.findall(r"[^\s\"'{}\[\],]+|\$\{[^}]*\}[^\s\"',]*", text)):
        known = re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda m: app.environ.get(m[1]) or m[2] or "", word)
        if known and _same(folder / known, path):
            return True
    return False


def _same(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file; where there is none yet, whether they are one name."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return _plain(one) == _plain(other)


def _inside(path: Path, folder: Path) -> bool:
    return path.exists() and _plain(path).startswith(_plain(folder) + os.sep)


def _plain(path: Path) -> str:
    """A path without links, case and forms of letters: some file systems tell none of these apart."""
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def _refused(output: Output, why: str) -> UsageError:
    separator = " " if why.startswith(("is ", "would ", "cannot ")) else ": "
    return UsageError(f"{output.option} {output.path}{separator}{why}", hint=_STAYS)


def _ignore(_diagnostic: object) -> None:
    """Loading the configuration reports what is wrong with it."""
