"""A plan as one HTML file: nothing is loaded from elsewhere, and it reads whole without its script."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from voiceform.model.instants import instant_to_text
from voiceform.model.plan import Blocked, Caution, Change, Drift, DriftStatus, Plan
from voiceform.model.shown import Shown
from voiceform.render.escape import html
from voiceform.render.redact import redact_plan
from voiceform.render.view import (
    SYMBOLS,
    Effect,
    Row,
    drift_rows,
    effect_of,
    feelings_of,
    headline,
    notes_of,
    reason_of,
    remarks_of,
    rows_of,
    verb_of,
)

_LARGE = 500  # from here on a browser need not lay out what is not in sight
_TITLES: Sequence[tuple[Effect, str]] = (
    (Effect.DESTROY, "Destroys"),
    (Effect.CALL, "Calls people"),
    (Effect.CREATE, "Creates"),
    (Effect.UPDATE, "Updates"),
)


def render_plan_html(plan: Plan, *, show_numbers: bool = False, commit: str | None = None) -> Shown:
    """A whole HTML document; ends in a newline.

    Its Content-Security-Policy allows the one style and the one script that are in it, by their hashes, and
    nothing else. Every value is escaped, and isolated: right-to-left text cannot reorder its neighbours.
    """
    shown = redact_plan(plan, show_numbers=show_numbers)
    digest = shown.review_digest
    assets = files("voiceform.render") / "assets"
    style = (assets / "plan.css").read_text(encoding="utf-8")
    script = (assets / "plan.js").read_text(encoding="utf-8")
    return Shown(
        "\n".join((*_head(shown, style, script), *_body(shown, digest, commit), _script(script))) + "\n"
    )


def _head(plan: Plan, style: str, script: str) -> Iterator[str]:
    policy = (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    yield "<!doctype html>"
    yield '<html lang="en" dir="ltr"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex">'
    yield f"<title>voiceform plan {html(plan.plan_id)}</title>"
    yield f"<style>{style}</style></head>"


def _script(script: str) -> str:
    return f"<script>{script}</script></body></html>"


def _source(text: str) -> str:
    """How a Content-Security-Policy names an inline element: the hash of what stands between its tags."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _body(plan: Plan, digest: str, commit: str | None) -> Iterator[str]:
    large = ' class="large"' if len(plan.pending) > _LARGE else ""
    yield f'<body{large}><header><h1>voiceform plan</h1><p class="headline">{html(headline(plan))}</p>'
    yield _facts(plan, digest, commit)
    yield from (f'<p class="note">{html(note)}</p>' for note in notes_of(plan))
    yield "</header>"
    yield from (_blocked(item) for item in plan.blocked)
    yield from (_warning(item) for item in plan.warnings)
    groups: dict[Effect, list[Change]] = {effect: [] for effect in Effect}
    for change in plan.pending:
        groups[effect_of(change)].append(change)
    yield from _filters(groups)
    yield "<main>"
    for effect, title in _TITLES:
        yield from _group(effect, title, groups[effect])
    yield from _drift(plan.drift)
    yield from _in_force(plan.in_force)
    yield from _unmanaged(plan)
    yield "</main><footer><p>Numbers and secrets may be masked; the digest is that of what the plan does.</p>"
    yield "</footer>"


def _data(text: str) -> str:
    """A value from outside: escaped, and isolated from the direction of its neighbours."""
    return f"<bdi>{html(text)}</bdi>"


def _facts(plan: Plan, digest: str, commit: str | None) -> str:
    facts = {
        "Plan": plan.plan_id,
        "Made at": instant_to_text(plan.created_at),
        "Account": plan.account_sid,
        "Commit": commit,
        "Files": ", ".join(plan.config.files),
        "Digest": digest,
    }
    items = (f"<dt>{name}</dt><dd>{_data(value)}</dd>" for name, value in facts.items() if value)
    return f'<dl class="facts">{"".join(items)}</dl>'


def _blocked(blocked: Blocked) -> str:
    return (
        f'<section class="blocked"><h3>Blocked: {_data(blocked.rule)}</h3><p>{_data(blocked.message)}</p>'
        f"<p>{_data(blocked.hint)}</p></section>"
    )


def _warning(warning: Caution) -> str:
    return (
        f'<section class="warning"><h3>Warning: <code>{_data(str(warning.address))}</code></h3>'
        f"<p>{_data(warning.message)}</p><p>{_data(warning.hint)}</p></section>"
    )


def _filters(groups: dict[Effect, list[Change]]) -> Iterator[str]:
    """The controls; hidden until the script can make them work."""
    kinds = Counter(change.kind for group in groups.values() for change in group)
    if not kinds:
        return
    effects = ((str(effect), title, len(groups[effect])) for effect, title in _TITLES if groups[effect])
    yield '<div class="filters" id="filters" role="search" aria-label="Filter the changes" hidden>'
    yield _toggles("Action", "effect", effects)
    yield _toggles("Kind", "kind", ((kind, kind, count) for kind, count in sorted(kinds.items())))
    yield '<input type="search" id="search" placeholder="Find" aria-label="Find in the changes">'
    yield '<output id="shown" aria-live="polite"></output></div>'


def _toggles(legend: str, name: str, choices: Iterable[tuple[str, str, int]]) -> str:
    boxes = (
        f'<label class="toggle"><input type="checkbox" name="{name}" value="{html(value)}" checked>'
        f"<span>{_data(label)} {count:,}</span></label>"
        for value, label, count in choices
    )
    return f"<fieldset><legend>{legend}</legend>{''.join(boxes)}</fieldset>"


def _group(effect: Effect, title: str, group: Sequence[Change]) -> Iterator[str]:
    if not group:
        return
    yield f'<section data-group="{effect}"><h2>{title} <small>{len(group):,}</small></h2>'
    yield from (_change(effect, change) for change in group)
    yield "</section>"


def _change(effect: Effect, change: Change) -> str:
    sid = f'<code class="sid">{_data(change.sid)}</code>' if change.sid else ""
    remarks = "".join(f'<span class="remark">{_data(remark)}</span>' for remark in remarks_of(change))
    lines = "".join(f"<li>{_data(text)}</li>" for text in feelings_of(change))
    impact = f'<ul class="impact">{lines}</ul>' if lines else ""
    return (
        f'<article class="{effect}" data-effect="{effect}" data-kind="{html(change.kind)}">'
        f'<h3><span class="action">{html(SYMBOLS[effect])} {html(verb_of(change))}</span>'
        f"<code>{_data(str(change.address))}</code>{sid}{remarks}</h3>"
        f'<p class="why">{_data(reason_of(change))}</p>{_table(rows_of(change))}'
        f"{impact}</article>"
    )


def _table(rows: Iterable[Row]) -> str:
    lines = "".join(_row(row) for row in rows)
    return f"<table><tbody>{lines}</tbody></table>" if lines else ""


def _row(row: Row) -> str:
    before = f"<del>{_data(row.before)}</del>" if row.before is not None else ""
    after = f"<ins>{_data(row.after)}</ins>" if row.after is not None else ""
    arrow = ' <span aria-label="becomes">&rarr;</span> ' if before and after else ""
    note = f" <small>{html(row.note)}</small>" if row.note else ""
    return f'<tr><th scope="row">{_data(row.path)}</th><td>{before}{arrow}{after}{note}</td></tr>'


def _drift(drift: Sequence[Drift]) -> Iterator[str]:
    if not drift:
        return
    yield f"<section><h2>Changed outside of voiceform <small>{len(drift):,}</small></h2>"
    for item in drift:
        sid = f'<code class="sid">{_data(item.sid)}</code>' if item.sid else ""
        state = "is gone" if item.status is DriftStatus.GONE else "has changed"
        why = f'<p class="why">{_data(item.explanation)}</p>' if item.explanation else ""
        name = f"<code>{_data(str(item.address))}</code>"
        yield f"<article><h3>{name}<span>{state}</span>{sid}</h3>{why}{_table(drift_rows(item))}</article>"
    yield "</section>"


def _in_force(changes: Sequence[Change]) -> Iterator[str]:
    if not changes:
        return
    yield f"<section><h2>In force as before <small>{len(changes):,}</small></h2>"
    for change in changes:
        lines = "".join(f"<li>{_data(text)}</li>" for text in change.impact)
        yield f"<article><h3><code>{_data(str(change.address))}</code></h3>"
        yield f'<ul class="plain">{lines}</ul></article>'
    yield "</section>"


def _unmanaged(plan: Plan) -> Iterator[str]:
    if not plan.unmanaged:
        return
    yield f"<details><summary>Not managed, left alone ({len(plan.unmanaged):,})</summary>"
    yield '<ul class="plain">'
    for item in plan.unmanaged:
        yield f'<li>{_data(item.kind)} {_data(item.name)} <code class="sid">{_data(item.sid)}</code></li>'
    yield "</ul></details>"
