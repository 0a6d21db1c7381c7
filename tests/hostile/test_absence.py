"""A 404 is a proof of absence only where Twilio itself says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.hostile.answers import FOREIGN_REFUSALS, NOT_THE_ANSWER, TWILIO_404
from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import listening, new_client, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio.errors import ForeignAnswerError, NotFoundError

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", TWILIO_404)
def test_twilios_own_404_means_gone(name: str) -> None:
    with listening(TWILIO_404[name]) as server:
        client = new_client(server.url, ManualClock(NOW))
        with pytest.raises(NotFoundError):
            client.fetch_queue(sid("QU", 1))


@pytest.mark.parametrize("name", FOREIGN_REFUSALS)
def test_a_refusal_of_a_proxy_says_nothing_about_the_object(name: str) -> None:
    with listening(FOREIGN_REFUSALS[name]) as server:
        client = new_client(server.url, ManualClock(NOW))
        with pytest.raises(ForeignAnswerError, match="proxies"):
            client.fetch_queue(sid("QU", 1))


ANYTHING = FOREIGN_REFUSALS | {name: step for name, step in NOT_THE_ANSWER.items() if name != "no content"}


@pytest.mark.parametrize("name", ANYTHING)
def test_a_deletion_that_a_proxy_answers_is_not_done(name: str, stack: Stack) -> None:
    stack.queues(a=10, b=10)
    stack.apply()
    stack.queues(b=10)
    with hostile_proxy(stack.emulator.url) as proxy:
        proxy.rule("DELETE", "/Queues/", ANYTHING[name])
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        done = stack.run("apply", "--auto-approve", "--approve", "delete:queue=1")
    assert done.code == 5, done.out + done.err
    assert "queue.a" in stack.ok("state", "list").out
    assert "a" in stack.account.queues()
