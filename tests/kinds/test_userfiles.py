"""Files that a configuration names: where they may lie, what they may be, and that they are never shown."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.support import Stack
from voiceform.kinds.userfiles import Places, UserFileError, text_of

SECRET = "aws_secret_access_key=wJalrXUtnFEMI"
NUMBER = '"+12125550101"'


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "credentials").write_text(f"{SECRET}\nphone\n")
    (folder / "people.csv").write_text("phone\n+12125550101\n")
    (folder / "dnc.txt").write_text("+12125550199\n")
    (folder / "prices.yaml").write_text(f"as_of: 2026-01-01\n{SECRET}: 1\n")
    return folder


def stack_that_names(csv: str = "", dnc: str = "", prices: str = "") -> str:
    text = "version: 1\n"
    if csv or dnc:
        to = f'{{csv: "{csv}"}}' if csv else NUMBER
        text += (
            f'calls:\n  one:\n    to: {to}\n    from: {NUMBER[:-2]}9"\n'
            "    schedule: {at: 2026-12-01T09:00:00, timezone: UTC}\n    answer: {say: Hello}\n"
        )
        text += f'    do_not_call: "{dnc}"\n' if dnc else ""
    if prices:
        text += f'retention:\n  prices: "{prices}"\n  recordings: [{{name: a, keep: 90d}}]\n'
    return text


KINDS = ["csv", "dnc", "prices"]


def told(stack: Stack, kind: str, path: str, *options: str, **more: Any) -> str:
    """What validate says about a stack whose list of this kind is at `path`."""
    stack.write(stack_that_names(**{kind: path}))
    result = stack.run(*options, "validate", **more)
    assert "Traceback" not in result.err
    assert SECRET not in result.out + result.err
    return result.out + result.err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["absolute", "relative", "link", "linked folder"])
def test_nothing_outside_the_folder_of_the_stack_is_read(
    stack: Stack, outside: Path, kind: str, way: str
) -> None:
    target = outside / "credentials"
    (stack.folder / "link").symlink_to(target)
    (stack.folder / "folder").symlink_to(outside)
    path = {
        "absolute": str(target),
        "relative": os.path.relpath(target, stack.folder),
        "link": "link",
        "linked folder": "folder/credentials",
    }[way]
    text = told(stack, kind, path)
    assert "lies outside the folder of the stack" in text
    assert "--allow-path" in text


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_learns_whether_a_file_outside_exists(stack: Stack, outside: Path, kind: str) -> None:
    assert "lies outside" in told(stack, kind, str(outside / "no-such-file"))


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_folder_can_be_allowed(stack: Stack, outside: Path, how: str) -> None:
    (outside / "prices.yaml").write_text("as_of: 2026-01-01\nstorage_per_minute_month: 1\n")
    options = ["--allow-path", str(outside)] if how == "option" else []
    environ = {} if how == "option" else {"VOICEFORM_ALLOW_PATH": f"{stack.folder}/none{os.pathsep}{outside}"}
    for kind, name in (("csv", "people.csv"), ("dnc", "dnc.txt"), ("prices", "prices.yaml")):
        text = told(stack, kind, str(outside / name), *options, environ={**stack.environ, **environ})
        assert "outside" not in text
        assert "The configuration is valid" in text


def test_a_folder_beside_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    (tmp_path / "stack").mkdir()
    (tmp_path / "stack-secrets").mkdir()
    (tmp_path / "stack-secrets" / "list").write_text("x")
    with pytest.raises(UserFileError, match="outside"):
        Places(tmp_path / "stack").read(tmp_path / "stack-secrets" / "list")


@pytest.mark.parametrize("kind", KINDS)
def test_only_plain_files_are_read(stack: Stack, kind: str) -> None:
    os.mkfifo(stack.folder / "pipe")
    (stack.folder / "dir").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's path may be 107 bytes long.
        server.bind(os.path.relpath(stack.folder / "sock"))
        assert "is a pipe" in told(stack, kind, "pipe"), "and nothing waits for somebody to write into it"
        assert "is a folder" in told(stack, kind, "dir")
        assert "is a socket" in told(stack, kind, "sock")
    assert "is a device" in told(stack, kind, "/dev/zero", "--allow-path", "/dev")
    assert "is missing" in told(stack, kind, "nowhere")


def test_a_file_over_the_bound_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1001)
    places = Places(tmp_path)
    assert len(places.read(tmp_path / "large", 1001).content) == 1001
    with pytest.raises(UserFileError, match="larger than 1,000 bytes"):
        places.read(tmp_path / "large", 1000)


def test_a_nul_in_a_path_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(UserFileError, match="no path"):
        Places(tmp_path).read(tmp_path / "a\0b")


@pytest.mark.parametrize("fault", ["duplicate", "bad number", "ragged row", "bad quotes"])
def test_rows_of_people_are_never_shown(stack: Stack, fault: str) -> None:
    row = {
        "duplicate": "Bob Example,HIV positive,+1 (212) 555-0101",
        "bad number": "Bob Example,HIV positive,212 555 01",
        "ragged row": "Bob Example,HIV positive",
        "bad quotes": 'Bob Example,"HIV positive"x,+12125550102',
    }[fault]
    (stack.folder / "patients.csv").write_text(f"name,diagnosis,phone\nZacharias,none,+12125550101\n{row}\n")
    stack.write(stack_that_names(csv="patients.csv"))
    for format_ in ("text", "json", "github", "sarif"):
        result = stack.run("validate", "--format", format_)
        shown = result.out + result.err
        assert "patients.csv" in shown
        for word in ("Bob", "HIV", "Zacharias", "212"):
            assert word not in shown, format_
    result = stack.run("validate")
    assert "patients.csv:3" in result.err


def test_what_a_price_file_holds_is_not_repeated(stack: Stack) -> None:
    (stack.folder / "prices.yaml").write_text(f"as_of: 2026-01-01\n{SECRET}: 1\n")
    assert "1 of its keys" in told(stack, "prices", "prices.yaml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_texts_as_spreadsheets_write_them(encoding: str) -> None:
    assert text_of("phone\n+12125550101 Zoë\n".encode(encoding)) == "phone\n+12125550101 Zoë\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"phone\n\xe9\n", r"not UTF-8 text \(line 2\)"),
        ("phone".encode("utf-16-le"), "NUL"),
        (b"\xff\xfea", "not UTF-8"),
    ],
)
def test_other_encodings_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(UserFileError, match=message):
        text_of(content)
