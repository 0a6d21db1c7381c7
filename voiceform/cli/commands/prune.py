"""`voiceform prune`: retention alone, and the check of its evidence."""

from __future__ import annotations

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.applying import ApplyOptions, apply_now, apply_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode


@click.group("prune", invoke_without_command=True)
@click.option("--dry-run", is_flag=True, help="Show the plan; nothing is locked, recorded or deleted.")
@format_option("text", "json")
@apply_options
@click.pass_context
def command(ctx: click.Context, dry_run: bool, format_: str, options: ApplyOptions) -> int | None:
    """Delete the recordings and call records whose time is over.

    Plans and applies the section `retention` and nothing else; rules and holds are recorded first.
    """
    if ctx.invoked_subcommand is not None:
        return None
    app = ctx.ensure_object(App)
    if not dry_run:
        return apply_now(app, lambda stack, how: stack.prune(**how), options, format_)
    if options.evidence is not None:
        raise UsageError(
            "a dry run has no evidence: nothing happens", hint="leave out --evidence, or --dry-run"
        )
    return _show_plan(app, options, format_)


def _show_plan(app: App, options: ApplyOptions, format_: str) -> int:
    """Print the plan; 4 when a limit or a hold blocks it and no --approve lifts that."""
    from voiceform.cli.commands.plan import show
    from voiceform.engine.safety import Approvals

    approvals = Approvals.parse(options.approve)
    plan = wiring.stack(app, progress=wiring.progress(app)).plan_prune()
    show(app, plan, format_, show_numbers=options.show_numbers)
    lifted = all(approvals.lift(blocked) for blocked in plan.blocked)
    return ExitCode.DONE if lifted else ExitCode.BLOCKED


@command.command("verify")
@click.argument("place", metavar="DIR|URL", type=click.Path())
@format_option("text", "json")
@click.option(
    "--from",
    "begin",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="The number of the first file; earlier ones are kept elsewhere.",
)
@click.option("--offline", is_flag=True, help="Check the lines alone; do not look into the account.")
@click.pass_obj
def verify(app: App, place: str, format_: str, begin: int, offline: bool) -> int:
    """Check evidence: that no line was changed, and that what was deleted is gone."""
    from voiceform.cli.commands.prune_verify import report

    stack = wiring.stack(app, progress=wiring.progress(app))
    found = stack.verify_evidence(place, begin=begin, offline=offline)
    (app.console.show if format_ == "text" else app.console.document)(report(found, format_))
    return ExitCode.ERROR if found.problems else ExitCode.DONE
