"""What text, Markdown and HTML of a plan have in common: effects, titles, attribute rows, counts in words.

All texts that come out of here are visible (see escape) and still have to be escaped for their target.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeGuard

from voiceform.model.plan import Action, Change, Drift, DriftStatus, FieldChange, Mode, Plan
from voiceform.model.scopes import Effect, Scope, Vocabulary
from voiceform.model.wording import counted
from voiceform.render.destroyed import destroyed_in, destroys, joined, planned
from voiceform.render.escape import literal, terminal

_LONG_LIST = 20
_LONG_TEXT = 200
_CONTEXT = 40
LONG_DIFFERENCE = 10
_LIST_ITEM = re.compile(r"\[\d+\]$")


SYMBOLS: Mapping[Effect, str] = {
    Effect.DESTROY: "-",
    Effect.PHONE: ">",
    Effect.CREATE: "+",
    Effect.UPDATE: "~",
}


EFFECTS: Sequence[tuple[Effect, str, str]] = (
    (Effect.DESTROY, "Destroys", "destructive change"),
    (Effect.PHONE, "Calls people", "change that calls people"),
    (Effect.CREATE, "Creates", "creation"),
    (Effect.UPDATE, "Updates", "update"),
)
"""The gravest first: the title of its changes, and what one of them is called."""


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute; a missing side is None. `note` says what the two values cannot show."""

    sign: str
    path: str
    before: str | None
    after: str | None
    note: str = ""

    @property
    def text(self) -> str:
        """The row on one line, without its sign."""
        value = " -> ".join(side for side in (self.before, self.after) if side is not None)
        return f"{self.path}: {value}{f' ({self.note})' if self.note else ''}"


def effect_of(change: Change, vocabulary: Vocabulary) -> Effect:
    """How a pending change is to be presented."""
    effects = {vocabulary.scope(name).effect for name, count in change.counts.items() if count}
    if change.action is Action.DELETE or Effect.DESTROY in effects:
        return Effect.DESTROY
    if any(operation.startswith("delete") for operation in change.operations):
        return Effect.DESTROY
    if any(_phoning(change, vocabulary)):
        return Effect.PHONE
    return Effect.CREATE if change.action is Action.CREATE else Effect.UPDATE


def _phoning(change: Change, vocabulary: Vocabulary) -> Iterator[tuple[Scope, int | None]]:
    """In which scopes a change phones how many people.

    By its counts; a change that sends such operations and counts nothing is presented as phoning: None.
    """
    for scope in vocabulary.scopes.values():
        if scope.effect is not Effect.PHONE:
            continue
        if scope.name in change.counts:
            if change.counts[scope.name] > 0:
                yield scope, change.counts[scope.name]
        elif not scope.operations.isdisjoint(change.operations):
            yield scope, None


def remarks_of(change: Change, vocabulary: Vocabulary) -> list[str]:
    """What the title adds in words: calls placed, things destroyed, an earlier address, no request at all."""
    remarks = [
        f"{scope.verb}s {scope.several if count is None else scope.amount(count)}"
        for scope, count in _phoning(change, vocabulary)
    ]
    remarks += [
        f"{scope.verb}s {scope.amount(count)}"
        for scope, count in destroyed_in(change, vocabulary)
        if scope.objects == change.kind and count > 1
    ]
    others = destroys(change, vocabulary)
    if others and change.action is not Action.UPDATE:
        created = change.action is Action.CREATE
        remarks.append(f"the {next(iter(others)).agent} is {'new' if created else 'removed'}")
    if change.previous_address is not None:
        remarks.append(f"was {terminal(str(change.previous_address))}")
    if change.action is Action.UPDATE and not change.operations:
        remarks.append("nothing is sent")
    return remarks


def symbol_of(change: Change, vocabulary: Vocabulary) -> str:
    """The sign before a change."""
    return "=" if change.adopts else SYMBOLS[effect_of(change, vocabulary)]


def name_of(change: Change | Drift) -> str | None:
    """What the object is called, where its key does not say so."""
    attributes = change.after or change.before or {}
    name = attributes.get("friendly_name")
    return name if isinstance(name, str) and name.casefold() != change.address.name.casefold() else None


def verb_of(change: Change, vocabulary: Vocabulary) -> str:
    """What the change does, to stand before its address; what destroys other things says that before all."""
    things = destroys(change, vocabulary)
    if change.adopts:
        return "adopt"
    if not things:
        return str(change.action)
    return f"delete {joined(scope.amount(count) for scope, count in things.items())} by"


def reason_of(change: Change) -> str:
    """The reason in words: kinds give slugs such as `already-gone`, or a sentence."""
    reason = terminal(change.reason)
    return reason.replace("-", " ") if " " not in reason else reason


def notes_on(change: Change) -> Iterator[str]:
    """What people say of the object, as far as no row says it."""
    told = {item.path for item in change.fields} if change.action is Action.UPDATE else set()
    yield from (f"{name}: {terminal(text)}" for name, text in change.notes.items() if name not in told)


def feelings_of(change: Change) -> Iterator[str]:
    """What people will feel, and what of the change nobody can take back."""
    yield from change.impact
    if change.irreversible is not None:
        yield f"cannot be undone: {change.irreversible}"


def rows_of(change: Change, *, most: int | None = LONG_DIFFERENCE) -> Iterator[Row]:
    """The attributes that a change sets, changes or loses; of a list that loses and gains more than `most`
    items, so many of them."""
    before, after = change.whole_before, change.whole_after
    if change.action is Action.CREATE and after is not None:
        yield from (Row("+", path, None, value) for path, value in _flatten(after))
    elif change.action is Action.DELETE and before is not None:
        yield from (Row("-", path, value, None) for path, value in _flatten(before))
    else:
        for path, items in groupby(change.fields, key=lambda item: _LIST_ITEM.sub("", item.path)):
            yield from _field_rows(change, path, list(items), most)


def _field_rows(change: Change, path: str, items: list[FieldChange], most: int | None) -> Iterator[Row]:
    """One row for each difference, and above them how a list of texts changes as a whole."""
    before, after = ((side or {}).get(path) for side in (change.before, change.after))
    if not (_is_list(before) and _is_list(after)) or items[0].path == path:
        yield from (_difference(item.path, item.before, item.after) for item in items)
        return
    added, removed = (sum(getattr(item, side) is not None for item in items) for side in ("after", "before"))
    moves = [f"{count:,} {word}" for count, word in ((added, "added"), (removed, "removed")) if count]
    yield Row("~", terminal(path), f"{len(before):,}", f"{len(after):,}", ", ".join(moves))
    rows = [row for item in items for row in _item_rows(item)]
    shown = rows if most is None or len(rows) <= most else rows[: most - 1]
    yield from shown
    if len(shown) < len(rows):
        yield Row("~", terminal(path), f"{len(rows) - len(shown):,} more", None)


def _item_rows(item: FieldChange) -> Iterator[Row]:
    path = terminal(_LIST_ITEM.sub("", item.path))
    if item.before is not None:
        yield Row("-", path, literal(item.before), None)
    if item.after is not None:
        yield Row("+", path, None, literal(item.after))


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def drift_rows(drift: Drift) -> Iterator[Row]:
    """The attributes of a drifted object that differ; none for one that is gone."""
    if drift.status is DriftStatus.CHANGED:
        yield from (_difference(item.path, item.before, item.after) for item in drift.fields)


def headline(plan: Plan) -> str:
    """`Plan: 2 to create, 1 to update, 1 to delete.` with what is placed, or why there is nothing.

    What is destroyed beside our own objects comes first, and the rules that do it are not counted again.
    """
    if not plan.pending:
        return _nothing(plan)
    own = [change for change in plan.pending if not destroys(change, plan.vocabulary)]
    adopted = sum(change.adopts for change in own)
    actions = Counter(change.action for change in own if not change.adopts)
    words = [f"{actions[action]:,} to {action}" for action in (Action.CREATE, Action.UPDATE, Action.DELETE)]
    parts = [*([f"{adopted:,} to adopt"] if adopted else []), *(words if actions else [])]
    for scope in plan.vocabulary.scopes.values():
        if scope.effect is Effect.PHONE and (count := plan.summary.totals.get(scope.total or "", 0)):
            parts.append(f"{scope.amount(count)} to {scope.verb}")
    destroyed = planned(plan)
    groups = ([destroyed] if destroyed else []) + ([", ".join(parts)] if parts else [])
    return f"Plan: {'; '.join(groups)}."


def _nothing(plan: Plan) -> str:
    if plan.blocked:
        also = f" {counted(len(plan.drift), 'object')} changed outside of voiceform." if plan.drift else ""
        return f"No changes are planned: the plan is blocked.{also}"
    if plan.drift:
        return f"No changes to make; {counted(len(plan.drift), 'object')} changed outside of voiceform."
    if plan.mode is Mode.REVIEW:
        return "No changes. The two configurations declare the same."
    if plan.mode is Mode.REFRESH_ONLY:
        return "No changes. Nothing was changed outside of voiceform."
    if plan.mode is Mode.DESTROY:
        return "No changes. There is nothing to delete."
    return "No changes. The account is as the configuration declares it."


def notes_of(plan: Plan) -> list[str]:
    """What a reader must know about the plan as a whole."""
    notes = []
    if not plan.complete:
        notes.append("This plan is incomplete: targets or exclusions leave something out.")
    if plan.mode is Mode.DESTROY:
        notes.append("This plan deletes everything that this configuration manages.")
    if plan.mode is Mode.REVIEW:
        notes.append(
            "This is a review of two configurations, made without the account; it cannot be applied."
        )
    return notes


def _flatten(attributes: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in attributes.items():
        path = f"{prefix}{terminal(str(key))}"
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{path}.")
        elif value is not None:
            yield path, _shortened(value)


def _shortened(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value that is only set or lost, so that its beginning is enough."""
    if isinstance(value, list | tuple) and len(value) > _LONG_LIST:
        left_out = len(value) - _LONG_LIST // 2
        return f"{literal(value[: _LONG_LIST // 2])} and {left_out:,} more"
    text = literal(value)
    return text if len(text) <= _LONG_TEXT else f"{text[:_LONG_TEXT]}... ({len(text):,} characters)"


def _difference(path: str, before: Any, after: Any) -> Row:  # noqa: ANN401 - any JSON values
    old, new = literal(before), literal(after)
    note = "they differ where it is masked" if old == new else ""
    if len(old) + len(new) > _LONG_TEXT and not note:
        old, new = _cut_common(old, new)
    sign = (
        "+" if before is None and after is not None else "-" if after is None and before is not None else "~"
    )
    return Row(sign, terminal(path), old, new, note)


def _cut_common(old: str, new: str) -> tuple[str, str]:
    """Two long texts with what they share at both ends left out: every character that differs stays."""
    shortest = min(len(old), len(new))
    head = next((i for i in range(shortest) if old[i] != new[i]), shortest)
    rest = shortest - head
    tail = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    start, end = max(0, head - _CONTEXT), max(0, tail - _CONTEXT)
    return _window(old, start, end), _window(new, start, end)


def _window(text: str, start: int, end: int) -> str:
    return f"{'...' if start else ''}{text[start : len(text) - end]}{'...' if end else ''}"
