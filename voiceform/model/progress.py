"""Progress of long work, told to whoever listens; by default nobody does."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives progress. Implementations must be safe to call from several threads."""

    def start(self, task: str, total: int | None = None) -> None:
        """A task begins; `total` steps if it is known."""

    def advance(self, task: str, steps: int = 1) -> None:
        """`steps` more are done."""

    def finish(self, task: str) -> None:
        """The task is over."""


class Silent:
    """Progress that nobody sees."""

    def start(self, task: str, total: int | None = None) -> None:
        """Do nothing."""

    def advance(self, task: str, steps: int = 1) -> None:
        """Do nothing."""

    def finish(self, task: str) -> None:
        """Do nothing."""
