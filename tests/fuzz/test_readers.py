"""Whatever comes from outside, its reader says what it is or what is wrong with it, and soon."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings

from tests.counting import Counts
from tests.fuzz.effort import EFFORT
from tests.fuzz.inputs import inputs, kept
from tests.fuzz.targets import TARGETS, Target
from voiceform.model.errors import VoiceformError

PROOF = "readers of foreign bytes"
PATIENCE = 20
"""Seconds of the processor for one input of some hundred bytes; each needs some thousandths."""


@contextmanager
def patience(seconds: float = PATIENCE) -> Iterator[None]:
    """AssertionError in what takes longer: it may never end."""

    def over(*_: object) -> None:
        raise AssertionError("this takes too long")

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader(name: str, counts: Counts) -> None:
    @settings(
        max_examples=40 * EFFORT, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    @given(inputs(name))
    def read(content: bytes) -> None:
        counts(PROOF, inputs=1)
        with patience():
            TARGETS[name](content)

    counts(PROOF, readers=1)
    read()


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_once(name: str, counts: Counts) -> None:
    for content in kept(name):
        counts(PROOF, kept=1)
        with patience():
            TARGETS[name](content)


def test_a_reader_that_lets_something_else_out_is_noticed() -> None:
    target = Target(lambda content: content.decode(), (VoiceformError,))
    with pytest.raises(UnicodeDecodeError):
        target(b"\xff")
    with pytest.raises(AssertionError, match="too long"):
        endless()


def endless() -> None:
    with patience(0.05):
        while True:
            pass
