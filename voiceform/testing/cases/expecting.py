"""What was expected of a step itself: how it ended, its plan, its findings. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from voiceform.model.case_report import Mismatch
from voiceform.model.document import Block
from voiceform.model.errors import ConfigurationError
from voiceform.model.exit_codes import ExitCode
from voiceform.testing.cases.comparing import Thing, all_of, contained
from voiceform.testing.cases.reading import Step
from voiceform.testing.cases.steps import Done


def ending(step: Step, done: Done) -> Mismatch | None:
    """Why the case cannot go on: the step did not end as it had to."""
    expect = step.expect if step.expect is not None else Block()
    code = _expected_code(step, done, expect)
    as_wanted = code is None or done.exit is None or done.exit == code
    if as_wanted and ("error" not in expect or done.error is not None):
        return None
    place = expect.value_position("exit") if "exit" in expect else step.position
    lacking = "error" in expect and done.error is None
    wanted = "an error" if code is None or lacking else f"exit code {code}"
    found = f"exit code {done.exit}"
    why = f": {words(done.error)}" if done.error is not None else ""
    return Mismatch(f"{step.word}: expected {wanted}, got {found}{why}", place)


def _expected_code(step: Step, done: Done, expect: Block) -> int | None:
    """The exit code that a step has to have; None where several will do."""
    if "exit" in expect:
        return int(expect["exit"])
    if expect.get("blocked"):
        return int(ExitCode.BLOCKED)
    if done.error is not None and "error" in expect:
        return None
    if isinstance(done.error, ConfigurationError) and "findings" in expect:
        return None
    looks = step.word in ("plan", "drift")
    return None if looks and done.exit in (ExitCode.CHANGES, ExitCode.DRIFT) else int(ExitCode.DONE)


def of_run(expect: Block, done: Done) -> Iterator[Mismatch]:
    """What is not as expected."""
    plan = done.plan
    if "impact" in expect:
        lines = [line for change in plan.changes for line in change.impact] if plan is not None else []
        yield from contained("impact", expect["impact"], lines, expect.value_position("impact"))
    if "error" in expect:
        yield from contained("error", [expect["error"]], [words(done.error)], expect.value_position("error"))
    for key, found in _things(done).items():
        if key in expect:
            yield from all_of(key, expect[key], found, expect.value_position(key))
    if "blocked" in expect and sorted(expect["blocked"]) != sorted(done.blocked):
        left = tuple(rule for rule in expect["blocked"] if rule not in done.blocked)
        more = tuple(rule for rule in done.blocked if rule not in expect["blocked"])
        yield Mismatch("blocked: not by these rules", expect.value_position("blocked"), left, more)


def _things(done: Done) -> Mapping[str, Sequence[Thing]]:
    plan = done.plan
    changes = plan.pending if plan is not None else ()
    drift = plan.drift if plan is not None else ()
    return {
        "changes": [
            {"address": str(item.address), "action": str(item.action), "reason": item.reason}
            for item in changes
        ],
        "drift": [{"address": str(item.address), "status": str(item.status)} for item in drift],
        "findings": [
            {"code": found.code, "severity": str(found.severity), "message": found.message}
            for found in done.findings
        ],
    }


def words(error: Exception | None) -> str:
    """What an error says, as one line."""
    return " ".join(str(error).split()) if error is not None else ""
