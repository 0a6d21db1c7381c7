"""Whatever was declared, recorded and live: one plan and one apply end in exactly what is declared."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import Account, Stack
from voiceform.emulator import Emulator

KEYS = ["north", "south", "east", "west"]
NAMES = ["Support", "Sales", "Night", "VIP", "Claims"]

declared_queues = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(NAMES), st.integers(1, 5000)),
    unique_by=(lambda queue: queue[0], lambda queue: queue[1]),
    max_size=4,
)
tampering = st.lists(
    st.tuples(
        st.sampled_from(["delete", "resize", "rename", "add"]), st.sampled_from(NAMES), st.integers(1, 5000)
    ),
    max_size=4,
)


def document(queues: list[tuple[str, str, int]]) -> str:
    section = {key: {"friendly_name": name, "max_size": size} for key, name, size in queues}
    return yaml.safe_dump(
        {"version": 1, "safety": {"max_deletes": 99, "max_delete_percent": 100}, "queues": section}
    )


def tamper(account: Account, steps: list[tuple[str, str, int]]) -> None:
    """Change the account as other people would; names stay unique as the API demands."""
    fresh = (f"Made outside {number}" for number in itertools.count())
    for what, name, size in steps:
        live = account.queues()
        if what == "add" and name not in live:
            account.post("Queues.json", FriendlyName=name, MaxSize=size)
        elif name in live and what == "delete":
            account.delete(f"Queues/{live[name]['sid']}.json")
        elif name in live and what == "resize":
            account.post(f"Queues/{live[name]['sid']}.json", MaxSize=size)
        elif name in live and what == "rename":
            account.post(f"Queues/{live[name]['sid']}.json", FriendlyName=next(fresh))


def essence(queues: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {queue["sid"]: (name, queue["max_size"]) for name, queue in queues.items()}


@given(first=declared_queues, between=tampering, second=declared_queues)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_round_converges_and_spares_strangers(
    first: list[tuple[str, str, int]],
    between: list[tuple[str, str, int]],
    second: list[tuple[str, str, int]],
    shared_emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shared_emulator.reset()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), shared_emulator, capsys)
        stack.write(document(first))
        stack.apply()
        ours = {queue["sid"] for queue in stack.account.queues().values()}
        tamper(stack.account, between)
        before = stack.account.queues()
        stack.write(document(second))

        planned = stack.run("plan", "--format", "json", "--out", "p.json")
        assert planned.code in (0, 4), planned
        plan = planned.json
        if plan["blocked"]:
            assert {item["rule"] for item in plan["blocked"]} <= {"name-taken", "name-cycle"}
            assert stack.run("apply", "p.json").code == 4
            assert essence(stack.account.queues()) == essence(before)
            return
        stack.ok("apply", "p.json")

        after = stack.account.queues()
        wanted = {name: size for _, name, size in second}
        assert {name: queue["max_size"] for name, queue in after.items() if name in wanted} == wanted
        strangers = {
            sid: kept for sid, kept in essence(before).items() if sid not in ours and kept[0] not in wanted
        }
        assert {sid: kept for sid, kept in essence(after).items() if sid in strangers} == strangers
        assert set(essence(after)) - set(strangers) == {after[name]["sid"] for name in wanted}
        clean = stack.run("plan", "--detailed-exitcode")
        assert clean.code == 0, clean.out
        assert len(stack.ok("state", "list").out.splitlines()) == len(second)
