from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.config.reading import brief, load
from tests.nobody import without_rights
from tests.support import Stack
from voiceform.cli import main
from voiceform.config.sources import find_sources
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.errors import ConfigurationError


def displays(base: Path, *names: str) -> list[str]:
    def refuse(diagnostic: Diagnostic) -> None:
        raise AssertionError(str(diagnostic))

    return [
        source.display
        for source in find_sources([Path(name) for name in names], base_dir=base, report=refuse)
    ]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in ("voiceform.yaml", "b.yml", "a.yaml", ".hidden.yaml", ".#a.yaml", "notes.txt", "sub/c.yaml"):
        path = tmp_path / "stack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("version: 1\n")
    return tmp_path / "stack"


def test_the_default(files: Path) -> None:
    assert displays(files) == [f"{files}/voiceform.yaml"]


def test_a_folder_is_its_files_in_order(files: Path) -> None:
    assert displays(files, ".") == [f"{files}/{name}" for name in ("a.yaml", "b.yml", "voiceform.yaml")]
    assert displays(files, "sub") == [f"{files}/sub/c.yaml"]


def test_each_file_once(files: Path) -> None:
    (files / "sub" / "link.yaml").symlink_to(files / "a.yaml")
    found = displays(files, "b.yml", "./b.yml", ".", str(files / "b.yml"), "sub")
    assert [os.path.basename(name) for name in found] == ["b.yml", "a.yaml", "voiceform.yaml", "c.yaml"]


def test_files_are_called_as_one_would_type_them(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files.parent)
    assert displays(Path("stack"), "b.yml") == ["stack/b.yml"]
    assert displays(Path("stack"), "../stack/./b.yml") == ["stack/b.yml"]
    assert displays(Path("./stack")) == ["stack/voiceform.yaml"]
    assert displays(files, "b.yml") == ["stack/b.yml"]
    assert displays(files, str(files / "b.yml")) == [f"{files}/b.yml"]
    assert displays(Path(), "stack") == [f"stack/{name}" for name in ("a.yaml", "b.yml", "voiceform.yaml")]
    monkeypatch.chdir(files / "sub")
    assert displays(Path(".."), "b.yml") == ["../b.yml"]


def failure(folder: Path, *names: str) -> list[Diagnostic]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, *names)
    return list(caught.value.diagnostics)


def test_nothing_there_names_init_and_the_option(tmp_path: Path) -> None:
    [found] = failure(tmp_path)
    assert found.code == "no-configuration"
    assert "voiceform.yaml" in found.message
    assert "voiceform init" in (found.hint or "")
    assert "-f" in (found.hint or "")


def test_every_missing_path_is_named(files: Path) -> None:
    found = failure(files, "nope.yaml", "a.yaml", "nowhere/")
    assert [diagnostic.code for diagnostic in found] == ["no-configuration"] * 2
    assert "nope.yaml" in found[0].message
    assert "nowhere" in found[1].message


def test_a_folder_without_configuration(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    [found] = failure(tmp_path, "empty")
    assert "empty" in found.message
    assert "*.yaml" in found.message


def test_what_cannot_be_read_is_said_with_the_other_findings(files: Path) -> None:
    (files / "loop.yaml").symlink_to("loop.yaml")
    (files / "bad.yaml").write_text("nope: 1\n")
    found = failure(files, "loop.yaml", "bad.yaml")
    assert brief(found) == ["1:1 unreadable-file", "1:1 unknown-key"]


def test_a_file_that_fails_while_it_is_read(files: Path) -> None:
    [found] = failure(files, "/proc/self/mem")
    assert str(found).startswith("/proc/self/mem:1:1: error: the file cannot be read: input/output error")


@pytest.mark.parametrize("name", ["x" * 300, "a.yaml/x.yaml", "nul\0nul"])
def test_paths_that_cannot_be(files: Path, name: str) -> None:
    [found] = failure(files, name)
    assert found.code == "no-configuration"


def test_a_pipe(files: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"version: 1\nqueues: {a: {}}\n")
    os.close(writer)
    try:
        configuration = load(files, f"/dev/fd/{reader}")
    finally:
        os.close(reader)
    assert len(configuration.desired) == 1


def make_folder(path: Path) -> None:
    path.mkdir()


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


ODD_ENTRIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "dangling": (lambda path: path.symlink_to("nowhere.yaml"), "a link to something that is not there"),
    "loop": (lambda path: path.symlink_to(path.name), "too many levels of symbolic links"),
    "two-loop": (lambda path: _two_links(path), "too many levels of symbolic links"),
    "pipe": (os.mkfifo, "a named pipe"),
    "link-to-pipe": (lambda path: _link_to_pipe(path), "a named pipe"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "outside its folder, by a link"),
    "folder": (make_folder, "a folder"),
    "link-to-folder": (lambda path: path.symlink_to("."), "a folder"),
    "socket": (make_socket, "a socket"),
}


def _two_links(path: Path) -> None:
    path.symlink_to("other-link")
    (path.parent / "other-link").symlink_to(path.name)


def _link_to_pipe(path: Path) -> None:
    os.mkfifo(path.parent / "pipe")
    path.symlink_to("pipe")


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".YAML", ".Yml"])
@pytest.mark.parametrize("kind", ODD_ENTRIES)
def test_an_entry_that_is_no_file_is_an_error(tmp_path: Path, kind: str, suffix: str) -> None:
    make, words = ODD_ENTRIES[kind]
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "a.yaml").write_text("version: 1\nqueues: {a: {}}\n")
    make(folder / f"vip{suffix}")
    [found] = failure(tmp_path, "s")
    assert brief([found]) == ["1:1 unreadable-file"]
    assert str(found).startswith(str(folder / f"vip{suffix}"))
    assert words in found.message
    if "folder" not in kind:
        [named] = failure(tmp_path, f"s/vip{suffix}")
        assert named.message == found.message


@pytest.mark.parametrize("name", ["vip.YAML", "vip.YML", "vip.Yml", "vip.yAmL"])
def test_suffixes_count_in_any_case(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nqueues: {a: {}}\n")
    (tmp_path / name).write_text("queues: {vip: {}}\n")
    assert sorted(map(str, load(tmp_path, ".").desired)) == ["queue.a", "queue.vip"]


NOBODY = """
import os, sys
from voiceform.cli import main
run = lambda: main(["-f", sys.argv[1], "validate"], environ={})
run()  # as root, who may read everything: what is imported late is there afterwards
if os.geteuid() == 0:
    os.seteuid(65534)
print("--", file=sys.stderr, flush=True)
sys.exit(run())
"""


def test_a_file_that_may_not_be_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a.yaml").write_text("version: 1\nqueues: {a: {}}\n")
        (folder / "vip.yaml").write_text("queues: {vip: {x: 1}}\n")
        (folder / "a.yaml").chmod(0o644)
        (folder / "vip.yaml").chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", NOBODY, name], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    said = done.stderr.partition("--\n")[2]
    assert "vip.yaml:1:1" in said
    assert "permission denied" in said


def test_what_editors_and_tools_leave_beside_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nqueues: {a: {}}\n")
    (tmp_path / ".#a.yaml").symlink_to("nobody@nowhere.1234")
    for name in ("a.yaml~", "#a.yaml#", ".a.yaml.swp", "a.yaml.bak", "a.yaml.orig", "README.md"):
        (tmp_path / name).write_text("queues: {b: {}}\n")
    assert list(map(str, load(tmp_path, ".").desired)) == ["queue.a"]


def test_a_default_file_that_leads_nowhere_is_not_called_absent(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").symlink_to("gone.yaml")
    [found] = failure(tmp_path)
    assert "a link to something that is not there" in found.message
    assert "init" not in (found.hint or "")


def test_what_a_folder_does_not_give_any_more_is_not_deleted(stack: Stack) -> None:
    stack.write("queues: {a: {}, b: {}, c: {}}", "conf/a.yaml")
    shared = stack.write("queues: {vip: {}}", "shared.yaml")
    (stack.folder / "conf" / "vip.yaml").symlink_to(shared)
    stack.ok("-f", "conf", "apply", "--auto-approve")
    shared.rename(stack.folder / "elsewhere.yaml")
    for command in (["plan"], ["apply", "--auto-approve"], ["validate"]):
        assert stack.run("-f", "conf", *command).code == 1
    assert sorted(stack.account.queues()) == ["a", "b", "c", "vip"]


@pytest.mark.parametrize(
    "argv",
    [
        ("-f", "locked/voiceform.yaml", "validate"),
        ("-f", "locked/sub", "validate"),
        ("--overlay", "locked/voiceform.yaml", "validate"),
        ("--env-file", "locked/.env", "validate"),
        ("test", "locked/sub/a.voiceform.yaml"),
        ("fleet", "list", "--fleet", "locked/fleet.yaml"),
    ],
    ids=" ".join,
)
def test_what_lies_in_a_folder_that_nobody_may_search_is_not_nothing(
    argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:  # below folders that others may enter, too
        folder = Path(name)
        folder.chmod(0o755)
        for place in (".", "locked", "locked/sub"):
            (folder / place).mkdir(exist_ok=True)
            (folder / place / "voiceform.yaml").write_text("version: 1\nqueues: {a: {}}\n", encoding="utf-8")
        (folder / "locked/.env").write_text("A=1\n", encoding="utf-8")
        (folder / "locked/sub/a.voiceform.yaml").write_text("cases: 1\n", encoding="utf-8")
        main(["-C", name, *argv], environ={})  # so that whatever it imports is known
        capsys.readouterr()
        with without_rights(folder / "locked"):
            assert main(["-C", name, *argv], environ={}) == 1
    told = " ".join("".join(capsys.readouterr()).split()).lower()
    assert "permission denied" in told
    assert "check" in told
    assert "there is no" not in told


def test_a_device_that_is_named(files: Path) -> None:
    [found] = failure(files, "/dev/zero")
    assert "a device" in found.message
