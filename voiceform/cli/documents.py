"""A plan in each of its output formats."""

from __future__ import annotations

from voiceform.cli.options import App
from voiceform.model.plan import Plan


def plan_document(app: App, plan: Plan, format_: str, *, show_numbers: bool) -> str:
    """The plan as text, JSON, Markdown or HTML, without a final newline."""
    if format_ == "json":
        from voiceform.render.json import plan_json

        return plan_json(plan, show_numbers=show_numbers).rstrip("\n")
    if format_ == "markdown":
        from voiceform.render.markdown import render_plan_markdown

        return render_plan_markdown(plan, show_numbers=show_numbers).rstrip("\n")
    if format_ == "html":
        from voiceform.render.html import render_plan_html

        return render_plan_html(plan, show_numbers=show_numbers).rstrip("\n")
    from voiceform.render.text import render_plan

    return render_plan(plan, color=app.color, width=app.width, show_numbers=show_numbers).rstrip("\n")
