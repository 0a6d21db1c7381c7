"""A deletion whose answer was lost is neither counted as done nor forgotten: the next run takes it down."""

from __future__ import annotations

import os
import re
import signal
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cli.pruning import NOW, Pruner, call, plain, re_sid, recording
from tests.hostile.answers import twilio_error
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import Seen, answer
from tests.warm.started import Started
from voiceform.model.clock import ManualClock

RULES = "recordings: [{name: all, keep: 90d}]"
RECORDS = "call_records: [{name: cdr, keep: 90d}]"


def started(stack: Stack, *argv: str) -> Started:
    return stack.start("prune", "--auto-approve", "--evidence", "evidence", *argv)


class Withheld:
    """Lets the real server carry a deletion out, and keeps its answer to itself."""

    def __init__(self, proxy: Proxy, path: str) -> None:
        self.done = threading.Event()
        self.over = threading.Event()
        self._proxy = proxy
        proxy.rule("DELETE", path, self.step)

    def step(self, seen: Seen) -> bytes:
        self._proxy._forward(seen)
        self.done.set()
        self.over.wait(60)
        return answer(204)


@pytest.mark.parametrize("part", ["recordings", "call records"])
def test_ctrl_c_while_a_deletion_is_on_its_way(stack: Stack, part: str) -> None:
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare(RULES if part == "recordings" else RECORDS)
    pruner.seed(
        [recording(n, 91, now) for n in (1, 2, 3)] if part == "recordings" else (),
        [call(n, 91, now) for n in (1, 2, 3)] if part == "call records" else (),
    )
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        withheld = Withheld(proxy, r"/(Recordings|Calls)/\w+\.json")
        process = started(stack, "--parallelism", "1")
        assert withheld.done.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        withheld.over.set()
    assert process.returncode == 5, out + err
    line = out.rstrip("\n").splitlines()[-1]
    told = "Stopped: deleted nothing, 1 sent without an answer (the next run finds out), 2 not begun"
    assert re.fullmatch(rf"{re.escape(told)}( in \d+ seconds?)?\.", line), line
    event = "recording" if part == "recordings" else "call-record"
    assert pruner.lines(event) == []
    stack.environ["VOICEFORM_BASE_URL"] = stack.emulator.url
    result = pruner.prune()
    assert "was settled" in result.err
    assert "Deleted 2" in result.out
    statuses = [line["status"] for line in pruner.lines(event)]
    assert statuses == ["found-gone", "deleted", "deleted"]
    pruner.verify()


def test_an_outage_after_the_last_try_is_settled_later(stack: Stack) -> None:
    pruner = Pruner(stack)
    pruner.declare(RULES)
    pruner.seed([recording(n, 91) for n in (1, 2)])
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        path = rf"/Recordings/{re_sid(1)}\.json"
        proxy.rule("DELETE", path, answer(503), after=True)
        proxy.rule("GET", path, answer(503))
        result = pruner.prune()
    assert result.code == 5
    assert "Deleted 1 recording (1 minute), 1 sent without an answer (the next run finds out)" in result.out
    stack.environ["VOICEFORM_BASE_URL"] = stack.emulator.url
    pruner.pruned()
    assert pruner.statuses() == {1: "found-gone", 2: "deleted"}


def test_a_lost_last_answer_is_asked_for(stack: Stack) -> None:
    pruner = Pruner(stack)
    pruner.declare(f"{RULES}\n{RECORDS}")
    pruner.seed([recording(1, 91)], [call(1, 91)])
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("DELETE", "/Calls/", answer(503), after=True)
        pruner.pruned()
    assert [line["status"] for line in pruner.lines("call-record")] == ["already-gone"]


def test_what_was_deleted_is_told_when_a_list_fails_in_the_middle(stack: Stack) -> None:
    """Recordings are looked at again a thousand at a time."""
    pruner = Pruner(stack)
    pruner.declare(RULES)
    pruner.seed(recording(n, 91 + n / 1000) for n in range(1005))
    begun = threading.Event()

    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url

        def page(seen: Seen) -> bytes:
            return answer(503) if begun.is_set() else proxy._forward(seen)

        def deletion(seen: Seen) -> bytes:
            begun.set()
            return proxy._forward(seen)

        proxy.rule("GET", r"/Recordings\.json.*DateCreated", page)
        proxy.rule("DELETE", "/Recordings/", deletion)
        result = pruner.prune()
    assert result.code == 0, result.out
    assert "Deleted 1,005 recordings" in plain(result.out)


class Impatient(ManualClock):
    """Somebody presses Ctrl-C as soon as the program pauses for long."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if seconds < 15:
            return super().wait(event, seconds)
        os.kill(os.getpid(), signal.SIGINT)
        event.wait(60)
        return event.is_set()

    def sleep(self, seconds: float) -> None:
        assert seconds < 15, "nobody can end this pause"
        super().sleep(seconds)


@pytest.mark.parametrize("part", ["recordings", "call records"])
def test_a_pause_between_rounds_ends_with_ctrl_c(stack: Stack, part: str) -> None:
    pruner = Pruner(stack)
    pruner.clock = Impatient(NOW)
    pruner.declare(RULES if part == "recordings" else RECORDS)
    pruner.seed(
        [recording(n, 91) for n in (1, 2, 3)] if part == "recordings" else (),
        [call(n, 91) for n in (1, 2, 3)] if part == "call records" else (),
    )
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        busy = answer(503) if part == "recordings" else twilio_error(409, 20009)
        proxy.rule("DELETE", r"/\w+2\.json", busy)
        result = pruner.prune()
    assert result.code == 5, result.out
    assert "Deleted 2" in result.out or "Stopped: deleted 2" in result.out
    assert len(pruner.left() | pruner.calls_left()) == 1


@pytest.mark.parametrize("declared", ["", "evidence: off\n", "evidence: elsewhere\n"])
def test_the_next_run_goes_on_where_the_dead_one_took_down(stack: Stack, declared: str) -> None:
    """--evidence of the run that died, whatever the configuration and the next command say."""
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare(declared + RULES)
    pruner.seed([recording(n, 91, now) for n in (1, 2, 3)])
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        withheld = Withheld(proxy, "/Recordings/")
        process = started(stack, "--evidence", "evidence", "--parallelism", "1")
        assert withheld.done.wait(60)
        process.kill()
        process.communicate(timeout=60)
        withheld.over.set()
    stack.environ["VOICEFORM_BASE_URL"] = stack.emulator.url
    stack.ok("lock", "break", "--reason", "its holder was killed")
    stack.ok("prune", "--auto-approve", clock=pruner.clock)
    assert pruner.left() == set()
    assert "found-gone" in pruner.statuses().values()
    assert len(pruner.statuses()) in (1, 3), "what the next run deletes lies where its own place is"
    pruner.verify()


def test_off_is_no_place_to_verify(stack: Stack) -> None:
    result = stack.run("prune", "verify", "off")
    assert result.code == 64
    assert "off is no place of evidence" in result.err
    assert "--evidence" not in result.err


@pytest.mark.parametrize("part", ["recordings", "call records"])
def test_an_entry_that_cannot_be_read_does_not_keep_a_dead_run_open(stack: Stack, part: str) -> None:
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare(RULES if part == "recordings" else RECORDS)
    pruner.seed(
        [recording(n, 91, now) for n in (1, 2, 3)] if part == "recordings" else (),
        [call(n, 91, now) for n in (1, 2, 3)] if part == "call records" else (),
    )

    def spoil(document: Any) -> None:
        for row in [document, *document.get("recordings", ()), *document.get("calls", ())]:
            if str(row.get("sid")).endswith("2"):
                row["duration"] = "many"

    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        withheld = Withheld(proxy, r"/\w+[13]\.json")
        process = started(stack, "--parallelism", "1")
        assert withheld.done.wait(60)
        process.kill()
        process.communicate(timeout=60)
        withheld.over.set()
        proxy.rules.clear()
        for path in (r"/(Recordings|Calls)\.json", r"/(Recordings|Calls)/\w+\.json"):
            proxy.edit("GET", path, spoil)
        stack.ok("lock", "break", "--reason", "its holder was killed")
        result = pruner.pruned()
        assert "was settled" in result.err
        assert "cannot be read" in plain(result.out)
    assert (pruner.left() | pruner.calls_left()) <= {2}
    lines = pruner.lines("recording" if part == "recordings" else "call-record")
    assert "found-gone" in [line["status"] for line in lines]


def test_what_was_sent_in_the_first_round_is_not_forgotten_by_a_ctrl_c_in_the_second(stack: Stack) -> None:
    """Of two whose deletion happened and was answered with 503, the second is not tried again any more."""
    pruner = Pruner(stack)
    pruner.declare(RULES)
    pruner.seed([recording(n, 91 + n) for n in (1, 2)])
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url

        asked: list[str] = []

        def deleted(seen: Seen) -> bytes:
            asked.append(seen.target)
            return answer(503)

        def looked_at(seen: Seen) -> bytes:
            if len(set(asked)) == 2 and seen.target == asked[0]:
                os.kill(os.getpid(), signal.SIGINT)
            return answer(503)

        proxy.rule("DELETE", "/Recordings/", deleted, after=True)
        proxy.rule("GET", r"/Recordings/\w+\.json", looked_at)
        result = pruner.prune("--parallelism", "1")
    assert result.code == 5, result.out
    assert "Deleted nothing, 2 sent without an answer (the next run finds out)" in plain(result.out)
    stack.environ["VOICEFORM_BASE_URL"] = stack.emulator.url
    assert "was settled" in pruner.prune().err
    assert pruner.statuses() == {1: "found-gone", 2: "found-gone"}
    pruner.verify()
