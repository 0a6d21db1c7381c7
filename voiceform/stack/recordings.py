"""The recordings of the account, with what decides about each; only reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from voiceform.model.errors import UsageError
from voiceform.stack.parts import Parts

if TYPE_CHECKING:
    from voiceform.kinds.retention.listing import ListedRecording, Recordings
    from voiceform.model.configuration import Configuration


def recordings(parts: Parts, rule: str | None, *, due: bool, held: bool) -> Recordings:
    """Those that `rule` decides, that are due, or that are on hold; each as it is read."""
    from voiceform.kinds.retention.listing import Recordings

    if due and held:
        raise UsageError("what is on hold is not due", hint="ask for one of them")
    configuration = parts.load_and_warn()
    if rule is not None:
        _check_rule(configuration, rule)
    found = Recordings(iter(()))
    found.rows = (
        row for row in _rows(parts, configuration, found, held) if _is_wanted(row, rule, due=due, held=held)
    )
    return found


def _is_wanted(row: ListedRecording, rule: str | None, *, due: bool, held: bool) -> bool:
    from voiceform.kinds.retention.policy import Ruling

    if due and row.ruling is not Ruling.DUE:
        return False
    return (rule is None or row.rule == rule) and (not held or bool(row.holds))


def _rows(
    parts: Parts, configuration: Configuration, found: Recordings, ask_holds: bool
) -> Iterator[ListedRecording]:
    from voiceform.kinds.base import RefreshContext
    from voiceform.kinds.retention.listing import list_recordings
    from voiceform.kinds.retention.policy import KIND
    from voiceform.model.plan import Mode
    from voiceform.state.meta import require_home

    account = parts.account_for(configuration.account)
    with parts.opened_store() as store, parts.reader(account) as client:
        require_home(store, account.sid, account.origin)
        context = RefreshContext(
            client=client,
            store=store,
            now=parts.clock.now(),
            mode=Mode.NORMAL,
            desired={where: item for where, item in configuration.desired.items() if where.kind == KIND},
            recorded={where: item for where, item in parts.resources(store).items() if where.kind == KIND},
        )
        yield from list_recordings(context, found.unreadable, ask_holds=ask_holds)


def _check_rule(configuration: Configuration, rule: str) -> None:
    from difflib import get_close_matches

    from voiceform.kinds.retention.policy import RECORDINGS, split

    parts = [split(where) for where in configuration.desired]
    known = sorted(name for part, name in parts if part == RECORDINGS)
    if rule not in known:
        near = get_close_matches(rule, known, 1)
        there = f"there are: {', '.join(known)}" if known else "the configuration has none"
        hint = f"did you mean {near[0]}?" if near else there
        raise UsageError(f"there is no rule {rule!r} for recordings", hint=hint)
