"""How calls are placed: what is declared, what is recorded of it, and what is sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.call.specs import spec
from tests.kinds.call.test_parse import attributes, load, problems
from voiceform.config.load import load_configuration
from voiceform.kinds.call import CallKind
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic

HOOK = "https://example.com/x"
BYOC = "BY" + "0" * 32


def key(to: str) -> Key:
    return Key(datetime(2026, 3, 2, 12, tzinfo=UTC), to)


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ({"record": "true"}, {"record": True}),
        ({"recording": "{channels: dual}"}, {"record": True, "recording_channels": "dual"}),
        (
            {"record": "true", "recording": "{track: inbound, trim: do-not-trim, configuration: c}"},
            {
                "record": True,
                "recording_track": "inbound",
                "trim": "do-not-trim",
                "recording_configuration_id": "c",
            },
        ),
        (
            {"recording": f"{{callback: {{url: '{HOOK}', events: [absent], method: GET}}}}"},
            {
                "record": True,
                "recording_status_callback": HOOK,
                "recording_status_callback_event": ["absent"],
                "recording_status_callback_method": "GET",
            },
        ),
        ({"machine_detection": "Enable"}, {"machine_detection": "Enable"}),
        ({"machine_detection": "{mode: Enable, async: false}"}, {"machine_detection": "Enable"}),
        (
            {
                "machine_detection": "{mode: DetectMessageEnd, timeout: 20, speech_threshold: 2000,"
                " speech_end_threshold: 1000, silence_timeout: 3000}"
            },
            {
                "machine_detection": "DetectMessageEnd",
                "machine_detection_timeout": 20,
                "machine_detection_speech_threshold": 2000,
                "machine_detection_speech_end_threshold": 1000,
                "machine_detection_silence_timeout": 3000,
            },
        ),
        (
            {"machine_detection": f"{{mode: Enable, async: true, callback: {{url: '{HOOK}'}}}}"},
            {
                "machine_detection": "Enable",
                "async_amd": True,
                "async_amd_status_callback": HOOK,
                "async_amd_status_callback_method": "POST",
            },
        ),
        ({"send_digits": "'ww1#'"}, {"send_digits": "ww1#"}),
        ({"timeout": "20", "time_limit": "60"}, {"timeout": 20, "time_limit": 60}),
        ({"fallback": f"{{url: '{HOOK}'}}"}, {"fallback_url": HOOK, "fallback_method": "POST"}),
        ({"caller_id": "'+1 (212) 555-0102'"}, {"caller_id": "+12125550102"}),
        ({"call_reason": "Visit"}, {"call_reason": "Visit"}),
        ({"byoc": BYOC}, {"byoc": BYOC}),
    ],
)
def test_what_is_declared_is_sent(tmp_path: Path, declared: dict[str, str], sent: dict[str, Any]) -> None:
    found = attributes(tmp_path, **declared)
    request = spec(**found).request(key(found["to"][0]))
    assert {key: request[key] for key in request if key not in ("to", "from_", "twiml")} == sent


def test_what_is_not_declared_is_neither_kept_nor_sent(tmp_path: Path) -> None:
    found = attributes(tmp_path)
    assert set(spec(**found).request(key("+12125550101"))) == {"to", "from_", "twiml"}
    assert not {"timeout", "recording", "machine_detection", "status_callback", "fallback"} & set(found)


def warned(folder: Path, **settings: str) -> list[Diagnostic]:
    return list(load(folder, **settings).warnings)


@pytest.mark.parametrize(
    ("settings", "key", "words"),
    [
        ({"byoc": BYOC, "to": '"client:anna"'}, "byoc", "no phone number"),
        ({"client_notification_url": HOOK}, "client_notification_url", "no client: address"),
        ({"send_digits": "'1'", "machine_detection": "Enable"}, "machine_detection", "send_digits"),
        (
            {"machine_detection": f"{{mode: Enable, callback: {{url: '{HOOK}'}}}}"},
            "callback",
            "callback of machine_detection",
        ),
        (
            {"answer": f"{{application_sid: AP{'0' * 32}}}", "fallback": f"{{url: '{HOOK}'}}"},
            "fallback",
            "an application answers",
        ),
        (
            {"answer": f"{{application_sid: AP{'0' * 32}}}", "status_callback": f"{{url: '{HOOK}'}}"},
            "status_callback",
            "an application answers",
        ),
    ],
)
def test_what_twilio_would_ignore_is_told(
    tmp_path: Path, settings: dict[str, str], key: str, words: str
) -> None:
    (found,) = warned(tmp_path, **settings)
    assert found.code == "ignored-setting"
    assert words in found.message
    assert found.position is not None
    line = (tmp_path / "voiceform.yaml").read_text().splitlines()[found.position.line - 1]
    assert line[found.position.column - 1 :].startswith(key)


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        ({"record": "false", "recording": "{channels: dual}"}, "conflicting-keys", "record: false"),
        ({"caller_id": "client:anna"}, "invalid-number", "phone number too"),
        ({"caller_id": "anna"}, "invalid-number", "phone number too"),
        ({"caller_id": "'+1212555'"}, "invalid-number", "too short"),
        ({"caller_id": "'sip:nobody'"}, "invalid-number", "not a SIP"),
        ({"send_digits": "'12x'"}, "invalid-value", "must be 1 to 32"),
        ({"send_digits": f"'{'1' * 33}'"}, "invalid-value", "must be 1 to 32"),
        ({"time_limit": "0"}, "out-of-range", "1"),
        ({"time_limit": "86401"}, "out-of-range", "86"),
        ({"timeout": "601"}, "out-of-range", "600"),
        ({"recording": "{}"}, "out-of-range", "recording"),
        ({"recording": "{trim: some}"}, "invalid-value", "trim"),
        ({"recording": "{callback: {url: 'http://example.com'}}"}, "invalid-value", "https"),
        ({"machine_detection": "Yes"}, "invalid-value", "Enable"),
        ({"machine_detection": "{timeout: 20}"}, "missing-key", "mode"),
        ({"machine_detection": "{mode: Enable, timeout: 2}"}, "out-of-range", "3"),
        ({"machine_detection": "{mode: Enable, speech_threshold: 900}"}, "out-of-range", "1,?000"),
        ({"machine_detection": "{mode: Enable, asynk: true}"}, "unknown-key", "async"),
        ({"call_reason": f"'{'x' * 65}'"}, "out-of-range", "64"),
        ({"byoc": "BY1"}, "invalid-value", "BYOC"),
        ({"fallback": "{method: GET}"}, "missing-key", "url"),
        ({"sip_auth": "{username: u}"}, "missing-key", "password"),
        ({"sip_auth": "{username: u, password: hunter2}"}, "credential", "must not stand"),
        ({"sip_auth": "{username: u, password: '${NOTHING:-hunter2}'}"}, "credential", "must not stand"),
        ({"sip_auth": "{username: u, password: '${NOTHING}'}"}, "undefined-variable", "NOTHING"),
    ],
)
def test_what_is_refused(tmp_path: Path, settings: dict[str, str], code: str, words: str) -> None:
    found = problems(tmp_path, **settings)
    errors = [item for item in found if item.severity.value == "error"]
    assert [item.code for item in errors] == [code]
    assert errors[0].position is not None
    assert "hunter2" not in " ".join(map(str, found))
    assert words.replace(",?", "") in str(errors[0]).replace(",", "")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("${SIP_PASSWORD}", None),
        ("x${SIP_PASSWORD}", "credential"),
        ("${SIP_PASSWORD}${SIP_PASSWORD}", "credential"),
        ("${TWILIO_AUTH_TOKEN}", "credential"),
        ("${AWS_SECRET_ACCESS_KEY}", "credential"),
        ("${PGPASSWORD}", "credential"),
        ("${TWILIO_SIP_PASSWORD}", None),
        ("${SIP_PASSWORD:-none}", None),
    ],
)
def test_a_password_is_a_variable_and_nothing_else(tmp_path: Path, password: str, code: str | None) -> None:
    text = (
        'version: 1\ncalls:\n  one:\n    to: "sip:anna@example.com"\n    from: "+15017122661"\n'
        "    schedule: {at: 2026-12-01T09:00:00, timezone: UTC}\n    answer: {say: Hello}\n"
        f"    sip_auth: {{username: anna, password: '{password}'}}\n"
    )
    (tmp_path / "voiceform.yaml").write_text(text, encoding="utf-8")
    names = re.findall(r"\{(\w+)", password)
    environ = dict.fromkeys(names, "hunter2")

    def loaded() -> Any:
        kinds = (CallKind(Places(tmp_path)),)
        return load_configuration([], base_dir=tmp_path, environ=environ, kinds=kinds)

    if code is not None:
        with pytest.raises(Exception, match=r"belongs to|must not stand") as caught:
            loaded()
        assert "hunter2" not in str(caught.value)
        return
    item = loaded().desired[Address("call", "one")]
    assert item.attributes["sip_auth"] == {"username": "anna", "password_variable": names[0]}
    assert "hunter2" not in str(item)
    request = spec(**item.attributes).request(key("sip:anna@example.com"))
    assert request["sip_auth_password"] == f"${{{names[0]}}}"


def test_a_login_is_told_to_nobody_else() -> None:
    login = {"username": "anna", "password_variable": "SIP_PASSWORD"}
    found = spec(sip_auth=login, byoc=BYOC, client_notification_url=HOOK)
    keys = {"sip_auth_username", "sip_auth_password", "byoc", "client_notification_url"}
    assert keys & set(found.request(key("+12125550101"))) == {"byoc"}
    assert keys & set(found.request(key("client:anna"))) == {"client_notification_url"}
    assert keys & set(found.request(key("sip:a@b.example"))) == {"sip_auth_username", "sip_auth_password"}
    assert keys & set(found.request(key("sips:a@b.example"))) == {"sip_auth_username", "sip_auth_password"}
