"""`voiceform explain`: what a code means that voiceform has printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING

import click

from voiceform.cli.support.completing import codes
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from voiceform.model.explanations import Explanation


@click.command("explain")
@click.argument("code", required=False, shell_complete=codes)
@format_option("text", "json")
@click.pass_obj
def command(app: App, code: str | None, format_: str) -> int:
    """Say what CODE means, why it matters and what to do; without CODE, list them all.

    CODE is what stands in brackets behind a finding, the rule of a plan that is blocked, an exit code, or an
    error code of Twilio's.
    """
    from voiceform.model.explanations import explanations
    from voiceform.model.shown import Shown, clear_json

    known = explanations()
    found = list(known.values()) if code is None else [_found(code)]
    if format_ == "json":
        codes = [_document(item) for item in found]
        app.console.document(clear_json({"codes": codes} if code is None else codes[0]))
    else:
        # Texts of our own. The numbers in examples are nobody's, and whoever copies one must be able to.
        lines = _index(found, app.width) if code is None else _page(found[0], app.width)
        app.console.document(Shown("\n".join(lines)))
    return ExitCode.DONE


def _found(code: str) -> Explanation:
    from voiceform.config.problems.wording import closest
    from voiceform.model.explanations import explanations

    known = explanations()
    asked = code.strip("[]() ").lower()
    for name in (asked, re.sub("[ _]", "-", asked), re.sub("[ -]", "_", asked)):
        if name in known:
            return known[name]
    meant = closest(asked, known)
    raise UsageError(
        f"there is no code {code!r}",
        hint=f"did you mean {meant}?" if meant else "`voiceform explain` lists them",
    )


def _index(found: list[Explanation], width: int) -> Iterator[str]:
    for group, items in groupby(found, key=lambda item: item.group):
        formatter = click.HelpFormatter(width=width)
        with formatter.section(str(group)):
            formatter.write_dl([(item.code, item.what) for item in items])
        yield formatter.getvalue()
    yield "voiceform explain CODE says more of one."


def _page(item: Explanation, width: int) -> Iterator[str]:
    yield f"{item.code} ({item.group})"
    for title, text in (("", item.what), ("Why: ", item.why), ("What to do: ", item.do)):
        yield f"\n{fill(title + text, width, break_on_hyphens=False, break_long_words=False)}"
    yield f"\nExample:\n\n{item.plain_example}"
    yield f"\n{item.address}"


def _document(item: Explanation) -> dict[str, str]:
    return {
        "code": item.code,
        "group": str(item.group),
        "what": item.what,
        "why": item.why,
        "do": item.do,
        "example": item.plain_example,
        "address": item.address,
    }
