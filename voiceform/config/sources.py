"""Which files make up a configuration, and what each of them holds."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voiceform.config.text import MAX_BYTES
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.paths import ALLOW, leads_below

DEFAULT_FILE = "voiceform.yaml"
STDIN = "-"
SUFFIXES = (".yaml", ".yml")


_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
"""What a system says of a path at which nothing is."""
_OF_SHELLS = (("dev",), ("proc",))
_PATIENCE = 60
"""How many seconds the other end of an inherited pipe (`-f <(sops -d secret.yaml)`) may be silent."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: how to open it, how to call it in messages, and `within` which folders it must really lie.

    Findings show lines of it and words in it, in the log of a pull request, too, which may have made a link
    of it. None: anywhere, for what is said by who runs the command, or never shown.
    """

    path: Path
    display: str
    within: tuple[Path, ...] | None

    def read(self, report: Report) -> bytes | None:
        """Its bytes, at most one more than may be read; None, reported, when they cannot be had.

        Plain files are read, and pipes that this process inherited. Nothing is waited for without end.
        """
        try:
            return self._content()
        except FileNotFoundError:
            reason, hint = "this is a link to something that is not there", _REMOVE
        except UnfitError as error:
            reason, hint = str(error), error.hint
        except OSError as error:
            reason = f"the file cannot be read: {_reason(error)}"
            hint = _LET_READ if isinstance(error, PermissionError) else _REMOVE
        place = Position(self.display, 1, 1, private=True)  # nobody may know what stands there
        report(Diagnostic("unreadable-file", reason, place, hint=hint))
        return None

    def _content(self) -> bytes:
        if _is_astray(self.path, self.within):
            raise UnfitError("this leads outside its folder, by a link", ALLOW)
        self._require_readable(os.stat(self.path).st_mode)  # before it is opened: to open some is to act
        with open(self.path, "rb", buffering=0, opener=_without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
            self._require_readable(mode)
            return _drain(file.fileno()) if stat.S_ISFIFO(mode) else _read(file)

    def _require_readable(self, mode: int) -> None:
        inherited = stat.S_ISFIFO(mode) and not os.path.lexists(os.path.realpath(self.path))
        if not stat.S_ISREG(mode) and not inherited:
            kind = next((name for test, name in _KINDS if test(mode)), "not a plain file")
            raise UnfitError(f"this is {kind}, not a file")


@dataclass(frozen=True, slots=True)
class StandardInput(SourceFile):
    """What comes through stdin, once: whoever asks again gets nothing."""

    def _content(self) -> bytes:
        if sys.stdin is None or sys.stdin.closed:
            raise UnfitError("standard input is closed")
        if sys.stdin.isatty():
            raise UnfitError("standard input is a terminal, and no configuration comes from it")
        return sys.stdin.buffer.read(MAX_BYTES + 1)


_LET_READ = "what it declares would be missed: check who may read it, and search the folders above it"
_REMOVE = "what it declares would be missed: mend it, move it out of the folder, or give it another ending"


class UnfitError(Exception):
    """What is to be read is nothing that is read, and what to do."""

    def __init__(self, what: str, hint: str = _REMOVE) -> None:
        super().__init__(what)
        self.hint = hint


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _read(file: io.FileIO) -> bytes:
    pieces: list[bytes] = []
    left = MAX_BYTES + 1
    while left > 0 and (piece := file.read(min(left, 1 << 20))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _drain(pipe: int) -> bytes:
    """What comes through a pipe until its other end is closed."""
    import select

    pieces: list[bytes] = []
    left = MAX_BYTES + 1
    while left > 0:
        if not select.select([pipe], [], [], _PATIENCE)[0]:
            raise TimeoutError(errno.ETIMEDOUT, f"nothing came through the pipe for {_PATIENCE} seconds")
        piece = os.read(pipe, min(left, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _reason(error: OSError) -> str:
    return (error.strerror or "unknown error").lower()


def find_sources(
    paths: Sequence[Path],
    *,
    base_dir: Path,
    report: Report,
    option: str = "-f",
    allowed: Sequence[Path] = (),
) -> list[SourceFile]:
    """The files that `paths` name, relative to `base_dir`, each once; without paths, `voiceform.yaml`. `-` is
    standard input.

    A folder stands for its entries that end in .yaml or .yml, in any case, sorted; those of its folders and
    hidden ones, which editors make, are no part of it. What is missing is reported, and so is, when it is
    read, an entry that is no file: what it was to declare must not be taken for removed. So is what a link
    leads out of `base_dir`, or out of another folder that is named, unless into one of `allowed`. `option` is
    the one that named them.
    """
    sources: dict[str, SourceFile] = {}
    for path in paths or [Path(DEFAULT_FILE)]:
        for source in _sources_at(path, base_dir, None if not paths else option, report, allowed):
            sources.setdefault(os.path.realpath(source.path), source)
    return list(sources.values())


def _sources_at(
    path: Path, base_dir: Path, option: str | None, report: Report, allowed: Sequence[Path]
) -> Iterator[SourceFile]:
    """The files that one path names; without an `option` nobody named it."""
    if str(path) == STDIN:
        # Its place is the stack's folder, from which what it names is looked for.
        yield StandardInput(Path("/dev/stdin"), _display(Path("(stdin)"), base_dir), None)
        return
    full = base_dir / path
    display = _display(path, base_dir)
    within = bounds(full, base_dir, allowed)
    if _is_astray(full, within):
        yield SourceFile(full, display, within)  # which says so, be it a file or folder or nothing
    elif os.path.isdir(full):
        try:
            names = sorted(entry.name for entry in full.iterdir() if _is_configuration(entry))
        except OSError as error:
            report(Diagnostic("unreadable-file", f"the folder {display!r} cannot be read: {_reason(error)}"))
            return
        if not names:
            report(
                Diagnostic(
                    "no-configuration",
                    f"the folder {display!r} holds no *.yaml or *.yml file",
                    hint=f"name another file or folder with {option}",
                )
            )
        for name in names:
            yield SourceFile(full / name, os.path.normpath(os.path.join(display, name)), within)
    elif may_be_there(full):
        yield SourceFile(full, display, within)
    else:
        report(_missing(display, option))


def bounds(path: Path, base_dir: Path, allowed: Sequence[Path] = ()) -> tuple[Path, ...] | None:
    """The folders in which what somebody named must really lie: one of `allowed`, or `base_dir` where the
    path stays in there, else the folder that it names; None for what a shell hands over (`/dev/stdin`,
    `/dev/fd/63`)."""
    plain = Path(os.path.abspath(path))
    if plain.is_relative_to(os.path.abspath(base_dir)):
        return (base_dir, *allowed)
    if plain.parts[1:2] in _OF_SHELLS:
        return None
    return (path if os.path.isdir(path) else path.parent, *allowed)


def _is_astray(path: Path, within: tuple[Path, ...] | None) -> bool:
    """Whether a link leads from there to where a file is not to lie."""
    try:
        return within is not None and not leads_below(path, within)
    except ValueError:  # this is no path
        return False


def _is_configuration(entry: Path) -> bool:
    return entry.suffix.lower() in SUFFIXES and not entry.name.startswith(".")


def may_be_there(path: Path) -> bool:
    """Whether there is an entry at `path`, be it a link to nothing, or may be one: what nobody may look at
    (its folder may not be searched, its disk is silent) is not nothing, and says more when it is read."""
    try:
        path.lstat()
    except ValueError:  # this is no path
        return False
    except OSError as error:
        return error.errno not in _NOTHING
    return True


def _missing(display: str, option: str | None) -> Diagnostic:
    """What to say about a path at which there is nothing."""
    if option is None:
        hint = "run `voiceform init` to make one, or name a file or folder with -f"
        return Diagnostic("no-configuration", f"there is no {display}", hint=hint)
    hint = f"name one that is there with {option}, or leave {option} out"
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
