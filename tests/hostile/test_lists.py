"""What a list misses is not gone: only Twilio's own 404 for the very SID says so."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.answers import FOREIGN_404, NOT_THE_ANSWER, TWILIO_404, html
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import Stack
from voiceform.emulator import Emulator
from voiceform.model.clock import ManualClock

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LIST = r"/Queues\.json"
ONE = r"/Queues/QU[0-9a-f]{32}\.json"


@pytest.fixture
def proxied(stack: Stack) -> Iterator[tuple[Stack, Proxy]]:
    """A stack whose requests go through the proxy."""
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        yield stack, proxy


def without(*names: str) -> Callable[[Any], None]:
    """A list that misses the queues of these names; all of them without any."""

    def change(document: Any) -> None:
        rows = document["queues"]
        document["queues"] = [row for row in rows if names and row["friendly_name"] not in names]

    return change


def protected(stack: Stack, more: str = "", **extra: bool) -> None:
    queues: dict[str, Any] = {key: {} for key in "abc"}
    queues |= {key: {"protect": protect} for key, protect in extra.items()}
    stack.write(yaml.safe_dump({"version": 1, "queues": queues}) + more)


def test_a_protected_queue_that_one_list_misses_is_kept(proxied: tuple[Stack, Proxy]) -> None:
    stack, proxy = proxied
    protected(stack, "ownership: exclusive\n", vip=True)
    stack.apply()
    protected(stack, "ownership: exclusive\n")
    proxy.edit("GET", LIST, without("vip"), times=1)
    missed = stack.run("apply", "--auto-approve", "--approve", "delete:queue=1")
    assert missed.code == 4
    assert "protected" in missed.out
    assert stack.run("apply", "--auto-approve", "--approve", "delete:queue=1").code == 4
    assert "vip" in stack.account.queues()
    assert "queue.vip" in stack.ok("state", "list").out


@pytest.mark.parametrize("command", [["plan"], ["drift"], ["plan", "--refresh-only"]])
def test_an_empty_list_changes_no_plan(proxied: tuple[Stack, Proxy], command: list[str]) -> None:
    stack, proxy = proxied
    protected(stack, "", **{f"vip{number}": True for number in range(12)})
    stack.apply()
    proxy.edit("GET", LIST, without())
    arguments = command if command == ["drift"] else [*command, "--detailed-exitcode"]
    result = stack.run(*arguments)
    assert result.code == 0, result.out
    assert len(proxy.seen("GET", LIST)) > 1, "the list was not read again"


def test_an_empty_list_forgets_nothing(proxied: tuple[Stack, Proxy]) -> None:
    stack, proxy = proxied
    protected(stack)
    stack.apply()
    before = stack.ok("state", "list").out
    proxy.edit("GET", LIST, without())
    stack.apply("--refresh-only")
    assert stack.run("destroy", "--auto-approve").code == 4
    assert stack.ok("state", "list").out == before
    stack.ok("destroy", "--auto-approve", "--approve", "delete:queue=3")
    assert stack.account.queues() == {}


@pytest.mark.parametrize("name", [*FOREIGN_404, *NOT_THE_ANSWER])
def test_an_answer_that_leaves_it_open_ends_the_plan(proxied: tuple[Stack, Proxy], name: str) -> None:
    stack, proxy = proxied
    protected(stack, vip=True)
    stack.apply()
    protected(stack)
    proxy.edit("GET", LIST, without("vip"))
    proxy.rule("GET", ONE, {**FOREIGN_404, **NOT_THE_ANSWER}[name])
    for command in (["plan"], ["drift"], ["apply", "--auto-approve"], ["apply", "--refresh-only"]):
        assert stack.run(*command, clock=ManualClock(NOW)).code == 1, command
    assert "queue.vip" in stack.ok("state", "list").out


@pytest.mark.parametrize("name", TWILIO_404)
def test_what_twilio_says_is_gone_is_forgotten_and_told(proxied: tuple[Stack, Proxy], name: str) -> None:
    stack, proxy = proxied
    protected(stack, vip=True)
    stack.apply()
    protected(stack)
    proxy.edit("GET", LIST, without("vip"))
    proxy.rule("GET", ONE, TWILIO_404[name])
    plan = stack.ok("plan", "--format", "json").json
    (change,) = [change for change in plan["changes"] if change["action"] == "delete"]
    assert change["reason"] == "already-gone"
    assert change["operations"] == []
    assert any("protected" in line for line in change["impact"])
    assert "\nApplied: 1 forgotten" in stack.apply().out
    assert "queue.vip" not in stack.ok("state", "list").out
    assert not proxy.seen("DELETE", "/")


@pytest.mark.parametrize("mode", [[], ["--refresh-only"]])
def test_apply_asks_again_before_it_forgets(proxied: tuple[Stack, Proxy], mode: list[str]) -> None:
    stack, proxy = proxied
    protected(stack, x=False)
    stack.apply()
    protected(stack)
    proxy.edit("GET", LIST, without("x"))
    absent = proxy.rule("GET", ONE, TWILIO_404["json"])
    stack.ok("plan", "--out", "plan.json", *mode)
    absent.times = 0
    done = stack.run("apply", "plan.json", "--auto-approve")
    assert done.code == 6
    assert "is there, although it was gone when the plan was made" in " ".join(done.out.split())
    assert "queue.x" in stack.ok("state", "list").out
    assert "x" in stack.account.queues()


def test_to_forget_counts_as_to_delete(stack: Stack) -> None:
    protected(stack)
    stack.apply()
    for queue in stack.account.queues().values():
        stack.account.delete(f"Queues/{queue['sid']}.json")
    refused = stack.run("apply", "--refresh-only", "--auto-approve")
    assert refused.code == 4
    assert "3 queues would be forgotten" in refused.out
    assert "--approve delete:queue=3" in refused.out
    assert stack.run("destroy", "--auto-approve").code == 4
    assert stack.run("drift").code == 3
    assert len(stack.ok("state", "list").out.splitlines()) == 3
    done = stack.apply("--refresh-only", "--approve", "delete:queue=3")
    assert "\nApplied: 3 forgotten" in done.out
    assert stack.ok("state", "list").out == ""


def test_a_list_that_lags_behind_makes_no_second_queue(stack: Stack) -> None:
    stack.emulator.switches(list_delay=30)
    protected(stack)
    stack.apply()
    result = stack.run("plan", "--detailed-exitcode")
    assert result.code == 0, result.out
    assert len(stack.account.writes()) == 3


def test_a_deletion_of_a_dead_run_is_not_taken_for_done_because_a_list_misses_it(
    proxied: tuple[Stack, Proxy],
) -> None:
    stack, proxy = proxied
    protected(stack, x=False)
    stack.apply()
    protected(stack)
    proxy.edit("GET", LIST, without("x"))
    proxy.rule("DELETE", ONE, html(503))
    for _ in range(2):
        stack.run("apply", "--auto-approve", clock=ManualClock(NOW))
        assert "queue.x" in stack.ok("state", "list").out
    assert "x" in stack.account.queues()


shapes = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.booleans(), st.booleans(), st.booleans()),
    unique_by=lambda row: row[0],
    min_size=1,
)
"""Per queue: its key, whether it is protected, whether it is declared in the second round, and whether it is
deleted outside before."""


@given(rows=shapes, seed=st.integers(0, 2**32), exclusive=st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_lists_show_nothing_that_is_there_is_lost(
    rows: list[tuple[str, bool, bool, bool]],
    seed: int,
    exclusive: bool,
    shared_emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lists that miss, repeat and reorder rows: one round makes nothing twice, deletes exactly what is no
    longer declared, and never a protected queue."""

    def scramble(document: Any) -> None:
        found = document["queues"]
        document["queues"] = chance.choices(found, k=chance.randint(0, 2 * len(found))) if found else []

    def document(keep: dict[str, bool]) -> str:
        return yaml.safe_dump(
            {
                "version": 1,
                "ownership": "exclusive" if exclusive else "recorded",
                "safety": {"max_deletes": 99, "max_delete_percent": 100},
                "queues": {key: {"protect": protect} for key, protect in keep.items()},
            }
        )

    chance = random.Random(seed)
    shared_emulator.reset()
    with tempfile.TemporaryDirectory() as folder, hostile_proxy(shared_emulator.url) as proxy:
        stack = Stack(Path(folder), shared_emulator, capsys)
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        stack.write(document({key: protect for key, protect, _, _ in rows}))
        stack.apply()
        before = stack.account.queues()
        for key, _, _, deleted in rows:
            if deleted:
                stack.account.delete(f"Queues/{before[key]['sid']}.json")
        stack.write(document({key: protect for key, protect, kept, _ in rows if kept}))
        proxy.edit("GET", LIST, scramble)
        done = stack.run("apply", "--auto-approve")
        after = stack.account.queues()
        blocked = any(protect and not kept and not deleted for _, protect, kept, deleted in rows)
        assert done.code == (4 if blocked else 0), done.out + done.err
        for key, protect, kept, deleted in rows:
            if not deleted and (protect or kept or blocked):
                assert after[key]["sid"] == before[key]["sid"]
            elif not blocked:
                assert (key in after) == kept
