"""The scenes of the matrices: every command that talks to the API, in an account where it has something to do
and something that it must leave alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.matrix.ground import Ground
from tests.support import ACCOUNT

NOW = datetime(2026, 12, 1, 14, 0, 20, tzinfo=UTC)
"""Shortly after nine in New York, when the calls are due."""
EARLIER = NOW - timedelta(hours=1)
LATER_ON = NOW + timedelta(minutes=2)
OURS, BRIDGE, ALICE, STRANGER = "+15017122661", "+15558675310", "+12125550190", "+12125550199"
PEOPLE = [f"+121255501{number:02d}" for number in range(8)]
ROOM, OTHER_ROOM, OLD_ROOM = "CF" + "a" * 32, "CF" + "b" * 32, "CF" + "d" * 32
HELPER, GUEST = (f"CA{number:032x}" for number in (901, 903))
FOREIGN_QUEUE, ADOPTED = "QU" + "b" * 32, "QU" + "c" * 32
RINGS, TALKS = "+15005550011", "+15005550014"
PLACED = f"CA{801:032x}"
DUE, YOUNG, HELD = range(1, 7), range(20, 23), 30


def recording(number: int, days: int, call: int | None = None) -> dict[str, Any]:
    """A recording as the emulator is seeded with it."""
    return {
        "sid": f"RE{number:032x}",
        "call_sid": f"CA{call or number:032x}",
        "date_created": (NOW - timedelta(days=days)).isoformat(),
        "duration": 2,
    }


def _call(number: int, days: int, to: str) -> dict[str, Any]:
    created = (NOW - timedelta(days=days)).isoformat()
    return {
        "sid": f"CA{number:032x}", "to": to, "from": OURS, "status": "completed", "direction": "inbound",
        "date_created": created, "start_time": created, "end_time": created, "duration": 9,
    }  # fmt: skip


ACCOUNT_DATA: dict[str, Any] = {
    "account_sid": ACCOUNT,
    "queues": [
        {"sid": FOREIGN_QUEUE, "friendly_name": "somebody else's", "max_size": 7},
        {"sid": "QU" + "c" * 32, "friendly_name": "adopted", "max_size": 70, "current_size": 2},
    ],
    "conferences": [
        {
            "sid": ROOM, "friendly_name": "standup", "date_created": EARLIER.isoformat(),
            "participants": [
                {"call_sid": HELPER, "label": "conference.standup.helper", "to": "+15558675311"}
            ],
        },
        {
            "sid": OTHER_ROOM, "friendly_name": "private", "date_created": EARLIER.isoformat(),
            "participants": [{"call_sid": GUEST, "label": "guest", "to": STRANGER}],
        },
        {
            "sid": OLD_ROOM, "friendly_name": "marathon", "participants": [{"label": "sleeper"}],
            "date_created": (NOW - timedelta(hours=9)).isoformat(),
        },
    ],
    "recordings": [
        *(recording(number, 100) for number in DUE),
        *(recording(number, 10) for number in YOUNG),
        recording(HELD, 100),
        recording(40, 10, 800),
    ],
    "calls": [
        *(_call(number, 100, STRANGER) for number in (*DUE, HELD)),
        *(_call(number, 10, STRANGER) for number in YOUNG),
        _call(700, 300, STRANGER),
        _call(701, 300, STRANGER),
        _call(800, 10, ALICE),
    ],
}  # fmt: skip
SAFETY = (
    "version: 1\nsafety: {max_deletes: 50, max_delete_percent: 100, max_calls: 100,"
    " max_recording_deletes: 1000}\n"
)
QUEUES = "queues:\n  support: {max_size: 10}\n  sales: {max_size: 20}\n  old: {max_size: 30}\n"
MORE_QUEUES = (
    "queues:\n  support: {max_size: 11}\n  sales: {max_size: 20}\n  new: {max_size: 40}\n  newer: {}\n"
)
ROOMS = "conferences:\n  standup: {settings: {beep: on-enter}}\n  marathon: {}\n"
MORE_ROOMS = (
    "conferences:\n  standup:\n    settings: {beep: on-enter}\n"
    '    announce: {url: "https://example.com/notice.xml"}\n'
    "    participants:\n"
    f'      bridge: {{to: "{BRIDGE}", from: "{OURS}"}}\n'
    f'      helper: {{to: "+15558675311", from: "{OURS}", muted: true}}\n'
    "  marathon: {max_duration: 4h}\n"
)
CALLS = (
    f'calls:\n  reminder:\n    to: {PEOPLE}\n    from: "{OURS}"\n'
    "    schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}\n"
    "    misfire_grace: 30m\n    answer: {say: Hello}\n    pace: 1000\n"
)
RETENTION = (
    "retention:\n  recordings: [{name: old, keep: 90d}]\n  call_records: [{name: cdr, keep: 200d}]\n"
    f"  holds: {{case: {{reason: litigation, match: {{recording_sid: [RE{HELD:032x}]}}}}}}\n"
)
PACE = 'prune: {window: "13:00-15:00", timezone: UTC, per_second: 10, per_day: 50}\n'
BASE = SAFETY + QUEUES + ROOMS + CALLS
LATER = SAFETY + MORE_QUEUES + MORE_ROOMS + CALLS


@dataclass(frozen=True, slots=True)
class Scene:
    """A command, and what was there before: `prepare` is done on the common ground.

    `again` is what is run when the fault is over, until all is as it would have been without it; the command
    itself if it is None; what it may end with then is `code` or one of `over`;
    where it does not `converge`, what was not done stays so. `now` is the instant of the command, and `reads`
    says that the account is only read. `partly` is what the output says where a part could not be read.
    `words` makes what stands for `{run}` in `argv`. What comes of it in the account is only seen behind
    `then`, another command.
    """

    name: str
    argv: tuple[str, ...]
    prepare: Callable[[Ground], None] = lambda _: None
    again: tuple[str, ...] | None = None
    now: datetime = NOW
    reads: bool = False
    code: int = 0
    converges: bool = True
    over: frozenset[int] = frozenset()
    partly: str | None = None
    words: Callable[[Ground], str] | None = None
    then: tuple[str, ...] | None = None


def prepared(text: str) -> Callable[[Ground], None]:
    """This is declared."""
    return lambda ground: ground.write(text)


def saved(text: str, *commands: tuple[str, ...], now: datetime = NOW) -> Callable[[Ground], None]:
    """This is declared, and these commands were carried out."""

    def prepare(ground: Ground) -> None:
        ground.write(text)
        for command in commands:
            ground.ok(*command, now=now)

    return prepare


def run_to_undo(ground: Ground) -> str:
    """The ID of a run that changed something, behind which something else is declared."""
    ground.write(SAFETY + MORE_QUEUES + ROOMS + CALLS)
    ground.ok(*APPLY, now=EARLIER + timedelta(minutes=1))
    runs = ground.ok("undo", "--format", "json", now=EARLIER).json["runs"]
    found: str = runs[0]["run_id"]
    return found


def _undo(ground: Ground) -> None:
    ground.ok("undo", run_to_undo(ground), "--out", "plan.json", now=EARLIER)
    ground.write(BASE)


def _doubtful(ground: Ground) -> None:
    """The first two calls are asked for; the answers are lost, of the first before it was placed."""
    ground.emulator.faults(
        [
            {"operation": "createCall", "kind": "drop-before"},
            {"operation": "createCall", "kind": "drop-after"},
            {"operation": "listCalls", "kind": "status", "status": 500, "times": 99},
        ]
    )
    assert ground.run(*DISPATCH, now=NOW).code == 8
    ground.emulator.faults([])


def _unknown(ground: Ground) -> None:
    _doubtful(ground)
    assert ground.run(*DISPATCH, now=LATER_ON).code == 8
    found = {
        "sid": PLACED,
        "to": PEOPLE[0],
        "from": OURS,
        "date_created": NOW.isoformat(),
        "status": "completed",
    }
    ground.emulator.seed({"account_sid": ACCOUNT, "calls": [found]})


def _archived(ground: Ground) -> None:
    place = (ground.folder / "archive").as_uri()
    ground.write(BASE + RETENTION.replace("keep: 90d}", f"keep: 90d, archive: {{to: '{place}'}}}}"))


def _ringing(ground: Ground) -> None:
    ground.write(BASE.replace(PEOPLE[0], RINGS).replace(PEOPLE[1], TALKS))
    ground.ok(*APPLY, now=EARLIER)
    ground.ok(*DISPATCH, now=NOW)


ALONE = ("--parallelism", "1")
AUTO = ("--auto-approve", *ALONE)
EVIDENCE = ("--evidence", "evidence")
APPLY = ("apply", *AUTO)
PRUNE = ("prune", *AUTO, *EVIDENCE)
ERASE = ("erase", ALICE, "--reason", "asked for", *AUTO, *EVIDENCE)
DISPATCH = ("dispatch", "--once", *ALONE)
DESTROY = ("destroy", *AUTO)
SAVE = ("plan", "--out", "plan.json")
AGAIN = frozenset({64})
"""What was done already is not done again."""
THERE = frozenset({1})
"""Files that are there are not replaced."""


def common(ground: Ground) -> None:
    """The ground of every scene: an account in which something is ours and applied."""
    ground.emulator.clock(now=EARLIER.isoformat(), frozen=True)
    ground.emulator.seed(ACCOUNT_DATA)
    ground.write(BASE)
    ground.ok(*APPLY, now=EARLIER)


READING = (
    Scene("plan", ("plan", "--format", "json"), prepared(LATER + RETENTION), reads=True),
    Scene("drift", ("drift", "--format", "json"), reads=True),
    Scene("plan --refresh-only", ("plan", "--refresh-only"), reads=True),
    # Who is in a room that goes on is no part of what is compared: where it cannot be read, nothing is said.
    Scene("plan --destroy", ("plan", "--destroy"), reads=True, partly="deletes everything"),
    Scene("undo", ("undo", "{run}"), reads=True, words=run_to_undo),
    Scene("export", ("export",), reads=True),
    Scene("status", ("status",), reads=True, partly="Not read"),
    Scene("queues", ("queues",), reads=True),
    Scene("queues --members", ("queues", "adopted", "--members"), reads=True),
    Scene("rooms", ("rooms",), reads=True),
    Scene("recordings", ("recordings", "--all"), prepared(BASE + RETENTION), reads=True),
    Scene("prune --dry-run", ("prune", "--dry-run"), prepared(BASE + RETENTION), reads=True),
    # What was not understood is asked for in other words: it is gone, and not known to be remembered.
    Scene(
        "prune verify",
        ("prune", "verify", "evidence"),
        saved(BASE + RETENTION, PRUNE),
        reads=True,
        partly="remembers 5 as deleted",
    ),
    Scene(
        "erase --dry-run",
        ("erase", ALICE, "--reason", "x", "--dry-run"),
        reads=True,
        partly="nobody can tell whether",
    ),
    Scene(
        "erase verify",
        ("erase", "verify", ALICE, *EVIDENCE),
        saved(BASE + RETENTION, ERASE),
        reads=True,
        partly="Doubtful",
    ),
)
WRITING = (
    Scene("apply", APPLY, prepared(LATER + RETENTION)),
    Scene("apply PLAN", ("apply", "plan.json", *ALONE), saved(LATER + RETENTION, SAVE), again=APPLY),
    Scene("apply UNDO", ("apply", "plan.json", *ALONE), _undo, again=(*APPLY, "--exclude", "call.*")),
    Scene("apply that calls", APPLY),
    Scene("destroy", DESTROY),
    Scene(
        "import",
        ("import", "queue.adopted", ADOPTED),
        prepared(BASE.replace("  old:", "  adopted: {max_size: 70}\n  old:")),
        over=AGAIN,
    ),
    Scene("prune", PRUNE, prepared(BASE + RETENTION)),
    Scene("prune at a pace", PRUNE, prepared(BASE + RETENTION + PACE)),
    Scene("prune with archive", PRUNE, _archived),
    Scene("erase", ERASE),
    Scene("dispatch", DISPATCH),
    Scene("dispatch after doubt", DISPATCH, _doubtful, now=LATER_ON, code=8),
    Scene(
        "calls test",
        ("calls", "test", "call.reminder", "--to", ALICE, "--auto-approve"),
        again=("status",),
        converges=False,
    ),
    Scene(
        "calls cancel",
        ("calls", "cancel", "call.reminder", "--live", "--auto-approve"),
        _ringing,
        now=NOW + timedelta(seconds=10),
        over=AGAIN,
    ),
    Scene(
        "calls resolve",
        (
            "calls",
            "resolve",
            "call.reminder",
            "2026-12-01T14:00:00Z",
            "--to",
            PEOPLE[0][-4:],
            "--placed",
            PLACED,
        ),
        _unknown,
        now=LATER_ON,
        over=AGAIN,
    ),
)
