"""A scene played on a disk that fails: what must hold then, and when there is room again."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from xml.etree import ElementTree

from tests.disks.disk import SOUND, Disk, Fault
from tests.disks.meddler import Meddler
from tests.disks.trouble import Trouble
from tests.helpers import Helper
from tests.matrix.ground import text_of
from tests.matrix.play import ADVICE, DONE, Outcome, Play
from tests.support import Result
from voiceform.emulator.routing import OPERATIONS
from voiceform.model.exit_codes import ExitCode

_MAKES_ROOM = (
    "is not readable|raise the limit|give it more|make room|has room|write one|choose another|name another"
    "|check|get write access|free "
)
_OPEN = (".tmp", ".new", "-journal")
"""How files end that are not finished."""


class Runner(Helper):
    """The helper process (runner.py), on a disk."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        super().__init__("tests.disks.runner", folder, disk.environ)

    def run(self, play: DiskPlay, mistake: str | None) -> Result:
        """The command of the scene, with a mistake of mistakes.py."""
        ground = play.ground
        ground.emulator.clock(now=play.scene.now.isoformat(), frozen=True)
        asked = {
            "argv": ["-C", str(ground.folder), *play.argv],
            "environ": play.environ,
            "now": play.scene.now.isoformat(),
            "spool": str(play.spool),
            "inside": {**play.inside},
            "mistake": mistake,
        }
        return Result(*self.ask(asked))


class DiskPlay(Play):
    """One scene on its ground, on a disk."""

    disk: Disk
    runner: Runner
    whole: dict[str, int]
    liar: Meddler
    inside: Mapping[str, int] = MappingProxyType({})
    first: Result

    @property
    def spool(self) -> Path:
        """Where temporary files go: on the same disk."""
        return self.ground.folder.parent / "spool"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the command."""
        ground = self.ground
        state = {"VOICEFORM_BASE_URL": ground.base_url, "VOICEFORM_STATE": ground.state}
        return {**ground.environ, **state, **self.disk.environ, "TMPDIR": str(self.spool)}

    def steps(self, mistake: str | None = None) -> list[str]:
        """All that is done to the disk, when nothing fails."""
        self._set_up()
        self.phoned_before = self.ground.phoned()
        self.disk.watch(SOUND)
        result = self.runner.run(self, mistake)
        assert result.code == self.scene.code, result
        self.whole = dict(self._sizes())
        return self.disk.steps

    def struck_at(self, fault: Fault, at: int, mistake: str | None = None) -> list[str]:
        """Play it with the fault at one step, and then again without; what did not hold."""

        @contextmanager
        def failing() -> Iterator[None]:
            self.disk.watch(fault, at)
            yield
            self.disk.mend()

        def name() -> str:
            steps = self.disk.steps
            return f"{fault.name} from {at} ({steps[at] if at < len(steps) else 'no step'})"

        def leaves_nothing() -> bool:  # but what it was not let remove
            failed = "".join(self.disk.steps[at : at + 1])
            return fault.leaves_nothing and not failed.startswith("remove ")

        return self._struck(failing(), name, leaves_nothing, mistake)

    def left_by(self, fault: Fault, at: int) -> str:
        """What it says and leaves, without what is random, with the fault at one step."""
        self._set_up()
        self.disk.watch(fault, at)
        result = self.runner.run(self, None)
        self.disk.mend()
        text = re.sub("[0-9a-f]{16,}", "#", f"{result}\n{text_of(self.ground.documents())}")
        return "\n".join(sorted(text.splitlines()))

    def in_trouble(self, trouble: Trouble, mistake: str | None = None) -> list[str]:
        """The same in a trouble."""
        return self._struck(
            self._spoilt(trouble), lambda: trouble.name, lambda: trouble.leaves_nothing, mistake
        )

    @contextmanager
    def _spoilt(self, trouble: Trouble) -> Iterator[None]:
        self.inside = trouble.inside
        spoils = trouble.spoils(self.ground.folder) if trouble.spoils else nullcontext()
        with ExitStack() as stack:
            if trouble.at is None:
                stack.enter_context(spoils)
            else:
                number = int(trouble.at * sum(self.clean.sent.values()))
                self.liar.meddles = (number, lambda: stack.enter_context(spoils))
            yield
            self.liar.meddles = None
        self.inside = {}

    def _struck(
        self,
        failing: AbstractContextManager[None],
        name: Callable[[], str],
        leaves_nothing: Callable[[], bool],
        mistake: str | None,
    ) -> list[str]:
        self._set_up()
        before = dict(self._contents())
        with failing:
            self.first = result = self.runner.run(self, mistake)
            self.liar.settle()
        outcome = Outcome(result, self.ground.facts(), self.ground.phoned(), Counter(self.liar.sent))
        told = [
            *self._harm(outcome),
            *self._words(outcome),
            *self._recorded_first(outcome),
            *self._files(before, leaves_nothing()),
            *self._claims(outcome),
            *self._sent_twice(),
        ]
        if result.code == self.scene.code and not self.scene.reads and self.scene.then is None:
            told += self._as_clean(outcome)
        told += self._afterwards(True, outcome)
        tail = f"\n{result.out[-700:]}{result.err[-1200:]}"
        return [f"{self.scene.name}, {name()}: {what}{tail}" for what in told]

    def _claims(self, outcome: Outcome) -> Iterator[str]:
        """What is recorded is so, but for what is to be forgotten."""
        found = _read(super()._claims(outcome))
        yield from (told for told in found if not self.scene.name.startswith("state rm"))

    def _as_clean(self, outcome: Outcome) -> Iterator[str]:
        """As ever, also of evidence that cannot be read."""
        return _read(super()._as_clean(outcome))

    def _state(self, *, may_be_open: bool = False, now: datetime | None = None) -> Iterator[str]:
        """As ever; a lock that could not be given back runs out when somebody wants it."""
        found = super()._state(may_be_open=may_be_open, now=now)
        return (told for told in found if not told.endswith(" is still held"))

    def _set_up(self) -> None:
        self.ground.put_back(self.kept)
        self.liar.expect()
        shutil.rmtree(self.spool, ignore_errors=True)
        self.spool.mkdir()
        self.killed = True  # what it could not write down is in doubt, as after a death

    def _words(self, outcome: Outcome) -> Iterator[str]:
        """What people are told."""
        result = outcome.result
        text = result.out + result.err
        if result.code not in list(ExitCode):
            yield f"exit code {result.code}"
        for bad in ("Traceback", "failed unexpectedly", "object at 0x", "Exception ignored"):
            if bad in text:
                yield f"said {bad!r}"
        if result.code in DONE or result.code == self.scene.code:
            return
        flat = " ".join(text.split())
        if not ADVICE.search(flat) and not any(words in flat for words in _MAKES_ROOM.split("|")):
            yield f"exit {result.code} without saying what to do"
        names = {path.name for path in self.ground.folder.rglob("*")} | {*self.argv, *OPERATIONS}
        if (
            "this process" not in text
            and str(self.ground.folder) not in text
            and not any(name in flat for name in names)
        ):
            yield f"exit {result.code} without saying where"

    def _recorded_first(self, outcome: Outcome) -> Iterator[str]:
        """Nothing was destroyed, and nobody phoned, of which there is no record."""
        documents = json.dumps([self.ground.documents(state) for state in self._states()])
        for sid in self._gone(outcome):
            if sid[2:] not in documents:  # lists of SIDs are without prefixes
                yield f"{sid} is gone without a record"
        for number in outcome.phoned - self.phoned_before:
            if number not in documents:
                yield f"{number} was phoned without a record"

    def _gone(self, outcome: Outcome) -> Iterator[str]:
        for (table, sid), value in self.before.items():
            if table in ("recordings", "calls") and outcome.facts.get((table, sid)) != value:
                yield sid

    def _afterwards(self, honest: bool, first: Outcome) -> Iterator[str]:
        """As ever; and whatever is gone has its line of evidence then."""
        yield from super()._afterwards(honest, first)
        lines = "".join(path.read_text(encoding="utf-8") for path in self.ground.folder.rglob("*.jsonl"))
        now = Outcome(first.result, self.ground.facts(), Counter(), Counter())
        for sid in self._gone(now):
            if sid not in lines:
                yield f"{sid} is gone without a line of evidence"

    def _files(self, before: dict[str, bytes], leaves_nothing: bool) -> Iterator[str]:
        """What was there is whole, as it was or as it was to be; nothing unfinished is left."""
        after = dict(self._contents())
        for name in {**before, **after}:
            if name.endswith((".db", "-wal", "-shm", ".lock")) or ".jsonl" in name:
                continue
            if name not in after:
                index = f"{name.rpartition('/')[0]}/index.json"
                if name in self.whole and not (index in after and before.get(index) != after[index]):
                    yield f"{name} is gone"
            elif (
                after[name] != before.get(name)
                and (name in before or leaves_nothing)
                and not self._is_whole(name, after[name])
            ):
                yield f"{name} is half written"
        if leaves_nothing:
            for name in after.keys() - before.keys():
                if name.endswith(_OPEN):
                    yield f"{name} is left behind"

    def _is_whole(self, name: str, content: bytes) -> bool:
        if name.endswith(".json") and not content.startswith(b"\x1f\x8b"):
            try:
                json.loads(content)
            except ValueError:
                return False
            return True
        if name.endswith(".html"):
            return content.endswith((b"</html>", b"</html>\n"))
        if name.endswith(".prom"):
            return content.startswith(b"# HELP") and all(
                re.match(rb"#|\w+(\{.*\})? [\d.e+-]+$", line) for line in content.splitlines()
            )
        if name.endswith(".xml"):
            try:
                ElementTree.fromstring(content)
            except ElementTree.ParseError:
                return False
            return True
        return name not in self.whole or len(content) == self.whole[name] or content.startswith(b"\x1f\x8b")

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.ground.folder.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.ground.folder)), path.read_bytes()

    def _sizes(self) -> Iterator[tuple[str, int]]:
        return ((name, len(content)) for name, content in self._contents())


def _read(told: Iterator[str]) -> Iterator[str]:
    """What is told, or that the evidence cannot be read."""
    try:
        yield from told
    except ValueError:
        yield "the evidence has a line that is torn, and others behind it"
