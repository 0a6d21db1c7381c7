"""`voiceform show`: a saved plan again."""

from __future__ import annotations

from pathlib import Path

import click

from voiceform.cli.options import App, format_option, show_numbers_option


@click.command("show")
@click.argument("plan_file", metavar="PLANFILE", type=click.Path(path_type=Path))
@format_option("text", "json", "markdown", "html")
@show_numbers_option
@click.pass_obj
def command(app: App, plan_file: Path, format_: str, show_numbers: bool) -> int:
    """Show a saved plan; offline and without credentials."""
    from voiceform.cli.plan import show
    from voiceform.engine.planfile import read_plan_file

    show(app, read_plan_file(app.path(plan_file)), format_, show_numbers=show_numbers)
    return 0
