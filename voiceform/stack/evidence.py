"""The evidence of one run: opened where a plan says, once something is destroyed, and closed with the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from voiceform.kinds.base import Evidence, NoEvidence
from voiceform.model.errors import EvidenceHeldError, InterruptedRunError, UsageError
from voiceform.model.plan import Plan
from voiceform.stack.parts import Parts
from voiceform.state.lease import POLL

if TYPE_CHECKING:
    from voiceform.kinds.retention.evidence.log import EvidenceLog


class Evidences:
    """Opens each place once; use it in a `with` statement. Safe for many threads.

    `override` stands for whatever place a plan or the journal names, also for `off`. A run that destroys
    nothing opens nothing. `approved` is what the first line says of how the run was approved. Another run
    that has a place is waited for, for `wait` in all.
    """

    def __init__(
        self,
        parts: Parts,
        account_sid: str,
        override: str | None,
        approved: Sequence[str],
        wait: timedelta = timedelta(0),
    ) -> None:
        self._parts = parts
        self._account_sid = account_sid
        self._override = override
        self._approved = list(approved)
        self._left = wait
        self._lock = parts.clock.runtime.lock()
        self._open: dict[str, EvidenceLog] = {}

    def __call__(self, named: str) -> Evidence:
        """The evidence of the place that a plan names. EvidenceError when it cannot be written,
        EvidenceHeldError when another run has it for too long, InterruptedRunError."""
        from voiceform.kinds.retention.evidence.naming import OFF

        chosen = self._override or named
        if chosen == OFF:
            return NoEvidence()
        with self._lock:
            if chosen not in self._open:
                self._open[chosen] = self._opened(chosen)
            return self._open[chosen]

    def open_for(self, plan: Plan) -> None:
        """Open what a plan will need, before anything is sent. EvidenceError."""
        for change in plan.pending:
            if change.evidence is not None:
                self(change.evidence)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for log in self._open.values():
            log.__exit__(kind, error, trace)
            self._parts.listener.evidence(log.where, log.head)

    def _opened(self, text: str) -> EvidenceLog:
        from voiceform.kinds.retention.evidence.log import Author, EvidenceLog
        from voiceform.version import __version__

        parts = self._parts
        author = Author(parts.who, self._account_sid, self._approved, __version__, parts.lease_ttl)
        while True:
            try:
                return EvidenceLog(parts.evidence_place(text), clock=parts.clock, author=author)
            except EvidenceHeldError as error:
                self._await(error)

    def _await(self, held: EvidenceHeldError) -> None:
        clock, before = self._parts.clock, self._parts.clock.now()
        if self._left <= timedelta(0):
            raise held
        if clock.wait(self._parts.stop, min(POLL, self._left).total_seconds()):
            raise InterruptedRunError
        self._left -= max(clock.now() - before, POLL / 10)


def placed(plan: Plan, override: str | None) -> Plan:
    """`plan` with the place of `override` in it: should the run die, the next one goes on there."""
    if override is None:
        return plan
    changes = [
        replace(change, details={**change.details, "evidence": override})
        if change.evidence is not None
        else change
        for change in plan.changes
    ]
    return replace(plan, changes=tuple(changes))


def require_place(text: str | None) -> None:
    """Refuse an override that names no place. UsageError."""
    from voiceform.kinds.retention.evidence.naming import OFF, place_complaint

    if text is None:
        return
    if text == OFF:
        raise UsageError(
            "--evidence off: evidence is switched off where it can be reviewed, in the configuration",
            hint="write `evidence: off` under `retention:`, or leave out --evidence",
        )
    complaint = place_complaint(text)
    if complaint is not None:
        raise UsageError(f"--evidence: {complaint}", hint="as in --evidence DIR or s3://bucket/prefix")
