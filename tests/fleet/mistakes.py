"""Mistakes of the program, made on purpose in the workers of a cluster, which run this when they begin."""

from __future__ import annotations

import os

import pytest

from voiceform.engine import settle
from voiceform.state import lease
from voiceform.state.heartbeat import Heartbeat
from voiceform.twilio.throttle import Throttle

PLANTED = "PLANTED"
"""The variable that says which."""


def no_limit(patch: pytest.MonkeyPatch) -> None:
    """As many requests are in flight as there are threads."""
    for limit in ("maximum", "_limit"):
        patch.setattr(Throttle, limit, property(lambda _: 1_000, lambda *_: None), raising=False)


def everybody_gets_the_lock(patch: pytest.MonkeyPatch) -> None:
    """And nobody learns that another has it."""
    patch.setattr(lease._Watch, "is_dead", lambda *_: True)
    patch.setattr(Heartbeat, "ensure_held", lambda _: None)
    patch.setattr(Heartbeat, "guard", lambda *_: None)


def dead_runs_are_not_settled(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks what became of what a dead run had begun."""
    patch.setattr(settle, "unfinished_runs", lambda _: ())


if os.environ.get(PLANTED):
    globals()[os.environ[PLANTED]](pytest.MonkeyPatch())
