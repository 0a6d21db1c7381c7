"""Trouble that the kernel itself makes: disks without room or inodes, read-only mounts, files that may not be
read or written, what is moved away under a run, processes that get no more files, threads or memory."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SIZE, INODES = "24m", 2000
"""Of the disk that is mounted."""
Spoils = Callable[[Path], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """`spoils` makes it of the folder, and ends it, around a run, or from some request on (`at`, as a part of
    all that it sends); `inside` is what the process is told (runner.py). `mounted` says that it needs a disk
    of its own."""

    name: str
    spoils: Spoils | None = None
    inside: Mapping[str, int] = field(default_factory=dict)
    at: float | None = None
    mounted: bool = False
    leaves_nothing: bool = True


def may_mount() -> bool:
    """Whether this process may mount disks."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    return bool(effective & 1 << 21)  # CAP_SYS_ADMIN


@contextmanager
def mounted(folder: Path, options: str = f"size={SIZE},nr_inodes={INODES},mode=700") -> Iterator[None]:
    """A disk of its own at the folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def room(left: int) -> Spoils:
    """So many bytes are free."""

    @contextmanager
    def filled(folder: Path) -> Iterator[None]:
        filler = folder.parent / "filler"
        with filler.open("wb") as file:
            status = os.statvfs(folder)
            os.posix_fallocate(file.fileno(), 0, max(status.f_bavail * status.f_frsize - left, 1))
        try:
            yield
        finally:
            filler.unlink()

    return filled


def inodes(left: int) -> Spoils:
    """So many new files can be made."""

    @contextmanager
    def filled(folder: Path) -> Iterator[None]:
        place = folder.parent / "fillers"
        place.mkdir()
        for number in range(os.statvfs(folder).f_favail - left):
            (place / str(number)).touch()
        try:
            yield
        finally:
            shutil.rmtree(place)

    return filled


def temporaries(left: int) -> Spoils:
    """Temporary files have a disk of their own, with so many bytes free; below 0 they have no folder."""

    @contextmanager
    def small(folder: Path) -> Iterator[None]:
        spool = folder.parent / "spool"
        if left < 0:
            spool.rmdir()
            yield
            return
        options = f"size={max(left, 4096)},nr_inodes={100 if left else 1}"
        with mounted(spool, options):
            yield

    return small


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The disk is mounted read-only."""
    disk = folder.parent
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


def modes(**wanted: int) -> Spoils:
    """Files and folders, by the ends of their names, have these modes: `_` stands for the folder itself."""

    @contextmanager
    def changed(folder: Path) -> Iterator[None]:
        found = [
            (path, mode)
            for name, mode in wanted.items()
            for path in ([folder] if name == "_" else folder.rglob(f"*{name.replace('_', '.')}"))
        ]
        before = [(path, path.stat().st_mode & 0o7777) for path, _ in found]
        for path, mode in found:
            path.chmod(mode)
        try:
            yield
        finally:
            for path, mode in before:
                if path.exists():
                    path.chmod(mode)

    return changed


def away(name: str, *, instead: str = "") -> Spoils:
    """What is called so is moved away; in its place comes nothing, an `empty` folder, or a `copy`. A copy
    stays there, and what is written to the other one is never seen again."""

    @contextmanager
    def moved(folder: Path) -> Iterator[None]:
        path = folder / _in_fleet(folder, name)
        aside = folder.parent / "aside"
        there = path.exists()
        if there:
            path.rename(aside)
            if instead == "copy":
                (shutil.copytree if aside.is_dir() else shutil.copy)(aside, path)
            elif instead:
                path.mkdir()
        try:
            yield
        finally:
            if there:
                lost, kept = (aside, path) if instead == "copy" else (path, aside)
                if lost.is_dir():
                    shutil.rmtree(lost)
                lost.unlink(missing_ok=True)
                if kept is aside:
                    aside.rename(path)

    return moved


def _in_fleet(folder: Path, name: str) -> str:
    """The name of the same of the first stack, where the folder is that of a fleet."""
    if not (folder / "fleet.yaml").is_file():
        return name
    return {
        ".voiceform": "states",
        ".voiceform/state.db": "states/one.db",
        ".voiceform/state.db-wal": "states/one.db-wal",
        "evidence": "one/evidence",
    }.get(name, name)


def _during(name: str, spoils: Spoils) -> tuple[Trouble, ...]:
    return tuple(
        Trouble(f"{name} after {part:.0%} of the requests", spoils, at=part) for part in (0.1, 0.4, 0.7, 0.9)
    )


TROUBLES = (
    *(
        Trouble(f"{left} bytes are free", room(left), mounted=True)
        for left in (0, 4096, 20480, 65536, 200_000)
    ),
    *(Trouble(f"{left} inodes are free", inodes(left), mounted=True) for left in (0, 1, 2, 3, 5, 8)),
    Trouble("no folder for temporary files", temporaries(-1)),
    *(
        Trouble(f"{left} bytes are free for temporary files", temporaries(left), mounted=True)
        for left in (0, 4096, 65536)
    ),
    Trouble("mounted read-only", read_only, mounted=True),
    Trouble("mounted read-only, files elsewhere", read_only, {"elsewhere": 1}, mounted=True),
    *(Trouble(f"files end at {size} bytes", inside={"FSIZE": size}) for size in (0, 3000, 20_000, 120_000)),
    *(Trouble(f"{more} more files may be open", inside={"NOFILE": more}) for more in range(16)),
    *(
        Trouble(f"{more} MB more memory", inside={"AS": more << 20})
        for more in (12, 16, 24, 40, 64, 96, 128, 160)
    ),
    *(
        Trouble(name, modes(**wanted), {"modes": 1}, leaves_nothing=False)
        for name, wanted in {
            "a folder that may not be written to": {"_": 0o500},
            "a folder that may not be looked at": {"_": 0},
            "a state that may not be written": {"_db": 0o400},
            "a state that may not be read": {"_db": 0},
            "a folder of the state that may not be written to": {"voiceform": 0o500},
            "evidence that may not be written": {"evidence": 0o500, "jsonl": 0o400},
            "files that may not be read": {"yaml": 0, "json": 0},
        }.items()
    ),
    *_during("the folder is gone", away("")),
    *_during("the folder is another", away("", instead="copy")),
    *_during("the state is gone", away(".voiceform")),
    *_during("the state is another", away(".voiceform", instead="copy")),
    *_during("the file of the state is another", away(".voiceform/state.db", instead="copy")),
    *_during("the log of the state is gone", away(".voiceform/state.db-wal")),
    *_during("the evidence is gone", away("evidence")),
    *_during("the evidence is another", away("evidence", instead="copy")),
    *_during("the evidence is empty", away("evidence", instead="empty")),
)  # fmt: skip
"""Kinds of trouble, each in some sizes."""
