"""The chain of evidence: written, torn, repaired, edited, checked."""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voiceform.kinds.retention.evidence.chain import Head, line_hash, linked, read_lines
from voiceform.kinds.retention.evidence.folder import Folder
from voiceform.kinds.retention.evidence.log import Author, EvidenceLog
from voiceform.kinds.retention.evidence.places import File, Place, Sink, files_in
from voiceform.kinds.retention.evidence.verify import Found, check_place
from voiceform.model.clock import ManualClock
from voiceform.model.errors import EvidenceError, EvidenceLostError
from voiceform.model.resource import canonical_json
from voiceform.model.runtime import MACHINE, Machine, Runtime
from voiceform.model.schema_files import schema_text

ACCOUNT = "AC" + "a" * 32


def log(folder: Path, place: Place | None = None, runtime: Runtime = MACHINE) -> EvidenceLog:
    clock = ManualClock(datetime(2026, 2, 1, 2, tzinfo=UTC))
    clock.runtime = runtime
    return EvidenceLog(
        place or Folder(folder),
        clock=clock,
        author=Author("ann@host", ACCOUNT, ["--auto-approve"], "0", timedelta(minutes=1)),
    )


def path_of(evidence: EvidenceLog) -> Path:
    return Path(evidence.where)


def check_folder(folder: Path, begin: int = 1) -> Found:
    return check_place(Folder(folder), begin=begin)


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a file, checked."""
    place = Folder(path.parent)
    (file,) = [file for file in files_in(place) if file.name == path.name]
    return list(read_lines(place, file))


def event(number: int, status: str = "deleted", **fields: Any) -> dict[str, Any]:
    return {
        "event": "recording",
        "run": "r1",
        "rule": "retention.recordings.all",
        "sid": f"RE{number:032x}",
        "call_sid": None,
        "conference_sid": None,
        "created": f"2026-01-{number % 28 + 1:02}T00:00:00Z",
        "duration": 61,
        "source": "Conference",
        "archive": None,
        "decision": "delete",
        "status": status,
        "reason": None,
        "request_id": None,
        **fields,
    }


def write(folder: Path, count: int = 3) -> Path:
    """One whole run; its file."""
    with log(folder) as evidence:
        for number in range(count):
            evidence.add(event(number))
        return path_of(evidence)


def kill(folder: Path, count: int = 3) -> Path:
    """A run that ends without closing, as kill -9 ends one."""
    evidence = log(folder)
    for number in range(count):
        evidence.add(event(number))
    evidence.abandon()
    return path_of(evidence)


def test_a_whole_run_is_sound_and_as_the_schema_says(tmp_path: Path) -> None:
    path = write(tmp_path / "ev")
    validator = jsonschema.Draft202012Validator(json.loads(schema_text("evidence")))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        validator.validate(line)
    assert [line["event"] for line in lines] == ["opened", *["recording"] * 3, "closed"]
    summary = json.loads(path.with_suffix(".summary.json").read_text())
    validator.validate(summary)
    assert summary["totals"] == {"deleted": 3}
    assert summary["head"] == lines[-1]["hash"]
    found = check_folder(tmp_path / "ev")
    assert (found.problems, found.notes, found.removed) == ([], [], 3)


def test_everything_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "ev"
    write(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_runs_are_chained_to_one_another(tmp_path: Path) -> None:
    first, second = write(tmp_path), write(tmp_path)
    opened = lines_of(second)[0]
    assert opened["previous"] == {"file": first.name, "hash": lines_of(first)[-1]["hash"]}
    assert check_folder(tmp_path).files == 2


EDITS: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a word is changed": lambda lines: [*lines[:2], lines[2].replace(b"deleted", b"failed "), *lines[3:]],
    "a line is removed": lambda lines: [*lines[:2], *lines[3:]],
    "two lines change places": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a line is there twice": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "the first line is removed": lambda lines: lines[1:],
    "the last line is removed": lambda lines: lines[:-1],
    "a line is no JSON": lambda lines: [lines[0], b"{\n", *lines[2:]],
    "everything is removed": lambda lines: lines[:0],
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_shows(tmp_path: Path, edit: str) -> None:
    path = write(tmp_path)
    write(tmp_path)
    path.write_bytes(b"".join(EDITS[edit](path.read_bytes().splitlines(keepends=True))))
    assert check_folder(tmp_path).problems


def test_a_recomputed_hash_does_not_help(tmp_path: Path) -> None:
    from voiceform.kinds.retention.evidence.chain import line_hash
    from voiceform.model.resource import canonical_json

    path = write(tmp_path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["status"] = "failed"
    lines[1]["hash"] = line_hash(lines[1])
    path.write_bytes(b"".join(canonical_json(line) + b"\n" for line in lines))
    assert any("missing before this one" in problem for problem in check_folder(tmp_path).problems)


def test_a_missing_file_and_a_false_summary_show(tmp_path: Path) -> None:
    files = [write(tmp_path) for _ in range(3)]
    summary = files[0].with_suffix(".summary.json")
    summary.write_text(summary.read_text().replace('"deleted": 3', '"deleted": 2'))
    assert any("summary" in problem for problem in check_folder(tmp_path).problems)
    files[1].unlink()
    problems = check_folder(tmp_path).problems
    assert any("000002" in problem for problem in problems)


@pytest.mark.parametrize("torn", [b"{", b'{"event":"recording"', b"\x00\x00\x00"])
def test_a_torn_last_line_is_cut_off_and_noted(tmp_path: Path, torn: bytes) -> None:
    path = kill(tmp_path)
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(torn)
    found = check_folder(tmp_path)
    assert found.problems == []
    assert any("torn" in note for note in found.notes)
    second = write(tmp_path)
    assert path.read_bytes() == whole
    repaired = lines_of(second)[1]
    assert (repaired["event"], repaired["file"], repaired["dropped_bytes"]) == (
        "repaired",
        path.name,
        len(torn),
    )
    assert check_folder(tmp_path).problems == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(cut=st.integers(0, 2400))
def test_cut_anywhere_the_next_run_goes_on(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("cut")
    write(folder, 1)
    path = kill(folder)
    path.write_bytes(path.read_bytes()[:cut])
    whole = path.read_bytes().count(b"\n")
    write(folder, 1)
    found = check_folder(folder)
    assert found.problems == []
    assert path.read_bytes().count(b"\n") == whole


def test_what_a_dead_run_took_down_is_known_to_the_next(tmp_path: Path) -> None:
    kill(tmp_path, 2)
    with log(tmp_path) as evidence:
        assert evidence.taken_down("r1") == {f"RE{number:032x}" for number in range(2)}
        assert evidence.taken_down("r2") == frozenset()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["archive", "hasg", "hash0", "hashes", "i", "z"]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=8
).filter(lambda name: name not in {"hash", "seq", "prev"})


@given(st.dictionaries(names, json_values, max_size=6), st.integers(0, 10**9))
def test_a_line_is_the_canonical_json_of_what_it_says_and_its_hash(said: dict[str, Any], seq: int) -> None:
    text, head = linked({"event": "x", **said}, Head(seq, "ab" * 32))
    line = json.loads(text)
    assert line == {"event": "x", **said, "seq": seq, "prev": "ab" * 32, "hash": head.hash}
    assert text == canonical_json(line) + b"\n"
    assert head == Head(seq + 1, line_hash(line))


def test_lines_of_many_threads_make_one_chain_in_which_each_has_its_own_in_order(tmp_path: Path) -> None:
    threads, each = 20, 50
    with log(tmp_path) as evidence:

        def write_some(thread: int) -> None:
            for number in range(each):
                evidence.ensure_open()
                evidence.add(event(1000 * thread + number))

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(write_some, range(threads)))
    numbers = [
        int(line["sid"][2:], 16) for line in lines_of(path_of(evidence)) if line["event"] == "recording"
    ]
    assert len(numbers) == threads * each
    for thread in range(threads):
        own = [number for number in numbers if number // 1000 == thread]
        assert own == list(range(1000 * thread, 1000 * thread + each))
    assert check_folder(tmp_path).problems == []


class SlowSink:
    """A disk that does not come back from writing before it is `released`, and may then have failed."""

    errors: tuple[type[Exception], ...] = (OSError,)
    backlog = 0

    def __init__(self, sink: Sink, disk: SlowDisk) -> None:
        self._sink, self._disk = sink, disk

    def write(self, lines: Sequence[bytes]) -> None:
        self._disk.writing.set()
        assert self._disk.released.wait(60)
        if self._disk.broken:
            raise OSError(5, "Input/output error")
        self._sink.write(lines)

    def sync(self) -> None:
        self._sink.sync()

    def close(self) -> None:
        self._sink.close()


class SlowDisk(Folder):
    """A folder on such a disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.writing, self.released, self.broken = threading.Event(), threading.Event(), False
        self.released.set()

    def begin(self, file: File) -> Sink:
        return SlowSink(super().begin(file), self)


@pytest.mark.parametrize("broken", [False, True])
def test_who_deletes_does_not_get_far_ahead_of_who_writes(tmp_path: Path, *, broken: bool) -> None:
    """A thread writes the lines of the others, who go on meanwhile, but not beyond some dozens; and when
    it could not write, nobody goes on."""
    disk = SlowDisk(tmp_path)
    evidence = log(tmp_path, disk)
    disk.released.clear()
    disk.writing.clear()
    order: list[str] = []
    asked = threading.Event()

    def delete_one_more() -> None:
        asked.set()
        try:
            evidence.ensure_open()
            order.append("goes on")
        except EvidenceLostError:
            order.append("ends")

    with ThreadPoolExecutor(2) as pool:
        writer = pool.submit(evidence.add, event(0))
        assert disk.writing.wait(60)
        for number in range(1, 66):
            evidence.ensure_open()
            evidence.add(event(number))
        one_more = pool.submit(delete_one_more)
        assert asked.wait(60)
        order.append("written")
        disk.broken = broken
        disk.released.set()
        one_more.result(60)
        assert order == ["written", "ends" if broken else "goes on"]
        if broken:
            with pytest.raises(EvidenceLostError, match="cannot be written"):
                writer.result(60)
            with pytest.raises(EvidenceLostError):
                evidence.add(event(66))
            evidence.abandon()
        else:
            writer.result(60)
            evidence.close()
    written = [line["sid"] for line in lines_of(path_of(evidence)) if line["event"] == "recording"]
    assert written == ([] if broken else [f"RE{number:032x}" for number in range(66)])


class Standing(Machine):
    """A machine whose uptime stands still; who sleeps does so until `awake`."""

    def __init__(self) -> None:
        self.awake, self.asleep = threading.Event(), threading.Event()

    def uptime(self) -> float:  # a function of the class elsewhere
        return 0.0

    def sleep(self, seconds: float) -> None:  # type: ignore[override]
        self.asleep.set()
        assert self.awake.wait(60)


class CountingDisk(SlowDisk):
    """A folder that tells how many lines it was given at a time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.given: list[int] = []

    def begin(self, file: File) -> Sink:
        sink = super().begin(file)
        inner = sink.write

        def write(lines: Sequence[bytes]) -> None:
            inner(lines)
            self.given.append(len(lines))

        sink.write = write  # type: ignore[method-assign]
        return sink


@pytest.mark.parametrize("ends", ["closes", "is killed", "breaks"])
def test_lines_that_come_close_together_are_written_together(tmp_path: Path, ends: str) -> None:
    """The first at once, and those after it when a moment is over, whoever goes on or ends meanwhile."""
    machine, disk = Standing(), CountingDisk(tmp_path)
    evidence = log(tmp_path, disk, machine)
    for number in range(10):
        evidence.add(event(number))
    assert disk.given[1:] == [1]
    assert machine.asleep.wait(60)
    disk.broken = ends == "breaks"
    machine.awake.set()
    if ends == "breaks":
        with pytest.raises(EvidenceLostError, match="cannot be written"):
            evidence.flush()
        with pytest.raises(EvidenceLostError):
            evidence.ensure_open()
        evidence.abandon()
    elif ends == "is killed":
        evidence.abandon()
    else:
        evidence.close()
    assert disk.given[1:] == {"breaks": [1], "is killed": [1, 9]}.get(ends, disk.given[1:])
    written = [line["sid"] for line in lines_of(path_of(evidence)) if line["event"] == "recording"]
    assert written == [f"RE{number:032x}" for number in range(1 if ends == "breaks" else 10)]


def test_a_summary_that_cannot_be_written_takes_nothing_back(tmp_path: Path) -> None:
    evidence = log(tmp_path)
    evidence.add(event(0))
    path = path_of(evidence)
    path.with_suffix(".summary.json").mkdir()
    with pytest.raises(EvidenceError, match="summary of the evidence cannot be written") as caught:
        evidence.close()
    assert "every line is stored" in (caught.value.hint or "")
    assert [line["event"] for line in lines_of(path)] == ["opened", "recording", "closed"]


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path) -> None:
    with log(tmp_path), pytest.raises(EvidenceError, match="another run"):
        log(tmp_path)


def test_nothing_is_appended_to_evidence_that_was_edited(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"deleted", b"spared "))
    with pytest.raises(EvidenceError, match="edited"):
        log(tmp_path)
    assert len(files_in(Folder(tmp_path))) == 1


class Page(HTMLParser):
    """What a browser would load, and the tags that are left open."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links.extend(value or "" for name, value in attrs if name in ("src", "href"))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_and_escapes_names(tmp_path: Path) -> None:
    with EvidenceLog(
        Folder(tmp_path),
        clock=ManualClock(datetime(2026, 2, 1, tzinfo=UTC)),
        author=Author("<script>alert(1)</script>", ACCOUNT, [], "0", timedelta(minutes=1)),
    ) as evidence:
        for number in range(200):
            evidence.add(event(number, created=f"{2010 + number // 12}-{number % 12 + 1:02}-01T00:00:00Z"))
    text = path_of(evidence).with_suffix(".html").read_text()
    page = Page()
    page.feed(text)
    assert page.links == []
    assert page.open == []
    assert "<script" not in text
    assert text.count("<rect") == 200


def replaced(path: Path, number: int, old: bytes, new: bytes) -> None:
    """Edit one line of a file."""
    lines = path.read_bytes().splitlines(keepends=True)
    assert old in lines[number]
    lines[number] = lines[number].replace(old, new, 1)
    path.write_bytes(b"".join(lines))


SAME_DATA: dict[str, tuple[bytes, bytes]] = {
    "a key twice, the true one last": (b'"status":"deleted"', b'"status":"kept-by-hold","status":"deleted"'),
    "a key twice, the true one first": (
        b'{"archive":null',
        b'{"sid":"RE00000000000000000000000000000009","archive":null',
    ),
    "white space": (b'"status":', b'"status": '),
    "white space before": (b"{", b" {"),
    "white space behind": (b"}\n", b"} \n"),
    "carriage return": (b"}\n", b"}\r\n"),
    "escaped letters": (b'"deleted"', b'"\\u0064eleted"'),
    "number with a point": (b'"duration":61', b'"duration":61.0'),
    "number with an exponent": (b'"duration":61', b'"duration":6.1e1'),
    "not a number": (b'"duration":61', b'"duration":NaN'),
    "endless": (b'"duration":61', b'"duration":Infinity'),
    "another document behind": (b"}\n", b"}{}\n"),
    "a zero byte": (b"}\n", b"}\x00\n"),
    "byte order mark": (b"{", b"\xef\xbb\xbf{"),
    "lone surrogate": (b'"Conference"', b'"\\ud800"'),
}


@pytest.mark.parametrize("edit", SAME_DATA)
def test_a_line_is_its_bytes(tmp_path: Path, edit: str) -> None:
    path = write(tmp_path)
    replaced(path, 1, *SAME_DATA[edit])
    problems = check_folder(tmp_path).problems
    assert any(f"{path}:2" in problem for problem in problems), problems
    with pytest.raises(EvidenceError):
        log(tmp_path)


def test_keys_in_another_order_are_an_edit(tmp_path: Path) -> None:
    path = write(tmp_path)
    lines = path.read_text().splitlines()
    other = dict(reversed(json.loads(lines[1]).items()))
    lines[1] = json.dumps(other, separators=(",", ":"))
    path.write_text("\n".join(lines) + "\n")
    assert any(":2: the line was edited" in problem for problem in check_folder(tmp_path).problems)


@pytest.mark.parametrize("lines", [0, 1, 2, 4])
def test_the_newest_file_cut_by_whole_lines_shows_by_its_summary(tmp_path: Path, lines: int) -> None:
    write(tmp_path)
    path = write(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]))
    assert any("missing at its end" in problem for problem in check_folder(tmp_path).problems)


def test_the_newest_file_that_vanished_shows_by_its_summary(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path).unlink()
    assert any("is missing" in problem for problem in check_folder(tmp_path).problems)


@pytest.mark.parametrize("more", [b"x", b"{", b'{"event":"recording"'])
def test_bytes_behind_the_closing_line_are_no_torn_line(tmp_path: Path, more: bytes) -> None:
    path = write(tmp_path)
    with path.open("ab") as file:
        file.write(more)
    assert check_folder(tmp_path).problems


def test_lines_behind_the_closing_line_show_although_they_are_linked(tmp_path: Path) -> None:
    path = write(tmp_path)
    last = lines_of(path)[-1]
    more = {"event": "closed", "totals": {}, "at": last["at"], "who": "x"}
    data, _ = linked(more, Head(last["seq"] + 1, last["hash"]))
    path.write_bytes(path.read_bytes() + data)
    assert any("behind the last one" in problem for problem in check_folder(tmp_path).problems)


def test_first_files_that_vanished_show_unless_they_are_said_to_be_elsewhere(tmp_path: Path) -> None:
    files = [write(tmp_path) for _ in range(4)]
    for path in files[:2]:
        for kept in (path, path.with_suffix(".summary.json"), path.with_suffix(".html")):
            kept.unlink()
    problems = check_folder(tmp_path).problems
    assert any("000001 to 000002" in problem and "--from 3" in problem for problem in problems)
    assert check_folder(tmp_path, 3).problems == []
    assert check_folder(tmp_path, 2).problems != []
    assert check_folder(tmp_path, 4).problems == []
    with pytest.raises(EvidenceError, match="no evidence"):
        check_folder(tmp_path, 5)


def test_files_that_are_given_other_numbers_show(tmp_path: Path) -> None:
    files = [write(tmp_path) for _ in range(3)]
    for suffix in (".jsonl", ".summary.json", ".html"):
        files[0].with_suffix(suffix).unlink()
        for path in files[1:]:
            number = int(path.stem) - 1
            path.with_suffix(suffix).rename(path.with_name(f"{number:06}{suffix}"))
    assert check_folder(tmp_path).problems


@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_only_plain_files_are_read(tmp_path: Path, what: str) -> None:
    path = write(tmp_path / "ev")
    path.rename(tmp_path / "moved")
    if what == "link":
        path.symlink_to(tmp_path / "moved")
    elif what == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert check_folder(tmp_path / "ev").problems
