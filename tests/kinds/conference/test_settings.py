"""Every attribute of <Conference>, in words of the configuration."""

from __future__ import annotations

import inspect
import xml.etree.ElementTree as ET
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from twilio.twiml.voice_response import Dial  # type: ignore[import-untyped]

from voiceform.config.schema import ConfigSchema
from voiceform.kinds.conference.settings import (
    SETTINGS,
    participant_parameters,
    render_conference,
)
from voiceform.kinds.twiml import check_twiml
from voiceform.twilio.parameters import CreateParticipant

EVERYTHING: dict[str, Any] = {
    "muted": True,
    "beep": "on-exit",
    "start_conference_on_enter": False,
    "end_conference_on_exit": True,
    "wait_url": "",
    "wait_method": "GET",
    "max_participants": 40,
    "record": "record-from-start",
    "recording_configuration_id": "rc",
    "region": "ie1",
    "coach": "CA" + "0" * 32,
    "trim": "do-not-trim",
    "status_callback": "https://example.com/s?a=1&b=2",
    "status_callback_method": "GET",
    "status_callback_event": ["start", "end", "join"],
    "recording_status_callback": "https://example.com/r",
    "recording_status_callback_method": "GET",
    "recording_status_callback_event": ["in-progress", "completed"],
    "event_callback_url": "https://example.com/e",
    "jitter_buffer_size": "small",
    "participant_label": "moderator",
}


def conference_of(document: str) -> ET.Element:
    found = ET.fromstring(document.encode()).find("Dial/Conference")
    assert found is not None
    return found


def schema_settings() -> dict[str, Any]:
    definition = ConfigSchema.load().root["$defs"]["conference"]
    properties: dict[str, Any] = definition["properties"]["settings"]["properties"]
    return properties


def test_the_table_the_schema_and_the_helper_library_name_the_same_settings() -> None:
    library = set(inspect.signature(Dial.conference).parameters) - {"self", "name", "kwargs"}
    assert set(SETTINGS) == set(schema_settings()) == library == set(EVERYTHING)


def test_the_document_is_the_one_that_the_helper_library_renders() -> None:
    library = Dial()
    library.conference(
        "standup",
        **{
            **EVERYTHING,
            "beep": "onExit",
            "status_callback_event": "start end join",
            "recording_status_callback_event": "in-progress completed",
        },
    )
    expected = ET.fromstring(library.to_xml()).find("Conference")
    assert expected is not None
    made = conference_of(render_conference("standup", EVERYTHING))
    assert made.attrib == expected.attrib
    assert made.text == expected.text


def test_what_is_not_declared_is_not_sent() -> None:
    assert conference_of(render_conference("standup", {})).attrib == {}


def test_everything_together_still_fits_into_a_request() -> None:
    assert check_twiml(render_conference("x" * 128, EVERYTHING)) == ()


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), ("on-enter", "onEnter")])
def test_beep_in_twiml(value: bool | str, text: str) -> None:
    assert conference_of(render_conference("a", {"beep": value})).get("beep") == text


def test_what_a_first_participant_decides_is_known_to_the_client() -> None:
    known = {one.name for one in fields(CreateParticipant)}
    assert set(participant_parameters(EVERYTHING)) <= known


def test_defaults_are_those_of_the_schema() -> None:
    for name, rule in schema_settings().items():
        if "default" in rule and name in SETTINGS:
            assert SETTINGS[name].default == rule["default"], name


def test_the_page_says_where_each_setting_is_enforced() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "conferences.md").read_text(encoding="utf-8")
    table = page.split("## Where each setting is enforced")[1].split("\n\n")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for part in table
        for line in part.splitlines()
        if line.startswith("| `")
    ]
    documented = {row[0].strip("`"): row[3] for row in rows if len(row) == 4}
    said = {name: where.split(";")[0] for name, where in documented.items()}
    expected = {name: "TwiML, live" if setting.parameter else "TwiML" for name, setting in SETTINGS.items()}
    assert said == expected | {"region": "TwiML, live, reported"}
