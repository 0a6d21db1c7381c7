"""The interface for Python: which names it has, and that to import it costs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import voiceform

PUBLIC = [
    "Account",
    "BlockedError",
    "Change",
    "ConfigurationError",
    "CredentialsError",
    "ExitCode",
    "Fleet",
    "FleetReport",
    "Listener",
    "LockedError",
    "Mode",
    "NotApprovedError",
    "Outcome",
    "Plan",
    "RunReport",
    "Stack",
    "StalePlanError",
    "Status",
    "TwilioError",
    "VoiceformError",
]
HEAVY = ("requests", "deepdiff", "jsonschema", "yaml", "rich", "phonenumbers", "click", "sqlite3", "uvicorn")


def loaded(code: str) -> set[str]:
    """The modules that are loaded after `code`, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_these_names_are_the_interface() -> None:
    assert voiceform.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(voiceform, name)
    assert found.__name__ == name
    assert found.__doc__
    assert name in dir(voiceform)


def test_no_other_name_is_made_up() -> None:
    with pytest.raises(AttributeError, match="module 'voiceform' has no attribute 'Stacks'"):
        voiceform.Stacks  # type: ignore[attr-defined] # noqa: B018 - to ask is the test


def test_errors_are_one_tree() -> None:
    for name in PUBLIC:
        if name.endswith("Error"):
            assert issubclass(getattr(voiceform, name), voiceform.VoiceformError)


def test_types_are_shipped() -> None:
    assert (Path(voiceform.__file__).parent / "py.typed").exists()


def test_importing_it_loads_nothing_of_it() -> None:
    modules = {name for name in loaded("import voiceform") if name.startswith("voiceform")}
    assert modules == {"voiceform", "voiceform.version"}


def test_making_a_stack_loads_nothing_heavy() -> None:
    modules = loaded("import voiceform; voiceform.Stack(); voiceform.Account; voiceform.Plan")
    assert modules.isdisjoint(HEAVY)
    assert "voiceform.engine.planner" not in modules
