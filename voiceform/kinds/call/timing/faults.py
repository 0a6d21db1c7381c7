"""What is wrong with a schedule."""

from __future__ import annotations

from voiceform.model.errors import VoiceformError


class ScheduleError(VoiceformError, ValueError):
    """A schedule that means nothing. `key` is the setting that is wrong; the text says why."""

    def __init__(self, key: str, problem: str, hint: str | None = None, *, where: str | None = None) -> None:
        self.key = key
        super().__init__(problem, where=where, hint=hint)
