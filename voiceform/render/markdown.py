"""A plan as the comment on a pull request: the gravest first, never longer than GitHub takes.

All that comes from YAML or from the API stands in code spans and fenced blocks, where GitHub knows no markup,
mentions, issue references or links.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import quote

from voiceform.model.instants import instant_to_text
from voiceform.model.masking import redact_text
from voiceform.model.plan import Change, Mode, Plan, Unmanaged
from voiceform.model.resource import fingerprint
from voiceform.model.scopes import Effect
from voiceform.model.shown import Shown
from voiceform.model.wording import counted
from voiceform.render.escape import log_line, markdown_code, markdown_fence, terminal, visible
from voiceform.render.layout import Line, Tone
from voiceform.render.redact import redact_plan
from voiceform.render.text import blocked_lines, change_lines, drift_lines, in_force_lines, warning_lines
from voiceform.render.view import EFFECTS, effect_of, headline, notes_of

SMALLEST_LIMIT = 2_000
"""Below this there is no room for more than the frame of a comment."""

_LONGEST_NAME = 100
_OPEN_CHANGES = 20
_RESERVE_FOR_LEFT_OUT = 400
_SECTION_FRAME = 200
_WORTH_CUTTING = 200
_DIFF_MARKS = {Tone.CREATE: "+", Tone.DELETE: "-", Tone.UPDATE: "!", Tone.PHONE: "!", Tone.WARNING: "!"}
_URL_CHARACTERS = "/:?#@!$&*+,;=%~._-"


def comment_marker(stack: str | None = None) -> str:
    """The invisible first line by which CI finds the comment to update; one for each stack."""
    return marker("plan") if stack is None else marker("plan", f"stack={marked(stack)}")


def marker(*words: str) -> str:
    """An invisible line by which CI finds a comment again; what comes from outside is `marked`."""
    return f"<!-- voiceform:{' '.join(words)} -->"


def marked(text: str) -> str:
    """A text as a word of a marker: it ends no comment, and two that differ stay different."""
    name = quote(visible(redact_text(text)), safe="/").replace("--", "-%2D")
    return f"{name[:_LONGEST_NAME].rstrip('-')}:{fingerprint(name)}" if len(name) > _LONGEST_NAME else name


def render_plan_markdown(
    plan: Plan,
    *,
    limit: int = 65_000,
    commit: str | None = None,
    digest: str | None = None,
    artifact: str | None = None,
    show_numbers: bool = False,
    stack: str | None = None,
    plan_file: str | None = None,
) -> Shown:
    """The comment, at most `limit` long; ends in a newline.

    Length is in UTF-8 bytes, the strictest of the ways in which GitHub has been seen to count. `artifact` is
    the address of the whole plan; `plan_file` the path of the plan file, for the command that applies it.
    Without a file the command plans the same part again, and goes on only if the new plan does the same: then
    the digest is that of the review. `digest` is computed when it is not given.
    ValueError when `limit` is under SMALLEST_LIMIT or commit, artifact and commands alone do not fit in.
    """
    if limit < SMALLEST_LIMIT:
        raise ValueError(f"a comment needs at least {SMALLEST_LIMIT} bytes, not {limit}")
    shown = redact_plan(plan, show_numbers=show_numbers)
    show, apply = _commands(shown, plan_file)
    digest = digest or shown.review_digest
    top = _top(shown, stack, commit, digest)
    bottom = _bottom(shown, [*apply, "--expect-digest", digest])
    frame = _size(top) + _size(bottom) + _size(_left_out(["x"], artifact, show))
    budget = limit - frame - _RESERVE_FOR_LEFT_OUT
    if budget < 0:
        raise ValueError("commit, artifact and commands alone are longer than a comment may be")
    body = _Body(budget)
    _fill(body, shown)
    parts = [top, *body.parts, _left_out(body.left_out, artifact, show), bottom]
    return Shown("\n\n".join(part for part in parts if part) + "\n")


@dataclass
class _Body:
    """The sections that fit, and what did not."""

    budget: int
    parts: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def section(self, title: str, noun: str, total: int, blocks: Iterable[list[Line]], shown: int) -> None:
        """Add as many of `total` blocks as there is room for, the first `shown` in sight, the rest folded."""
        if not total:
            return
        self.budget -= _SECTION_FRAME
        finished = (_diff_lines(block) for block in blocks)
        in_sight = self._take(islice(finished, shown))
        folded = self._take(finished)
        heading = f"### {title} ({total:,})"
        if in_sight:
            self.parts += [heading, _fenced(in_sight)]
        if folded:
            summary = f"{len(folded):,} more" if in_sight else f"{title} ({total:,})"
            fenced = _fenced(folded)
            self.parts.append(f"<details><summary>{summary}</summary>\n\n{fenced}\n\n</details>")
        missing = total - len(in_sight) - len(folded)
        if missing:
            self.left_out.append(counted(missing, noun))

    def _take(self, blocks: Iterable[list[str]]) -> list[list[str]]:
        """Blocks until one does not fit; that one is cut, or left out, and nothing fits after it."""
        taken = []
        for block in blocks:
            cost = _cost(block)
            if cost > self.budget:
                if self.budget >= _WORTH_CUTTING:
                    taken.append(_cut(block, self.budget))
                self.budget = -1
                break
            self.budget -= cost
            taken.append(block)
        return taken


def _fill(body: _Body, plan: Plan) -> None:
    blocked = (list(blocked_lines(item)) for item in plan.blocked)
    body.section("Blocked: apply refuses this plan", "refusal", len(plan.blocked), blocked, len(plan.blocked))
    warnings = (list(warning_lines(item)) for item in plan.warnings)
    body.section("Warnings", "warning", len(plan.warnings), warnings, len(plan.warnings))
    groups: dict[Effect, list[Change]] = {effect: [] for effect in Effect}
    for change in plan.pending:
        groups[effect_of(change, plan.vocabulary)].append(change)
    for effect, title, noun in EFFECTS:
        group = groups[effect]
        grave = effect in (Effect.DESTROY, Effect.PHONE)
        blocks = (list(change_lines(change, plan.vocabulary)) for change in group)
        body.section(title, noun, len(group), blocks, len(group) if grave else _OPEN_CHANGES)
    drift = (list(drift_lines(item)) for item in plan.drift)
    body.section("Changed outside of voiceform", "drifted object", len(plan.drift), drift, 0)
    in_force = (list(in_force_lines(change)) for change in plan.in_force)
    body.section("In force as before", "object in force", len(plan.in_force), in_force, _OPEN_CHANGES)
    unmanaged = ([_unmanaged_line(item)] for item in plan.unmanaged)
    body.section("Not managed, left alone", "object that is not managed", len(plan.unmanaged), unmanaged, 0)


def _top(plan: Plan, stack: str | None, commit: str | None, digest: str) -> str:
    title = f"## voiceform plan{f': {markdown_code(redact_text(stack)[:_LONGEST_NAME])}' if stack else ''}"
    notes = "\n".join(f"> {note}" for note in notes_of(plan))
    facts = {
        "Commit": commit,
        "Plan": plan.plan_id,
        "Made at": instant_to_text(plan.created_at),
        "Account": plan.account_sid,
        "Digest": digest,
    }
    cells = {name: markdown_code(value) for name, value in facts.items() if value}
    table = "\n".join(
        f"| {' | '.join(row)} |" for row in (cells.keys(), ("---" for _ in cells), cells.values())
    )
    parts = [f"{comment_marker(stack)}\n{title}", f"**{headline(plan)}**", notes, table]
    return "\n\n".join(part for part in parts if part)


def _commands(plan: Plan, plan_file: str | None) -> tuple[list[str], list[str]]:
    """The words of the commands that show and that apply the plan."""
    if plan_file:
        return ["show", plan_file], ["apply", plan_file]
    named = [("--target", name) for name in plan.targets] + [("--exclude", name) for name in plan.excludes]
    selection = [word for pair in named for word in pair]
    if plan.mode is Mode.DESTROY:
        return ["plan", "--destroy", *selection], ["destroy", *selection]
    return ["plan", *selection], ["apply", *selection]


def _command(words: Sequence[str]) -> str:
    return " ".join(["voiceform", *(shlex.quote(visible(word)) for word in words)])


def _bottom(plan: Plan, apply: Sequence[str]) -> str:
    if plan.mode is Mode.REVIEW or not plan.pending:
        return ""
    first = "What is blocked has to be resolved or approved first. " if plan.blocked else ""
    return f"{first}To apply exactly this plan:\n\n{markdown_fence([_command(apply)], 'sh')}"


def _left_out(left_out: list[str], artifact: str | None, show: Sequence[str]) -> str:
    """What the comment leaves out, and where all of it is."""
    whole = _whole_plan(artifact, show)
    if left_out:
        return f"**Too long for a comment, left out here: {', '.join(left_out)}.** All of it is in {whole}."
    return f"The plan as a file: {_link(artifact)}." if artifact else ""


def _whole_plan(artifact: str | None, show: Sequence[str]) -> str:
    command = markdown_code(_command(show))
    return f"{_link(artifact)} and in the output of {command}" if artifact else f"the output of {command}"


def _link(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        return markdown_code(address)
    return f"[the plan]({quote(visible(address), safe=_URL_CHARACTERS)})"


def _unmanaged_line(item: Unmanaged) -> Line:
    return Line(f'{terminal(item.kind)} "{terminal(item.name)}" ({terminal(item.sid)})', 2)


def _diff_lines(block: list[Line]) -> list[str]:
    """Lines as GitHub colours a diff: the sign stands in the first column."""
    finished = []
    for line in block:
        mark = _DIFF_MARKS.get(line.tone, " ")
        text = line.text[2:] if line.text.startswith(f"{mark} ") else line.text
        finished.append(log_line(f"{mark}{' ' * max(line.indent - 1, 1)}{text}"))
    return finished


def _fenced(blocks: list[list[str]]) -> str:
    lines = [line for block in blocks for line in (*block, "")]
    return markdown_fence(lines[:-1], "diff")


def _size(text: str) -> int:
    return len(text.encode()) + 2


def _cost(block: list[str]) -> int:
    """The bytes of a block in a fence; a run of backticks may lengthen both ends of the fence."""
    text = "\n".join(block)
    return _size(text) + (2 * max(map(len, text.split())) if "`" in text else 0)


def _cut(block: list[str], budget: int) -> list[str]:
    """As many whole lines as fit, but part of the first in any case, and how many are missing."""
    kept: list[str] = []
    room = budget - 60
    for line in block:
        if _cost([*kept, line]) > room:
            break
        kept.append(line)
    if not kept:
        kept = [block[0].replace("`", "'").encode()[: room // 4].decode(errors="ignore")]
    return [*kept, f"  ... {counted(len(block) - len(kept), 'line')} of this not shown"]
