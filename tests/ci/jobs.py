"""What the tests of both kits say of the jobs that were run, and how they edit the stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Job(Protocol):
    """A job that was run."""

    @property
    def code(self) -> int:
        """How it ended."""

    @property
    def output(self) -> str:
        """What it printed."""


def codes(jobs: Mapping[str, Job]) -> dict[str, int]:
    """How each job ended."""
    return {name: job.code for name, job in jobs.items()}


def shown(jobs: Mapping[str, Job]) -> str:
    """Everything that the jobs printed, for a failing test."""
    return "\n".join(f"{name} ({job.code}):\n{job.output}" for name, job in jobs.items())


def edit(folder: Path, before: str, after: str) -> None:
    """Change a text that stands in the stack's voiceform.yaml."""
    path = folder / "voiceform.yaml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
