"""Random plans, run reports and diagnostics, with hostile texts in every place that data can reach.

Lists are short: to make a plan up costs ten times what any test does with it, and what goes wrong in a list
goes wrong between two of its items.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from tests.declared import VOCABULARY
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.plan import (
    Action,
    Blocked,
    Change,
    ConfigSource,
    Drift,
    DriftStatus,
    FieldChange,
    Kept,
    Mode,
    Plan,
    StateVersion,
    Summary,
    Unmanaged,
)
from voiceform.model.run import Outcome, RunReport, Status

HOSTILE = (
    "<script>alert(1)</script>",
    "</code></pre><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m\x07",
    "\x9b31m",
    "abc\u202edcba\u202c",
    "\u2066isolate",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 9,
    "|cell|break|",
    "```\n# heading\n@octo-org/team closes #1 and GH-2 see https://example.com www.example.com a@b.example",
    "~~~~",
    "[link](javascript:alert(1)) ![x](https://example.com/x.png)",
    "::error file=x::injected",
    "a\n::stop-commands::token",
    "##[error]x ##vso[task.setvariable variable=a]b",
    "%0A::warning::x",
    '=HYPERLINK("https://example.com")',
    "--><!-- x",
    "",
    " ",
    "line one\r\nline two\u2028line three",
    "+15558675310",
    "sip:+442071838750@example.com",
    "https://user:hunter2@example.com/cb",
    "\u05e9\u05dc\u05d5\u05dd 123 \u0645\u0631\u062d\u0628\u0627",
)

texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=3).map("".join),
)

_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True)
addresses = st.builds(
    Address, st.sampled_from(("queue", "conference", "call", "retention", "call-record")), _names
)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5000, 5000),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
json_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=4,
)
attributes = st.dictionaries(
    st.one_of(st.sampled_from(("friendly_name", "max_size", "to", "sip_auth_password", "twiml")), texts),
    json_values,
    max_size=3,
)
_paths = st.one_of(st.sampled_from(("max_size", "settings.beep", "to[2]", "sip_auth_password")), texts)
_fields = st.lists(st.builds(FieldChange, _paths, json_values, json_values), max_size=2).map(tuple)
_sids = st.one_of(st.none(), st.just("QU" + "0" * 32), texts)
_instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_operations = st.sampled_from(
    ("createQueue", "updateQueue", "deleteQueue", "createCall", "createParticipant", "deleteRecording")
)
_counts = st.dictionaries(
    st.sampled_from((*VOCABULARY.scopes, "nobody:declared")), st.integers(0, 5000), max_size=2
)


def _tuples(items: st.SearchStrategy, size: int = 2) -> st.SearchStrategy:
    return st.lists(items, max_size=size).map(tuple)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change whose `before` and `after` fit its action."""
    action = draw(st.sampled_from(Action))
    before = None if action is Action.CREATE else draw(attributes)
    after = None if action is Action.DELETE else before if action is Action.NO_OP else draw(attributes)
    return Change(
        address=draw(addresses),
        action=action,
        reason=draw(texts),
        sid=draw(_sids),
        operations=draw(_tuples(_operations)),
        before=before,
        after=after,
        fields=draw(_fields),
        impact=draw(_tuples(texts)),
        irreversible=draw(st.one_of(st.none(), texts)),
        fingerprint=draw(st.one_of(st.none(), st.just("0123456789abcdef"))),
        previous_address=draw(st.one_of(st.none(), addresses)),
        depends_on=draw(_tuples(addresses)),
        counts=draw(_counts),
        protect_before=None if before is None else draw(st.none() | st.booleans()),
        protect_after=None if after is None else draw(st.none() | st.booleans()),
        kept=draw(
            st.none() | st.builds(Kept, st.integers(1, 5000), _tuples(texts), st.text(min_size=1, max_size=9))
        ),
        details=draw(st.dictionaries(texts, json_values, max_size=2)),
    )


drifts = st.builds(
    Drift,
    address=addresses,
    status=st.sampled_from(DriftStatus),
    sid=_sids,
    before=attributes,
    after=st.one_of(st.none(), attributes),
    fields=_fields,
    explanation=st.one_of(st.none(), texts),
)
blocks = st.builds(
    Blocked,
    rule=texts,
    message=texts,
    hint=texts,
    addresses=_tuples(addresses),
    scope=st.one_of(st.none(), texts),
    count=st.one_of(st.none(), st.integers(0, 5000)),
    limit=st.one_of(st.none(), texts),
)


def summarize(items: tuple[Change, ...]) -> Summary:
    """The summary that belongs to those changes."""
    actions = [item.action for item in items]
    return Summary(
        create=actions.count(Action.CREATE),
        update=actions.count(Action.UPDATE),
        delete=actions.count(Action.DELETE),
        no_op=actions.count(Action.NO_OP),
        totals={
            "calls": sum(item.counts.get("call", 0) for item in items),
            "recordings": sum(item.counts.get("delete:recording", 0) for item in items),
        },
    )


@st.composite
def plans(draw: st.DrawFn, max_changes: int = 3) -> Plan:
    """A whole plan."""
    items = draw(_tuples(changes(), max_changes))
    return Plan(
        plan_id=draw(st.uuids()).hex,
        created_at=draw(_instants),
        account_sid=draw(st.one_of(st.none(), st.just("AC" + "0" * 32))),
        config=ConfigSource("sha256:" + "a" * 64, draw(_tuples(texts))),
        state=StateVersion(draw(st.one_of(st.none(), st.just("lineage"))), draw(st.integers(0, 99))),
        mode=draw(st.sampled_from(Mode)),
        complete=draw(st.booleans()),
        summary=summarize(items),
        changes=items,
        drift=draw(_tuples(drifts)),
        unmanaged=draw(_tuples(st.builds(Unmanaged, st.sampled_from(("queue", "conference")), texts, texts))),
        blocked=draw(_tuples(blocks, 2)),
        targets=draw(_tuples(texts, 2)),
        excludes=draw(_tuples(texts, 2)),
        vocabulary=VOCABULARY,
    )


@st.composite
def runs(draw: st.DrawFn) -> tuple[RunReport, Plan]:
    """A plan and a report with one outcome for each pending change."""
    plan = draw(plans())
    optional = st.one_of(st.none(), texts)
    outcomes = tuple(
        Outcome(
            change.address,
            change.action,
            draw(st.sampled_from(Status)),
            draw(_sids),
            draw(optional),
            draw(optional),
            draw(optional),
        )
        for change in plan.pending
    )
    return RunReport(plan.plan_id, plan.created_at, plan.created_at, outcomes), plan


diagnostics = st.builds(
    Diagnostic,
    code=st.from_regex(r"[a-z]+(-[a-z]+){0,2}", fullmatch=True),
    message=texts,
    position=st.one_of(
        st.none(),
        st.builds(
            Position,
            st.sampled_from(("voiceform.yaml", "stacks/a,b:c%.yaml")),
            st.integers(1, 9),
            st.integers(1, 60),
        ),
    ),
    severity=st.sampled_from(Severity),
    hint=st.one_of(st.none(), texts),
    address=st.one_of(st.none(), addresses.map(str)),
)
