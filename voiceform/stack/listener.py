"""Who hears what happens while a stack works: by default nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voiceform.model.configuration import Configuration
    from voiceform.model.diagnostics import Diagnostic
    from voiceform.model.plan import Plan
    from voiceform.model.resource import Desired, Recorded
    from voiceform.model.run import Outcome, RunReport
    from voiceform.state.journal_codec import RunRecord
    from voiceform.twilio.client import Client


def _unheard(*_: Any) -> None:  # noqa: ANN401 - whatever is told
    """Nobody listens."""


def _unguarded() -> AbstractContextManager[object]:
    return nullcontext()


def _unwatched(_: Client) -> AbstractContextManager[object]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Listener:
    """Functions that are called meanwhile, each on the thread that called the stack. What they raise ends
    the call as an error of its own would.

    - `warned`: findings about the configuration that stop nothing
    - `loaded`: the configuration, once it is read
    - `known`: every declared and recorded object, before anything is told of it: what of it is not shown
    - `stateless`: the name of a state in which nothing was ever written
    - `unsettled`: the runs that died and that nobody settled yet; a plan that is saved now will be refused
    - `settled`: what became of the changes of a run that died before, if there are any
    - `planned`: the plan that is about to be applied; before its limits are checked and anybody is asked
    - `outcome`: how each change ended, as it ends
    - `recorded`: the plan and the report of a run, while the lock is still held
    - `evidence`: where a run has taken down what it destroyed, and the hash of the last line
    """

    warned: Callable[[Sequence[Diagnostic]], object] = _unheard
    loaded: Callable[[Configuration], object] = _unheard
    known: Callable[[Iterable[Desired | Recorded]], object] = _unheard
    stateless: Callable[[str], object] = _unheard
    unsettled: Callable[[Sequence[RunRecord]], object] = _unheard
    settled: Callable[[Sequence[Outcome]], object] = _unheard
    planned: Callable[[Plan], object] = _unheard
    outcome: Callable[[Outcome], object] = _unheard
    recorded: Callable[[Plan, RunReport], object] = _unheard
    evidence: Callable[[str, str], object] = _unheard


@dataclass(frozen=True, slots=True)
class Signals:
    """How a program that obeys signals is kept informed of what they would interrupt.

    `client` is entered with each client of the API while it is open; `working` while changes are made or
    calls are placed; `ending` is called when nothing is left but to give back the lock.
    """

    client: Callable[[Client], AbstractContextManager[object]] = _unwatched
    working: Callable[[], AbstractContextManager[object]] = _unguarded
    ending: Callable[[], object] = _unheard
