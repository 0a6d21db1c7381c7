"""What holds for every kind of object: the laws that the engine builds on."""

from __future__ import annotations

import copy
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from tests.cli.conference_rooms import NOW, Rooms
from tests.conformance.unread import ReadError, nothing_is_read
from tests.support import ACCOUNT, TOKEN
from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App
from voiceform.emulator import Emulator
from voiceform.engine.applier import ApplyContext, new_session
from voiceform.engine.planner import of_kind
from voiceform.kinds.base import CompareContext, RefreshContext, Session
from voiceform.kinds.kind import Kind
from voiceform.kinds.twiml import check_twiml
from voiceform.model.address import Address
from voiceform.model.clock import ManualClock
from voiceform.model.plan import Action, Change, Mode
from voiceform.model.resource import Desired, Recorded
from voiceform.model.run import Status
from voiceform.model.safety import Ownership
from voiceform.model.schema_files import schema_text
from voiceform.model.scopes import deletion
from voiceform.model.store import Document, StoredDocument
from voiceform.state.backend import Backend
from voiceform.state.lease import acquire
from voiceform.state.meta import bump_serial, read_meta
from voiceform.state.open import open_store
from voiceform.state.resources import load_resources
from voiceform.twilio.client import Client, open_client
from voiceform.twilio.credentials import Credentials

LIST = "dnc.txt"
ROOM = "CF" + "0" * 32
SAFETY = "safety: {max_deletes: 50, max_delete_percent: 100}\n"


@dataclass(frozen=True)
class Specimen:
    """A configuration of one kind, two others of the same objects, an account in which there is work to do.

    `otherwise` and `again` differ in what can be set back, if anything can. `move` is what somebody else does
    after a plan that is about `moved`, whose change then ends as `left`.
    """

    declared: str
    otherwise: str
    again: str
    moved: str
    move: Callable[[Rooms], object]
    left: Status = Status.STALE
    seed: Mapping[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    """What makes it keep something in the state that no apply does."""


def _resize(stack: Rooms) -> None:
    sid = stack.account.queues()["support"]["sid"]
    stack.account.post(f"Queues/{sid}.json", MaxSize=77)


def _hold_everything(stack: Rooms) -> None:
    rule = (stack.folder / "voiceform.yaml").read_text()
    stack.write(rule.replace("holds: {", "holds: {all: {reason: y, match: {created: {end: 2026-12-01}}}, "))
    stack.apply()


BRIDGE = 'participants: {bridge: {to: "+15558675310", from: "+15017122661"}}'
CALL = (
    'calls: {pulse: {to: ["+12125550103", "+12125550104"], from: "+15017122661", answer: {say: %s},'
    " do_not_call: dnc.txt,"
    " schedule: {at: 2026-11-24T12:00:00, timezone: UTC}}}\n"
)
SPECIMENS = {
    "queue": Specimen(
        "queues: {support: {max_size: 5}, sales: {max_size: 6, protect: true}}\n",
        "queues: {support: {max_size: 9}, sales: {max_size: 6, protect: true}}\n",
        "queues: {support: {max_size: 8}, sales: {max_size: 6, protect: true}}\n",
        "queue.support",
        _resize,
        seed={"queues": [{"friendly_name": name, "max_size": 7} for name in ("strange", "support")]},
    ),
    "conference": Specimen(
        f"conferences: {{standup: {{settings: {{beep: on-enter}}, {BRIDGE}}}}}\n",
        "conferences: {standup: {settings: {beep: on-exit}}}\n",
        "conferences: {standup: {settings: {beep: on-enter}}}\n",
        "conference.standup",
        lambda stack: stack.account.post(f"Conferences/{ROOM}.json", Status="completed"),
        seed={
            "conferences": [
                {
                    "friendly_name": "standup",
                    "sid": ROOM,
                    "date_created": "2026-11-24T11:00:00Z",
                    "participants": [{}],
                }
            ]
        },
    ),
    "call": Specimen(
        CALL % "Hello",
        CALL % "Welcome",
        CALL % "Goodbye",
        "call.pulse",
        lambda stack: stack.apply("--approve", "call=9"),
        command=("calls", "pause", "call.pulse"),
        left=Status.APPLIED,  # the schedule is recorded; whom somebody else called is not called again
    ),
    "retention": Specimen(
        "retention: {recordings: [{name: all, keep: 90d}],"
        " holds: {c: {reason: x, match: {source: [Conference]}}}}\n",
        "retention: {recordings: [{name: all, keep: 60d}]}\n",
        "retention: {recordings: [{name: all, keep: 61d}]}\n",
        "retention.recordings.all",
        _hold_everything,
        left=Status.REFUSED,
        seed={"generate": {"recordings": {"count": 12, "start": "2026-01-01", "end": "2026-02-01"}}},
        command=("hold", "add", "late", "--reason", "x", "--call", f"CA{1:032x}"),
    ),
}
NAMES = list(SPECIMENS)


@dataclass
class World:
    """One kind, its specimen, and everything that the engine would hand to it."""

    stack: Rooms
    specimen: Specimen
    app: App
    store: Backend
    client: Client
    name: str

    @property
    def kind(self) -> Kind[Any]:
        return next(kind for kind in wiring.parts(self.app).kinds() if kind.name == self.name)

    def context(self, mode: Mode = Mode.NORMAL) -> CompareContext:
        configuration = wiring.parts(self.app).load()
        return CompareContext(
            now=self.app.clock.now(),
            mode=mode,
            ownership=configuration.ownership,
            desired={} if mode is Mode.DESTROY else of_kind(configuration.desired, self.name),
            recorded=of_kind(load_resources(self.store).recorded, self.name),
        )

    def refresh(self, context: CompareContext) -> Any:
        about = (context.now, context.mode, context.desired, context.recorded)
        return self.kind.refresh(RefreshContext(self.client, self.store, *about))

    def pending(self) -> list[Change]:
        context = self.context()
        proposed = self.kind.compare(context, self.refresh(context)).changes
        return [change for change in proposed if change.action is not Action.NO_OP]

    def documents(self) -> dict[str, Document]:
        every = self.store.list("")
        return {entry.key: entry.document for entry in every if not entry.key.startswith("lease")}

    def session(self, opened: ExitStack) -> Session:
        lease = opened.enter_context(
            acquire(self.store, operation="test", holder="test", clock=self.app.clock)
        )
        if read_meta(self.store) is None:  # a run writes it before kinds are asked to act
            bump_serial(lease.store)
        context = ApplyContext(wiring.parts(self.app).kinds(), self.client, lease, self.app.clock, "test")
        return new_session(context, load_resources(lease.store).recorded, "run-1")


@pytest.fixture(params=NAMES)
def world(
    request: pytest.FixtureRequest, tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]
) -> Iterator[World]:
    specimen = SPECIMENS[request.param]
    stack = Rooms(tmp_path, emulator, capsys)
    if specimen.seed:
        emulator.seed({"account_sid": ACCOUNT, **copy.deepcopy(dict(specimen.seed))})
    (tmp_path / LIST).write_text("+12125550199\n", encoding="utf-8")
    stack.write(SAFETY + specimen.declared)
    app = App(environ=stack.environ, clock=stack.clock, directory=tmp_path, base_url=emulator.url)
    who = Credentials(ACCOUNT, ACCOUNT, TOKEN)
    with (
        open_store("sqlite:///.voiceform/state.db", base_dir=tmp_path) as store,
        open_client(who, emulator.url, read_only=False, clock=ManualClock(stack.clock.now())) as client,
    ):
        yield World(stack, specimen, app, store, client, request.param)


def apply(world: World, text: str) -> None:
    world.stack.write(SAFETY + text)
    world.stack.apply("--approve", "call=9", "--approve", "delete:recording=99")


def test_every_kind_is_tried(tmp_path: Path) -> None:
    app = App(environ={}, clock=ManualClock(NOW), directory=tmp_path)
    assert [kind.name for kind in wiring.parts(app).kinds()] == NAMES


@pytest.mark.parametrize("mode", [Mode.NORMAL, Mode.REFRESH_ONLY, Mode.DESTROY])
@pytest.mark.parametrize("recorded", [False, True])
def test_refresh_reads_and_compare_does_neither(world: World, mode: Mode, recorded: bool) -> None:
    """Refresh is given a client and a store that could write. What it read is all that is compared, even when
    the files of the stack are gone since."""
    if recorded:
        apply(world, world.specimen.otherwise)
        world.stack.write(SAFETY + world.specimen.declared)
    before = world.documents()
    context = world.context(mode)
    world.stack.emulator.clear_requests()
    live = world.refresh(context)
    assert {entry["method"] for entry in world.stack.emulator.requests()} <= {"GET"}
    assert world.documents() == before
    world.stack.emulator.clear_requests()
    (world.app.folder / LIST).unlink()
    kind = world.kind
    with nothing_is_read():
        compared = kind.compare(context, live)
    assert kind.compare(context, live) == compared
    assert world.stack.emulator.requests() == []
    assert world.documents() == before


def test_a_kind_compares_with_nothing_that_could_be_read_from() -> None:
    """By type: neither a client, nor a store, nor a place of files."""
    assert get_type_hints(CompareContext) == {
        "now": datetime,
        "mode": Mode,
        "ownership": Ownership,
        "desired": Mapping[Address, Desired],
        "recorded": Mapping[Address, Recorded],
    }


def test_the_plan_of_what_is_taken_for_applied_is_empty(world: World) -> None:
    context = world.context(Mode.REVIEW)
    declared = list(context.desired.values())
    kind = world.kind
    recorded, live = kind.assume_applied(declared, declared)
    with nothing_is_read():
        compared = kind.compare(replace(context, recorded=recorded), live)
    assert {change.address for change in compared.changes} == context.desired.keys()
    assert {change.action for change in compared.changes} == {Action.NO_OP}
    assert (list(compared.drift), list(compared.blocked)) == ([], [])


def test_the_plan_after_an_apply_is_empty(world: World) -> None:
    apply(world, world.specimen.declared)
    assert world.pending() == []


def test_what_had_no_effect_is_settled_as_nothing(world: World) -> None:
    changes = world.pending()
    assert changes
    with ExitStack() as opened:
        session = world.session(opened)
        before = world.documents()
        world.stack.emulator.clear_requests()
        creations = [change for change in changes if change.action is Action.CREATE]
        settled = world.kind.settle(creations, session)
        assert not {done.status for done in settled.values()} & {Status.UNKNOWN, Status.APPLIED}
        assert {entry["method"] for entry in world.stack.emulator.requests()} <= {"GET"}
        assert world.documents() == before


def test_settling_twice_is_settling_once(world: World) -> None:
    """After a run that did its work and died before it could say so."""
    changes = world.pending()
    with ExitStack() as opened:
        session = world.session(opened)
        for change in changes:
            assert world.kind.act(change, session).status is Status.APPLIED
        world.stack.emulator.clear_requests()
        first = world.kind.settle(changes, session)
        between = world.documents()
        assert world.kind.settle(changes, session) == first
        assert world.documents() == between
        assert {entry["method"] for entry in world.stack.emulator.requests()} <= {"GET"}


def ours() -> set[threading.Thread]:
    """The threads of voiceform; those of a command that has just ended may end a little later."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("voiceform-")}


def test_what_is_foreseen_is_only_read(world: World) -> None:
    changes = world.pending()
    with ExitStack() as opened:
        session = world.session(opened)
        before, threads = world.documents(), ours()
        world.stack.emulator.clear_requests()
        with world.kind.foreseeing(changes, session):
            pass
        assert {entry["method"] for entry in world.stack.emulator.requests()} <= {"GET"}
        assert world.documents() == before
        assert ours() <= threads


def test_what_moved_after_the_plan_is_left_alone(world: World) -> None:
    [change] = [change for change in world.pending() if str(change.address) == world.specimen.moved]
    assert change.operations
    world.specimen.move(world.stack)
    with ExitStack() as opened:
        session = world.session(opened)
        world.stack.emulator.clear_requests()
        assert world.kind.act(change, session).status is world.specimen.left
        assert {entry["method"] for entry in world.stack.emulator.requests()} <= {"GET"}


def test_a_saved_plan_of_what_moved_since_is_stale(world: World) -> None:
    world.stack.at("plan", "--out", "p.json", "--target", world.specimen.moved)
    text = (world.stack.folder / "voiceform.yaml").read_text()
    world.specimen.move(world.stack)
    world.stack.write(text)
    world.stack.emulator.clear_requests()
    scopes = ("--approve", "call=9", "--approve", "delete:recording=99")
    assert world.stack.at("apply", "p.json", "--auto-approve", *scopes).code == 6
    assert {entry["method"] for entry in world.stack.emulator.requests()} <= {"GET"}


def test_what_a_call_can_be_answered_with_says_how(world: World) -> None:
    context = world.context()
    found = [world.kind.answer(item) for item in context.desired.values()]
    assert found
    for text in found:
        assert (text is not None) is world.kind.answers
        assert text is None or check_twiml(text) == ()


def test_what_is_exported_is_what_is_there(world: World) -> None:
    apply(world, world.specimen.declared)
    exported = world.stack.at("export").out
    world.stack.write(exported)
    assert world.stack.at("validate").code == 0
    for change in world.pending():
        assert (change.reason, change.operations) == ("adopted", ()), change
    assert world.stack.at("export").out == exported


def recorded(world: World) -> dict[Address, Any]:
    """What is recorded; the room that settings were last seen in is an observation."""
    return {address: (one.attributes, one.protect) for address, one in world.context().recorded.items()}


def test_each_change_of_an_undone_run_is_set_back_or_named_with_the_reason(world: World) -> None:
    apply(world, world.specimen.otherwise)
    before = recorded(world)
    world.stack.advance(1)
    apply(world, world.specimen.again)
    after = recorded(world)
    changed = {address for address in before | after if before.get(address) != after.get(address)}
    assert changed
    run = world.stack.at("undo").out.splitlines()[1].split()[0]
    told = world.stack.at("undo", run, "--out", "undo.json")
    plan = json.loads((world.stack.folder / "undo.json").read_text())
    back = {Address.parse(item["address"]) for item in plan["changes"] if item["action"] != "no-op"}
    for address in changed - back:
        assert re.search(rf"{re.escape(str(address))}[^\n]*: \w", told.out), told.out
    if back:
        world.stack.apply("undo.json")
    assert recorded(world) == after | {address: before[address] for address in back}
    if back == changed:
        world.stack.write(SAFETY + world.specimen.otherwise)
        assert world.stack.at("plan", "--detailed-exitcode").code == 0


def test_whatever_is_counted_is_declared(world: World) -> None:
    own = {scope.name for scope in world.kind.scopes} | {deletion(world.name).name}
    for text in (world.specimen.otherwise, world.specimen.declared):
        world.stack.write(SAFETY + text)
        assert {name for change in world.pending() for name in change.counts} <= own
        apply(world, text)
    world.stack.write(SAFETY)
    assert {name for change in world.pending() for name in change.counts} <= own


def by_command(world: World) -> None:
    assert not world.specimen.command or world.stack.at(*world.specimen.command).code == 0


def test_whatever_is_kept_in_the_state_is_declared_and_described(world: World) -> None:
    apply(world, world.specimen.declared)
    by_command(world)
    prefixes = [rule.prefix for rule in world.kind.documents]
    house = ("meta", "resources/", "runs/", "journal/")
    theirs = [key for key in world.documents() if not key.startswith(house)]
    assert all(sum(key.startswith(prefix) for prefix in prefixes) == 1 for key in theirs), theirs
    assert bool(theirs) is bool(prefixes)
    patterns = json.loads(schema_text("state"))["properties"]["documents"]["patternProperties"]
    assert all(any(pattern.startswith(f"^{prefix}") for pattern in patterns) for prefix in prefixes)


def test_a_state_that_is_pushed_forgets_nothing_that_a_kind_holds_on_to(world: World) -> None:
    apply(world, world.specimen.otherwise)
    older = world.stack.at("state", "pull").json
    apply(world, world.specimen.declared)
    by_command(world)
    before = world.documents()
    serial = world.stack.at("state", "pull").json["serial"] + 1
    (world.stack.folder / "older.json").write_text(json.dumps({**older, "serial": serial}))
    assert world.stack.at("state", "push", "older.json").code == 0
    after = world.documents()
    for rule in world.kind.documents:
        for key in before:
            if key.startswith(rule.prefix):
                assert key in after
                assert rule.merge(StoredDocument(key, before[key], ""), after[key]) == after[key]


def test_what_is_read_is_noticed(tmp_path: Path) -> None:
    """Else nothing above would be shown."""
    (tmp_path / LIST).touch()
    for read in (
        lambda: (tmp_path / LIST).read_text(),
        lambda: list(tmp_path.iterdir()),
        lambda: socket.create_connection(("127.0.0.1", 9)),
    ):
        with nothing_is_read(), pytest.raises(ReadError):
            read()
    assert (tmp_path / LIST).read_text(encoding="utf-8") == ""
