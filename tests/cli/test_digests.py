"""No digest that is printed gives back what is masked; and both jobs of a pull request agree on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.declared import VOCABULARY
from tests.support import Stack
from voiceform.model.plan_codec import document_digest, plan_from_document, review_digest
from voiceform.model.resource import fingerprint

CALL = """calls:
  reminder:
    to: "+1212555{last}"
    from: "+15017122661"
    schedule: {{at: 2036-12-01T09:00:00, timezone: America/New_York}}
    answer: {{say: hello}}
"""
_DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{16}")
FORMATS = ("text", "json", "markdown", "html")


def reviewed(stack: Stack) -> str:
    digest: str = stack.ok("plan", "--format", "json").json["review_digest"]
    return digest


def secret(stack: Stack) -> str:
    found: str = stack.ok("state", "pull").json["secret"]
    return found


@pytest.fixture
def applied(stack: Stack) -> Stack:
    stack.queues(support=100)
    stack.apply()
    stack.write("queues:\n  support: {max_size: 100}\n" + CALL.format(last="0101"))
    return stack


def test_what_is_printed_is_keyed_with_the_secret_of_the_state(applied: Stack) -> None:
    file = applied.folder / "p.json"
    applied.ok("plan", "--out", str(file))
    document = json.loads(file.read_text())
    plan = plan_from_document(document, VOCABULARY)
    guessed = {
        document_digest(document),
        review_digest(plan, None),
        *(change.fingerprint for change in plan.changes if change.fingerprint),
        *(fingerprint(change.after) for change in plan.changes),
    }
    assert document["review_digest"] == review_digest(plan, secret(applied))
    for form in FORMATS:
        for command in (["plan"], ["show", str(file)]):
            printed = applied.ok(*command, "--format", form).out
            found = {item.removeprefix("sha256:") for item in guessed}
            assert found.isdisjoint(_DIGEST.findall(printed)), (command, form)
            assert secret(applied) not in printed


def test_the_digest_of_the_configuration_does_not_tell_masked_numbers_apart(applied: Stack) -> None:
    one = applied.ok("plan", "--format", "json").json["config"]["digest"]
    applied.write("queues:\n  support: {max_size: 100}\n" + CALL.format(last="0101"))
    applied.write((applied.folder / "voiceform.yaml").read_text().replace("+12125550101", "+12126660101"))
    assert applied.ok("plan", "--format", "json").json["config"]["digest"] == one


def test_another_number_is_another_digest_and_another_state_too(applied: Stack, tmp_path: Path) -> None:
    first = reviewed(applied)
    assert reviewed(applied) == first
    text = (applied.folder / "voiceform.yaml").read_text()
    applied.write(text.replace("+12125550101", "+12126660101"))
    assert reviewed(applied) != first
    assert applied.run("apply", "--auto-approve", "--expect-digest", first).code == 6
    applied.write(text)
    applied.apply("--expect-digest", first)


def test_before_the_first_apply_the_digest_is_of_what_is_shown(stack: Stack) -> None:
    stack.write(CALL.format(last="0101"))
    first = reviewed(stack)
    stack.write(CALL.format(last="0101").replace("+12125550101", "+12126660101"))
    assert reviewed(stack) == first
    stack.write(CALL.format(last="0101").replace("+12125550101", "+12125550199"))
    assert reviewed(stack) != first
    assert stack.run("apply", "--auto-approve", "--expect-digest", first).code == 6
    stack.apply("--expect-digest", reviewed(stack))


def test_a_pulled_and_pushed_state_keeps_its_secret(applied: Stack) -> None:
    before = secret(applied)
    pulled = applied.ok("state", "pull").json
    assert re.fullmatch("[0-9a-f]{64}", before)
    (applied.folder / "pushed.json").write_text(json.dumps({**pulled, "serial": pulled["serial"] + 5}))
    applied.ok("state", "push", str(applied.folder / "pushed.json"))
    assert secret(applied) == before
    del pulled["secret"], pulled["digest"]
    (applied.folder / "older.json").write_text(json.dumps({**pulled, "serial": pulled["serial"] + 9}))
    applied.ok("state", "push", str(applied.folder / "older.json"))
    assert secret(applied) == before


def test_a_file_may_not_claim_the_digest_of_another_plan(applied: Stack) -> None:
    file = applied.folder / "p.json"
    applied.ok("plan", "--out", str(file))
    document = json.loads(file.read_text())
    document["review_digest"] = wanted = f"review:{'0' * 64}"
    document["digest"] = document_digest(document)
    file.write_text(json.dumps(document))
    assert applied.run("apply", str(file), "--expect-digest", wanted).code == 6


def test_a_printed_plan_cannot_be_applied(applied: Stack) -> None:
    printed = applied.ok("plan", "--format", "json").out
    (applied.folder / "printed.json").write_text(printed)
    done = applied.run("apply", "--auto-approve", "printed.json")
    assert done.code == 1
    assert "printed for people" in done.err
