"""fleet prune, dispatch and export: many accounts, each as a stack of its own is."""

from __future__ import annotations

import base64
import json
import os
import resource
import signal
import sqlite3
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.fleet.fleets import TOKEN, FleetFolder, sid
from tests.fleet.processes import start, wait_for_children, wait_for_requests
from tests.hostile.proxy import hostile_proxy
from tests.terminal.terminal import Terminal
from voiceform.fleet.fleet import Fleet
from voiceform.model.clock import ManualClock, SystemClock
from voiceform.model.errors import UsageError
from voiceform.model.fleet import StackResult
from voiceform.state.lease import Lease, acquire
from voiceform.state.open import open_store
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease

RETENTION = "safety: {max_delete_percent: 100}\nretention: {recordings: [{name: all, keep: 90d}]}\n"
CALLS = """calls:
  reminder:
    to: ["+15558675310"]
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: UTC}
    misfire_grace: 5h
    answer: {say: hello}
"""
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def recordings(fleet: FleetFolder, number: int) -> list[dict[str, Any]]:
    url = f"{fleet.emulator.url}/2010-04-01/Accounts/{sid(number)}/Recordings.json"
    found = requests.get(url, auth=(sid(number), TOKEN), timeout=10).json()["recordings"]
    return list(found)


def seeded(fleet: FleetFolder, *numbers: int) -> None:
    for number in numbers:
        rows = [{"date_created": "2020-01-01T00:00:00Z", "duration": "60"} for _ in range(number)]
        fleet.emulator.seed({"account_sid": sid(number), "recordings": rows})


def test_prune_deletes_in_each_account_what_is_due_with_evidence_of_its_own(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta", more=RETENTION)
    seeded(fleet, 1, 2)
    shown = fleet.ok("prune", "--dry-run")
    assert "in 1 account: acme" in shown.out
    assert [len(recordings(fleet, number)) for number in (1, 2)] == [1, 2]
    assert fleet.run("prune").code == 64  # nobody can be asked
    done = fleet.ok("prune", "--auto-approve")
    assert "2 stacks: 2 well." in done.out
    assert [len(recordings(fleet, number)) for number in (1, 2)] == [0, 0]
    assert fleet.queues(1) == {}  # retention alone
    for name, count in (("acme", 1), ("beta", 2)):
        lines = (fleet.folder / f"template/evidence/{name}/000001.jsonl").read_text().splitlines()
        assert sum('"deleted"' in line for line in lines) >= count
    assert fleet.ok("prune", "--auto-approve").out.endswith("2 stacks: 2 well.\n")


def test_what_is_at_stake_in_all_accounts_is_summed_up_and_asked(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta", "gamma", more=RETENTION)
    seeded(fleet, 1, 2)
    terminal = Terminal(fleet.folder, fleet.environ, "fleet", "prune", "--jobs", "1")
    terminal.until("destroy 3 recordings for good, 3 to create? Only 'yes' is accepted:")
    told = " ".join(terminal.text.split())
    assert "in 2 accounts: acme, beta ! destroys 3 recordings, 2 of them in beta" in told
    assert "In all 3 recordings to destroy, 3 to create." in told
    assert "█" not in told
    terminal.type("no\r")
    assert terminal.end() == 1
    change = fleet.ok("prune", "--dry-run", "--format", "json").json["changes"][0]
    assert (change["weight"], change["count"]) == ("destroy", 2)
    assert change["amounts"] == [
        {"verb": "destroy", "of": "recordings", "count": 3, "most": 2, "stack": "beta"}
    ]
    for format_ in ("markdown", "html"):
        assert "destroys 3 recordings" in fleet.ok("prune", "--dry-run", "--format", format_).out


def test_retention_knows_no_groups_of_a_rollout(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta", more=RETENTION)
    seeded(fleet, 1, 2)
    head = "state: sqlite:///states/{stack}.db\nrollout: {groups: [{select: {ring: ring0}, wait: 9d}, {}]}\n"
    fleet.fleet("  - {template: template, csv: accounts.csv}\n", head)
    fleet.ok("prune", "--auto-approve")
    assert [len(recordings(fleet, number)) for number in (1, 2)] == [0, 0]


def test_a_limit_of_one_account_is_its_own(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta", more=RETENTION.replace("{max", "{max_recording_deletes: 1, max"))
    seeded(fleet, 1, 2)
    done = fleet.run("prune", "--auto-approve", "--format", "json")
    assert done.code == 4
    assert {each["stack"]: each["exit_code"] for each in done.json["stacks"]} == {"acme": 0, "beta": 4}
    assert [len(recordings(fleet, number)) for number in (1, 2)] == [0, 2]


def test_evidence_goes_where_the_fleet_says(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta", more=RETENTION)
    seeded(fleet, 1, 2)
    head = "state: sqlite:///states/{stack}.db\nevidence: proof/{stack}\n"
    fleet.fleet("  - {template: template, csv: accounts.csv}\n", head)
    fleet.ok("prune", "--auto-approve")
    assert sorted(path.name for path in (fleet.folder / "proof").iterdir()) == ["acme", "beta"]


def placed(fleet: FleetFolder) -> list[str]:
    """The accounts in which somebody was called."""
    return sorted(entry["path"].split("/")[3] for entry in fleet.emulator.requests("createCall"))


def scheduled(fleet: FleetFolder, *names: str) -> ManualClock:
    """Stacks whose one call is due; the clock of the commands, for which it is noon."""
    fleet.of(*names, more=CALLS)
    clock = ManualClock(datetime(2026, 12, 1, 8, tzinfo=UTC))
    fleet.emulator.clock(now=clock.now().isoformat())
    fleet.ok("apply", "--auto-approve", clock=clock)
    clock.set(NOON)
    fleet.emulator.clock(now=NOON.isoformat())
    return clock


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_each_person_is_called_once_in_each_account(fleet: FleetFolder, jobs: str) -> None:
    clock = scheduled(fleet, "acme", "beta")
    done = fleet.ok("dispatch", "--jobs", jobs, clock=clock)
    assert "acme: 1 placed" in done.out
    assert placed(fleet) == [sid(1), sid(2)]
    assert "5558675310" not in done.out + done.err
    fleet.ok("dispatch", "--jobs", jobs, clock=clock)
    assert placed(fleet) == [sid(1), sid(2)]


def test_one_account_that_fails_keeps_no_other_from_calling(fleet: FleetFolder) -> None:
    clock = scheduled(fleet, "acme", "beta")
    with sqlite3.connect(fleet.folder / "states/acme.db") as state:
        state.execute("DROP TABLE documents")
    done = fleet.run("dispatch", "--format", "json", clock=clock)
    codes = {each["stack"]: each["exit_code"] for each in done.json["stacks"]}
    assert codes["beta"] == 0
    assert sid(2) in placed(fleet)


def test_a_service_for_all_goes_on_where_one_fails_and_ends_when_it_is_told(fleet: FleetFolder) -> None:
    now = datetime.now(UTC)
    at = f"{now:%Y-%m-%dT%H:%M:%S}"
    fleet.of("acme", "beta", "gamma", more=CALLS.replace("2026-12-01T09:00:00", at))
    fleet.ok("apply", "--auto-approve", clock=ManualClock(now - timedelta(hours=1)))
    for file in (fleet.folder / "states").glob("gamma.db*"):
        file.unlink()
    (fleet.folder / "states/gamma.db").mkdir()  # a state that nobody can open
    metrics = fleet.folder / "fleet.prom"
    program = start(fleet, "dispatch", "--watch", "--jobs", "2", "--poll", "1s", "--metrics", str(metrics))
    wait_for_requests(fleet, 2, operation="createCall")
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate(timeout=60)
    assert "Traceback" not in err
    assert placed(fleet) == [sid(1), sid(2)]
    assert "gamma: " in err
    assert program.returncode == 1
    assert "acme: 1 placed" in out
    assert 'voiceform_last_run_exit_code{command="dispatch",stack="acme"} 0.0' in metrics.read_text()


class Quick(SystemClock):
    """The machine's clock for somebody who waits a hundredth of what he says."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 100)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return super().wait(event, seconds / 100)


class Waits(ManualClock):
    """Writes down for how long a stack that stands by is left alone, and ends the other after some."""

    def __init__(self, other: Lease) -> None:
        super().__init__(NOON)
        self.waits: list[float] = []
        self._other = other

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        if len(self.waits) == 5:
            self._other.release()
        return super().wait(event, seconds)


def test_who_stands_by_says_it_once_asks_more_rarely_and_takes_over(fleet: FleetFolder) -> None:
    fleet.of("acme")
    fleet.ok("apply", "--auto-approve")
    stop = threading.Event()
    lines: list[str] = []
    looks: list[StackResult] = []

    def looked(result: StackResult) -> None:
        looks.append(result)
        if result.line != "stands by":
            stop.set()

    with open_store("sqlite:///states/acme.db", base_dir=fleet.folder) as store:
        lease = SideLease(store, DISPATCH_LEASE)
        day = timedelta(days=1)
        other = acquire(lease, operation="dispatch", holder="other", clock=ManualClock(NOON), ttl=day)
        clock = Waits(other)
        made = Fleet(folder=fleet.folder, environ=fleet.environ, clock=clock, jobs=1, stop=stop)
        report = made.watch(
            poll=timedelta(seconds=5), on_line=lambda _, text: lines.append(text), on_look=looked
        )
    assert clock.waits[:5] == [5, 10, 20, 30, 30]
    assert [each.code for each in looks] == [0] * len(looks)  # somebody places its calls, and that is well
    assert len(lines) == 2
    assert "locked by other for dispatch" in lines[0]
    assert lines[1] == "goes on"
    assert report.exit_code() == 0


def test_a_state_that_is_lost_while_it_is_watched_ends_no_other(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.ok("apply", "--auto-approve")
    stop = threading.Event()
    lines: list[str] = []
    looks: Counter[str] = Counter()

    def looked(result: StackResult) -> None:
        if result.failed:
            return
        looks[result.stack] += 1
        if len(looks) == 2 and not lines:
            with sqlite3.connect(fleet.folder / "states/acme.db") as state:
                state.execute("DROP TABLE IF EXISTS documents")
        if lines and looks["beta"] > looks["acme"] + 20:
            stop.set()

    made = Fleet(folder=fleet.folder, environ=fleet.environ, clock=Quick(), jobs=1, stop=stop)
    made.watch(poll=timedelta(seconds=1), on_line=lambda stack, _: lines.append(stack), on_look=looked)
    assert set(lines) == {"acme"}
    assert looks["beta"] > looks["acme"] + 20


def test_credentials_that_are_refused_are_read_again(fleet: FleetFolder) -> None:
    now = datetime.now(UTC)
    fleet.of("acme", more=CALLS.replace("2026-12-01T09:00:00", f"{now:%Y-%m-%dT%H:%M:%S}"))
    fleet.ok("apply", "--auto-approve", clock=ManualClock(now - timedelta(hours=1)))
    command = json.dumps(["sh", "-c", "echo >> asked; echo token-$(wc -l < asked)"])
    text = (fleet.folder / "fleet.yaml").read_text()
    fleet.write("fleet.yaml", text.replace("{env: TOKEN}", f"{{command: {command}}}"))
    fleet.emulator.faults([{"operation": "createCall", "times": 1, "kind": "status", "status": 401}])
    stop = threading.Event()
    lines: list[str] = []

    def looked(result: StackResult) -> None:
        if result.line == "1 placed":
            stop.set()

    with hostile_proxy(fleet.emulator.url) as proxy:
        environ = {**os.environ, "VOICEFORM_BASE_URL": proxy.url}
        made = Fleet(folder=fleet.folder, environ=environ, clock=Quick(), jobs=1, stop=stop)
        made.watch(poll=timedelta(seconds=1), on_line=lambda _, text: lines.append(text), on_look=looked)
        sent = [seen.headers["authorization"].split()[1] for seen in proxy.seen("POST", "Calls")]
    logins = [base64.b64decode(each).decode() for each in sent]
    assert logins == [f"{sid(1)}:token-{number}" for number in (1, 3)]  # by the second it was noticed
    assert "its credentials have changed, and it begins again" in lines
    assert not any("token-" in line for line in lines)


def test_accounts_are_written_as_configuration_each_in_a_folder(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.post(1, "Queues.json", FriendlyName="support", MaxSize=7)
    done = fleet.ok("export", "--out", "exported")
    assert "acme: 1 object in" in done.out
    assert "max_size: 7" in (fleet.folder / "exported/acme/voiceform.yaml").read_text()
    assert (fleet.folder / "exported/beta/voiceform.yaml").is_file()
    again = fleet.run("export", "--out", "exported", "--format", "json")
    assert again.code == 1
    assert all("exists" in each["error"] for each in json.loads(again.out)["stacks"])


@pytest.mark.parametrize(
    ("out", "code"), [("nowhere/exported", 64), ("fleet.yaml", 64), ("/sys/exported", 1)]
)
def test_where_no_account_can_be_written(fleet: FleetFolder, out: str, code: int) -> None:
    """As other outputs: a name that means nothing is a mistake of the call, a place that refuses is none."""
    fleet.of("acme")
    refused = fleet.run("export", "--out", out)
    assert refused.code == code
    assert "cannot make the folder" in refused.err


def test_a_hold_that_keeps_nothing_is_told_for_all_that_have_it(fleet: FleetFolder) -> None:
    hold = "retention:\n  recordings: [{name: all, keep: 90d}]\n"
    hold += '  holds: {case: {reason: x, match: {number: ["+15558675310"]}}}\n'
    fleet.of("acme", "beta", more=hold)
    shown = fleet.ok("plan", "--format", "json").json
    (warned,) = [change for change in shown["changes"] if change["weight"] == "warning"]
    assert warned["count"] == 2
    assert "case" in warned["change"]
    assert "5558675310" not in str(shown)
    assert "? retention" in fleet.ok("plan").out


def test_a_service_begins_again_what_a_process_watched_that_was_killed(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.ok("apply", "--auto-approve")
    program = start(fleet, "dispatch", "--watch", "--jobs", "2", "--poll", "1s")
    found = wait_for_children(program, 2)
    limits = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (0, limits[1]))
    os.kill(found[0], signal.SIGKILL)
    assert program.stderr is not None
    told, ends = iter(program.stderr.readline, ""), threading.Timer(120, program.kill)
    ends.start()
    assert any("was killed by signal 9; it is started again" in line for line in told)
    assert any("no process can be started for it: Too many open files" in line for line in told)
    ends.cancel()
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, limits)
    wait_for_children(program, 2, other_than=found)
    program.send_signal(signal.SIGTERM)
    _, err = program.communicate(timeout=60)
    assert "Traceback" not in err


def test_a_service_that_gets_too_few_threads_says_so_and_watches_the_rest_when_it_gets_more(
    fleet: FleetFolder,
) -> None:
    """Each thread takes a gigabyte of addresses for its stack, and there are eight of them."""
    fleet.environ["MALLOC_ARENA_MAX"] = "1"  # and no thread takes others
    fleet.of(*(f"tenant-{number}" for number in range(12)))
    fleet.ok("apply", "--auto-approve")
    program = start(
        fleet, "dispatch", "--watch", "--jobs", "1", "--poll", "1s", limits=("-s 1048576", "-Sv 8388608")
    )
    assert program.stderr is not None
    told, ends = iter(program.stderr.readline, ""), threading.Timer(120, program.kill)
    ends.start()
    assert any("this process gets no more threads" in line for line in told)
    most = resource.prlimit(program.pid, resource.RLIMIT_AS)[1]
    resource.prlimit(program.pid, resource.RLIMIT_AS, (most, most))
    assert any("tenant-11: goes on" in line for line in told)
    ends.cancel()
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate(timeout=60)
    assert "Traceback" not in err, out


class StoppedWaiting(ManualClock):
    """A clock at which Ctrl-C comes in the first wait."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        event.set()
        return super().wait(event, seconds)


def test_a_stack_that_waits_for_its_lock_can_be_stopped(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.ok("plan", "--out", "plans")
    with open_store("sqlite:///states/acme.db", base_dir=fleet.folder) as store:
        day = timedelta(days=1)
        acquire(store, operation="apply", holder="other", clock=ManualClock(NOON), ttl=day)
        clock = StoppedWaiting(NOON)
        stopped = fleet.run("apply", "plans", "--lock-timeout", "1h", "--format", "json", clock=clock)
    assert stopped.code == 130
    assert stopped.json["summary"]["done"] == 0
    assert clock.now() < NOON + timedelta(minutes=1)
    assert fleet.queues(2) == {}


class Bound(ManualClock):
    """A clock that no other process can have."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self.held = threading.Lock()

    def __reduce__(self) -> Any:
        return object.__reduce_ex__(self, 4)


@pytest.mark.parametrize("what", ["plan", "watch"])
def test_a_clock_that_cannot_be_copied_is_refused_before_anything_begins(
    fleet: FleetFolder, what: str
) -> None:
    fleet.of("acme", "beta")
    made = Fleet(folder=fleet.folder, environ=fleet.environ, clock=Bound(), jobs=2)
    with pytest.raises(UsageError, match="copy of the clock, and this one cannot be copied"):
        getattr(made, what)()
    assert fleet.emulator.requests() == []
