"""Mistakes of the program, made on purpose."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voiceform.engine import planfile, settle
from voiceform.fleet import pool
from voiceform.fleet.jobs import Job, failed
from voiceform.fleet.process import LostError, Process
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.kinds.retention.deletion.settling import CallRecordSettling, RecordingSettling
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.halting import Halt
from voiceform.state import journal, lease
from voiceform.twilio import calls, recordings, verdict
from voiceform.twilio.operations import Ended
from voiceform.twilio.parameters import CreateCall
from voiceform.twilio.resources import Call
from voiceform.twilio.retry import Operation, Repeat

Mistake = Callable[[pytest.MonkeyPatch], object]


class _Anything:
    """Equal to every status."""

    def __ne__(self, _: object) -> bool:
        return False


def any_answer_deletes(patch: pytest.MonkeyPatch) -> None:
    """Every 2xx is taken for a deletion."""
    patch.setattr(verdict, "_DELETED", _Anything())


def calls_are_repeated(patch: pytest.MonkeyPatch) -> None:
    """A call whose answer was lost is asked for again."""
    patch.setattr(calls, "_CREATE", Operation("createCall", "POST", Repeat.SAFE))


def everybody_is_twilio(patch: pytest.MonkeyPatch) -> None:
    """A proxy's page for 404 proves that something is gone."""
    patch.setattr(verdict, "_is_twilios", lambda *_: True)


def refusals_delete(patch: pytest.MonkeyPatch) -> None:
    """A deletion that failed is said to be done."""
    patch.setattr(recordings.RecordingOperations, "delete_recording", lambda *_, **__: Ended.NOW)


def intents_are_not_stored(patch: pytest.MonkeyPatch) -> None:
    """The journal has a change only when it has ended."""
    patch.setattr(journal, "intent_writes", lambda *_: iter(()))


def dead_runs_are_not_settled(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks what became of what a dead run had begun."""
    patch.setattr(settle, "unfinished_runs", lambda _: ())


def reserved_behind_the_request(patch: pytest.MonkeyPatch) -> None:
    """A call is asked for, and then written into the ledger."""
    placed: dict[object, Call] = {}
    inner = Placer._reservation

    def reservation(self: Placer, key: Any, claim: str, now: Any) -> Any:
        placed[key] = self.client.create_call(CreateCall(**self.spec.request(key)), lambda: None)
        return inner(self, key, claim, now)

    def send(self: Placer, turn: Any) -> Any:
        call = placed[turn.key]
        return self._record(turn, CallStatus.PLACED, sid=call.sid, call=call.status)

    patch.setattr(Placer, "_reservation", reservation)
    patch.setattr(Placer, "_send", send)


def found_gone_is_not_taken_down(patch: pytest.MonkeyPatch) -> None:
    """Whoever settles a dead run counts what it deleted, and writes no line about it."""
    patch.setattr(RecordingSettling, "settle", lambda self, sid: not self.client.has_recording(sid))
    patch.setattr(CallRecordSettling, "settle", lambda self, sid: not self.client.has_call(sid))


def files_are_written_in_place(patch: pytest.MonkeyPatch) -> None:
    """A plan is written over the one that is there, piece by piece."""

    def written(path: Path, content: bytes) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for piece in (content[:100], content[100:]):
            os.write(descriptor, piece)
        os.close(descriptor)

    patch.setattr(planfile, "write_whole", written)


def the_dead_hold_locks(patch: pytest.MonkeyPatch) -> None:
    """A lock is taken over only when it was given back."""
    patch.setattr(lease._Watch, "is_dead", lambda *_: False)


def a_lost_stack_is_well(patch: pytest.MonkeyPatch) -> None:
    """What a process worked on that died is said to be done."""
    patch.setattr(pool, "_lost", lambda job, _: failed(job, ExitCode.DONE, ""))


def one_death_ends_all(patch: pytest.MonkeyPatch) -> None:
    """When a process of a pool dies the others are ended, as those of concurrent.futures are."""

    def lost(job: Job, what: LostError) -> StackResult:
        for process in started:
            process.kill()
        return inner(job, what)

    started: list[Process] = []
    inner, send = pool._lost, Process.send

    def remembered(self: Process, message: object) -> None:
        started.append(self)
        send(self, message)

    patch.setattr(Process, "send", remembered)
    patch.setattr(pool, "_lost", lost)


def nobody_hears_that_the_program_is_gone(patch: pytest.MonkeyPatch) -> None:
    """A process of a pool goes on, whatever became of the one that started it."""
    patch.setattr(Halt, "now", lambda _: None)


MISTAKES: dict[str, Mistake] = {
    "intents are not stored": intents_are_not_stored,
    "dead runs are not settled": dead_runs_are_not_settled,
    "reserved behind the request": reserved_behind_the_request,
    "found gone is not taken down": found_gone_is_not_taken_down,
    "files are written in place": files_are_written_in_place,
    "the dead hold locks": the_dead_hold_locks,
    "a lost stack is well": a_lost_stack_is_well,
    "one death ends all": one_death_ends_all,
    "nobody hears that the program is gone": nobody_hears_that_the_program_is_gone,
    "any answer deletes": any_answer_deletes,
    "calls are repeated": calls_are_repeated,
    "everybody is Twilio": everybody_is_twilio,
    "refusals delete": refusals_delete,
}
