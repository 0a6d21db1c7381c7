"""`voiceform erase`: destroy what is known of one person, and look whether anything is left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.applying import ApplyOptions, apply_now, apply_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import shown_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from voiceform.stack.erasing import ErasureFound

VERIFY = "verify"


@click.command("erase")
@click.argument("words", nargs=-1, metavar="[verify] NUMBER")
@click.option("--reason", metavar="TEXT", help="Why; the evidence keeps it. Needed, but for verify.")
@click.option("--dry-run", is_flag=True, help="Show the plan; nothing is locked, recorded or deleted.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan, as with --dry-run; apply carries it out.",
)
@format_option("text", "json")
@apply_options
@click.pass_obj
def command(
    app: App,
    words: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    out: Path | None,
    format_: str,
    options: ApplyOptions,
) -> int:
    """Destroy what is known of one person: recordings, archived copies, call records, and the number in the
    state. Holds win; what they keep is told, and the exit code is 5.

    With verify, look for the person again: 0 when nothing is left, 5 when something is, and what the
    evidence says of erasures.
    """
    verifying = words[:1] == (VERIFY,)
    if len(words) != 1 + verifying:
        raise UsageError(
            "one number is needed", hint="name whom to erase, such as +15558675310, and why, by --reason"
        )
    number = words[-1]
    if verifying:
        if reason is not None or dry_run or out is not None:
            raise UsageError("verify only looks", hint="leave out --reason, --dry-run and --out")
        return _verify(app, number, options, format_)
    if reason is None:
        raise UsageError("a reason is needed: the evidence keeps it", hint="as in --reason 'request 4711'")
    if dry_run or out is not None:
        return _show_plan(app, number, reason, out, options, format_)
    return apply_now(app, lambda stack, how: stack.erase(number, reason=reason, **how), options, format_)


def _show_plan(
    app: App, number: str, reason: str, out: Path | None, options: ApplyOptions, format_: str
) -> int:
    """Print the plan, and save it; 4 when something blocks it and no --approve lifts that."""
    from voiceform.cli.commands.plan import show
    from voiceform.engine.planfile import write_plan_file
    from voiceform.engine.safety import Approvals

    if options.evidence is not None:
        raise UsageError("a dry run has no evidence: nothing happens", hint="leave out --evidence")
    approvals = Approvals.parse(options.approve)
    plan = wiring.stack(app, progress=wiring.progress(app)).plan_erase(number, reason=reason)
    if out is not None:
        if plan.state.lineage is None:
            raise UsageError(
                "there is no state yet, so nothing can stand for the number in a plan that is saved",
                hint="leave out --out, or apply first",
            )
        write_plan_file(plan, app.path(out))
    show(app, plan, format_, show_numbers=options.show_numbers)
    if out is not None:
        app.console.say(f"Saved the plan to {app.path(out)}; apply exactly it: voiceform apply {out}")
    lifted = all(approvals.lift(blocked) for blocked in plan.blocked)
    return ExitCode.DONE if lifted else ExitCode.BLOCKED


def _verify(app: App, number: str, options: ApplyOptions, format_: str) -> int:
    stack = wiring.stack(app, progress=wiring.progress(app))
    found = stack.verify_erasure(number, evidence=options.evidence)
    if format_ == "json":
        app.console.document(shown_json(_document(found), show_numbers=options.show_numbers))
    else:
        app.console.show("\n".join(_lines(found)))
    return ExitCode.DONE if found.complete else ExitCode.INCOMPLETE


def _lines(found: ErasureFound) -> Iterator[str]:
    """What a person reads, the verdict last."""
    for run in found.runs:
        removed = _counts(run.removed) or "nothing"
        yield f"Erased at {run.at} by {run.who} in run {run.run_id} ({run.reason}): {removed}"
    yield from (f"Note: {note}" for note in found.notes)
    yield from (f"There: {words}: {count:,}" for words, count in found.there.items())
    yield from (f"Left: {words}: {count:,}" for words, count in found.left.items())
    yield from (f"Declared: {address}" for address in found.declared)
    for words, count in found.doubtful.items():
        yield f"Doubtful: {words} of which nobody can tell whether they are of this person: {count:,}"
    for words, count in found.unreadable.items():
        yield f"Unreadable: {words} in lists that could not be read: {count:,}"
    erased = "" if found.runs else "; the evidence tells of no erasure"
    yield (
        f"Nothing is left that is known to be of this person{erased}."
        if found.complete
        else f"Something of this person is left, or nobody can tell{erased}: run `voiceform erase verify`"
        " again, and look in the Twilio console at what stays."
        if found.unreadable
        else f"Something of this person is left{erased}."
    )


def _counts(counts: Mapping[str, int]) -> str:
    names = {
        "recording": "recordings",
        "copy": "archived recordings",
        "call-record": "call records",
        "document": "documents of the state",
    }
    return ", ".join(f"{names.get(event, event)}: {count:,}" for event, count in counts.items())


def _document(found: ErasureFound) -> dict[str, Any]:
    return {
        "person": found.person,
        "complete": found.complete,
        "there": dict(found.there),
        "left": dict(found.left),
        "declared": list(found.declared),
        "doubtful": dict(found.doubtful),
        "unreadable": dict(found.unreadable),
        "erasures": [
            {
                "run": run.run_id,
                "at": run.at,
                "who": run.who,
                "reason": run.reason,
                "removed": dict(run.removed),
            }
            for run in found.runs
        ],
        "notes": list(found.notes),
    }
