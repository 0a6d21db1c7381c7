"""`voiceform demo`: the main job from the first plan to found drift, against an emulator on this machine."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.support.invocation import App
from voiceform.cli.support.stopping import Interruption
from voiceform.model.errors import MissingExtraError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown

if TYPE_CHECKING:
    from voiceform.emulator import Emulator

ACCOUNT = "AC" + "de" * 16
_SURROUNDINGS = ("NO_COLOR", "FORCE_COLOR", "TERM", "USER")
_SALES_BEFORE = "max_size: 100"
_SALES_AFTER = "max_size: 150"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the demonstration: why it is run, its arguments, the exit code it must end with."""

    why: str
    argv: tuple[str, ...]
    exit_code: ExitCode = ExitCode.DONE
    before: Callable[[Stage, App], None] | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demonstration plays: a copy of the example, and the emulated account."""

    folder: Path
    emulator: Emulator
    environ: Mapping[str, str]


STEPS = (
    Step("Is the configuration sound? This needs neither network nor credentials.", ("validate",)),
    Step(
        "What would happen? A plan only reads. --out keeps it, so that exactly this can be applied.",
        ("plan", "--out", "first.plan.json"),
    ),
    Step("Apply that plan: three queues are created.", ("apply", "first.plan.json")),
    Step("Nothing is left to do: exit code 0.", ("plan", "--detailed-exitcode")),
    Step(
        "A plan is used once. A second apply is refused: exit code 6.",
        ("apply", "first.plan.json"),
        exit_code=ExitCode.STALE,
    ),
    Step(
        "Now Sales is to hold 150 callers. With --detailed-exitcode, pending changes exit with 2.",
        ("plan", "--detailed-exitcode"),
        exit_code=ExitCode.CHANGES,
        before=lambda stage, app: _edit(stage, app),
    ),
    Step("Apply without asking, as a pipeline does.", ("apply", "--auto-approve")),
    Step(
        "Somebody shrinks Support by hand, in the console. Drift is found: exit code 3.",
        ("drift",),
        exit_code=ExitCode.DRIFT,
        before=lambda stage, _: _tamper(stage),
    ),
    Step("Applying again puts it back.", ("apply", "--auto-approve")),
    Step("And all is as declared.", ("plan", "--detailed-exitcode")),
    Step(
        "Support is protected, and safety limits are on: destroying everything is refused with exit code 4.",
        ("destroy", "--auto-approve"),
        exit_code=ExitCode.BLOCKED,
    ),
)


@click.command("demo")
@click.pass_obj
def command(app: App) -> int:
    """Watch voiceform at work: plan, apply, change, drift; on this machine alone, and leaving nothing."""
    with _stage(app) as stage:
        for number, step in enumerate(STEPS, 1):
            _play(number, step, stage, app)
    _say(app, "\nThe demonstration is over; everything it made is gone again.", bold=True)
    return ExitCode.DONE


def _say(app: App, text: str, **style: Any) -> None:  # noqa: ANN401 - as click.style has it
    app.console.show(Shown(click.style(text, **style)) if app.color else text)


@contextmanager
def _stage(app: App) -> Iterator[Stage]:
    from voiceform.emulator import Emulator
    from voiceform.model.resource_files import example_folder

    try:
        emulator = Emulator().start()
    except ModuleNotFoundError as error:
        raise MissingExtraError("the demonstration", "emulator") from error
    folder = Path(tempfile.mkdtemp(prefix="voiceform-demo-"))
    try:
        shutil.copytree(example_folder("contact-center"), folder, dirs_exist_ok=True)
        environ = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": "demonstration",
            "VOICEFORM_BASE_URL": emulator.url,
            **{name: value for name, value in app.environ.items() if name in _SURROUNDINGS},
        }
        yield Stage(folder, emulator, environ)
    finally:
        emulator.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _play(number: int, step: Step, stage: Stage, app: App) -> None:
    from voiceform.cli.app import main

    if step.before is not None:
        step.before(stage, app)
    _say(app, f"\n[{number}/{len(STEPS)}] {step.why}", bold=True)
    _say(app, f"$ voiceform {' '.join(step.argv)}", fg="cyan")
    began = time.perf_counter()
    code = main(["-C", str(stage.folder), *step.argv], environ=stage.environ, clock=app.clock)
    _say(app, f"(exit code {code}, {time.perf_counter() - began:.1f} s)", dim=True)
    if app.stopping.number is not None:
        raise Interruption
    if code != step.exit_code:
        raise VoiceformError(
            f"step {number} ended with exit code {code}; it should end with {step.exit_code}",
            hint="this is a defect; please report it with the output above",
        )


def _edit(stage: Stage, app: App) -> None:
    path = stage.folder / "voiceform.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(_SALES_BEFORE, _SALES_AFTER), encoding="utf-8")
    _say(app, f"\n(voiceform.yaml is edited: sales has {_SALES_AFTER} now)", dim=True)


def _tamper(stage: Stage) -> None:
    """Change a queue as somebody in the console would: past voiceform, straight at the API."""
    import requests

    base = f"{stage.emulator.url}/2010-04-01/Accounts/{ACCOUNT}"
    login = (ACCOUNT, "demonstration")
    queues = requests.get(f"{base}/Queues.json", auth=login, timeout=10).json()["queues"]
    sid = next(queue["sid"] for queue in queues if queue["friendly_name"] == "Support")
    requests.post(
        f"{base}/Queues/{sid}.json", data={"MaxSize": "5"}, auth=login, timeout=10
    ).raise_for_status()
