"""A program that holds a lease and writes when it is told to: the other process of the lease tests.

usage: python lease_holder.py URL BASE_DIR TTL

Says `held TOKEN`, then for each line `KEY` on stdin writes that document and says `written`, or the name
of the error. Ends at the end of stdin, giving the lease back.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from voiceform.model.clock import SystemClock
from voiceform.model.errors import StateError
from voiceform.state.lease import acquire
from voiceform.state.open import open_store


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(url: str, base: str, ttl: str) -> None:
    with (
        open_store(url, base_dir=Path(base)) as store,
        acquire(
            store, operation="apply", holder="other", clock=SystemClock(), ttl=timedelta(seconds=float(ttl))
        ) as lease,
    ):
        say(f"held {lease.token}")
        for line in sys.stdin:
            try:
                lease.store.put(line.strip(), {"by": "other"}, None)
                say("written")
            except StateError as error:
                say(type(error).__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
