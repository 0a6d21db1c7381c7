"""Fixtures of the client's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twilio.scripted import ACCOUNT, START, TOKEN, Server, listening, new_client
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.credentials import Credentials


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def credentials() -> Credentials:
    return Credentials(ACCOUNT, ACCOUNT, TOKEN)


@pytest.fixture
def client(server: Server, clock: ManualClock) -> Iterator[Client]:
    with new_client(server.url, clock) as ready:
        yield ready
