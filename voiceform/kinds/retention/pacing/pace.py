"""What the configuration says of pace, and the keeping of it while one run deletes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

from voiceform.kinds.details import number_in, text_in
from voiceform.kinds.retention.pacing.share import Share
from voiceform.kinds.retention.pacing.window import Window, day_in
from voiceform.kinds.zone_names import zone_named
from voiceform.model.address import Address
from voiceform.model.resource import Desired

if TYPE_CHECKING:
    from voiceform.kinds.base import Session

UTC_NAME = "UTC"
_SHARED = "retention.pace"


@dataclass(frozen=True, slots=True)
class Pacing:
    """`prune:` as it is declared; None is not asked. `zone` is also that of a day of `per_day`."""

    zone: ZoneInfo
    window: Window | None = None
    per_second: int | None = None
    per_day: int | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From a schema-valid section, or what `to_document` wrote. ValueError for a zone or a window that is
        none."""
        name = text_in(document, "timezone") if "timezone" in document else UTC_NAME
        zone = zone_named(name)
        if zone is None:
            raise ValueError(f"{name!r} is not an IANA time zone")
        window = Window.read(text_in(document, "window"), zone) if "window" in document else None
        numbers = {key: number_in(document, key) for key in ("per_second", "per_day") if key in document}
        return cls(zone, window, **numbers)

    def to_document(self) -> dict[str, Any]:
        """As plans have it."""
        found: dict[str, Any] = {"timezone": self.zone.key}
        if self.window is not None:
            found["window"] = f"{self.window.start:%H:%M}-{self.window.end:%H:%M}"
        return found | {
            key: value
            for key, value in (("per_second", self.per_second), ("per_day", self.per_day))
            if value is not None
        }

    def closed(self, now: datetime) -> str | None:
        """Why nothing may be deleted at that instant, and from when on; None when it may."""
        if self.window is None or self.window.is_open(now):
            return None
        opens = self.window.changes(now).astimezone(self.zone)
        return f"the window {self.window} opens at {opens:%Y-%m-%d %H:%M}"

    def most(self, now: datetime, spent: int) -> int | None:
        """How many one plan may delete: what is left of the day's share, and what the pace allows until the
        window ends. None where nothing limits it."""
        bounds = [] if self.per_day is None else [max(0, self.per_day - spent)]
        if self.window is not None and self.per_second is not None:
            left = self.window.changes(now) - now
            bounds.append(int(left.total_seconds() * self.per_second))
        return min(bounds, default=None)


BESIDE = "pacing"
"""Under this name rules have it beside their attributes: it is neither compared nor recorded."""


def pacing_of(desired: Mapping[Address, Desired]) -> Pacing | None:
    """That of the configuration; every rule has the same."""
    found = next((item.beside[BESIDE] for item in desired.values() if item.beside.get(BESIDE)), None)
    return None if found is None else Pacing.read(found)


class Pace:
    """Lets deletions of one run begin, whichever rule they are of. Safe for many threads."""

    def __init__(self, pacing: Pacing, session: Session) -> None:
        self._pacing = pacing
        self._session = session
        self._lock = session.clock.runtime.lock()
        self._next: datetime | None = None
        self._share = None if pacing.per_day is None else Share(session.store, pacing.per_day)
        self._spent = False

    @classmethod
    def of(cls, pacing: Pacing, session: Session) -> Pace:
        """That of the run: its rules share one."""
        made = cls(pacing, session)
        found: Pace = session.shared.setdefault(_SHARED, made)
        return found

    @property
    def obstacle(self) -> str | None:
        """Why nothing more may begin now; None when it may."""
        closed = self._pacing.closed(self._session.clock.now())
        if closed is not None:
            return closed
        return f"the day's share of {self._pacing.per_day:,} is used up" if self._spent else None

    def begin(self) -> bool:
        """Wait for the turn of one deletion; False when it may not begin. StateError."""
        if not self._turn() or self.obstacle is not None:
            return False
        if self._share is None:
            return True
        day = day_in(self._pacing.zone, self._session.clock.now())
        self._spent = not self._share.take(day)
        return not self._spent

    def end(self) -> None:
        """Give back what was taken of the day's share and not used."""
        if self._share is not None:
            self._share.give_back()

    def _turn(self) -> bool:
        """Wait until the pace allows one more; False when the run is to end first."""
        per_second, clock = self._pacing.per_second, self._session.clock
        if per_second is None:
            return True
        with self._lock:
            now = clock.now()
            at = now if self._next is None else max(now, self._next)
            self._next = at + timedelta(seconds=1 / per_second)
        pause = (at - now).total_seconds()
        return pause <= 0 or not clock.wait(self._session.stop, pause)
