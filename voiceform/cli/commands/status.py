"""`voiceform status`: how the stack stands, on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, showing_options
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.shown import Shown, shown_json
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from datetime import datetime

    from voiceform.render.layout import Tone
    from voiceform.stack.standing import Recorded, Status
    from voiceform.state.journal_codec import RunRecord
    from voiceform.state.lease_document import LeaseRecord

    Said = tuple[str, str, Tone]
    """A label, what is said under it, and how grave that is."""

NOT_KNOWN = "not known, see below"

_LABEL = 10
_SHOWN = 5


@click.command("status")
@format_option("text", "json")
@showing_options
@click.pass_obj
def command(app: App, format_: str, show_numbers: bool) -> int:
    """Show on one screen how the stack stands: account, state, locks, the last run, callers, calls, holds.

    Only reads, and neither plans nor lists recordings. What cannot be read is said, the rest is shown, and
    the exit code is 0.
    """
    from voiceform.cli.support import wiring

    found = wiring.stack(app).status()
    if format_ == "json":
        document = _document(found)
        app.console.document(shown_json(document, show_numbers=show_numbers, unshown=app.console.unshown))
    else:
        app.console.show(_text(app, found, show_numbers))
    return ExitCode.DONE


def _text(app: App, found: Status, show_numbers: bool) -> Shown:
    from voiceform.model.masking import redact_text
    from voiceform.render.escape import terminal
    from voiceform.render.layout import Line, lay_out, paint

    lines = []
    for label, text, tone in _said(found):
        safe = terminal(redact_text(app.console.unshown.text(text), show_numbers=show_numbers))
        first, *more = lay_out([Line(safe, _LABEL)], color=False, width=app.width).split("\n")
        pieces = (label.ljust(_LABEL) + first[_LABEL:], *more)
        lines += [paint(piece, tone) if app.color and tone else piece for piece in pieces]
    return Shown("\n".join(lines))


def _said(found: Status) -> Iterator[Said]:
    from voiceform.render.layout import Tone

    name = f' "{found.account_name}"' if found.account_name else ""
    place = f" at {found.origin}" if found.origin else ""
    yield "Account", f"{found.account_sid or 'not known'}{name}{place}", Tone.PLAIN
    if found.state is not None:
        yield from _state(found.state, found.at)
    if (live := found.live) is not None:
        queues = f"{live.busy:,} of {counted(live.queues, 'queue')}"
        yield "Waiting", f"{counted(live.waiting, 'caller')} in {queues}", Tone.PLAIN
        yield "Rooms", f"{live.rooms:,} open" if live.rooms else "none is open", Tone.PLAIN
    for item in found.unread:
        hint = f"; {item.hint}" if item.hint else ""
        yield "Not read", f"{item.what}: {item.error}{hint}", Tone.WARNING


def _state(state: Recorded, now: datetime) -> Iterator[Said]:
    from voiceform.render.layout import Tone
    from voiceform.stack.standing import HOLDS, LOCKS, OBJECTS, RUNS

    if not state.began:
        yield "State", f"there is none in {state.label} yet; the first apply makes it", Tone.PLAIN
        return
    counts = [counted(count, kind) for kind, count in sorted(state.objects.items())]
    counts += [counted(state.rules, "retention rule")] if state.rules else []
    recorded = f"{', '.join(counts) or 'nothing'} recorded"
    if OBJECTS in state.missing:
        recorded = f"what is recorded is {NOT_KNOWN},"
    yield "State", f"{recorded} in {state.label}", Tone.PLAIN
    yield from _locks(state, now)
    yield "Last run", NOT_KNOWN if RUNS in state.missing else _run(state.last_run), Tone.PLAIN
    if state.unfinished and LOCKS not in state.missing and not _is_held(state.lock, now):
        count = counted(len(state.unfinished), "run")
        yield "Open", f"{count} did not end; the next apply finds out what became of it", Tone.ERROR
    yield from _calls(state)
    yield "Holds", NOT_KNOWN if HOLDS in state.missing else _holds(state), Tone.PLAIN


def _locks(state: Recorded, now: datetime) -> Iterator[Said]:
    from voiceform.render.layout import Tone
    from voiceform.stack.standing import LOCKS

    for label, lease in (("Lock", state.lock), ("Dispatch", state.dispatch_lock)):
        yield label, *((NOT_KNOWN, Tone.PLAIN) if LOCKS in state.missing else _lock(lease, now))


def _holds(state: Recorded) -> str:
    holds = sorted({hold.name for hold in state.holds})
    more = f" and {len(holds) - _SHOWN:,} more" if len(holds) > _SHOWN else ""
    return f"{', '.join(holds[:_SHOWN])}{more}" if holds else "none stands"


def _calls(state: Recorded) -> Iterator[Said]:
    from voiceform.render.layout import Tone
    from voiceform.stack.standing import CALLS

    if state.unknown:
        what = f"nobody knows whether {counted(state.unknown, 'call')} took place"
        yield "Unknown", f"{what}: `voiceform calls list --status unknown --status reserved`", Tone.ERROR
    if CALLS in state.missing:
        yield "Calls", NOT_KNOWN, Tone.PLAIN
        return
    for address, why in state.stopped.items():
        yield "Stopped", f"{address} is {why}: `voiceform calls resume {address}` lets it go on", Tone.ERROR
    recent = ", ".join(f"{count:,} {status}" for status, count in sorted(state.recent.items()))
    yield "Calls", f"{recent or 'none'} in the last 24 hours", Tone.PLAIN
    for number, coming in enumerate(state.coming[:_SHOWN]):
        people = counted(coming.people, "person", "people")
        label, what = "" if number else "Next", f"{coming.when}  {coming.address}, {people}"
        if coming.paused is None:
            yield label, what, Tone.PLAIN
        else:
            yield label, f"{what}; nobody is called: {coming.paused}", Tone.WARNING
    if not state.coming:
        yield "Next", "nobody is to be called", Tone.PLAIN
    elif len(state.coming) > _SHOWN:
        yield "", f"and {counted(len(state.coming) - _SHOWN, 'more schedule')}", Tone.MUTED


def _lock(lease: LeaseRecord | None, now: datetime) -> tuple[str, Tone]:
    from voiceform.render.layout import Tone

    if lease is None or lease.holder is None:
        return "free", Tone.PLAIN
    since = f"since {lease.acquired_at:%Y-%m-%d %H:%M:%S} UTC"
    if not _is_held(lease, now):
        return f"free; {lease.holder}, who ran {lease.operation} {since}, did not give it back", Tone.WARNING
    return f"held by {lease.holder}, who runs {lease.operation} {since}", Tone.UPDATE


def _is_held(lease: LeaseRecord | None, now: datetime) -> bool:
    return lease is not None and lease.holder is not None and lease.expires_at > now


def _run(run: RunRecord | None) -> str:
    from voiceform.render.history import ending

    if run is None:
        return "nothing was ever run"
    return f"{run.began_at:%Y-%m-%d %H:%M} UTC by {run.who}: {ending(run) or 'nothing to do'} ({run.run_id})"


def _document(found: Status) -> dict[str, Any]:
    live = found.live
    return {
        "at": instant_to_text(found.at),
        "account": {"sid": found.account_sid, "name": found.account_name, "origin": found.origin},
        "state": None if found.state is None else _state_document(found.state),
        "live": None
        if live is None
        else {
            "queues": live.queues,
            "queues_with_callers": live.busy,
            "waiting": live.waiting,
            "rooms": live.rooms,
        },
        "unread": [{"what": item.what, "error": item.error, "hint": item.hint} for item in found.unread],
    }


def _state_document(state: Recorded) -> dict[str, Any]:
    from voiceform.cli.commands.runs import run_document

    return {
        "label": state.label,
        "exists": state.began,
        "lineage": state.lineage,
        "serial": state.serial,
        "recorded": dict(sorted(state.objects.items())),
        "retention_rules": state.rules,
        "lock": state.lock.document() if state.lock is not None else None,
        "dispatch_lock": state.dispatch_lock.document() if state.dispatch_lock is not None else None,
        "last_run": run_document(state.last_run) if state.last_run is not None else None,
        "unfinished_runs": list(state.unfinished),
        "calls_unknown": state.unknown,
        "stopped": dict(state.stopped),
        "calls_of_24_hours": dict(sorted(state.recent.items())),
        "next": [
            {
                "address": coming.address,
                "occurrence": instant_to_text(coming.instant),
                "people": coming.people,
                "paused": coming.paused,
            }
            for coming in state.coming
        ],
        "not_known": sorted(state.missing),
        "holds": [{"name": hold.name, "declared": hold.declared} for hold in state.holds],
    }
