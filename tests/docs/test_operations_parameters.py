"""The table of parameters: it is that of the API's description, and a key in it sends the parameter."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from tests.cli.conference_rooms import NOW, Rooms
from tests.docs.test_operations_page import PAGE, UNUSED
from tests.docs.test_pages import ROOT
from voiceform.config.schema import ConfigSchema
from voiceform.emulator import Emulator

ROW = re.compile(r"\| `(?P<operation>\w+)` \| `(?P<parameter>\w+[<>]?)` \| (?P<said>.+) \|")
REASON = "not declared: "
SECTIONS = ("queues", "conferences", "calls", "retention")
TABLE = PAGE.read_text(encoding="utf-8").partition("## The parameters")[2]
LINES = [line for line in TABLE.splitlines() if line.startswith("| `")]
ROWS = [found for found in map(ROW.fullmatch, LINES) if found]

PHONE, SIP, CLIENT = "+12125550101", "sip:anna@example.com", "client:anna"
FROM = "+15017122661"
PAUSE = "<Response><Pause length='600'/></Response>"
NAME = "standup"


@cache
def described() -> dict[str, list[str]]:
    """The parameters of each operation in the published description, but those of the path."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "schemas" / "openapi.yaml").read_text(encoding="utf-8"))

    def resolved(node: Any) -> Any:
        while "$ref" in node:
            parts, node = node["$ref"].removeprefix("#/").split("/"), document
            for part in parts:
                node = node[part]
        return node

    found: dict[str, list[str]] = {}
    for verbs in document["paths"].values():
        for operation in verbs.values():
            if not isinstance(operation, dict) or operation["operationId"] in UNUSED:
                continue
            every = [
                resolved(item) for item in (*verbs.get("parameters", ()), *operation.get("parameters", ()))
            ]
            names = [item["name"] for item in every if item["in"] == "query"]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                names += resolved(content["schema"])["properties"]
            found[operation["operationId"]] = names
    return found


def keys_of(row: re.Match[str]) -> list[str]:
    """The keys of a configuration that say a parameter."""
    return [] if row["said"].startswith(REASON) else re.findall(r"`([^`]+)`", row["said"])


def test_every_line_is_read() -> None:
    assert len(ROWS) == len(LINES)


def test_the_table_has_every_parameter_and_no_other() -> None:
    rows = [(row["operation"], row["parameter"]) for row in ROWS]
    assert len(rows) == len(set(rows))
    assert sorted(rows) == sorted((name, item) for name, items in described().items() for item in items)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['operation']}-{row['parameter']}" for row in ROWS])
def test_a_row_names_keys_or_says_why_not(row: re.Match[str]) -> None:
    if row["said"].startswith(REASON):
        assert len(row["said"]) > len(REASON) + 10
        return
    keys = keys_of(row)
    assert row["said"] == ", ".join(f"`{key}`" for key in keys)
    for key in keys:
        assert key.split(".")[0] in SECTIONS
        node_of(key)


# A key of the schema, with what has to stand beside it.


def forms(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The alternatives of a schema, itself among them."""
    node = ConfigSchema.load().resolve(node)
    yield node
    for part in node.get("oneOf", ()):
        yield from forms(part)


def child(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """What the schema wants for a key, or for the name of an object (`*`)."""
    for form in forms(node):
        found = form.get("additionalProperties") if key == "*" else form.get("properties", {}).get(key)
        if isinstance(found, Mapping):
            return found
    raise AssertionError(f"the schema has no key {key}")


def node_of(path: str) -> Mapping[str, Any]:
    node: Mapping[str, Any] = ConfigSchema.load().root
    for key in path.split("."):
        node = child(node, key)
    return node


def example(node: Mapping[str, Any]) -> Any:
    """The first example of a key; of a block that is needed, its required keys alone."""
    node = next(form for form in forms(node) if "examples" in form)
    return copy.deepcopy(node["examples"][0])


def put(config: dict[str, Any], path: str, value: Any) -> None:
    """Set the key at `path`, with the required keys of whatever is made for it."""
    at, node = config, ConfigSchema.load().root
    *before, last = path.split(".")
    for key in before:
        node = child(node, key)
        if not isinstance(at.get(key), dict):
            required = next((form["required"] for form in forms(node) if "required" in form), ())
            at[key] = {name: example(child(node, name)) for name in required}
        at = at[key]
    at[last] = value


#: What is declared in place of the schema's first example, where that is what a test begins with or does not
#: go with what it needs.
VALUES: Mapping[str, Any] = {
    "calls.*.to": "+12125550102",
    "calls.*.answer.twiml": "<Response><Pause length='500'/></Response>",
    "calls.*.on_remove": "cancel",
    "conferences.*.status": "ended",
    "conferences.*.friendly_name": NAME,
    "conferences.*.participants.*.to": "+12125550109",
    "conferences.*.participants.*.beep": "on-enter",
    "conferences.*.participants.*.wait_url": "https://example.com/wait.xml",
    "conferences.*.settings.record": "record-from-start",
}
#: What has to be declared beside a key, or besides what would be taken.
BESIDE: Mapping[str, Mapping[str, Any]] = {
    "machine_detection.callback.": {"calls.*.machine_detection.async": True},
    "calls.*.answer.": {"calls.*.answer": {}},
    "calls.*.answer.method": {"calls.*.answer": {"url": "https://example.com/answer.xml"}},
    "calls.*.sip_auth.": {"calls.*.to": SIP},
    "calls.*.client_notification_url": {"calls.*.to": CLIENT},
    "participants.*.sip_auth.": {"conferences.*.participants.*.to": SIP},
    "participants.*.caller_display_name": {"conferences.*.participants.*.to": SIP},
    "participants.*.client_notification_url": {"conferences.*.participants.*.to": CLIENT},
    "participants.*.hold_method": {
        "conferences.*.participants.*.hold_url": "https://example.com/hold.xml",
        "conferences.*.participants.*.hold": True,
    },
    "participants.*.hold_url": {"conferences.*.participants.*.hold": True},
    "participants.*.wait_method": {"conferences.*.participants.*.wait_url": "https://example.com/wait.xml"},
    "settings.wait_method": {"conferences.*.settings.wait_url": "https://example.com/wait.xml"},
    "settings.status_callback_": {"conferences.*.settings.status_callback": "https://example.com/status"},
    "settings.recording_status_callback": {
        "conferences.*.settings.record": "record-from-start",
        "conferences.*.settings.recording_status_callback": "https://example.com/recording",
    },
    "settings.trim": {"conferences.*.settings.record": "record-from-start"},
}
#: How a value is sent, where that is not the text of it.
SENT: Mapping[tuple[str, str], Any] = {
    ("updateCall", "Status"): "completed",
    ("updateConference", "Status"): "completed",
    ("createParticipant", "Beep"): None,
    ("updateParticipant", "BeepOnExit"): "false",
    ("createParticipant", "Coaching"): "true",
    ("createParticipant", "CallSidToCoach"): None,
    ("updateParticipant", "Coaching"): "true",
    ("updateParticipant", "CallSidToCoach"): None,
    ("createCall", "SipAuthPassword"): "hunter2",
    ("createParticipant", "SipAuthPassword"): "hunter2",
}


def base(path: str) -> dict[str, Any]:
    """A configuration with one object of the section, without the key."""
    section = path.split(".")[0]
    objects: dict[str, Any] = {
        "queues": {"friendly_name": "before", "max_size": 7},
        "calls": {
            "to": PHONE,
            "from": FROM,
            "schedule": {"at": NOW.strftime("%Y-%m-%dT%H:%M:%S"), "timezone": "UTC"},
            "misfire_grace": "1h",
            "answer": {"twiml": PAUSE},
            "on_change": "redirect",
        },
        "conferences": {
            "friendly_name": NAME,
            "participants": {
                "*": {"to": PHONE, "from": FROM},
                "agent": {"to": "+12125550103", "from": FROM},
            },
        },
    }
    return {section: {"*": objects[section]}}


def with_key(path: str) -> tuple[dict[str, Any], Any]:
    """The configuration with the key, and what stands at it."""
    config = base(path)
    for part, beside in BESIDE.items():
        if part in path:
            for other, value in beside.items():
                if other.split(".")[0] == path.split(".")[0]:
                    put(config, other, copy.deepcopy(value))
    value = copy.deepcopy(VALUES[path]) if path in VALUES else example(node_of(path))
    put(config, path, value)
    return config, value


def written(config: Mapping[str, Any]) -> str:
    """As a file, with names in place of `*`."""
    text = yaml.safe_dump({"version": 1, **config}, sort_keys=False)
    return re.sub(r"^(\s+)'\*':", r"\1one:", text, flags=re.MULTILINE)


# What has to happen that an operation is sent.


def _apply(rooms: Rooms, config: Mapping[str, Any]) -> None:
    rooms.write(written(config))
    rooms.apply("--approve", "delete:conference=1")


def create_queue(rooms: Rooms, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    _apply(rooms, after)


def update_queue(rooms: Rooms, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    _apply(rooms, before)
    _apply(rooms, after)


def change_call(rooms: Rooms, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """A call goes on when its schedule is changed; or removed, where it is declared what that means."""
    answered = copy.deepcopy(dict(after if "on_remove" in str(after) else before))
    _apply(rooms, answered)
    rooms.advance(30)
    if "on_remove" in str(after):
        _apply(rooms, {"calls": {}})
        return
    changed = copy.deepcopy(dict(after))
    if changed["calls"]["*"]["answer"] == {"twiml": PAUSE}:
        changed["calls"]["*"]["answer"] = {"say": "Something else"}
    _apply(rooms, changed)


def change_room(rooms: Rooms, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    rooms.room({}, {})
    _apply(rooms, after)


def add_participant(rooms: Rooms, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Twice, since who coaches is phoned once the other is in the room."""
    rooms.room({}, {})
    _apply(rooms, after)
    rooms.advance(30)
    _apply(rooms, after)


def change_participant(rooms: Rooms, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    rooms.room({}, {})
    _apply(rooms, before)
    rooms.advance(30)
    _apply(rooms, after)


HAPPENS: Mapping[str, Callable[[Rooms, Mapping[str, Any], Mapping[str, Any]], None]] = {
    "createQueue": create_queue,
    "updateQueue": update_queue,
    "createCall": create_queue,
    "updateCall": change_call,
    "createCallRecording": change_call,
    "listConferences": change_room,
    "updateConference": change_room,
    "createParticipant": add_participant,
    "updateParticipant": change_participant,
}
KEYS = [(row["operation"], row["parameter"], key) for row in ROWS for key in keys_of(row)]


@pytest.fixture
def rooms(tmp_path: Any, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> Rooms:
    found = Rooms(tmp_path, emulator, capsys)
    found.environ["SIP_PASSWORD"] = "hunter2"
    return found


def text_of(value: Any) -> Any:
    """A value of YAML as a form has it; a list of one is that one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return value[0] if len(value) == 1 else value
    return str(value)


@pytest.mark.parametrize(("operation", "parameter", "key"), KEYS)
def test_a_key_sends_the_parameter(operation: str, parameter: str, key: str, rooms: Rooms) -> None:
    after, value = with_key(key)
    HAPPENS[operation](rooms, base(key), after)
    sent = [params[parameter] for params in rooms.params(operation) if parameter in params]
    assert sent, f"{operation} was sent without {parameter}: {rooms.params(operation)}"
    expected = SENT.get((operation, parameter), text_of(value))
    assert expected is None or expected in sent
