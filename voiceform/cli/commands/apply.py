"""`voiceform apply`: run a plan."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.applying import ApplyOptions, apply_now, apply_options, apply_saved
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, selection_options
from voiceform.model.errors import UsageError
from voiceform.model.plan import Mode


@click.command("apply")
@click.argument("plan_file", metavar="[PLANFILE]", required=False, type=click.Path(path_type=Path))
@format_option("text", "json")
@selection_options
@click.option("--refresh-only", is_flag=True, help="Record what is live; the account is left as it is.")
@apply_options
@click.pass_obj
def command(
    app: App,
    plan_file: Path | None,
    format_: str,
    target: tuple[str, ...],
    exclude: tuple[str, ...],
    refresh_only: bool,
    options: ApplyOptions,
) -> int:
    """Run PLANFILE exactly as it is, or plan and run after asking. PLANFILE may be - for standard input.

    Without PLANFILE a terminal is asked, and only 'yes' goes on. A saved plan is run without a question:
    reviewing it was the question.
    """
    if plan_file is not None and (target or exclude or refresh_only):
        raise UsageError(
            "a saved plan is applied whole: --target, --exclude and --refresh-only belong to plan",
            hint=f"voiceform apply {plan_file}",
        )
    if plan_file is not None:
        piped = plan_file == Path("-")
        saved = wiring.stack(app).read_plan(sys.stdin.buffer if piped else plan_file)
        return apply_saved(app, saved, options, format_)
    mode = Mode.REFRESH_ONLY if refresh_only else Mode.NORMAL
    return apply_now(
        app,
        lambda stack, how: stack.apply(mode=mode, targets=target, excludes=exclude, **how),
        options,
        format_,
    )
