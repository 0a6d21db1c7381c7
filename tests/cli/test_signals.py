"""Ctrl-C, SIGTERM and SIGHUP at every moment of a command, in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import Stack
from tests.terminal.terminal import Terminal
from tests.warm.started import Started

SIGNALS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
HANGS = {"times": 999, "kind": "latency", "delay_ms": 60_000}
BUSY = {"times": 999, "kind": "status", "status": 503, "retry_after": 3600}


def when(seen: Callable[[], bool], process: Started) -> None:
    """Wait until something is so; the process must not end before."""
    while not seen():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def asked(stack: Stack, operation: str, count: int = 1) -> Callable[[], bool]:
    return lambda: (
        sum(entry["operation"] == operation for entry in stack.emulator.requests()) >= count
        or stack.emulator.stats()["by_operation"].get(operation, 0) >= count
    )


def ended(process: Started | subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its code and outputs; soon, as hanging requests (60 s) and pauses (an hour) are given up."""
    out, err = process.communicate(timeout=20)
    assert "Traceback" not in err
    assert "defect" not in err
    return process.wait(), out, err


def faults(stack: Stack, *rules: dict[str, Any]) -> None:
    stack.emulator.faults(list(rules))


@SIGNALS
@pytest.mark.parametrize("fault", [HANGS, BUSY], ids=["hangs", "backs-off"])
@pytest.mark.parametrize(
    "argv",
    [
        ("plan",),
        ("drift",),
        ("export",),
        ("apply", "--auto-approve"),
        ("import", "queue.a", "QU" + "0" * 32),
    ],
    ids=" ".join,
)
def test_while_planning_nothing_was_begun(
    stack: Stack, argv: tuple[str, ...], fault: dict[str, Any], number: int, code: int
) -> None:
    stack.queues(a=1, b=2)
    operation = "fetchQueue" if argv[0] == "import" else "listQueues"
    faults(stack, {"operation": operation, **fault})
    process = stack.start(*argv)
    when(asked(stack, operation), process)
    process.send_signal(number)
    assert ended(process)[0] == code
    assert stack.account.writes() == []
    assert stack.ok("lock", "show").out == "Nobody holds the lock.\n"


def run_document(stack: Stack) -> Any:
    return json.loads((stack.folder / "run.json").read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_apply_ends_with_5(stack: Stack, number: int) -> None:
    stack.queues(**{f"q{index}": 10 for index in range(40)})
    faults(stack, {"operation": "createQueue", "times": 999, "kind": "latency", "delay_ms": 100})
    files = ("--report-json", "run.json", "--metrics", "m.prom")
    process = stack.start("apply", "--auto-approve", "--parallelism", "2", *files)
    when(lambda: len(stack.account.writes()) >= 4, process)
    process.send_signal(number)
    code, out, err = ended(process)
    made = len(stack.account.queues())
    assert code == 5
    assert 4 <= made < 40
    assert out.splitlines()[-1] == (
        f"Interrupted: {made} created, {40 - made} not begun. Run apply again; the rest is planned anew."
    )
    assert err.count("\n") < made + 10, "what was not begun is one counted line"
    assert run_document(stack)["exit_code"] == 5
    assert run_document(stack)["summary"]["skipped"] == 40 - made
    assert (
        'voiceform_last_run_exit_code{command="apply",stack="default"} 5.0'
        in (stack.folder / "m.prom").read_text()
    )
    faults(stack)
    stack.apply()
    assert len(stack.account.queues()) == 40


@pytest.mark.parametrize("fault", [HANGS, BUSY], ids=["hangs", "backs-off"])
def test_an_apply_that_waits_for_the_service_ends_and_is_settled(stack: Stack, fault: dict[str, Any]) -> None:
    stack.queues(a=1, b=2, c=3)
    faults(stack, {"operation": "createQueue", **fault})
    process = stack.start("apply", "--auto-approve", "--parallelism", "2")
    when(asked(stack, "createQueue", 2), process)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 5
    faults(stack)
    stack.apply()
    assert set(stack.account.queues()) == {"a", "b", "c"}
    assert stack.run("plan", "--detailed-exitcode").code == 0


@SIGNALS
def test_a_saved_plan_of_which_nothing_was_begun_is_not_used_up(stack: Stack, number: int, code: int) -> None:
    stack.queues(a=1)
    stack.apply()
    stack.queues(a=2)
    stack.ok("plan", "--out", "plan.json")
    faults(stack, {"operation": "fetchQueue", **HANGS})
    process = stack.start("apply", "plan.json", "--report-json", "run.json")
    when(asked(stack, "fetchQueue"), process)
    process.send_signal(number)
    found, _, err = ended(process)
    assert found == code
    assert "Nothing was begun." in err
    assert run_document(stack)["error"]["exit_code"] == code
    faults(stack)
    assert "\nApplied: 1 updated" in stack.ok("apply", "plan.json").out


def test_the_first_plan_of_a_state_is_not_used_up_either(stack: Stack) -> None:
    stack.queues(a=1)
    stack.ok("plan", "--out", "plan.json")
    process = stack.start("apply", "plan.json")
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] in (143, -signal.SIGTERM)
    if not stack.account.queues():
        stack.ok("apply", "plan.json")
    assert "a" in stack.account.queues()


@pytest.mark.parametrize("presses", [2, 3])
def test_the_second_signal_ends_at_once_and_the_next_run_settles(stack: Stack, presses: int) -> None:
    stack.queues(**{f"q{index}": 10 for index in range(20)})
    faults(stack, {"operation": "createQueue", "times": 999, "kind": "latency", "delay_ms": 450})
    process = stack.start("apply", "--auto-approve", "--parallelism", "2")
    when(lambda: len(stack.account.writes()) >= 4, process)
    for _ in range(presses):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.35)
    assert ended(process)[0] in (5, 130)
    faults(stack)
    stack.run("lock", "break", "--reason", "its holder was ended")
    stack.apply()
    assert len(stack.account.queues()) == 20
    assert stack.run("plan", "--detailed-exitcode").code == 0


def test_signals_that_come_together_are_one(stack: Stack) -> None:
    stack.queues(**{f"q{index}": 10 for index in range(20)})
    faults(stack, {"operation": "createQueue", "times": 999, "kind": "latency", "delay_ms": 100})
    process = stack.start("apply", "--auto-approve", "--parallelism", "2")
    when(lambda: len(stack.account.writes()) >= 4, process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    code, out, _ = ended(process)
    assert code == 5
    assert "Interrupted: " in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_at_the_question(stack: Stack, number: int) -> None:
    stack.queues(a=1)
    terminal = Terminal(stack.folder, stack.environ, "apply")
    terminal.until("Only 'yes' is accepted: ")
    if number == signal.SIGINT:
        terminal.type("\x03")
    else:
        terminal.signal(number)
    assert terminal.end() == 128 + number
    assert "Traceback" not in terminal.text
    assert stack.ok("lock", "show").out == "Nobody holds the lock.\n"
    assert stack.account.writes() == []


def test_the_end_of_input_at_the_question(stack: Stack) -> None:
    stack.queues(a=1)
    terminal = Terminal(stack.folder, stack.environ, "apply")
    assert terminal.until("Only 'yes' is accepted: ").type("\x04").end() == 130


def test_a_terminal_that_goes_away(stack: Stack) -> None:
    stack.queues(a=1)
    terminal = Terminal(stack.folder, stack.environ, "apply")
    assert terminal.until("Only 'yes' is accepted: ").hang_up() in (129, 130)
    assert stack.ok("lock", "show").out == "Nobody holds the lock.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_dispatch_says_who_is_left(stack: Stack, number: int) -> None:
    numbers = ", ".join(f'"+1415555{index:04}"' for index in range(100, 120))
    soon = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(seconds=4)
    stack.write(
        f"calls: {{pulse: {{to: [{numbers}], from: '+15017122661', answer: {{say: hi}}, pace: 4,"
        f" schedule: {{at: {soon.isoformat()}, timezone: UTC}}}}}}\n"
    )
    stack.apply()
    process = stack.start("dispatch", "--watch", "--poll", "1s")
    when(lambda: stack.account.writes().count("createCall") >= 3, process)
    process.send_signal(number)
    code, out, _ = ended(process)
    placed = stack.account.writes().count("createCall")
    assert code == 0, "a service that is ended has done what it could"
    assert 3 <= placed < 20
    assert f"call.pulse: {placed} placed; {20 - placed} still due until " in out

    process = stack.start("dispatch", "--once")
    when(lambda: stack.account.writes().count("createCall") >= placed + 2, process)
    process.send_signal(number)
    code, out, _ = ended(process)
    more = stack.account.writes().count("createCall") - placed
    assert code == 5
    assert f"call.pulse: {more} placed; {20 - placed - more} still due until " in out


def test_a_watching_dispatcher_ends_well(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    process = stack.start("dispatch", "--watch", "--metrics", "m.prom")
    when((stack.folder / "m.prom").exists, process)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0


def test_the_demonstration_on_a_terminal_asks_nothing(stack: Stack) -> None:
    terminal = Terminal(stack.folder, {}, "demo")
    assert terminal.end(120) == 0
    assert "Only 'yes' is accepted" not in terminal.text


@pytest.mark.parametrize("step", ["[1/11]", "[3/11]", "[5/11]"])
def test_the_demonstration_ends_with_one_line(stack: Stack, step: str) -> None:
    terminal = Terminal(stack.folder, {}, "demo").until(step).type("\x03")
    assert terminal.end() == 130
    assert terminal.text.count("Interrupted.") == 1
    assert "defect" not in terminal.text
    assert "Traceback" not in terminal.text


@SIGNALS
def test_a_signal_that_does_not_wake_the_main_thread_is_heard(number: int, code: int) -> None:
    """The system may hand it to another thread, or just before the main one begins to wait for a lock."""
    program = f"""
import os, signal, threading
from voiceform.cli.support.console import Console
from voiceform.cli.support.stopping import Interruption, Stopping
stopping = Stopping(Console())
ready = threading.Event()
def send():
    ready.wait()
    os.kill(os.getpid(), {number})
threading.Thread(target=send, daemon=True).start()
lock = threading.Lock()
lock.acquire()
try:
    with stopping.installed():
        signal.pthread_sigmask(signal.SIG_BLOCK, [{number}])
        ready.set()
        lock.acquire()
except Interruption:
    os._exit(stopping.exit_code)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert ended(process) == (code, "", "")


@SIGNALS
def test_an_interruption_that_python_drops_comes_again(number: int, code: int) -> None:
    """What a finalizer raises nobody catches, and Python would write a traceback of it."""
    program = f"""
import os, threading
from voiceform.cli.support.console import Console
from voiceform.cli.support.stopping import Interruption, Stopping
class Sends:
    def __del__(self):
        os.kill(os.getpid(), {number})
        sum(range(1000))
stopping = Stopping(Console())
try:
    with stopping.installed():
        Sends()
        threading.Event().wait(60)
except Interruption:
    os._exit(stopping.exit_code)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert ended(process) == (code, "", "")
