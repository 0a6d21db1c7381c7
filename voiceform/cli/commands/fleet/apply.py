"""`voiceform fleet apply`: the plans of a folder, or of now after asking."""

from __future__ import annotations

from pathlib import Path

import click

from voiceform.cli.support.fleet_applying import ActOptions, act_options, apply_folder, apply_now
from voiceform.cli.support.fleet_output import FORMATS
from voiceform.cli.support.fleets import FleetOptions, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place, expect_digest_option, format_option
from voiceform.cli.support.reporting import report_options
from voiceform.model.errors import UsageError


@click.command("apply")
@click.argument("folder", metavar="[DIR]", required=False, type=Place(path_type=Path, file_okay=False))
@report_options
@fleet_options
@click.option("--resume", is_flag=True, help="Go on with the plans of DIR that were not carried out yet.")
@act_options
@expect_digest_option
@format_option(*FORMATS)
@click.pass_obj
def command(
    app: App,
    fleet: FleetOptions,
    act: ActOptions,
    folder: Path | None,
    resume: bool,
    expect_digest: str | None,
    format_: str,
) -> int:
    """Run the plans of DIR exactly as they are, or plan all stacks and run that after asking once.

    Stacks go in the groups of the rollout of the fleet file, which stops by itself when too many fail.

    Without DIR a terminal is asked, and only 'yes' goes on. A stack whose plan does not fit any more, or that
    is blocked, fails alone.

    For example: voiceform fleet apply plans --select ring=canary
    """
    if folder is not None:
        return apply_folder(app, fleet, act, folder, format_, expect_digest=expect_digest, resume=resume)
    if expect_digest is not None or resume:
        raise UsageError(
            "--expect-digest and --resume are about saved plans", hint="voiceform fleet apply DIR"
        )
    return apply_now(app, fleet, act, format_)
