"""A command that is killed when one of its requests has left, and before it is answered."""

from __future__ import annotations

from threading import Event

from tests.hostile.proxy import Proxy
from tests.support import Stack

_LONGEST_SECONDS = 60


def kill_at(
    stack: Stack, front: Proxy, path: str, *argv: str, after: bool = False, meanwhile: str | None = None
) -> None:
    """Start the command, and kill it at its first POST to `path`: with `after` the real server has carried
    that out. A POST to `meanwhile` has no answer either until then."""
    posted, killed = Event(), Event()

    def unanswered(_: object) -> bytes:
        killed.wait(_LONGEST_SECONDS)
        return b""

    def last(seen: object) -> bytes:
        posted.set()
        return unanswered(seen)

    if meanwhile is not None:
        front.rule("POST", meanwhile, unanswered, times=1)
    front.rule("POST", path, last, times=1, after=after)
    running = stack.start(*argv)
    assert posted.wait(_LONGEST_SECONDS)
    running.kill()
    assert running.wait() == -9
    killed.set()
