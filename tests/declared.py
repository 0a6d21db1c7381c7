"""What the kinds of the program declare, for tests of parts that know no kind."""

from __future__ import annotations

from pathlib import Path

from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App
from voiceform.model.clock import SystemClock
from voiceform.model.scopes import Vocabulary


def vocabulary() -> Vocabulary:
    """The scopes of every kind, as the wiring hands them to plans."""
    return wiring.parts(App(environ={}, clock=SystemClock(), directory=Path())).vocabulary()


VOCABULARY = vocabulary()
