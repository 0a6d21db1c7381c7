"""`${NAME}` at its place: its type, credentials, and what messages say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.config.reading import brief, load, problems
from tests.support import Stack
from voiceform.config.references import is_credential
from voiceform.kinds.call import CallKind
from voiceform.kinds.conference import ConferenceKind
from voiceform.kinds.queue import QueueKind
from voiceform.kinds.userfiles import Places

ENVIRON = {"N": "7", "T": "true", "WORD": "hush-hush", "ENDED": "7\n", "EMPTY": "", "LONG": "0042"}


def queue(folder: Path, text: str) -> Any:
    (folder / "voiceform.yaml").write_text(f"version: 1\n{text}")
    [desired] = load(folder, environ=ENVIRON).desired.values()
    return desired


@pytest.mark.parametrize("written", ["{max_size: '${N}'}", '{max_size: "${N}"}', '{"max_size":"${NO:-7}"}'])
def test_a_number_in_flow_style(tmp_path: Path, written: str) -> None:
    assert queue(tmp_path, f"queues: {{a: {written}}}\n").attributes["max_size"] == 7


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ("max_size: ${N}", "max_size", 7),
        ("max_size: '${ENDED}'", "max_size", 7),
        ("friendly_name: ${N}", "friendly_name", "7"),
        ("friendly_name: '${N}'", "friendly_name", "7"),
        ("friendly_name: ${T}", "friendly_name", "true"),
        ("friendly_name: '${LONG}'", "friendly_name", "0042"),
        ("friendly_name: a${N}", "friendly_name", "a7"),
    ],
)
def test_the_schema_says_the_type(tmp_path: Path, body: str, name: str, value: Any) -> None:
    found = queue(tmp_path, f"queues:\n  a:\n    {body}\n").attributes[name]
    assert (found, type(found)) == (value, type(value))


def test_booleans_words_and_nothing(tmp_path: Path) -> None:
    assert queue(tmp_path, "queues: {a: {protect: '${T}'}}\n").protect is True
    text = "account: '${EMPTY}'\nsafety: {max_deletes: '${N}'}\nx-n: &n '${N}'\nqueues: {a: {max_size: *n}}\n"
    (tmp_path / "voiceform.yaml").write_text(f"version: '${{ONE}}'\n{text}")
    configuration = load(tmp_path, environ={**ENVIRON, "ONE": "1"})
    assert configuration.account is None
    assert configuration.safety.max_deletes == 7
    assert [item.attributes["max_size"] for item in configuration.desired.values()] == [7]


def test_words_beside_booleans(tmp_path: Path) -> None:
    for written, beep in (("'${T}'", True), ("${T}", True), ("'${ENTER}'", "on-enter")):
        (tmp_path / "voiceform.yaml").write_text(
            f"version: 1\nconferences: {{a: {{settings: {{beep: {written}}}}}}}\n"
        )
        if written == "${T}":
            (tmp_path / "voiceform.yaml").write_text(
                "version: 1\nconferences:\n a:\n  settings:\n   beep: ${T}\n"
            )
        found = load(
            tmp_path, environ={**ENVIRON, "ENTER": "on-enter"}, kinds=[QueueKind(), ConferenceKind()]
        )
        [item] = found.desired.values()
        assert item.attributes["settings"]["beep"] == beep


@pytest.mark.parametrize("written", ["'${WORD}'", "${WORD}", "'${N}${N}x'"])
def test_a_wrong_type_names_the_variable_and_not_the_value(tmp_path: Path, written: str) -> None:
    [found] = problems(tmp_path, f"version: 1\nqueues:\n  a:\n    max_size: {written}\n", ENVIRON)
    assert brief([found]) == ["4:15 wrong-type"]
    name = "WORD" if "WORD" in written else "N"
    assert f"its value comes from ${{{name}}}" in found.message
    assert found.hint == f"correct {name}, or what sets it"
    assert "hush" not in str(found)


def test_an_unquoted_reference_in_braces_says_what_to_write(tmp_path: Path) -> None:
    [found] = problems(tmp_path, "version: 1\nqueues: {a: {max_size: ${N}}}\n", ENVIRON)
    assert "put ${NAME} in quotes" in (found.hint or "")


CREDENTIALS = (
    "TWILIO_AUTH_TOKEN TWILIO_API_SECRET TWILIO_API_KEY AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN "
    "AWS_ACCESS_KEY_ID AZURE_STORAGE_KEY AZURE_CLIENT_SECRET AZURE_STORAGE_ACCOUNT_KEY "
    "AZURE_STORAGE_CONNECTION_STRING PGPASSWORD GOOGLE_APPLICATION_CREDENTIALS VOICEFORM_STATE "
    "GITHUB_TOKEN CI_JOB_TOKEN DB_PASSWORD STRIPE_SECRET SIGNING_KEY MYSQL_PWD GH_PAT NPM_AUTH "
    "DATABASE_URL SENTRY_DSN npm_token authToken MY_APIKEY SMTP_PASS TOKEN SSH_PRIVATE_KEY "
    "CI_JOB_JWT_V2 SECRETS_FILE PASSWORD2 REDIS_URL apiKey TLS_KEY_FILE DJANGO_SECRET_KEY "
    "MONGODB_URI"
)


@pytest.mark.parametrize("name", CREDENTIALS.split())
@pytest.mark.parametrize(
    "written",
    ["friendly_name: ${%s}", "friendly_name: 'a ${%s}'", "friendly_name: ${%s:-x}", "nope: [x, '${%s}']"],
)
def test_credentials_are_refused(tmp_path: Path, name: str, written: str) -> None:
    text = f"version: 1\nqueues:\n  a:\n    {written % name}\n"
    found = problems(tmp_path, text, {name: "s3cr3t-value"})
    assert "credential" in [one.code for one in found]
    assert all("s3cr3t" not in str(one) for one in found)
    refused = next(one for one in found if one.code == "credential")
    assert f"${{{name}}}" in refused.message
    assert refused.hint


@pytest.mark.parametrize("text", ["x-a: &a ${GITHUB_TOKEN}\n", "x-a: [{b: '${GITHUB_TOKEN}'}]\n"])
def test_credentials_are_refused_in_extensions(tmp_path: Path, text: str) -> None:
    assert brief(problems(tmp_path, f"version: 1\n{text}", {"GITHUB_TOKEN": "x"}))[0].endswith("credential")


OTHERS = "TWILIO_ACCOUNT_SID ENV REGION QUEUE_SIZE STAGE HOME HOST TEAM KEYBOARD MONKEY AUTHOR TIMEZONE"


@pytest.mark.parametrize("name", OTHERS.split())
def test_other_names_are_no_credentials(name: str) -> None:
    assert not is_credential(name)


def test_no_credential_reaches_plan_or_account(stack: Stack) -> None:
    stack.write('queues: {a: {friendly_name: "${TWILIO_AUTH_TOKEN}"}}')
    for command in (["validate"], ["plan"], ["plan", "--format", "json"], ["apply", "--auto-approve"]):
        result = stack.run(*command)
        assert result.code == 1
        assert stack.environ["TWILIO_AUTH_TOKEN"] not in result.out + result.err
    assert stack.account.writes() == []


@pytest.mark.parametrize(
    ("body", "kinds_word"),
    [
        ("schedule: {at: 2026-12-01T09:00:00, timezone: '${X}'}", "IANA"),
        ("schedule: {at: '${X}', timezone: Europe/Berlin}", ""),
        ("schedule: {cron: '${X}', timezone: Europe/Berlin}", ""),
        ("schedule: {rrule: '${X}', dtstart: 2026-12-01T09:00:00, timezone: Europe/Berlin}", ""),
    ],
)
def test_messages_of_kinds_do_not_repeat_the_environment(tmp_path: Path, body: str, kinds_word: str) -> None:
    text = (
        "version: 1\ncalls:\n  a:\n    to: '+15558675310'\n    from: '+15017122661'\n"
        f"    answer: {{say: hello}}\n    {body}\n"
    )
    (tmp_path / "voiceform.yaml").write_text(text)
    with pytest.raises(Exception, match="configuration has") as caught:
        load(
            tmp_path,
            environ={"X": "Hush/Hush-1234"},
            kinds=[QueueKind(), ConferenceKind(), CallKind(Places(tmp_path))],
        )
    found = caught.value.diagnostics  # type: ignore[attr-defined]
    assert found
    assert all("Hush" not in str(one) for one in found)
    assert any(kinds_word in one.message for one in found)
