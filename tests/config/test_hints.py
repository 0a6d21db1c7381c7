"""What is said about the mistakes that people really make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.config.reading import brief, good, load, problems
from tests.support import Stack
from voiceform.config.text import UnreadableError, decode


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("max_size: +100", "write 100: digits alone, without quotes"),
        ("max_size: 1_000", "write 1000: digits alone"),
        ("max_size: '1,000'", "write 1000: digits alone"),
        ("max_size: 0x10", "write 16: digits alone"),
        ("max_size: 0o17", "write 15: digits alone"),
        ("max_size: 0100", "zeros in front"),
        ("protect: 'true'", "write true, without quotes"),
        ('protect: "False"', "write false, without quotes"),
        ("protect: Yes", "write true"),
        ("friendly_name: !vault abc", "put the value into the environment and write ${NAME}"),
        ("friendly_name: !ENV x", "${NAME}"),
    ],
)
def test_values(tmp_path: Path, line: str, hint: str) -> None:
    found = problems(tmp_path, f"version: 1\nqueues:\n  support:\n    {line}\n")
    assert hint in (found[0].hint or "")


def test_a_missing_blank_behind_a_colon(tmp_path: Path) -> None:
    [found] = problems(tmp_path, "version: 1\nqueues: {a: {max_size:5}}\n")
    assert found.hint == "write a space after the colon: max_size: 5"


@pytest.mark.parametrize("blank", ["\u00a0", "\u3000", "\u2009", "\u200b"])
@pytest.mark.parametrize(
    "text", ["queues:\n#a:\n    max_size: 1\n", "queues:\n  a:\n##max_size: 1\n", "#queues: {}\n"]
)
def test_blanks_that_are_none(tmp_path: Path, text: str, blank: str) -> None:
    found = problems(tmp_path, "version: 1\n" + text.replace("#", blank))
    assert any(f"U+{ord(blank):04X}" in str(one) for one in found)


def test_two_merges_are_one_list(tmp_path: Path) -> None:
    text = (
        "version: 1\nx-a: &a {max_size: 1}\nx-b: &b {protect: true}\nqueues:\n  q:\n    <<: *a\n    <<: *b\n"
    )
    [found] = problems(tmp_path, text)
    assert "<<: [*one, *other]" in (found.hint or "")


def test_an_end_mark_is_no_second_document(tmp_path: Path) -> None:
    for end in ("---\n", "...\n", "---\n...\n", "--- # end\n"):
        assert problems(tmp_path, f"---\nversion: 1\n{end}") == []
    for end in ("---\n---\n", "---\na: 1\n", "--- &a\n", "--- ''\n...\n--- 1\n"):
        assert brief(problems(tmp_path, f"version: 1\n{end}"))[0].endswith("several-documents")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_encodings_are_called_by_their_name(encoding: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        decode("version: 1\nqueues: {}\n".encode(encoding), "f.yaml")
    assert encoding[:6].upper() in caught.value.diagnostic.message
    assert caught.value.diagnostic.hint == "save the file as UTF-8"


def test_a_nul_is_not_to_be_escaped(tmp_path: Path) -> None:
    [found] = problems(tmp_path, "version: 1\nqueues: {a\0: {}}\n")
    assert "escape" not in (found.hint or "")


@pytest.mark.parametrize("name", ["A\U0001f600", "\U0001f600\U0001f601", "\\ud83d\\ude00", "a\\\\\U0001f600"])
def test_json_as_programs_write_it(tmp_path: Path, name: str) -> None:
    document = {"version": 1, "queues": {"a": {"friendly_name": name}}}
    for text in (json.dumps(document), json.dumps(document, indent=2)):
        (tmp_path / "voiceform.yaml").write_text(text)
        [queue] = load(tmp_path).desired.values()
        assert queue.attributes["friendly_name"] == name


def test_half_a_character_is_called_so(tmp_path: Path) -> None:
    for text in (
        '{"version": 1, "queues": {"a": {"friendly_name": "\\ud83d"}}}',
        'version: 1\nx-a: "\\ud83d\\ude00"\n',
    ):
        [found] = problems(tmp_path, text)
        assert "half a character" in found.message


def test_escapes_of_yaml_texts_are_left_alone() -> None:
    assert good("a: '\\ud83d\\ude00'\n")["a"] == "\\ud83d\\ude00"


def test_an_account_with_a_line_end(stack: Stack) -> None:
    stack.write("account: ${TWILIO_ACCOUNT_SID}\nqueues: {}\n")
    account = stack.environ["TWILIO_ACCOUNT_SID"]
    stack.ok("validate", environ={**stack.environ, "TWILIO_ACCOUNT_SID": f"{account}\n"})


def test_empty_options_mean_nothing_by_accident(stack: Stack) -> None:
    stack.queues(a=1)
    for argv in (["-f", "", "validate"], ["--base-url", "", "plan"]):
        assert stack.run(*argv).code == 64
    result = stack.run("plan", environ={**stack.environ, "VOICEFORM_BASE_URL": ""})
    assert result.code == 64
    assert "VOICEFORM_BASE_URL" in result.err


@pytest.mark.parametrize(
    "argv",
    [
        ("plan",),
        ("apply", "--auto-approve"),
        ("destroy", "--auto-approve"),
        ("drift",),
        ("prune", "--auto-approve"),
        ("dispatch", "--once"),
        ("state", "list"),
        ("lock", "show"),
        ("undo",),
        ("calls", "list"),
    ],
)
def test_an_empty_state_is_not_the_one_by_default(stack: Stack, argv: tuple[str, ...]) -> None:
    """A CI job gets an empty variable for a secret that it may not have: it must not begin with no state."""
    stack.queues(a=1)
    unset = stack.run(*argv, environ={**stack.environ, "VOICEFORM_STATE": ""})
    option = stack.run("--state", "", *argv)
    for result in (unset, option):
        assert result.code == 64
        assert "the state URL is empty" in result.err
        assert "--state or VOICEFORM_STATE" in result.err
    assert not stack.account.writes()
    assert not (stack.folder / ".voiceform").exists()
    stack.ok("validate", environ={**stack.environ, "VOICEFORM_STATE": ""})
