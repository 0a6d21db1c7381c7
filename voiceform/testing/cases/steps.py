"""One case at work: a stack about an emulated account, with a state and files of its own, step by step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from voiceform.config.envfile import read_env_files
from voiceform.emulator import ControlError
from voiceform.model.configuration import Configuration
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.errors import BlockedError, ConfigurationError, UsageError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.plan import Mode, Plan
from voiceform.stack.account import Account
from voiceform.stack.listener import Listener
from voiceform.stack.stack import Stack
from voiceform.testing.cases.folders import date_files
from voiceform.testing.cases.reading import Case, Step, moment
from voiceform.testing.emulated import ACCOUNT_SID, Emulator

FOLDER_VARIABLE = "TEST_FOLDER"
_ALL = "all"
_OF_OTHERS = frozenset({"VOICEFORM_STATE", "VOICEFORM_BASE_URL"})
"""Variables of a file that belong to the real stack."""


@dataclass(slots=True)
class Done:
    """What a step did: how it ended, the plan that it made, and what was said of the configuration."""

    exit: int | None = None
    error: VoiceformError | None = None
    plan: Plan | None = None
    blocked: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()


@dataclass(slots=True)
class Bench:
    """Where one case runs. `copy` holds the files of the stack, `own` is empty and the case's own.

    Nothing of the process's environment is used: neither credentials, nor a state, nor an API.
    """

    emulator: Emulator
    copy: Path
    own: Path
    stop: threading.Event
    stack: Stack = field(init=False)
    _archives: list[str] = field(default_factory=list)
    _account_sid: str = ACCOUNT_SID
    _last_run: str | None = None
    _done: Done = field(default_factory=Done)

    def begin(self, case: Case) -> None:
        """Put what is given in place. ControlError for what the account cannot hold, VoiceformError for a
        configuration that cannot be had."""
        self.emulator.reset()
        now = next((given["now"] for given in reversed(case.given) if "now" in given), None)
        if now is not None:
            self.emulator.time.set(moment(now))
        date_files(self.copy, self.emulator.time.now())
        for given in case.given:
            self._put({key: value for key, value in given.items() if key != "now"})
        self.stack = self._new_stack(case.stack)

    def run(self, step: Step) -> Done:
        """Do one step. What ends it is in what is returned."""
        self._done = Done()
        try:
            self._done.exit = _WORDS[step.word](self, step.said)
        except ConfigurationError as error:
            self._done.findings = error.diagnostics
            self._done.error, self._done.exit = error, int(error.exit_code)
        except VoiceformError as error:
            if isinstance(error, BlockedError):
                self._done.blocked = error.rules
            self._done.error, self._done.exit = error, int(error.exit_code)
        except ControlError as error:
            self._done.error, self._done.exit = UsageError(str(error)), int(ExitCode.USAGE)
        return self._done

    @property
    def account(self) -> Account:
        """The account, in the emulator: that which the configuration names, if it names one."""
        return self.emulator.account_of(self._account_sid)

    def _new_stack(self, said: Mapping[str, Any]) -> Stack:
        """A stack as a test file says. Everything that it writes lies in the case's own folder."""
        files = read_env_files([Path(name) for name in said.get("env_files", ())], base_dir=self.copy)
        own = {name: str(value) for name, value in said.get("environment", {}).items()}
        own = {name: value.replace(f"${{{FOLDER_VARIABLE}}}", str(self.own)) for name, value in own.items()}
        account = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": self.account.credentials.password}
        environ = {**account, **files, **own}
        self._account_sid = environ["TWILIO_ACCOUNT_SID"]
        return Stack(
            *said.get("files", ()),
            folder=self.copy,
            overlays=said.get("overlays", ()),
            state=f"sqlite:///{self.own / 'state.db'}",
            account=lambda: self.account,
            environ={name: value for name, value in environ.items() if name not in _OF_OTHERS},
            clock=self.emulator.time,
            stop=self.stop,
            who="voiceform test",
            listener=Listener(loaded=self._loaded, warned=self._warned, planned=self._planned),
        )

    def _loaded(self, found: Configuration) -> None:
        self._account_sid = found.account or self._account_sid
        archives = (item.attributes.get("archive") or {} for item in found.desired.values())
        self._archives = [archive["to"] for archive in archives if "to" in archive]

    def _warned(self, found: Any) -> None:  # noqa: ANN401 - diagnostics
        self._done.findings = tuple(found)

    def _planned(self, plan: Plan) -> None:
        self._done.plan = plan

    def _confirm(self, plan: Plan) -> bool:
        """Let everything be done, but nothing be written outside of the case's folder."""
        inside = f"{self.own.as_uri()}/"
        for place in self._archives:
            if not f"{place}/".startswith(inside):
                raise UsageError(
                    f"a test does not write to the archive {place}",
                    hint="name it by a variable, as in to: ${ARCHIVE}, and give that to the test:"
                    f" environment: {{ARCHIVE: file://${{{FOLDER_VARIABLE}}}/archive}}",
                )
        self._last_run = plan.plan_id
        return True

    def _put(self, seed: Mapping[str, Any]) -> None:
        if seed:
            self.emulator.seed(dict(seed))

    def _options(self, said: Mapping[str, Any] | None, *names: str) -> dict[str, Any]:
        options = said or {}
        approve = {"approve": options.get("approve", ())} if "approve" in names else {}
        chosen: dict[str, Any] = {
            name: options.get(name, ()) for name in ("targets", "excludes") if name in names
        }
        return chosen | approve

    def _acting(self, said: Mapping[str, Any] | None, *names: str) -> dict[str, Any]:
        options = self._options(said, "approve", *names)
        return {**options, "confirm": self._confirm, "evidence": str(self.own / "evidence")}

    def apply(self, said: Mapping[str, Any] | None) -> int:
        """As `voiceform apply`."""
        return int(self.stack.apply(**self._acting(said, "targets", "excludes")).exit_code)

    def destroy(self, said: Mapping[str, Any] | None) -> int:
        """As `voiceform destroy`."""
        return int(self.stack.destroy(**self._acting(said, "targets", "excludes")).exit_code)

    def prune(self, said: Mapping[str, Any] | None) -> int:
        """As `voiceform prune`."""
        return int(self.stack.prune(**self._acting(said)).exit_code)

    def undo(self, said: Mapping[str, Any] | None) -> int:
        """As `voiceform undo` of the newest run, and its plan applied."""
        if self._last_run is None:
            raise UsageError("there is no run yet that could be taken back", hint="apply first")
        plan = self.stack.undo(self._last_run).plan
        self._done.plan = plan
        return int(self.stack.apply(plan, **self._acting(said)).exit_code)

    def plan(self, said: Mapping[str, Any] | None) -> int:
        """As `voiceform plan --detailed-exitcode`."""
        return self._look(self.stack.plan(**self._options(said, "targets", "excludes")))

    def drift(self, said: Mapping[str, Any] | None) -> int:
        """As `voiceform drift`."""
        options = self._options(said, "targets", "excludes")
        code = self._look(self.stack.plan(mode=Mode.REFRESH_ONLY, **options))
        plan = self._done.plan
        return int(ExitCode.DRIFT) if plan is not None and plan.drift else code

    def _look(self, plan: Plan) -> int:
        self._done.plan = plan
        self._done.blocked = tuple(dict.fromkeys(blocked.rule for blocked in plan.blocked))
        return int(plan.exit_code(detailed=True))

    def dispatch(self, said: Mapping[str, Any] | None) -> int:
        """As `voiceform dispatch --once`."""
        return int(self.stack.dispatch_once().exit_code)

    def pause(self, said: str) -> int:
        """As `voiceform calls pause`."""
        self.stack.pause_calls(None if said == _ALL else said)
        return ExitCode.DONE

    def resume(self, said: str) -> int:
        """As `voiceform calls resume`."""
        self.stack.resume_calls(None if said == _ALL else said)
        return ExitCode.DONE

    def cancel(self, said: Mapping[str, Any]) -> int:
        """As `voiceform calls cancel`."""
        occurrence = moment(said["occurrence"]) if "occurrence" in said else None
        extent = {name: said.get(name, False) for name in ("queued", "live")}
        found = self.stack.cancel_calls(
            said["address"], occurrence=occurrence, confirm=lambda _: True, **extent
        )
        return int(found.exit_code)

    def advance(self, said: str) -> None:
        """Let time pass."""
        self.emulator.clock_advance(said)

    def to(self, said: str) -> None:
        """Let time pass until an instant."""
        instant: datetime = moment(said)
        if instant < self.emulator.time.now():
            raise UsageError(f"{said} is over: it is {self.emulator.time.now():%Y-%m-%dT%H:%M:%SZ}")
        self.emulator.time.set(instant)

    def add(self, said: Mapping[str, Any]) -> None:
        """Something new is in the account, and it is that time if one is given."""
        if "now" in said:
            self.to(said["now"])
        self._put({key: value for key, value in said.items() if key != "now"})

    def change(self, said: Mapping[str, Any]) -> None:
        """Another configuration from now on."""
        self.stack = self._new_stack(said)


_WORDS: Mapping[str, Callable[[Bench, Any], int | None]] = {
    "apply": Bench.apply,
    "plan": Bench.plan,
    "destroy": Bench.destroy,
    "drift": Bench.drift,
    "undo": Bench.undo,
    "dispatch": Bench.dispatch,
    "prune": Bench.prune,
    "calls pause": Bench.pause,
    "calls resume": Bench.resume,
    "calls cancel": Bench.cancel,
    "advance": Bench.advance,
    "to": Bench.to,
    "add": Bench.add,
    "stack": Bench.change,
}
