"""A rollout: stacks in groups, one group after the other, which stops by itself when too many fail.

What was carried out is written down beside the plans as it ends, a line for each stack, so that a later run
goes on with the rest.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from voiceform.fleet.member import Member
from voiceform.model.diagnostics import Diagnostic, Report
from voiceform.model.document import Block
from voiceform.model.durations import parse_duration
from voiceform.model.errors import PlanFileError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.wording import counted

USED_UP = frozenset({ExitCode.INCOMPLETE, ExitCode.STALE, ExitCode.UNKNOWN})
"""How a stack ends whose plan was begun, so that it cannot be carried out again."""


@dataclass(frozen=True, slots=True)
class RolloutGroup:
    """Stacks by their labels; all, where none are named.

    More than `max_failed` that fail, or that share of them, stop the rollout. `wait` is how long to watch
    before the next group begins; `parallel` how many are worked on at once, at most.
    """

    select: Mapping[str, str]
    max_failed: int = 0
    max_percent: int | None = None
    wait: timedelta = timedelta(0)
    parallel: int | None = None

    def __contains__(self, member: Member) -> bool:
        labels = {**member.labels, "stack": member.name}
        return all(labels.get(name) == value for name, value in self.select.items())

    def allowed(self, stacks: int) -> int:
        """How many of so many stacks may fail."""
        return self.max_failed if self.max_percent is None else stacks * self.max_percent // 100

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.select.items()) or "all stacks"


EVERYTHING = (RolloutGroup({}, max_percent=100),)
"""Where no rollout is said: all at once, and no failure stops any other stack."""


def groups_of(document: Block, members: Sequence[Member], report: Report) -> tuple[RolloutGroup, ...]:
    """The groups of a fleet file; a stack that is in none of them is reported."""
    said = document.get("rollout")
    if not isinstance(said, Block):
        return ()
    groups = tuple(_group(each) for each in said["groups"])
    left = [member.name for member in members if not any(member in group for group in groups)]
    if left:
        message = f"{counted(len(left), 'stack')} would never be reached: {', '.join(left[:3])}"
        hint = "let the last group be without select:, or name their labels"
        report(Diagnostic("invalid-value", message, document.key_position("rollout"), hint=hint))
    return groups


def refuse_empty(
    document: Block, groups: Sequence[RolloutGroup], members: Iterable[Member], report: Report
) -> None:
    """Report each group in which no stack is: nothing would be watched before the next."""
    left = [*range(len(groups))]
    for member in members:
        if not left:
            return
        number = next(number for number, group in enumerate(groups) if member in group)
        left = [each for each in left if each != number]
    for number in left:
        message = f"no stack is in the group {groups[number]}, and the next would begin at once"
        hint = "correct its labels, or take it out; a stack is in the first group that has its labels"
        where = document["rollout"]["groups"][number].position
        report(Diagnostic("invalid-value", message, where, hint=hint))


def _group(said: Mapping[str, Any]) -> RolloutGroup:
    limit = said.get("max_failed", 0)
    return RolloutGroup(
        {name: str(value) for name, value in said.get("select", {}).items()},
        max_failed=limit if isinstance(limit, int) else 0,
        max_percent=None if isinstance(limit, int) else int(limit.removesuffix("%")),
        wait=parse_duration(said["wait"]) if "wait" in said else timedelta(0),
        parallel=said.get("parallel"),
    )


class Gate:
    """Closed once more stacks have failed than may. Safe for many threads."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._lock = threading.Lock()
        self.failures = 0
        self._for_good = 0

    def ended(self, result: StackResult, *, without_plan: bool = False) -> None:
        """Hear how a stack ended; before the next one begins. It may have been one `without_plan`."""
        with self._lock:
            self.failures += result.failed
            self._for_good += result.code in USED_UP or (result.failed and without_plan)

    @property
    def closed(self) -> bool:
        """Whether no other stack may begin."""
        return self.failures > self._allowed

    @property
    def stuck(self) -> bool:
        """Whether it stays closed with these plans: too many of them are used up, or not there."""
        return self._for_good > self._allowed


def heard_by(gate: Gate | None, results: Iterable[StackResult]) -> Iterator[StackResult]:
    """The results, each as the gate has heard of it."""
    for result in results:
        if gate is not None:
            gate.ended(result)
        yield result


@dataclass(frozen=True, slots=True)
class Ended:
    """How a stack ended before, and when."""

    code: ExitCode
    at: datetime


class Record:
    """What was carried out of one folder of plans, in a file beside them."""

    def __init__(self, path: Path, digest: str) -> None:
        self._path = path
        self._digest = digest

    def read(self) -> dict[str, Ended]:
        """How stacks ended, by name: the last that is written counts, but what is done stays done, also where
        its plan was tried once more. PlanFileError for a record of other plans."""
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise PlanFileError(
                "the record of what was carried out cannot be read", where=str(self._path), hint="plan again"
            ) from error
        found: dict[str, Ended] = {}
        for line in lines:
            with suppress(ValueError, KeyError, TypeError):  # the last line of a run that died may be torn
                said = json.loads(line)
                if said["digest"] != self._digest:
                    raise PlanFileError(
                        "this is the record of other plans", where=str(self._path), hint="plan again"
                    )
                ended = Ended(ExitCode(said["exit_code"]), instant_from_text(said["at"]))
                if said["stack"] not in found or found[said["stack"]].code is not ExitCode.DONE:
                    found[said["stack"]] = ended
        return found

    def add(self, result: StackResult, at: datetime) -> None:
        """Write down how one stack ended, `at` that instant. VoiceformError when that cannot be."""
        how = {"stack": result.stack, "exit_code": int(result.code), "at": instant_to_text(at)}
        said = {"digest": self._digest, **how}
        line = f"\n{json.dumps(said)}\n".encode()  # whatever stands before it may be torn
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        try:
            descriptor = os.open(self._path, flags, 0o600)
            with os.fdopen(descriptor, "ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise VoiceformError(
                f"cannot write down what was carried out: {error.strerror}",
                where=str(self._path),
                hint="make room; the journals of the stacks have what was done",
            ) from error
