"""A plan in each of its output formats."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voiceform.cli.support.invocation import App
from voiceform.model.errors import UsageError
from voiceform.model.plan import Plan
from voiceform.model.shown import Shown


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plan is from and, if it is one, its file."""

    stack: str | None = None
    commit: str | None = None
    artifact: str | None = None
    plan_file: str | None = None


def shown_plan(app: App, plan: Plan) -> Plan:
    """`plan` as renderers take it: --show-values takes the marks off what came from the environment. Else no
    warning repeats it, also of what a plan does not change and so does not hold."""
    if not app.show_values:
        hidden = app.console.unshown.text
        return replace(
            plan,
            warnings=tuple(
                replace(item, message=hidden(item.message), hint=hidden(item.hint)) for item in plan.warnings
            ),
        )
    from voiceform.render.redact import with_values

    return with_values(plan)


def plan_document(
    app: App, plan: Plan, format_: str, *, show_numbers: bool, source: Source | None = None
) -> Shown:
    """The plan as text, JSON, Markdown or HTML, without a final newline.

    UsageError when what the command line says about its source does not fit into a comment.
    """
    source = source or Source()
    plan = shown_plan(app, plan)
    if format_ == "json":
        from voiceform.render.json import plan_json

        return plan_json(plan, show_numbers=show_numbers).rstrip("\n")
    if format_ == "markdown":
        return _markdown(plan, source, show_numbers=show_numbers)
    if format_ == "html":
        from voiceform.render.html import render_plan_html

        return render_plan_html(plan, show_numbers=show_numbers, commit=source.commit).rstrip("\n")
    from voiceform.render.text import Detail, render_plan

    return render_plan(
        plan,
        color=app.color,
        width=app.width,
        show_numbers=show_numbers,
        detail=Detail.SUMMARY if app.summary else Detail.FULL if app.verbose else Detail.NORMAL,
        unmanaged=app.unmanaged,
    ).rstrip("\n")


def _markdown(plan: Plan, source: Source, *, show_numbers: bool) -> Shown:
    from voiceform.render.markdown import render_plan_markdown

    try:
        return render_plan_markdown(
            plan,
            show_numbers=show_numbers,
            stack=source.stack,
            commit=source.commit,
            artifact=source.artifact,
            plan_file=source.plan_file,
        ).rstrip("\n")
    except ValueError as error:
        raise UsageError(f"--format markdown: {error}", hint="shorten them") from error
