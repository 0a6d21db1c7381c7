from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.reading import brief, load
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
def stack(tmp_path: Path) -> Path:
    for name in ("voiceform.yaml", "b.yml", "a.yaml", ".hidden.yaml", ".#a.yaml", "notes.txt", "sub/c.yaml"):
        path = tmp_path / "stack" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("version: 1\n")
    (tmp_path / "stack" / "folder.yaml").mkdir()
    return tmp_path / "stack"


def test_the_default(stack: Path) -> None:
    assert displays(stack) == [f"{stack}/voiceform.yaml"]


def test_a_folder_is_its_files_in_order(stack: Path) -> None:
    assert displays(stack, ".") == [f"{stack}/{name}" for name in ("a.yaml", "b.yml", "voiceform.yaml")]
    assert displays(stack, "sub") == [f"{stack}/sub/c.yaml"]


def test_each_file_once(stack: Path) -> None:
    (stack / "sub" / "link.yaml").symlink_to(stack / "a.yaml")
    found = displays(stack, "b.yml", "./b.yml", ".", str(stack / "b.yml"), "sub")
    assert [os.path.basename(name) for name in found] == ["b.yml", "a.yaml", "voiceform.yaml", "c.yaml"]


def test_files_are_called_as_one_would_type_them(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stack.parent)
    assert displays(Path("stack"), "b.yml") == ["stack/b.yml"]
    assert displays(Path("stack"), "../stack/./b.yml") == ["stack/b.yml"]
    assert displays(Path("./stack")) == ["stack/voiceform.yaml"]
    assert displays(stack, "b.yml") == ["stack/b.yml"]
    assert displays(stack, str(stack / "b.yml")) == [f"{stack}/b.yml"]
    assert displays(Path(), "stack") == [f"stack/{name}" for name in ("a.yaml", "b.yml", "voiceform.yaml")]
    monkeypatch.chdir(stack / "sub")
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


def test_every_missing_path_is_named(stack: Path) -> None:
    found = failure(stack, "nope.yaml", "a.yaml", "nowhere/")
    assert [diagnostic.code for diagnostic in found] == ["no-configuration"] * 2
    assert "nope.yaml" in found[0].message
    assert "nowhere" in found[1].message


def test_a_folder_without_configuration(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    [found] = failure(tmp_path, "empty")
    assert "empty" in found.message
    assert "*.yaml" in found.message


def test_what_cannot_be_read_is_said_with_the_other_findings(stack: Path) -> None:
    (stack / "loop.yaml").symlink_to("loop.yaml")
    (stack / "bad.yaml").write_text("nope: 1\n")
    found = failure(stack, "loop.yaml", "bad.yaml")
    assert brief(found) == ["no-configuration", "1:1 unknown-key"]


def test_a_file_that_fails_while_it_is_read(stack: Path) -> None:
    [found] = failure(stack, "/proc/self/mem")
    assert str(found).startswith("/proc/self/mem:1:1: error: the file cannot be read: input/output error")


@pytest.mark.parametrize("name", ["x" * 300, "a.yaml/x.yaml", "nul\0nul"])
def test_paths_that_cannot_be(stack: Path, name: str) -> None:
    [found] = failure(stack, name)
    assert found.code == "no-configuration"


def test_a_pipe(stack: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"version: 1\nqueues: {a: {}}\n")
    os.close(writer)
    try:
        configuration = load(stack, f"/dev/fd/{reader}")
    finally:
        os.close(reader)
    assert len(configuration.desired) == 1
