"""What tests of a user's own are given: an account, its time, stacks about it, and fixtures of pytest."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import requests

import voiceform
from voiceform.testing import Emulator, ManualClock

ROOT = Path(__file__).resolve().parents[2]
CALLS = """version: 1
calls:
  reminder:
    to: "+12125550101"
    from: "+15017122661"
    schedule: {at: 2026-01-01T04:00:00, timezone: America/New_York}
    answer: {say: Hello}
"""
PLUGIN = "voiceform.testing.plugin"


def run_pytest(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    """Run a test file of a user's, with the plugin as an installation has it."""
    (folder / "test_mine.py").write_text(text, encoding="utf-8")
    # An environment that was made before the plugin does not know of it.
    known = any(found.value == PLUGIN for found in entry_points(group="pytest11"))
    options = ["-q", "-p", "no:cacheprovider", *([] if known else ["-p", PLUGIN])]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", folder, folder],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stack_is_tried_on_an_account_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\nqueues: {support: {max_size: 50}}\n")
    with Emulator() as emulator:
        stack = voiceform.Stack(folder=tmp_path, account=emulator.account, environ={}, clock=emulator.time)
        stack.apply(stack.plan())
        assert [entry["params"]["MaxSize"] for entry in emulator.requests("createQueue")] == ["50"]


def test_two_emulators_take_a_port_each() -> None:
    with Emulator() as one, Emulator() as other:
        assert one.url != other.url


def test_the_account_and_the_stack_have_one_time(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text(CALLS)
    begin = datetime(2026, 1, 1, 8, 59, tzinfo=UTC)
    with Emulator(start=begin) as emulator:
        stack = voiceform.Stack(folder=tmp_path, account=emulator.account, environ={}, clock=emulator.time)
        stack.apply(stack.plan())
        assert stack.dispatch_once().exit_code is voiceform.ExitCode.DONE
        assert not emulator.requests("createCall")
        emulator.clock_advance("1m")
        assert emulator.time.now() == begin + timedelta(minutes=1)
        stack.dispatch_once()
        assert [entry["params"]["To"] for entry in emulator.requests("createCall")] == ["+12125550101"]


@pytest.mark.parametrize("move", ["emulator", "clock", "sleep"])
def test_whichever_is_moved_the_other_follows(move: str) -> None:
    with Emulator() as emulator:
        begin = emulator.time.now()
        if move == "emulator":
            emulator.clock_advance("1h")
        elif move == "clock":
            emulator.time.set(begin + timedelta(hours=1))
        else:
            emulator.time.sleep(3600)
        found = emulator.clock()
        assert datetime.fromisoformat(found["now"]) == emulator.time.now() == begin + timedelta(hours=1)
        assert found["frozen"]
        emulator.reset()
        assert datetime.fromisoformat(emulator.clock()["now"]) == emulator.time.now() == begin


def test_without_the_extra_the_command_is_named() -> None:
    begin = "import sys; sys.modules['uvicorn'] = None"
    code = f"{begin}; from voiceform.testing import Emulator; Emulator().start()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtraError" in done.stderr
    assert "pip install 'voiceform[emulator]'" in done.stderr


def test_a_manual_clock_is_one() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.sleep(60)
    assert clock.now() == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def test_the_plugin_is_declared() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert document["project"]["entry-points"]["pytest11"] == {"voiceform": PLUGIN}


def test_the_fixtures_are_there(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "prod").mkdir(parents=True)
    (folder / "prod/voiceform.yaml").write_text(
        "version: 1\naccount: ${TWILIO_ACCOUNT_SID}\n"
        "queues: {support: {max_size: 50, friendly_name: '${NAME}'}}\n"
    )
    (folder / "prod/.hidden").write_text("kept at home")
    done = run_pytest(
        folder,
        """
from pathlib import Path

import pytest
import voiceform

TEXT = "version: 1\\nqueues: {a: {max_size: 1}}\\n"


def test_text(twilio_emulator, voiceform_stack):
    stack = voiceform_stack(TEXT)
    stack.apply(stack.plan())
    assert not voiceform_stack(TEXT).plan().pending
    assert voiceform_stack(TEXT.replace("max_size: 1", "max_size: 2")).plan().pending
    assert len(twilio_emulator.requests("createQueue")) == 1


@pytest.mark.parametrize("path", ["prod", "prod/voiceform.yaml"])
def test_files(twilio_emulator, voiceform_stack, path):
    assert not twilio_emulator.requests()  # each test has an account without anything
    home = Path(__file__).parent
    stack = voiceform_stack(home / path, environ={"NAME": "Help"})
    stack.apply(stack.plan())
    (request,) = twilio_emulator.requests("createQueue")
    assert request["params"]["FriendlyName"] == "Help"
    assert sorted(file.name for file in (home / "prod").iterdir()) == [".hidden", "voiceform.yaml"]
    assert not (stack.parts.folder / ".hidden").exists()


def test_a_path_is_no_text(voiceform_stack):
    with pytest.raises(ValueError, match="Path"):
        voiceform_stack("voiceform.yaml")
""",
    )
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_pytest_runs_the_cases_of_yaml_files(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "tests").mkdir(parents=True)
    (folder / "voiceform.yaml").write_text("version: 1\nqueues: {support: {}, sales: {}}\n")
    (folder / "tests/a.voiceform.yaml").write_text(
        "version: 1\ncases:\n"
        "  - {name: queues are made, when: [apply], expect: {queues: 2}}\n"
        "  - {name: nobody is phoned, when: [apply], expect: {calls: [{to: '+12125550101'}]}}\n"
    )
    (folder / "tests/b.voiceform.yaml").write_text("version: 1\ncases: [{nme: a}]\n")
    done = run_pytest(folder, "def test_other(): pass\n")
    assert done.returncode == 2, done.stdout  # pytest's code for files that cannot be collected
    assert "unknown key 'nme'" in done.stdout
    (folder / "tests/b.voiceform.yaml").unlink()
    done = run_pytest(folder, "def test_other(): pass\n")
    assert done.returncode == 1
    assert "2 passed" in done.stdout
    assert "1 failed" in done.stdout
    assert "calls: expected 1, there are none" in done.stdout
    assert "a.voiceform.yaml:4:" in done.stdout
    assert "- {to: +1•••••0101}" in done.stdout


def test_pytest_starts_no_slower_for_it() -> None:
    code = f"import sys, {PLUGIN}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if name.startswith("voiceform")} == {
        "voiceform",
        "voiceform.testing",
        "voiceform.testing.plugin",
        "voiceform.version",
    }


def test_the_emulated_account_answers_others_too() -> None:
    with Emulator() as emulator:
        account = emulator.account
        url = f"{emulator.url}/2010-04-01/Accounts/{account.sid}/Queues.json"
        answer = requests.get(url, auth=(account.sid, account.credentials.password), timeout=10)
        assert answer.json()["queues"] == []
