"""Erasing one person: the plan of it, and the look whether anything is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from voiceform.engine.planner import PlanRequest, assemble, of_kind
from voiceform.kinds.base import RefreshContext
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.errors import EvidenceError
from voiceform.model.plan import Mode, Plan
from voiceform.model.plan_codec import sealed
from voiceform.stack.order import RETENTION
from voiceform.stack.parts import Parts
from voiceform.state.home import Home
from voiceform.state.meta import read_meta, record_home

if TYPE_CHECKING:
    from voiceform.kinds.retention.erasure.compare import Case
    from voiceform.kinds.retention.erasure.survey import Trace
    from voiceform.kinds.retention.erasure.whom import Whom
    from voiceform.model.configuration import Configuration
    from voiceform.model.store import DocumentReader, DocumentStore
    from voiceform.stack.account import Account
    from voiceform.twilio.client import Client


@dataclass(frozen=True, slots=True)
class ErasureRun:
    """One erasure of the person, as the evidence tells it: `at` is a text, RFC 3339 in UTC; `removed` counts
    what is gone, by what it was."""

    run_id: str
    at: str
    who: str
    reason: str
    removed: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ErasureFound:
    """What a look for one person found. `person` is the keyed hash under which the evidence knows them.

    `there` counts what an erasure would destroy now, `left` what it would have to leave, both by their words;
    `declared` are addresses that name the person; `doubtful` counts what nobody can tell whose it is, and
    `unreadable` the rows of lists that could not be read, of whomever they are. `runs` are the erasures that
    the evidence tells of, `notes` what could not be looked at.
    """

    person: str
    there: Mapping[str, int]
    left: Mapping[str, int]
    declared: tuple[str, ...]
    doubtful: Mapping[str, int]
    unreadable: Mapping[str, int]
    runs: tuple[ErasureRun, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything could be read and nothing is left that is known to be of the person."""
        return not (self.there or self.left or self.declared or self.unreadable)


@dataclass(slots=True)
class _Told:
    """What the evidence says of erasures of one person."""

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: dict[str, Counter[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def erasure_plan(
    parts: Parts, configuration: Configuration, reader: Client, store: DocumentReader, whom: Whom
) -> Plan:
    """Look for the person everywhere, and plan."""
    from voiceform.kinds.retention.erasure.compare import propose
    from voiceform.stack.planning import request_for

    secret, request = request_for(parts, configuration, reader, store)
    case, trace = _looked(parts, request, whom, Pseudonyms(secret or parts.clock.runtime.token(32)))
    kinds = [kind for kind in request.kinds if kind.name == RETENTION]
    plan = assemble(replace(request, kinds=kinds), [propose(case, trace, parts.keepers())])
    return sealed(replace(plan, place=str(Home.of(reader.transport.origin))), secret)


def require_secret(store: DocumentStore, account: Account) -> None:
    """Let a state in which nothing was written begin: its secret stands for people from now on."""
    if read_meta(store) is None:
        record_home(store, account.sid, account.origin)


def verified(parts: Parts, number: str, evidence: str | None) -> ErasureFound:
    """Look for the person again."""
    from voiceform.kinds.retention.erasure.compare import propose
    from voiceform.kinds.retention.erasure.whom import Whom, read_person
    from voiceform.stack.planning import request_for

    whom = Whom(read_person(number))
    configuration = parts.load_and_warn()
    account = parts.account_for(configuration.account)
    with parts.opened_store() as store, parts.reader(account) as reader:
        secret, request = request_for(parts, configuration, reader, store)
        case, trace = _looked(parts, request, whom, Pseudonyms(secret or parts.clock.runtime.token(32)))
        told = _told(parts, case, evidence)
    comparison = propose(case, trace, parts.keepers())
    left = {
        words: count
        for change in comparison.changes
        for words, count in change.details["erasing"].get("left", {}).items()
    }
    piles = {
        "recordings": trace.recordings,
        "archived recordings": trace.archived,
        "call records": trace.calls,
    }
    return ErasureFound(
        person=f"hmac-sha256:{case.digest}",
        there=_there(trace, parts),
        left=left,
        declared=tuple(str(where) for item in comparison.blocked for where in item.addresses),
        doubtful={name: pile.unsure for name, pile in piles.items() if pile.unsure},
        unreadable={name: pile.unreadable.count for name, pile in piles.items() if pile.unreadable.count},
        runs=tuple(
            ErasureRun(run, line["at"], line["who"], line["reason"], dict(told.removed.get(run, {})))
            for run, line in told.runs.items()
        ),
        notes=tuple(told.notes),
    )


def _there(trace: Trace, parts: Parts) -> dict[str, int]:
    counts = Counter(
        {
            "recordings": len(trace.recordings.due),
            "archived recordings": len(trace.copies),
            "call records": len(trace.calls.due),
        }
    )
    things = {keeper.name: keeper.thing for keeper in parts.keepers()}
    for (keeper, _), count in trace.documents.items():
        counts[things[keeper]] += count
    return {words: count for words, count in counts.items() if count}


def _looked(parts: Parts, request: PlanRequest, whom: Whom, pseudonyms: Pseudonyms) -> tuple[Case, Trace]:
    from voiceform.kinds.retention.erasure.compare import HOLD_ADDRESSES, Case
    from voiceform.kinds.retention.erasure.survey import Tracer
    from voiceform.kinds.retention.evidence.naming import DEFAULT

    configuration = request.configuration
    desired, recorded = of_kind(configuration.desired, RETENTION), of_kind(request.recorded, RETENTION)
    context = RefreshContext(
        client=request.client,
        store=request.store,
        now=request.now,
        mode=Mode.NORMAL,
        desired=desired,
        recorded=recorded,
        progress=parts.progress,
    )
    archives = {
        attributes["archive"]["to"]
        for attributes in (
            *(item.attributes for item in desired.values()),
            *(item.attributes for item in recorded.values()),
        )
        if "archive" in attributes
    }
    digest = pseudonyms.of(whom.person)
    trace = Tracer(context, whom, digest, parts.keepers(), sorted(archives)).run()
    named = [
        item
        for item in configuration.desired.values()
        if not str(item.address).startswith(HOLD_ADDRESSES) and whom.is_in([item.attributes, item.beside])
    ]
    evidence = configuration.settings.get(RETENTION, {}).get("evidence", DEFAULT)
    return Case(whom, digest, request.now, evidence, tuple(named)), trace


def _told(parts: Parts, case: Case, override: str | None) -> _Told:
    """The erasures of the person in the evidence. What is broken in it is noted, not passed over."""
    from voiceform.kinds.retention.evidence.naming import OFF
    from voiceform.kinds.retention.evidence.places import files_in

    told = _Told()
    named = override or case.evidence
    if named == OFF:
        told.notes.append("evidence is off, so nothing proves what was erased")
        return told
    place = parts.evidence_place(named)
    try:
        files = files_in(place)
        if not files:
            told.notes.append(f"there is no evidence in {named}")
        for line in _lines(place, files):
            _note(line, f"hmac-sha256:{case.digest}", told)
    except EvidenceError as error:
        told.notes.append(f"{error.where}: {error.what}")
    except place.errors as error:
        told.notes.append(f"the evidence in {named} cannot be read: {error}")
    return told


def _lines(place: Any, files: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - of modules that load late
    from voiceform.kinds.retention.evidence.chain import read_lines

    for file in files:
        yield from read_lines(place, file)


def _note(line: Mapping[str, Any], person: str, told: _Told) -> None:
    from voiceform.kinds.retention.evidence.summary import REMOVED

    if line["event"] == "erasure" and line["person"] == person:
        told.runs.setdefault(line["run"], dict(line))
    elif line.get("run") in told.runs and line.get("status") in REMOVED:
        told.removed.setdefault(line["run"], Counter())[line["event"]] += 1
