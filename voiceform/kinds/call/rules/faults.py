"""What is wrong with a rule, and how it is told."""

from __future__ import annotations

from collections.abc import Callable

from voiceform.model.errors import VoiceformError

Path = tuple[str | int, ...]
Complain = Callable[[Path, str, str | None], None]
"""(where in the block, what is wrong there, what to do about it)."""


class RuleError(VoiceformError, ValueError):
    """A rule that cannot be read, or on which nobody can rely now: nobody is called by it until then."""


def refuse(path: Path, problem: str, hint: str | None) -> None:
    """A `Complain` that raises RuleError: for rules that were read before, in which nothing is wrong."""
    place = ".".join(map(str, path))
    raise RuleError(f"{place}: {problem}" if place else problem, hint=hint)
