"""A folder of evidence belongs to one run at a time, or takes none."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from voiceform.kinds.retention.evidence.folder import Folder
from voiceform.kinds.retention.evidence.places import File
from voiceform.kinds.retention.storage.locks import is_held
from voiceform.model.errors import EvidenceError

HOLDER = """
import sys, time
from pathlib import Path
from voiceform.kinds.retention.evidence.folder import Folder
Folder(Path(sys.argv[1])).claim("ann@build-7, process 4711")
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


def test_one_run_has_it(folder: Path) -> None:
    first, second = Folder(folder), Folder(folder)
    first.claim("ann@build-7, process 1")
    with pytest.raises(
        EvidenceError, match="another run writes its evidence here: ann@build-7, process 1"
    ) as caught:
        second.claim("bob@build-8, process 2")
    assert "wait with --lock-timeout 10m until that run has ended" in (caught.value.hint or "")
    first.release()
    second.claim("bob@build-8, process 2")
    with pytest.raises(EvidenceError, match="here: bob@build-8, process 2"):
        first.claim("ann@build-7, process 1")
    second.release()


def test_a_killed_run_leaves_nothing_to_remove(folder: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        with pytest.raises(EvidenceError, match="ann@build-7, process 4711"):
            Folder(folder).claim("me")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    ours = Folder(folder)
    ours.claim("me")
    assert (folder / ".lock").read_text() == "me"
    ours.release()


def test_a_child_does_not_keep_it(folder: Path) -> None:
    ours = Folder(folder)
    ours.claim("me")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child:
        ours.release()
        other = Folder(folder)
        other.claim("them")
        other.release()
        child.communicate()


def test_the_lock_is_its_owners_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / ".lock").touch(mode=0o666)
    before = os.umask(0)
    try:
        ours = Folder(folder)
        ours.claim("me")
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / ".lock").stat().st_mode) == 0o600
    ours.release()


@pytest.mark.parametrize("what", ["link", "link to nothing", "pipe", "folder", "socket"])
def test_what_is_no_file_is_no_lock(folder: Path, tmp_path: Path, what: str) -> None:
    folder.mkdir()
    place, elsewhere = folder / ".lock", tmp_path / "elsewhere"
    if what == "link":
        elsewhere.write_text("ours")
    if what.startswith("link"):
        place.symlink_to(elsewhere)
    elif what == "pipe":
        os.mkfifo(place)
    elif what == "folder":
        place.mkdir()
    else:
        os.mknod(place, stat.S_IFSOCK | 0o600)
    with pytest.raises(OSError, match=r"."):
        Folder(folder).claim("me")
    assert not elsewhere.exists() or elsewhere.read_text() == "ours"


def test_a_lock_that_was_removed_by_hand_does_not_let_a_second_run_in(folder: Path) -> None:
    first = Folder(folder)
    first.claim("ann")
    sink = first.begin(File(1))
    sink.write([b"a line without its e"])
    (folder / ".lock").unlink()
    second = Folder(folder)
    second.claim("bob")
    with pytest.raises(EvidenceError, match="another run"):
        second.repair(File(1, ("000001.jsonl",)))
    assert (folder / "000001.jsonl").read_bytes() == b"a line without its e"
    sink.close()
    assert second.repair(File(1, ("000001.jsonl",))) == 20
    first.release()
    second.release()


@pytest.mark.parametrize("instead", ["nothing", "a copy", "an empty folder"])
def test_lines_that_nobody_would_find_are_not_stored(folder: Path, tmp_path: Path, instead: str) -> None:
    place = Folder(folder)
    place.claim("me")
    sink = place.begin(File(1))
    sink.write([b"{}\n"])
    sink.sync()
    folder.rename(tmp_path / "moved")
    if instead == "a copy":
        shutil.copytree(tmp_path / "moved", folder)
    elif instead == "an empty folder":
        folder.mkdir()
    sink.write([b"{}\n"])
    with pytest.raises((EvidenceError, OSError)):
        sink.sync()
    sink.close()
    place.release()


def test_a_closed_file_may_be_made_read_only(folder: Path) -> None:
    ours = Folder(folder)
    ours.claim("me")
    sink = ours.begin(File(1))
    sink.write([b"a line\n"])
    sink.close()
    (folder / "000001.jsonl").chmod(0o400)
    assert ours.repair(File(1, ("000001.jsonl",))) == 0
    ours.release()


@pytest.mark.parametrize(
    ("number", "held"),
    [
        *((number, True) for number in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)),
        *(
            (number, False)
            for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF, errno.EIO)
        ),
    ],
    ids=lambda value: errno.errorcode[value] if value > 1 else str(value),
)
def test_no_locks_are_not_taken_for_another_run(number: int, held: bool) -> None:
    assert is_held(OSError(number, os.strerror(number))) is held
