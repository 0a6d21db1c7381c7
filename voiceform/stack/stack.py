"""`Stack`: everything that voiceform does with one configuration, one account and one recorded state."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Unpack

from voiceform.model.clock import Clock, SystemClock
from voiceform.model.mode import Mode
from voiceform.model.progress import Progress, Silent
from voiceform.stack.arguments import (
    account_giver,
    allowed_paths_of,
    check_lasts,
    check_names,
    check_parallelism,
)
from voiceform.stack.listener import Listener, Signals
from voiceform.stack.looks import Looks
from voiceform.stack.parts import DEFAULT_TTL, Parts
from voiceform.stack.phoning import CallOperations
from voiceform.stack.state import StateOperations

if TYPE_CHECKING:
    from voiceform.engine.exporting import Exported
    from voiceform.engine.undo import Undo
    from voiceform.kinds.retention.evidence.verify import Found
    from voiceform.model.configuration import Configuration
    from voiceform.model.plan import Plan
    from voiceform.model.resource import Recorded
    from voiceform.model.run import RunReport
    from voiceform.stack.account import Account
    from voiceform.stack.erasing import ErasureFound
    from voiceform.stack.order import ApplyOptions, Wanted


class Stack(Looks, CallOperations, StateOperations):
    """One configuration, one account and one recorded state.

        stack = voiceform.Stack("voiceform.yaml", account=voiceform.Account.from_environment())
        plan = stack.plan()
        report = stack.apply(plan)

    Making one reads and connects nothing, and a stack holds nothing open between calls. It returns frozen
    data and raises VoiceformError; it prints nothing, asks nothing, and leaves the process as it is. Many
    stacks may work side by side in one process; one stack may be used from many threads.
    """

    def __init__(
        self,
        *files: str | Path,
        folder: str | Path = ".",
        overlays: Iterable[str | Path] = (),
        state: str | None = None,
        account: Account | Callable[[], Account] | None = None,
        environ: Mapping[str, str] | None = None,
        allowed_paths: Iterable[str | Path] = (),
        clock: Clock | None = None,
        progress: Progress | None = None,
        parallelism: int = 8,
        timeout: timedelta | None = None,
        lease_ttl: timedelta = DEFAULT_TTL,
        stop: threading.Event | None = None,
        who: str | None = None,
        listener: Listener | None = None,
        signals: Signals | None = None,
        proven: frozenset[tuple[str, str]] | None = None,
    ) -> None:
        """`files` are files or folders of configuration, together one; voiceform.yaml when none is named.
        They, and the folder of a state in SQLite, are relative to `folder`.

        `overlays` are laid over it, in their order: each changes fields of what is declared.

        `state` is the URL of the recorded state (VOICEFORM_STATE, or sqlite:///.voiceform/state.db).
        `account` is the account, or a function that gives it when it is first needed; without one it is read
        from the environment. `environ` stands for the environment of the process, also where the
        configuration says `${NAME}`. Lists that the configuration names, and what links of it lead to, lie in
        its folder, or below one of `allowed_paths` or of VOICEFORM_ALLOW_PATH.

        At most `parallelism` requests are in flight, and one operation of the API is given up after `timeout`
        with all its attempts (two minutes). `lease_ttl` is how long the lock outlives a process that stopped.
        Once `stop` is set nothing more begins; what is in flight is waited for. `who` is recorded in
        locks, runs and evidence. `progress` and `listener` hear what goes on. With `proven` no other files of
        the configuration are read than these: paths from `folder`, each with the SHA-256 of what is in it.
        """
        environ = os.environ if environ is None else environ
        clock = clock or SystemClock()
        check_parallelism(parallelism)
        check_lasts(timeout=timeout, lease_ttl=lease_ttl)
        check_names(files, state, account)
        self.parts = Parts(
            files=tuple(Path(file) for file in files),
            folder=Path(folder),
            overlays=tuple(Path(overlay) for overlay in overlays),
            allowed=tuple(Path(folder) / path for path in (*allowed_paths, *allowed_paths_of(environ))),
            state_url=environ.get("VOICEFORM_STATE") if state is None else state,
            account=account_giver(account, environ),
            environ=environ,
            clock=clock,
            progress=progress or Silent(),
            parallelism=parallelism,
            timeout=timeout,
            lease_ttl=lease_ttl,
            stop=stop or clock.runtime.event(),
            named=who,
            listener=listener or Listener(),
            signals=signals or Signals(),
            proven=proven,
        )

    def validate(self) -> Configuration:
        """The configuration, checked offline and without credentials; its `warnings` stop nothing.

        ConfigurationError carries every finding with file, line and column.
        """
        return self.parts.load()

    def plan(
        self,
        *,
        mode: Mode = Mode.NORMAL,
        targets: Iterable[str] = (),
        excludes: Iterable[str] = (),
        at: datetime | None = None,
    ) -> Plan:
        """What `apply` would do; only reads, which its client of the API enforces.

        `targets` and `excludes` are addresses or patterns, as `queue.eu-*`. `at` plans for another instant:
        such a plan is for reading. With the mode DESTROY everything that is recorded is to go; with
        REFRESH_ONLY the plan has drift alone, and applying it records what is live.
        """
        from voiceform.stack.order import Wanted
        from voiceform.stack.planning import plan_now

        return plan_now(self.parts, Wanted.of(mode, targets, excludes, at))

    def drift(self, *, targets: Iterable[str] = (), excludes: Iterable[str] = ()) -> Plan:
        """A plan whose `drift` says what was changed in the account behind our back; it has no changes."""
        return self.plan(mode=Mode.REFRESH_ONLY, targets=targets, excludes=excludes)

    def plan_prune(self) -> Plan:
        """A plan of retention alone: what `prune` would delete."""
        from voiceform.stack.order import RETENTION, Wanted
        from voiceform.stack.planning import plan_now

        return plan_now(self.parts, Wanted(only=(RETENTION,)))

    def review(self, base: str | Path, *, targets: Iterable[str] = (), excludes: Iterable[str] = ()) -> Plan:
        """What the configuration changes against the one at `base`; offline, without credentials, and for
        reading only."""
        from voiceform.engine.targets import Selection
        from voiceform.stack.planning import review_of

        return review_of(self.parts, Path(base), Selection(tuple(targets), tuple(excludes)))

    def undo(self, run_id: str) -> Undo:
        """The plan that takes a run back, and what cannot be taken back; apply the plan to do it.

        The beginning of its id is enough where no other run begins so. UsageError when there is no such run,
        or several.
        """
        from voiceform.stack.planning import undo_of

        return undo_of(self.parts, run_id)

    def save_plan(self, plan: Plan, path: str | Path) -> str:
        """Write a plan to a file that only its owner can read, and return its digest. `path` is relative to
        the folder of the stack.

        The file holds phone numbers in clear. UsageError for a plan that is about another instant.
        """
        from voiceform.engine.planfile import write_plan_file

        return write_plan_file(plan, self.parts.folder / path).digest

    def read_plan(self, source: str | Path | BinaryIO) -> Plan:
        """A plan that was saved, in a file or through a pipe. PlanFileError when it is missing, cut, edited,
        or of another version."""
        from voiceform.engine.planfile import read_plan, read_plan_file

        words = self.parts.vocabulary()
        if isinstance(source, str | Path):
            return read_plan_file(self.parts.folder / source, words)
        return read_plan(source, words)

    def apply(
        self,
        plan: Plan | None = None,
        *,
        mode: Mode = Mode.NORMAL,
        targets: Iterable[str] = (),
        excludes: Iterable[str] = (),
        **options: Unpack[ApplyOptions],
    ) -> RunReport:
        """Carry out `plan` exactly as it is; or plan under the lock, ask `confirm`, and carry that out.

        A plan is used once, and only while account, API and recorded state are those that it was made from.
        Without one `confirm` is needed: nothing is applied that nobody has had in hand. It gets the plan and
        lets it pass by returning True; it is not asked where nothing is to be done.

        Raises before anything was sent: ConfigurationError, CredentialsError, BlockedError (limits,
        protection, holds that no approval lifts), StalePlanError, LockedError, NotApprovedError,
        EvidenceError, and InterruptedRunError when `stop` was set in time. How each change ended, also
        what failed or is not known, is in the report; `report.exit_code` is the worst of it.
        """
        from voiceform.stack.order import Wanted

        return self._run(plan, Wanted.of(mode, targets, excludes), options)

    def destroy(
        self,
        *,
        targets: Iterable[str] = (),
        excludes: Iterable[str] = (),
        **options: Unpack[ApplyOptions],
    ) -> RunReport:
        """Plan the deletion of everything that is recorded, show it to `confirm`, and carry it out; as
        `apply`. Safety limits and protection hold here too."""
        from voiceform.stack.order import Wanted

        return self._run(None, Wanted.of(Mode.DESTROY, targets, excludes), options)

    def prune(self, **options: Unpack[ApplyOptions]) -> RunReport:
        """Plan retention alone, show it to `confirm`, and carry it out; as `apply`."""
        from voiceform.stack.order import RETENTION, Wanted

        return self._run(None, Wanted(only=(RETENTION,)), options)

    def plan_erase(self, number: str, *, reason: str) -> Plan:
        """A plan of what `erase` would destroy of one person; it holds a keyed hash, and not the number.

        Its key is the secret of the state: where nothing was ever recorded such a plan is for reading alone,
        and applied it would find that nothing is of the person.
        """
        from voiceform.kinds.retention.erasure.whom import Whom
        from voiceform.stack.order import Wanted
        from voiceform.stack.planning import plan_now

        return plan_now(self.parts, Wanted(erase=Whom.of(number, reason)))

    def erase(self, number: str, *, reason: str, **options: Unpack[ApplyOptions]) -> RunReport:
        """Plan what is known of one person, show it to `confirm`, and destroy it; as `apply`.

        `number` is a phone number, or a SIP or client address, in any spelling. Recordings, their archived
        copies and call records are deleted; the ledger keeps that somebody was called, the journal who ran
        what, and neither whom. What a hold keeps stays, and the report's `exit_code` is then not 0.
        UsageError for what names nobody; BlockedError where the person is declared.
        """
        from voiceform.kinds.retention.erasure.whom import Whom
        from voiceform.stack.order import Wanted

        return self._run(None, Wanted(erase=Whom.of(number, reason)), options)

    def verify_erasure(self, number: str, *, evidence: str | None = None) -> ErasureFound:
        """Look for a person again: what is left of them and why, and what the evidence says of erasures.

        `evidence` stands for the place that the configuration names. Only reads.
        """
        from voiceform.stack.erasing import verified

        return verified(self.parts, number, evidence)

    def verify_evidence(self, place: str, *, begin: int = 1, offline: bool = False) -> Found:
        """Check the evidence in a folder or at a URL from file number `begin` on: that no line was changed,
        and, unless `offline`, that what was deleted is gone from the account."""
        from voiceform.stack.verifying import verified

        return verified(self.parts, place, begin=begin, offline=offline)

    def export(
        self,
        file: str | Path | None = None,
        *,
        targets: Iterable[str] = (),
        excludes: Iterable[str] = (),
    ) -> Exported:
        """The account, and what is recorded of it, as the text of a configuration; needs none itself.

        `file` is where the text is to stand, in whose folder the files lie that it names; nothing is written.
        """
        from voiceform.engine.targets import Selection
        from voiceform.stack.adopting import exported

        where = None if file is None else Path(file)
        return exported(self.parts, where, Selection(tuple(targets), tuple(excludes)))

    def import_object(self, address: str, sid: str) -> Recorded:
        """Record the live object `sid` as the declared `address`, and return the record.

        UsageError when it is not declared, or when either is recorded already.
        """
        from voiceform.stack.adopting import imported

        return imported(self.parts, address, sid)

    def _run(self, plan: Plan | None, wanted: Wanted, options: ApplyOptions) -> RunReport:
        from voiceform.stack.applying import run
        from voiceform.stack.order import Order

        return run(self.parts, Order.of(plan, wanted, options))
