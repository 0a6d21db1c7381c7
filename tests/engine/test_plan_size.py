"""What a plan holds of objects that stay as they are: no more than it must."""

from __future__ import annotations

from pathlib import Path

import pytest

import voiceform
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator
from voiceform.model.empty import EMPTY


@pytest.fixture
def planned(tmp_path: Path, emulator: Emulator) -> voiceform.Plan:
    """A plan for two queues that are applied, of which one is declared anew."""
    text = "version: 1\nqueues:\n  kept: {max_size: 10}\n  moved: {max_size: 20}\n"
    (tmp_path / "voiceform.yaml").write_text(text, encoding="utf-8")
    account = voiceform.Account.with_token(ACCOUNT, TOKEN, base_url=emulator.url)
    stack = voiceform.Stack(folder=tmp_path, account=account)
    stack.apply(stack.plan())
    (tmp_path / "voiceform.yaml").write_text(text.replace("20", "30"), encoding="utf-8")
    return stack.plan()


def test_what_is_declared_recorded_and_live_alike_is_held_once(planned: voiceform.Plan) -> None:
    kept, moved = sorted(planned.changes, key=lambda change: change.address)
    assert kept.before is kept.after
    assert (moved.before, moved.after) == (
        {"friendly_name": "moved", "max_size": 20},
        {"friendly_name": "moved", "max_size": 30},
    )


def test_what_is_not_said_takes_no_room(planned: voiceform.Plan) -> None:
    for change in planned.changes:
        empties = (
            change.counts,
            change.details,
            change.hidden_before,
            change.hidden_after,
            change.notes_before,
            change.notes_after,
        )
        assert all(item is EMPTY for item in empties)
