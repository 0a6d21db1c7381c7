"""What may be repeated, how often, and after which pause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from random import Random


class Repeat(Enum):
    """What a lost answer (timeout, reset, 5xx, unreadable body) allows."""

    SAFE = "safe"
    """Doing it twice is doing it once: reads, deletions, setting values."""
    ASK = "ask"
    """Doing it twice may be wrong; reading again shows whether it happened: AmbiguousError."""
    NEVER = "never"
    """Somebody may be phoned or recorded twice: TwilioOutcomeUnknownError."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API: its operationId, its method, and what a lost answer to it allows."""

    name: str
    method: str
    repeat: Repeat = Repeat.SAFE


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Full-jitter exponential backoff. Times in seconds.

    `attempts` counts requests with a lost answer or a failed connection, `throttled_attempts` those refused
    with 429. A `Retry-After` above `longest_retry_after` is cut. How long all of it may take is in Timeouts.
    """

    attempts: int = 5
    throttled_attempts: int = 12
    base: float = 0.25
    longest_pause: float = 8.0
    longest_retry_after: float = 60.0

    def pause(self, repetition: int, random: Random, retry_after: float | None = None) -> float:
        """How long to wait before the given repetition (0 is the first).

        What the service asks for is the least; a random part comes on top, so that not all come back at once.
        """
        jitter = random.uniform(0.0, min(self.longest_pause, self.base * 2.0 ** min(repetition, 16)))
        return jitter + min(retry_after or 0.0, self.longest_retry_after)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """A `Retry-After` header in seconds from `now`: a number or an HTTP date; None if unreadable."""
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
