"""Scenes on a terminal that are shown in docs/, and what somebody sees in the first five minutes.

`make screenshots` plays them and writes the pictures and the transcript.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.terminal.picture import screenshot
from tests.terminal.terminal import Terminal
from voiceform.emulator import Emulator

ROOT = Path(__file__).parents[2]
TRANSCRIPT = Path(__file__).with_name("first-minutes.txt")
ACCOUNT = "AC" + "0" * 28 + "0001"

CONFIGURATION = """version: 1
account: ${TWILIO_ACCOUNT_SID}
name: Acme production
safety: {max_recording_deletes: 5000, max_delete_percent: 100}
queues:
  support: {friendly_name: Support, max_size: 200}
  sales: {max_size: 50}
retention:
  recordings:
    - {name: calls, match: {min_duration: 1s}, keep: 90d}
"""
RECORDINGS = 1_789


class Stage:
    """A folder with a configuration, and an emulated account."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self.emulator = emulator
        self.environ: Mapping[str, str] = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": "demonstration",
            "VOICEFORM_BASE_URL": emulator.url,
            "VOICEFORM_STATE": f"sqlite:///{folder}/state.db",
        }
        (folder / "voiceform.yaml").write_text(CONFIGURATION, encoding="utf-8")
        long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(days=200)
        emulator.seed(
            {
                "queues": [{"friendly_name": "Support", "max_size": 100, "current_size": 12}],
                "recordings": [
                    {"date_created": (long_ago - timedelta(hours=number)).isoformat(), "duration": 488}
                    for number in range(RECORDINGS)
                ],
            }
        )

    def play(self, *argv: str, columns: int = 100, rows: int = 40) -> Terminal:
        """A command on a terminal."""
        return Terminal(self.folder, self.environ, *argv, columns=columns, rows=rows)


def plan(stage: Stage) -> Terminal:
    """A plan."""
    terminal = stage.play("plan")
    assert terminal.end() == 0
    return terminal


def question(stage: Stage) -> Terminal:
    """The question before recordings are destroyed."""
    return stage.play("apply").until("Only 'yes' is accepted:")


def status(stage: Stage) -> Terminal:
    """How a stack stands, whose queues were just applied."""
    assert stage.play("apply", "--auto-approve", "--target", "queue.*").end() == 0
    terminal = stage.play("status")
    assert terminal.end() == 0
    return terminal


def progress(stage: Stage) -> Terminal:
    """Deletions while they are going on."""
    slow = {"operation": "deleteRecording", "times": 99_999, "kind": "latency", "delay_ms": 40}
    stage.emulator.faults([slow])
    terminal = stage.play("apply", "--auto-approve").until("deleting")
    return terminal.until(lambda: bool(re.search(r"\b([3-9]\d\d|1\d{3})/1789", terminal.text)))


def transcript(folder: Path, emulator: Emulator) -> str:
    """What somebody sees who takes a folder of their own from nothing to two queues, and down again."""
    environ = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "demonstration",
        "VOICEFORM_BASE_URL": emulator.url,
    }
    told: list[str] = []

    def play(line: str, answers: Sequence[str] = (), code: int = 0) -> None:
        terminal = Terminal(folder, environ, *line.split())
        for answer in answers:
            terminal.until("Only 'yes' is accepted:").type(answer)
        assert terminal.end() == code, terminal.text
        told.append(f"$ voiceform {line}\n{terminal.unbroken}")

    yaml = folder / "voiceform.yaml"
    play("plan", code=1)
    play("init")
    yaml.write_text("version: 1\nname: Acme staging\nqueues:\n  support: {max_sise: 100}\n", encoding="utf-8")
    play("validate", code=1)
    yaml.write_text(yaml.read_text().replace("max_sise", "max_size"), encoding="utf-8")
    play("aply", code=64)
    play("plan")
    play("apply", ["yes\n"])
    play("plan --detailed-exitcode")
    yaml.write_text(yaml.read_text() + "  sales: {max_size: 50}\n", encoding="utf-8")
    play("apply", ["\x03"], code=130)
    play("apply --color=never", ["yes\n"])
    play("state list")
    play("destroy --approve delete:queue=2 --parallelism 1", ["yes\n"])
    return told_the_same("\n".join(told), folder)


def told_the_same(text: str, folder: Path) -> str:
    """The text without what differs from run to run."""
    text = re.sub(r"QU[0-9a-f]{32}", "QU" + "0" * 32, text)
    text = re.sub(r" in \d+ seconds?\.", ".", text)
    return text.replace(str(folder), "/home/you/voice")


def write(docs: Path) -> None:
    """Write the pictures below `docs`, and the transcript."""
    with ExitStack() as stack:
        for name, scene, command in (
            ("plan", plan, "voiceform plan"),
            ("question", question, "voiceform apply"),
            ("progress", progress, "voiceform apply --auto-approve"),
            ("status", status, "voiceform status"),
        ):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voiceform-")))
            terminal = scene(Stage(folder, stack.enter_context(Emulator())))
            screenshot(terminal, docs / f"{name}.png", command=command)
            terminal.type("\x03").end()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voiceform-")))
        TRANSCRIPT.write_text(transcript(folder, stack.enter_context(Emulator())), encoding="utf-8")


if __name__ == "__main__":
    write(ROOT / "docs" / "images")
