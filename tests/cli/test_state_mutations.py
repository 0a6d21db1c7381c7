"""What `state push` takes of a pulled state in which one value was changed: what it takes is listed here with
why it does no harm, and everything else is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from tests.cli.test_state_schema import state_of_every_kind
from tests.fuzz.damage import mutations
from tests.support import Stack
from voiceform.kinds.call import CallKind
from voiceform.kinds.conference import ConferenceKind
from voiceform.kinds.queue import QueueKind
from voiceform.kinds.retention import RetentionKind
from voiceform.kinds.userfiles import Places
from voiceform.model.errors import StateError
from voiceform.model.runtime import MACHINE
from voiceform.model.store import Document, StoredDocument, Write
from voiceform.state.sqlite import SqliteStore
from voiceform.state.transfer import push

HARMLESS = {
    r"(secret|account_sid|origin) removed": "taken from the state that is there, or recorded by the next run",
    r"origin .*": "every command then says that the account is elsewhere, and what to do",
    r"documents \{\}": "an empty state: plan adopts by name, and the ledger is never taken back",
    r"documents/[^ ]* removed": "a whole document or member that need not be there",
    r"documents/resources/call\.reminder/attributes/(to \[\]|to/\d removed)": "nobody is called for it",
    r"documents/resources/\S+/attributes/(record|retry|pace|start|announce|timeout)\b.*": "allowed",
    r"documents/resources/conference\.standup/attributes/participants/bridge/\w+ (True|False)": "allowed",
    r"documents/resources/\S+/attributes/(participants|match|match/created) \{\}": "allowed: no such wish",
    r"documents/resources/\S+/attributes/(friendly_name|twiml|answer/twiml|reason) .*": "any text is a text",
    r"documents/resources/conference\.standup/sid None": "no room was live",
    r"documents/resources/queue\.support/attributes/max_size .*": "as the API may answer; never sent",
    r"documents/resources/queue\.support/protect False": "allowed",
    r"documents/conferences/\S+/(room|call_sid) None": "nobody knows: nobody is phoned again",
    r"documents/conferences/\S+/run .*": "the name of a run",
    r"documents/conferences/\S+/attempts/\S+/participant x": "their labels are known still",
    r"documents/conferences/\S+/(attempts|announced) \{\}": "allowed",
    r"documents/conferences/\S+/announced/\S+ \[\]": "allowed",
    r"documents/ledger-heads/\S+/(account|high_water|since|applied) None": "allowed: asked of the next apply",
    r"documents/ledger-heads/\S+/closed True": "nothing is placed",
    r"documents/ledger-heads/\S+/changes \d+": "who is at work stops",
    r"documents/ledger/\S+/calls \{\}": "allowed; entries of the store itself stay",
    r"documents/ledger/\S+/(reason|claim|from_|call|answer) .*": "told to people, and compared",
    r"documents/ledger/\S+/recorded False": "allowed",
    r"documents/ledger/\S+/duration \d+": "told to people; whoever talked for long was no short call",
    r"documents/ledger-heads/\S+/disabled True": "nothing is placed",
    r"documents/holds/added/holds \{\}": "holds of the store itself stay",
    r"documents/(holds/added/holds|pauses/calls/pauses)/\S+/\d/(by|reason) .*": "told to people",
    r"documents/holds/added/holds/\S+/\d/numbers/\d .*": "whom nobody can read may be anybody: all is kept",
    r"documents/pauses/calls/pauses \{\}": "pauses of the store itself stay",
    r"documents/resources/call\.reminder/attributes/enabled False": "nobody is called",
    r"documents/resources/call\.reminder/attributes/(purpose|contact_limits/0/purpose) x": "allowed",
    r"documents/(resources/call\.reminder/attributes/contact_limits|limits/contacts/limits)/0/.*": "allowed",
    r"documents/resources/call\.reminder/attributes/rules \{\}": "allowed, as a schedule without rules",
    r"documents/resources/\S+/rules/hours/(hours/except \[\]|limits/0/max .*)": "allowed",
    r"documents/resources/\S+/rules/hours/hours/holidays/subdivision .*": "nobody knows it: nobody is called",
    r"documents/limits/contacts/limits( \[\]|/0 removed)": "allowed: the next apply records its limits again",
    r"documents/contacts/\S+/marks( \{\}|/.*)": "counters of the store itself stay",
    r"documents/runs/\S+/who .*": "told to people",
    r"documents/runs/\S+/finished_at None": "told to people; `unfinished` decides what is settled",
    r"documents/runs/\S+/outcomes(/applied)? .*": "counts that are told to people",
    r"documents/journal/\S+/outcomes \[\]": "only of unfinished runs is it asked, and then settled again",
    r"documents/journal/\S+/outcomes/\d/(message|hint|request_id) .*": "told to people",
    r"documents/journal/\S+/changes/\d/(reason|impact|fields|operations|counts|irreversible|fingerprint).*": (
        "told to people: a run that is over is not carried out"
    ),
    r"documents/journal/\S+/changes/\d/(kind|action|sid|before|after|details).*": "likewise",
    r"documents/journal/\S+/changes \[\]": "nothing to undo",
}


def test_each_change_that_push_takes_is_known_to_do_no_harm(stack: Stack) -> None:
    whole = state_of_every_kind(stack)
    del whole["digest"]  # with it every change is refused
    kinds = (QueueKind(), ConferenceKind(), CallKind(places := Places(stack.folder)), RetentionKind(places))
    taken, refused = [], 0
    for name, changed in mutations(whole):
        try:
            push(Nothing(), changed, kinds)
        except StateError:
            refused += 1
        else:
            taken.append(name)
    assert [name for name in taken if not any(re.fullmatch(known, name) for known in HARMLESS)] == []
    assert refused > 4 * len(taken)
    assert len(taken) > 100


def test_what_push_takes_can_be_planned(stack: Stack) -> None:
    """Of each record every change that is taken: a plan reads them all."""
    whole = state_of_every_kind(stack)
    del whole["digest"]
    kinds = (QueueKind(), ConferenceKind(), CallKind(places := Places(stack.folder)), RetentionKind(places))
    for name, changed in mutations(whole):
        if not name.startswith("documents/resources/") or not name.endswith(
            (" []", " {}", "None", "x", "-1")
        ):
            continue
        try:
            push(Nothing(), changed, kinds)
        except StateError:
            continue  # as the other test has it
        (stack.folder / "changed.json").write_text(json.dumps(changed), encoding="utf-8")
        state = f"sqlite:///{len(list(stack.folder.iterdir()))}.db"
        stack.ok("--state", state, "state", "push", "changed.json")
        found = stack.run("--state", state, "plan")
        assert found.code in (0, 4), (name, found.err)


def test_a_queue_under_two_addresses_is_refused_and_can_be_mended(stack: Stack) -> None:
    stack.queues(a=5)
    stack.apply()
    pulled = stack.ok("state", "pull").json
    del pulled["digest"]
    records = pulled["documents"]
    records["resources/queue.b"] = {**records["resources/queue.a"], "address": "queue.b"}
    (stack.folder / "changed.json").write_text(json.dumps(pulled), encoding="utf-8")
    refused = stack.run("--state", "sqlite:///other.db", "state", "push", "changed.json")
    assert refused.code == 1
    assert "both recorded as QU" in refused.err
    with SqliteStore(stack.folder / ".voiceform" / "state.db") as store:
        store.put("resources/queue.b", records["resources/queue.b"], None)
    for command in ("plan", "drift", "apply"):
        result = stack.run(
            command, *(["--auto-approve", "--approve", "delete:queue=9"] * (command == "apply"))
        )
        assert result.code == 1
        assert "voiceform state rm queue.b" in result.err
    assert list(stack.account.queues()) == ["a"]
    stack.ok("state", "rm", "queue.b")
    stack.apply()
    assert list(stack.account.queues()) == ["a"]


class Nothing:
    """A store that is empty and stays so."""

    runtime = MACHINE

    def get(self, key: str) -> StoredDocument | None:
        return None

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        return {}

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        return iter(())

    def version(self, key: str) -> str | None:
        return None

    def versions(self, prefix: str) -> Mapping[str, str]:
        return {}

    def put(self, key: str, document: Document, expected_version: str | None) -> str:
        return ""

    def delete(self, key: str, expected_version: str) -> None:
        pass

    def write(self, writes: Sequence[Write]) -> tuple[str | None, ...]:
        return tuple("" for _ in writes)
