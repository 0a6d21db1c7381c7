"""Files are written whole, under names that nobody can plant."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.files import write_new, write_whole


def test_a_file_is_replaced_whole_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old and longer than the new one")
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["plan.json"]


def test_a_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "plan.json").symlink_to(victim)
    write_whole(tmp_path / "plan.json", "new")
    assert victim.read_text() == "precious"
    assert not (tmp_path / "plan.json").is_symlink()


@pytest.mark.parametrize(
    "name", [".plan.json.{pid}.tmp", "plan.json.new", ".plan.json.tmp", "plan.json.{pid}"]
)
def test_planted_names_catch_nothing(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / name.format(pid=os.getpid())).symlink_to(victim)
    write_whole(tmp_path / "plan.json", "new")
    assert victim.read_text() == "precious"


@given(length=st.integers(1, 300), content=st.binary(max_size=50))
def test_any_length_of_name_works_or_leaves_nothing(
    tmp_path_factory: pytest.TempPathFactory, length: int, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("names")
    path = folder / ("n" * length)
    if length > 255:
        with pytest.raises(OSError, match="too long"):
            write_whole(path, content)
        assert os.listdir(folder) == []
    else:
        write_whole(path, content)
        assert path.read_bytes() == content


@pytest.mark.parametrize("what", ["file", "link", "dead link"])
def test_a_new_file_is_new(tmp_path: Path, what: str) -> None:
    path, other = tmp_path / "a.yaml", tmp_path / "b"
    if what != "dead link":
        other.write_text("precious")
    if what == "file":
        path.write_text("precious")
    else:
        path.symlink_to(other)
    with pytest.raises(FileExistsError):
        write_new(path, "new")
    assert not other.exists() or other.read_text() == "precious"


def test_a_new_file_that_its_writer_does_not_survive_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            write_new(path, "x" * 5000)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGXFSZ
    assert not path.exists()


def test_a_folder_is_no_file_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (Path(), Path(".."), tmp_path):
        with pytest.raises(OSError):  # noqa: PT011 - which one is the system's
            write_whole(folder, "text")
    assert not list(tmp_path.iterdir())


def test_a_file_that_could_not_be_looked_at_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("theirs", encoding="utf-8")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))  # no other file can be opened
    try:
        with pytest.raises(OSError, match="Too many open files"):
            write_new(path, "ours")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert path.read_text(encoding="utf-8") == "theirs"
