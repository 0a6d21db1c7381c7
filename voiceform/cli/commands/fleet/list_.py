"""`voiceform fleet list`: which stacks there are."""

from __future__ import annotations

import click

from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import shown_json


@click.command("list")
@fleet_options
@format_option("text", "json")
@click.pass_obj
def command(app: App, fleet: FleetOptions, format_: str) -> int:
    """List the stacks with their accounts and labels; reads no credentials.

    What is wrong about one of them is told beside the list, which is whole; the exit code is then 1.

    For example: voiceform fleet list --select ring=canary
    """
    import voiceform.render.diagnostics as render
    from voiceform.fleet.report import alike
    from voiceform.fleet.selecting import selected
    from voiceform.model.masking import redact_text
    from voiceform.render.fleet import of_stacks
    from voiceform.state.open import DEFAULT_URL

    file = fleet_of(app, fleet).read()
    found = selected(file.members, fleet.which)
    have = alike((member.name, problem) for member in found for problem in member.problems)
    problems = [of_stacks(*each) for each in have]
    if told := [*file.warnings, *problems]:
        app.console.say(render.text(told, color=app.color_beside, width=app.width_beside))
    code = ExitCode.ERROR if problems else ExitCode.DONE
    if format_ == "json":
        stacks = [
            {
                "stack": member.name,
                "account": member.account or None,
                "folder": str(member.folder),
                "files": [str(file) for file in member.files],
                "state": None if member.problems else redact_text(member.state or DEFAULT_URL),
                "region": member.region,
                "labels": dict(member.labels),
                "problems": [str(problem) for problem in member.problems],
            }
            for member in found
        ]
        app.console.document(shown_json({"stacks": stacks}))
        return code
    widest = max((len(member.name) for member in found), default=0)
    for member in found:
        labels = ",".join(f"{name}={value}" for name, value in sorted(member.labels.items()))
        app.console.show(f"{member.name.ljust(widest)}  {member.account or '-'.ljust(34)}  {labels or '-'}")
    return code
