"""Services whose disk fills while they run."""

from __future__ import annotations

import resource
from datetime import UTC, datetime, timedelta

import pytest

from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import Seen
from voiceform.model.clock import ManualClock
from voiceform.model.exit_codes import ExitCode

PEOPLE = [f"+121255501{number:02d}" for number in range(4)]
ROOM = 8192
"""Enough for what it says, and not for what it records."""
STACK = f"""calls:
  reminder:
    to: {PEOPLE}
    from: "+15017122661"
    schedule: {{at: DUE, timezone: UTC}}
    misfire_grace: 1h
    answer: {{say: Hello}}
    pace: 1000
"""


@pytest.mark.parametrize("asked", ["before", "behind"])
def test_a_dispatcher_without_room_ends_and_phones_nobody_of_whom_there_is_no_record(
    stack: Stack, asked: str
) -> None:
    """Its files may not grow from the moment on at which it places its first call."""
    due = datetime.now(UTC) - timedelta(seconds=5)
    stack.write(STACK.replace("DUE", f"{due:%Y-%m-%dT%H:%M:%S}"))
    stack.ok("apply", "--auto-approve", clock=ManualClock(due - timedelta(hours=1)))
    with hostile_proxy(stack.emulator.url) as proxy:

        def filling(seen: Seen) -> bytes:
            if asked == "behind":
                reply = proxy._forward(seen)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
            return reply if asked == "behind" else proxy._forward(seen)

        proxy.rule("POST", "/Calls.json", filling)
        argv = ("dispatch", "--watch", "--poll", "1s", "--parallelism", "1")
        process = stack.start(*argv, environ={"VOICEFORM_BASE_URL": proxy.url})
        try:
            _, told = process.communicate(timeout=300)
        finally:
            process.kill()
    assert process.returncode == ExitCode.ERROR
    assert "has room" in told
    assert "Traceback" not in told
    recorded = stack.ok("calls", "list", "--format", "json").json["calls"]
    assert [call["status"] for call in recorded] == ["reserved", "due", "due", "due"]
    stack.run("dispatch", "--once", clock=ManualClock(due + timedelta(minutes=30)))
    calls = [entry for entry in stack.emulator.requests() if entry["operation"] == "createCall"]
    assert sorted(call["params"]["To"] for call in calls) == PEOPLE
