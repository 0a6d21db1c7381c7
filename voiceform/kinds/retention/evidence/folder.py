"""Evidence in a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from voiceform.kinds.retention.evidence.places import File, Sink, taken
from voiceform.kinds.retention.storage.folders import (
    create,
    make_folder,
    open_plain,
    sync_folder,
    write_whole,
)
from voiceform.model.errors import EvidenceError

_LONGEST_LINE = 1_000_000


class Folder:
    """A folder of this machine, held with a lock while a run writes."""

    errors: tuple[type[Exception], ...] = (OSError,)
    alone = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._guard: int | None = None

    def names(self) -> list[str]:
        """The names in it."""
        return [entry.name for entry in self.folder.iterdir()]

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of one file."""
        with open_plain(self.folder / name) as file:
            while line := file.readline(_LONGEST_LINE + 1):
                yield line

    def where(self, name: str) -> str:
        """Its path, or that of one name."""
        return str(self.folder / name if name else self.folder)

    def claim(self) -> None:
        """Make it, and lock it for this process."""
        try:
            import fcntl
        except ImportError:
            raise EvidenceError(
                "this system has no locks for folders: two runs could write over each other's evidence",
                where=self.where(""),
                hint="keep the evidence in an object store, such as evidence: s3://bucket/prefix",
            ) from None
        make_folder(self.folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self.folder / ".lock", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise taken(self) from error
        self._guard = descriptor

    def release(self) -> None:
        """Unlock it."""
        if self._guard is not None:
            os.close(self._guard)
            self._guard = None

    def begin(self, file: File) -> Sink:
        """A new file."""
        sink = _Appending(create(self.folder / file.name))
        sync_folder(self.folder)
        return sink

    def repair(self, file: File) -> int:
        """Cut off what has no end."""
        path = self.folder / file.parts[-1]
        with open_plain(path) as torn:
            size = torn.seek(0, 2)
            end = position = size
            while position > 0:
                start = max(0, position - 65536)
                torn.seek(start)
                found = torn.read(position - start).rfind(b"\n")
                if found >= 0:
                    end = start + found + 1
                    break
                position = start
            else:
                end = 0
        if end < size:
            os.truncate(path, end)
        return size - end

    def put(self, name: str, text: str) -> None:
        """Write a whole file."""
        write_whole(self.folder, [name], [text.encode()])

    def read(self, name: str) -> bytes | None:
        """All of a file; None when it is not there."""
        try:
            with open_plain(self.folder / name) as file:
                return file.read()
        except FileNotFoundError:
            return None


class _Appending:
    """A file that grows."""

    errors: tuple[type[Exception], ...] = (OSError,)
    backlog = 0
    """Lines go to the system at once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
