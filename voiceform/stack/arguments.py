"""What a stack is made with, checked and completed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from voiceform.model.errors import UsageError

if TYPE_CHECKING:
    from voiceform.stack.account import Account

MOST_IN_FLIGHT = 200


def account_giver(
    account: Account | Callable[[], Account] | None, environ: Mapping[str, str]
) -> Callable[[], Account]:
    """What gives the account when it is first needed."""
    if account is None:

        def of_environment() -> Account:
            from voiceform.stack.account import Account

            return Account.from_environment(environ)

        return of_environment
    return account if callable(account) else lambda: account


def check_parallelism(parallelism: int) -> None:
    """Raise UsageError for what is no number of requests in flight."""
    if not 1 <= parallelism <= MOST_IN_FLIGHT:
        raise UsageError(f"parallelism is from 1 to {MOST_IN_FLIGHT}, not {parallelism}")


def check_lasts(**spans: timedelta | None) -> None:
    """Raise UsageError for an option that is no time at all: of such a pause nothing would ever rest."""
    for name, span in spans.items():
        if span is not None and span <= timedelta(0):
            raise UsageError(f"{name}= is longer than nothing, not {span}", hint="as timedelta(seconds=15)")


def check_names(files: Iterable[object], state: object, account: object) -> None:
    """Raise UsageError for what is no name: of an empty one a whole folder would be read."""
    if "" in files or not all(isinstance(file, str | os.PathLike) for file in files):
        raise UsageError(
            "files are texts or paths, each an argument, and none is empty",
            hint="as Stack('a.yaml', 'b.yaml')",
        )
    if not isinstance(state, str | None):
        raise UsageError(
            f"state= takes a URL, not {type(state).__name__}", hint="as sqlite:///.voiceform/state.db"
        )
    if isinstance(account, str):
        raise UsageError(
            "account= takes an Account, not a text", hint="as voiceform.Account.from_environment()"
        )


def allowed_paths_of(environ: Mapping[str, str]) -> list[str]:
    """Where else the lists of a configuration may lie, as the environment says."""
    named = environ.get("VOICEFORM_ALLOW_PATH", "").split(os.pathsep)
    return [path for path in named if path]
