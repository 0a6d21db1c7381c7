"""One question about one thing, for commands that have no plan."""

from __future__ import annotations

import sys
import textwrap

from voiceform.cli.support.console import is_terminal
from voiceform.cli.support.invocation import App
from voiceform.model.errors import UsageError
from voiceform.model.shown import Shown


def approved(app: App, question: str, auto_approve: bool) -> bool:
    """Whether somebody says yes; without a terminal nothing else than --auto-approve does."""
    if auto_approve:
        return True
    if not is_terminal(sys.stdin):
        raise UsageError(
            "nobody can be asked: this is not a terminal", hint="pass --auto-approve if it is meant"
        )
    asked = textwrap.fill(f"{app.console.safe(question)} Only 'yes' is accepted:", app.width - 1)
    return app.console.ask(Shown(asked)) == "yes"
