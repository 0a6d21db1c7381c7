"""A helper process of the crash test: forks a child for each command and kills it at the given moment.

Forking a process that has imported everything costs a few milliseconds where starting an interpreter costs
half a second, so hundreds of rounds fit into a test. Its argument is the folder of the stack.
Reads one JSON line per round from stdin, `{environ, runs: [{argv, now, kill_after, log}]}`, starts all runs
of the round at once, and answers with their exit codes (-9: killed). A run without `argv` is a dispatcher
whose lease nobody respects: a clock that is wrong, a machine that slept.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.warm.imports import warm_up
from voiceform.cli import main as command_line
from voiceform.model.clock import ManualClock


def start(run: dict[str, Any], environ: dict[str, str]) -> int:
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        log = os.open(run["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        clock = ManualClock(datetime.fromisoformat(run["now"]))
        if "argv" in run:
            code = command_line(run["argv"], environ=environ, clock=clock)
        else:
            code = dispatch_unlocked(environ, clock)
    finally:
        os._exit(code)


def dispatch_unlocked(environ: dict[str, str], clock: ManualClock) -> int:
    """Place what is due, as a dispatcher does, without the lock of dispatchers."""
    from voiceform.dispatch.passes import DispatchContext
    from voiceform.dispatch.service import dispatch_once
    from voiceform.kinds.userfiles import Places
    from voiceform.state.open import open_store
    from voiceform.twilio.client import open_client
    from voiceform.twilio.credentials import Credentials

    folder = Path(sys.argv[1])
    who = Credentials.from_environment(environ)
    with (
        open_store(environ["VOICEFORM_STATE"], base_dir=folder) as store,
        open_client(who, environ["VOICEFORM_BASE_URL"], read_only=False, clock=clock) as client,
    ):
        return dispatch_once(DispatchContext(client, store, clock, Places(folder), lambda: None)).exit_code


def wait_for(children: list[tuple[int, float | None]]) -> list[int]:
    """Exit codes; a child that lives longer than its seconds is killed with SIGKILL."""
    began = time.monotonic()
    codes: dict[int, int] = {}
    while len(codes) < len(children):
        for child, kill_after in children:
            if child in codes:
                continue
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                codes[child] = os.waitstatus_to_exitcode(status)
            elif kill_after is not None and time.monotonic() - began >= kill_after:
                os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    return [codes[child] for child, _ in children]


def main() -> None:
    warm_up()
    for line in sys.stdin:
        work = json.loads(line)
        children = [(start(run, work["environ"]), run["kill_after"]) for run in work["runs"]]
        sys.stdout.write(json.dumps(wait_for(children)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
