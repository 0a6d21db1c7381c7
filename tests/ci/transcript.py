"""A recorded run of the pull-request flow: a developer's shell and GitHub's jobs, from `init` to an apply.

`python -m tests.ci.transcript` writes docs/pull-request.md anew; a test compares the page with a run.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.ci.github import GitHub, JobRun, Pull
from tests.support import Account
from tests.warm.programs import started
from voiceform.emulator import Emulator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pull-request.md"

_BEGIN = """\
# A pull request, recorded

Everything on this page was printed by a run of the kit that `voiceform init --ci github` writes: real
commits, the workflows' own shell steps, and the [emulator](emulator.md) in place of the account. A test
runs it again and compares. Hashes, SIDs and times are replaced by stand-ins, the same one for the same
value. What the parts are for is told in [Review and apply in GitHub](github.md).
"""
_STAND_INS = [
    re.compile(r"(?<=review:)[0-9a-f]{64}"),
    re.compile(r"\b[0-9a-f]{40}\b"),
    re.compile(r"(?<=\bQU)[0-9a-f]{32}\b"),
    re.compile(r"(?<=`)[0-9a-f]{16}(?=`)"),
]
_MADE = re.compile(r"\w+\.\S+: (?:created|updated|deleted)\b")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Transcript:
    """Collects what was typed and what was printed."""

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._parts = [_BEGIN]

    def say(self, text: str) -> None:
        """A sentence, or a heading, between the blocks."""
        self._parts.append(f"{text}\n")

    def type(self, *commands: str) -> None:
        """Run commands in the developer's clone."""
        lines = [line for command in commands for line in (f"$ {command}", self._github.shell(command))]
        self._block("console", "\n".join(line.rstrip() for line in lines if line))

    def jobs(self, jobs: Mapping[str, JobRun]) -> None:
        """What the jobs of one run printed."""
        self._block("text", "\n".join(line for job in jobs.values() for line in _job(job)))

    def comment(self) -> None:
        """The newest comment as it was posted."""
        self._block("markdown", str(self._github.kept("comments")[-1]["body"]).rstrip())

    def summary(self, job: JobRun) -> None:
        """What a job wrote for the page of its run."""
        self._block("markdown", job.summary.rstrip())

    def text(self) -> str:
        """The page, with stand-ins."""
        text = _INSTANT.sub("2026-12-01T09:00:00Z", "\n".join(self._parts))
        text = text.replace(str(self._github.folder), "")
        for pattern in _STAND_INS:
            text = _stood_in(pattern, text)
        return text

    def _block(self, language: str, body: str) -> None:
        self._parts.append(f"````{language}\n{body}\n````\n")


def _stood_in(pattern: re.Pattern[str], text: str) -> str:
    """The text with each distinct match replaced by its number, repeated to the same length."""
    seen: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        found = seen.setdefault(match[0], len(seen) + 1)
        return (str(found) * len(match[0]))[: len(match[0])]

    return pattern.sub(number, text)


def _job(job: JobRun) -> Iterator[str]:
    yield f"{'✓' if job.code == 0 else '✗'} {job.name}"
    for step in job.steps:
        yield f"  {'✓' if step.code == 0 else f'✗ (exit {step.code})'} {step.name}"
        yield from (f"      {line}".rstrip() for line in _in_order(step.output.splitlines()))


def _in_order(lines: list[str]) -> Iterator[str]:
    """The lines, with those of changes that were made side by side, and ended in any order, by address."""
    for made, group in itertools.groupby(lines, lambda line: _MADE.match(line) is not None):
        together = list(group)
        yield from sorted(together) if made else together


def record(folder: Path, emulator: Emulator, programs: Path) -> str:
    """Run the flow in an empty folder, and write it down."""
    github = GitHub(folder, emulator.url, f"sqlite:///{folder}/state.db", programs)
    account = Account(emulator)
    page = Transcript(github)
    page.say("## A new stack")
    page.type(
        "git checkout -q -b support-queue",
        "voiceform init",
        "cat voiceform.yaml",
        "git add -A",
        "git commit -q -m 'Declare the support queue'",
        "git push -q origin support-queue",
    )
    pull = Pull(1, "support-queue")
    page.say("Pull request 1 is opened. The jobs validate and plan; the plan's client cannot write.")
    page.jobs(github.pull_request(pull))
    page.say("The comment on the pull request:")
    page.comment()
    page.say("It is approved and merged. The job applies what was reviewed:")
    page.jobs(github.merge(pull))
    page.say("## A change that callers will feel")
    page.say(
        "Meanwhile twelve people wait in the queue. Somebody makes it smaller, and declares a second one:"
    )
    sid = account.queues()["Support"]["sid"]
    emulator.clock(frozen=True)
    for number in range(12):
        waiting = "<Response><Enqueue>Support</Enqueue></Response>"
        account.post("Calls.json", To=f"+1555867{number:04}", From="+15017122661", Twiml=waiting)
    emulator.clock_advance("2m")
    page.type(
        "git checkout -q -b smaller main",
        "sed -i 's/max_size: 100/max_size: 10/' voiceform.yaml",
        "printf '  sales: {friendly_name: Sales, max_size: 50}\\n' >> voiceform.yaml",
        "git commit -q -a -m 'Make room for sales'",
        "git push -q origin smaller",
    )
    pull = Pull(2, "smaller")
    page.say("Pull request 2:")
    page.jobs(github.pull_request(pull))
    page.comment()
    page.say(
        "Before it is merged, somebody changes the same queue in the Console, to 150 places. That was not"
        " reviewed, so the merge applies nothing:"
    )
    account.post(f"Queues/{sid}.json", MaxSize=150)
    refused = github.merge(pull)
    page.jobs(refused)
    page.say("The job's summary shows what would be done now:")
    page.summary(refused["apply"])
    page.say("Somebody reads it, agrees, and starts the workflow by hand with that digest:")
    digest = re.findall(r"review:[0-9a-f]{64}", refused["apply"].summary)[-1]
    page.say(f"````console\n$ gh workflow run voiceform.yml -f digest={digest}\n````")
    page.jobs(github.dispatch("voiceform", digest=digest))
    return page.text()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary, Emulator() as emulator, started() as programs:
        PAGE.write_text(record(Path(temporary) / "recorded", emulator, programs), encoding="utf-8")
