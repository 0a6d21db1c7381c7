"""`calls:` in configuration files: what is understood, and what is said about the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from voiceform.config.load import load_configuration
from voiceform.kinds.call import CallKind
from voiceform.kinds.conference import ConferenceKind
from voiceform.kinds.queue import QueueKind
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.errors import ConfigurationError

TO = "+12125550101"
BASE = {
    "to": f'"{TO}"',
    "from": '"+15017122661"',
    "schedule": "{at: 2026-12-01T09:00:00, timezone: UTC}",
    "answer": "{say: Hello}",
}


def load(folder: Path, **settings: str) -> Configuration:
    lines = "\n".join(f"    {key}: {value}" for key, value in {**BASE, **settings}.items())
    text = (
        "version: 1\nqueues: {support: {friendly_name: Help & more}}\nconferences: {standup: {}}\n"
        f"calls:\n  one:\n{lines}\n"
    )
    (folder / "voiceform.yaml").write_text(text, encoding="utf-8")
    kinds = (QueueKind(), ConferenceKind(), CallKind(Places(folder)))
    return load_configuration([], base_dir=folder, environ={}, kinds=kinds)


def attributes(folder: Path, **settings: str) -> Any:
    return load(folder, **settings).desired[Address("call", "one")].attributes


def problems(folder: Path, **settings: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, **settings)
    return caught.value.diagnostics


def test_defaults(tmp_path: Path) -> None:
    found = attributes(tmp_path)
    assert found["to"] == [TO]
    assert (found["misfire_grace"], found["pace"], found["on_remove"], found["on_change"]) == (
        "15m",
        1,
        "let-finish",
        "keep",
    )
    assert found["answer"] == {
        "twiml": '<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hello</Say></Response>'
    }


@pytest.mark.parametrize("form", ['"+1 (212) 555-0101"', '"+1-212-555-0101"', '"+12125550101"'])
def test_numbers_are_brought_into_one_form(tmp_path: Path, form: str) -> None:
    assert attributes(tmp_path, to=form)["to"] == [TO]


def test_sip_and_clients_can_be_called(tmp_path: Path) -> None:
    found = attributes(tmp_path, to='["sip:anna@example.com", "client:anna"]')
    assert found["to"] == ["sip:anna@example.com", "client:anna"]


def test_what_is_spoken_is_escaped(tmp_path: Path) -> None:
    found = attributes(tmp_path, answer='{say: "</Say><Dial>+19005550100</Dial>"}')
    assert "<Say>&lt;/Say&gt;&lt;Dial&gt;" in found["answer"]["twiml"]


def test_answers_lead_to_declared_objects(tmp_path: Path) -> None:
    queue = load(tmp_path, answer="{queue: support}").desired[Address("call", "one")]
    assert queue.depends_on == (Address("queue", "support"),)
    assert "<Enqueue>Help &amp; more</Enqueue>" in queue.attributes["answer"]["twiml"]
    room = load(tmp_path, answer="{conference: standup}").desired[Address("call", "one")]
    assert room.depends_on == (Address("conference", "standup"),)
    assert "<Conference" in room.attributes["answer"]["twiml"]


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"answer": "{say: a, url: 'https://example.com'}"}, "one-answer", "not say and url"),
        ({"answer": "{method: GET}"}, "one-answer", "exactly one of conference, queue, say"),
        ({"answer": "{say: a, method: GET}"}, "one-answer", "method goes with url"),
        ({"answer": "{queue: nowhere}"}, "unknown-reference", "queue.nowhere is not declared"),
        ({"answer": "{twiml: <Response><Sya>a</Sya></Response>}"}, "invalid-twiml", "did you mean <Say>"),
        ({"answer": "{twiml: <Response><Say>a</Response>}"}, "invalid-twiml", "not well-formed"),
        ({"answer": f"{{say: {'a' * 4000}}}"}, "invalid-twiml", "more than the 4000"),
        ({"to": '"+1212555"'}, "invalid-number", "too short"),
        ({"to": '"+99912345678"'}, "invalid-number", "not a phone number"),
        ({"to": '[" +12125550101 ext. 5"]'}, "invalid-value", "must be a phone number"),
        ({"schedule": "{at: 2026-12-01T09:00:00, timezone: Nowhere}"}, "invalid-schedule", "IANA"),
        ({"schedule": "{timezone: UTC}"}, "invalid-schedule", "exactly one"),
        ({"calling_hours": '{start: "21:00", end: "08:00"}'}, "invalid-hours", "across midnight"),
        ({"calling_hours": '{start: "08:00", end: "21:00", timezone: X}'}, "invalid-hours", "IANA"),
        ({"to": '"client:a"', "calling_hours": '{start: "08:00", end: "21:00"}'}, "unknown-zone", "no known"),
        ({"to": "{csv: nowhere.csv}"}, "unusable-csv", "is missing"),
        ({"pace": "0"}, "out-of-range", "more than 0"),
        ({"retry": "{delay: 5m}"}, "missing-key", "attempts"),
        ({"misfire_grace": "1h30m"}, "invalid-value", "a duration"),
    ],
)
def test_what_is_refused(tmp_path: Path, settings: dict[str, str], code: str, message: str) -> None:
    found = problems(tmp_path, **settings)
    assert [item.code for item in found] == [code]
    assert message in str(found[0])
    assert found[0].position is not None
    assert TO not in str(found[0])


def test_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(
        '\ufeffname,phone\nA,+12125550101\nB,"+1 212 555 0102"\n\n"C, again",+12125550101\n', encoding="utf-8"
    )
    configuration = load(tmp_path, to="{csv: people.csv}")
    assert configuration.desired[Address("call", "one")].attributes["to"] == [TO, "+12125550102"]
    [warning] = configuration.warnings
    assert warning.code == "duplicate-recipient"
    assert warning.position is not None
    assert warning.position.line == 5
    assert "people.csv:2" in warning.message


def test_bad_rows_are_named_by_line_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("phone\n+12125550101\n2125550199\n+1,2\n\n+1212\n", encoding="utf-8")
    found = problems(tmp_path, to="{csv: people.csv}")
    assert [(item.code, item.position and item.position.line) for item in found] == [
        ("invalid-number", 3),
        ("unusable-csv", 4),
        ("invalid-number", 6),
    ]
    assert "2125550199" not in "".join(map(str, found))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name\nA\n", "no column 'phone'"),
        (b"", "no column 'phone'"),
        (b"phone,phone\n1,2\n", "more than one column"),
        (b"phone\n\xff\xfe\n", "not UTF-8"),
        (b'phone\n"+12125550101\n', "not CSV"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "people.csv").write_bytes(content)
    [found] = problems(tmp_path, to="{csv: people.csv}")
    assert (found.code, message in found.message) == ("unusable-csv", True)


def test_a_list_that_cannot_be_read_is_a_warning(tmp_path: Path) -> None:
    configuration = load(tmp_path, do_not_call="nowhere.txt")
    assert [item.code for item in configuration.warnings] == ["do-not-call"]
    assert configuration.desired[Address("call", "one")].attributes["do_not_call"] == [
        {"file": "nowhere.txt"}
    ]


TABLES = {
    "semicolons": b"name;phone\nA;+12125550101\n",
    "tabs": b"name\tphone\nA\t+12125550101\n",
    "UTF-16": "name;phone\nA;+12125550101\n".encode("utf-16"),
    "said separator": b"sep=;\r\nname;phone\r\nA;+12125550101\r\n",
    "quoted": b'"name","phone"\n"A, B","+12125550101"\n',
    "a comma in a cell of semicolons": b"name;phone\nA, B;+12125550101\n",
    "a line break in a cell": b'name,phone\n"A\nB",+12125550101\n',
    "old line ends": b"name,phone\rA,+12125550101\r",
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_as_spreadsheets_save_them(tmp_path: Path, name: str) -> None:
    (tmp_path / "people.csv").write_bytes(TABLES[name])
    assert attributes(tmp_path, to="{csv: people.csv}")["to"] == [TO]


def test_lines_are_those_where_a_row_begins(tmp_path: Path) -> None:
    content = 'sep=;\nname;phone\n"A\nB";+12125550101\nC;12\n'
    (tmp_path / "people.csv").write_text(content)
    [found] = problems(tmp_path, to="{csv: people.csv}")
    assert found.position is not None
    assert (found.position.line, found.position.private) == (5, True)


def test_a_header_without_rows_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,phone\n\n")
    [warning] = load(tmp_path, to="{csv: people.csv}").warnings
    assert (warning.code, "nobody is called" in warning.message) == ("no-recipients", True)


@pytest.mark.parametrize("header", ["Phone", "PHONE", " phone ", "Phone ", "phone;x"])
def test_headers_that_differ_in_case_are_pointed_at(tmp_path: Path, header: str) -> None:
    (tmp_path / "people.csv").write_text(f"name,{header}\nA,+12125550101\n")
    if header.strip() == "phone":
        assert attributes(tmp_path, to="{csv: people.csv}")["to"] == [TO]
        return
    found = problems(tmp_path, to="{csv: people.csv}")
    assert found[0].code == "unusable-csv"
    assert ("did you mean" in str(found[0].hint)) == (header != "phone;x")


def test_several_lists_are_recorded_with_their_paths(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{TO}\n")
    (tmp_path / "b.csv").write_text(f"phone\n{TO}\n")
    found = load(tmp_path, do_not_call="[a.txt, {file: b.csv, column: phone, max_age: 31d}]")
    assert found.warnings == ()
    assert found.desired[Address("call", "one")].attributes["do_not_call"] == [
        {"file": "a.txt"},
        {"file": "b.csv", "column": "phone", "max_age": "31d"},
    ]


@pytest.mark.parametrize(
    ("lists", "code"),
    [
        ("[]", "out-of-range"),
        ("{column: phone}", "missing-key"),
        ("{file: a.txt, expires: until}", "do-not-call"),
        ("{file: a.txt, max_age: 1 month}", "invalid-value"),
        ("{file: a.txt, colum: phone}", "unknown-key"),
        ("[a.txt, 5]", "wrong-type"),
    ],
)
def test_lists_that_are_none(tmp_path: Path, lists: str, code: str) -> None:
    found = problems(tmp_path, do_not_call=lists)
    assert code in [item.code for item in found], found


OWN = "+15017122661"


@pytest.mark.parametrize(
    ("caller", "to"),
    [
        (OWN, f'"{OWN}"'),
        (OWN, f'["{TO}", "+1 (501) 712-2661"]'),
        ("+1 501 712 2661", f'["{OWN}"]'),
        (OWN, '"sip:+15017122661@pbx.example.com"'),
        ("sip:15017122661@pbx.example.com", f'"{OWN}"'),
        ("client:anna", '"client:anna"'),
        (OWN, "{csv: people.csv}"),
    ],
)
def test_nobody_phones_themselves(tmp_path: Path, caller: str, to: str) -> None:
    (tmp_path / "people.csv").write_text(f"phone\n{TO}\n+1-501-712-2661\n")
    [found] = problems(tmp_path, to=to, **{"from": f'"{caller}"'})
    assert (found.code, found.position is not None) == ("own-number", True)
    assert "501" not in str(found).replace(str(found.position), "")


def test_an_odd_step_is_a_warning(tmp_path: Path) -> None:
    [warning] = load(tmp_path, schedule='{cron: "*/90 * * * *", timezone: UTC}').warnings
    assert warning.code == "odd-step"
    assert "minute '*/90'" in warning.message


def test_numbers_of_no_country_are_told(tmp_path: Path) -> None:
    hours = '{start: "08:00", end: "21:00"}'
    [found] = problems(tmp_path, to=f'["{TO}", "+870773111632"]', calling_hours=hours)
    assert (found.code, found.message.startswith("1 of the recipients")) == ("unknown-zone", True)
