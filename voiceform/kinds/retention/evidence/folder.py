"""Evidence in a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from voiceform.kinds.retention.evidence.places import File, Sink
from voiceform.kinds.retention.storage.folders import (
    create,
    make_folder,
    open_plain,
    sync_folder,
    write_all,
)
from voiceform.kinds.retention.storage.locks import FileLock, HeldError, NoLocksError, try_lock
from voiceform.model.errors import EvidenceError, EvidenceHeldError

_LONGEST_LINE = 1_000_000


class Folder:
    """A folder of this machine, held with a lock while a run writes."""

    errors: tuple[type[Exception], ...] = (OSError,)
    alone = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / ".lock")

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

    def claim(self, holder: str) -> None:
        """Make it, and lock it for this process."""
        make_folder(self.folder)
        try:
            self._lock.take(holder)
        except HeldError as error:
            raise self._held(error.note) from error
        except NoLocksError as error:
            raise EvidenceError(
                f"there are no locks in this folder ({error.strerror}): "
                "two runs could write over each other's evidence",
                where=self.where(""),
                hint="name a folder of another file system, or a bucket, such as evidence: s3://bucket/prefix",
            ) from error

    def release(self) -> None:
        """Unlock it."""
        self._lock.release()

    def begin(self, file: File) -> Sink:
        """A new file."""
        path = self.folder / file.name
        sink = _Appending(create(path), path)
        sink.hold()
        return sink

    def repair(self, file: File) -> int:
        """Cut off what has no end."""
        path = self.folder / file.parts[-1]
        with open_plain(path) as torn:
            if _is_written(torn.fileno()):  # its run is at work, and somebody removed the lock of the folder
                raise self._held("")
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

    def _held(self, holder: str) -> EvidenceHeldError:
        return EvidenceHeldError(
            f"another run writes its evidence here: {holder}"
            if holder
            else "another run writes its evidence here",
            where=self.where(""),
            hint="nothing is deleted without it; wait with --lock-timeout 10m until that run has ended,"
            " or give each stack a place of its own",
        )

    def put(self, texts: Mapping[str, str]) -> None:
        """Write whole files."""
        write_all(self.folder, [], {name: [text.encode()] for name, text in texts.items()})

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

    def __init__(self, descriptor: int, path: Path) -> None:
        self._descriptor = descriptor
        self._path = path
        self._named = False
        """Whether its name is stored, too."""

    def hold(self) -> None:
        """Lock it as long as it grows, for those who do not see the lock of its folder."""
        try_lock(self._descriptor)

    def write(self, lines: Sequence[bytes]) -> None:
        view = memoryview(b"".join(lines))
        while view:
            view = view[os.write(self._descriptor, view) :]

    def sync(self) -> None:
        os.fsync(self._descriptor)
        if not os.path.samestat(os.stat(self._path), os.fstat(self._descriptor)):
            raise EvidenceError("the file of the evidence was replaced while it was written")
        if not self._named:
            sync_folder(self._path.parent)
            self._named = True

    def close(self) -> None:
        os.close(self._descriptor)


def _is_written(descriptor: int) -> bool:
    """Whether a run has the file open for its lines. NFS tells it only of files that may be written."""
    try:
        return not try_lock(descriptor)
    except NoLocksError:
        return False
