"""Tables of people: what is taken from them, and what is said of rows that cannot be used."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.call.test_parse import attributes, load, problems
from voiceform.kinds.call.people import Roster
from voiceform.kinds.call.templates import filled_answer
from voiceform.model.diagnostics import Severity

ANA, BOB = "+12125550101", "+12125550102"
OWN = {
    "to": "{csv: people.csv, timezone: zone, language: lang}",
    "schedule": "{column: visit, lead: 24h, timezone: America/New_York}",
    "answer": '{say: "Hello {{ name }}, {{ when }}."}',
}
HEAD = "name,phone,zone,lang,visit\n"


def table(folder: Path, text: str | bytes, name: str = "people.csv") -> None:
    content = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(content)


def rows(folder: Path, text: str | bytes, **settings: str) -> Any:
    table(folder, text)
    return attributes(folder, **{**OWN, **settings})


def codes(folder: Path, text: str, **settings: str) -> list[tuple[str, int]]:
    """The findings and the lines of the table that they name."""
    table(folder, text)
    found = problems(folder, **{**OWN, **settings})
    return [(item.code, item.position.line if item.position else 0) for item in found]


def warned(folder: Path, text: str, **settings: str) -> list[str]:
    table(folder, text)
    return [item.code for item in load(folder, **{**OWN, **settings}).warnings]


def test_what_is_recorded(tmp_path: Path) -> None:
    found = rows(
        tmp_path, HEAD + f"Ana,{ANA},Europe/Berlin,de-DE,2026-12-01 09:00\nBob,{BOB},,,2026-12-01 09:00\n"
    )
    assert found["to"] == [ANA, BOB]
    assert found["columns"] == ["language", "name", "when"]
    assert found["people"] == [
        f"{ANA}\t2026-11-30T08:00:00Z\tEurope/Berlin\tde-DE\tde-DE\tAna\tDienstag, 1. Dezember 2026, 09:00",
        f"{BOB}\t2026-11-30T14:00:00Z\t\t\ten-US\tBob\tTuesday, December 1, 2026, 9:00 AM",
    ]
    assert found["table"] == {"csv": "people.csv", "timezone": "zone", "language": "lang"}
    assert found["schedule"] == {"column": "visit", "lead": "24h", "timezone": "America/New_York"}


def test_only_what_is_used_is_recorded(tmp_path: Path) -> None:
    table(tmp_path, f"name,phone,diagnosis\nAna,{ANA},secret\n")
    found = attributes(tmp_path, to="{csv: people.csv}")
    assert {"people", "columns", "table"} & set(found) == set()
    found = attributes(tmp_path, to="{csv: people.csv}", answer='{say: "Hello {{ name }}."}')
    assert found["people"] == [f"{ANA}\t\t\t\tAna"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + (HEAD + f"Ana,{ANA},,,2026-12-01 09:00\n").encode(),
        (HEAD + f"Ana,{ANA},,,2026-12-01 09:00\n").replace("\n", "\r\n").encode(),
        (HEAD + f"Ana,{ANA},,,2026-12-01 09:00\n").replace(",", ";").encode("utf-16"),
        b"sep=;\r\n" + (HEAD + f"Ana,{ANA},,,2026-12-01 09:00\n").replace(",", ";").encode(),
        f'"name" , "phone",zone,lang, visit \n"Ana ", {ANA} ,,, 2026-12-01 09:00 \n'.replace(
            '" , "', '","'
        ).encode(),
        (f"id,{HEAD[:-1]},,\n" + f"1,Ana,{ANA},,,2026-12-01 09:00,x,\n").encode(),
    ],
    ids=["mark", "crlf", "utf-16", "sep", "spaces", "unused columns"],
)
def test_tables_as_programs_write_them(tmp_path: Path, content: bytes) -> None:
    found = rows(tmp_path, content)["people"]
    assert found == [f"{ANA}\t2026-11-30T14:00:00Z\t\t\ten-US\tAna\tTuesday, December 1, 2026, 9:00 AM"]


def test_cells_with_anything_in_them_come_out_whole(tmp_path: Path) -> None:
    name = 'Ana\tB\\t"C"\r\nD\\ <&> \u202eשלום 🙂'
    quoted = '"' + name.replace('"', '""') + '"'
    found = rows(tmp_path, (HEAD + f"{quoted},{ANA},,,2026-12-01 09:00\n").encode())
    [person] = found["people"]
    assert person.count("\t") == 6
    assert Roster(found["people"], found["columns"])[ANA].columns["name"] == name


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (f"Ana,{ANA},Europe/Nowhere,,2026-12-01 09:00", "unusable-row"),
        (f"Ana,{ANA},EST5EDT6,,2026-12-01 09:00", "unusable-row"),
        (f"Ana,{ANA},,english!,2026-12-01 09:00", "unusable-row"),
        (f"Ana,{ANA},,xx,2026-12-01 09:00", "unusable-row"),
        (f"Ana,{ANA},,,46357.375", "unusable-row"),
        (f"Ana,{ANA},,,2026-12-01", "unusable-row"),
        (f"Ana,{ANA},,,=NOW()", "unusable-row"),
        (f"A\x07na,{ANA},,,2026-12-01 09:00", "unusable-row"),
        (f"{'x' * 100_000},{ANA},,,2026-12-01 09:00", "unusable-row"),
        (f"{'&' * 900},{ANA},,,2026-12-01 09:00", "unusable-row"),
        ("Ana,1.2125E+10,,,2026-12-01 09:00", "invalid-number"),
        ("Ana,=cmd|' /C calc'!A0,,,2026-12-01 09:00", "invalid-number"),
        (f"Ana,{ANA},,2026-12-01 09:00", "unusable-csv"),
    ],
)
def test_rows_that_cannot_be_used(tmp_path: Path, row: str, code: str) -> None:
    content = HEAD + f"Bob,{BOB},,,2026-12-01 09:00\n" + row + "\n"
    assert codes(tmp_path, content) == [(code, 3)]
    [found] = problems(tmp_path, **OWN)
    for cell in row.split(","):
        assert len(cell) < 3 or cell not in found.message, "what stands in a table is not repeated"


def test_what_a_spreadsheet_made_of_a_number_is_named(tmp_path: Path) -> None:
    table(tmp_path, HEAD + "Ana,1.2125E+10,,,2026-12-01 09:00\n")
    [found] = problems(tmp_path, **OWN)
    assert "a spreadsheet has rounded" in found.message


def test_many_bad_rows_are_counted(tmp_path: Path) -> None:
    table(tmp_path, HEAD + "".join(f"Ana,{ANA},,,soon\n" for _ in range(100)))
    found = problems(tmp_path, **OWN)
    assert len(found) == 21
    assert (found[-1].message, found[-1].stands_for) == ("80 more rows have such a problem", 80)


def test_rows_without_a_time_are_not_called_whatever_else_they_lack(tmp_path: Path) -> None:
    found = rows(tmp_path, HEAD + f"Ana,{ANA},,,2026-12-01 09:00\nBob,,,,\nCem,none yet,Nowhere,,  \n")
    assert found["to"] == [ANA]


@pytest.mark.parametrize(
    ("settings", "code", "word"),
    [
        ({"answer": '{say: "Hello {{ nmae }}."}'}, "unknown-column", "nmae"),
        ({"answer": '{say: "Hello {{ Name }}."}'}, "unknown-column", "Name"),
        ({"answer": '{say: {text: Hi, language: "{{ tongue }}"}}'}, "unknown-column", "tongue"),
        ({"answer": '{url: "https://example.com/{{ nmae }}"}'}, "unknown-column", "nmae"),
        ({"answer": '{say: "Hello {{ name | upper }}."}'}, "invalid-template", "filters"),
        (
            {"answer": '{twiml: "<Response><!-- {{ name }} --></Response>"}'},
            "invalid-template",
            "nowhere else",
        ),
        ({"answer": '{url: "https://{{ name }}.example.com/x"}'}, "invalid-value", "https"),
        ({"to": f'"{ANA}"'}, "unknown-column", "no CSV file"),
        ({"to": "{csv: people.csv, key: id}"}, "unusable-csv", "id"),
        ({"schedule": "{column: vsit, timezone: UTC}"}, "unusable-csv", "vsit"),
        ({"schedule": "{column: visit, cron: 0 9 * * *, timezone: UTC}"}, "invalid-schedule", "exactly one"),
        ({"schedule": "{at: 2026-12-01T09:00:00, lead: 1h, timezone: UTC}"}, "invalid-schedule", "lead"),
        ({"schedule": "{at: 2026-12-01T09:00:00}"}, "missing-key", "timezone is missing"),
        ({"waves": "{first: 5}"}, "invalid-schedule", "a time of their own"),
    ],
)
def test_what_the_configuration_names_wrongly(
    tmp_path: Path, settings: dict[str, str], code: str, word: str
) -> None:
    table(tmp_path, HEAD + f"Ana,{ANA},,,2026-12-01 09:00\n")
    found = problems(tmp_path, **{**OWN, **settings})
    assert any(item.code == code and word in item.message for item in found), found
    assert all(item.position is not None and item.position.file.endswith("voiceform.yaml") for item in found)


def test_two_columns_that_a_name_could_mean(tmp_path: Path) -> None:
    content = f"name,phone,zone,lang,visit,when\nAna,{ANA},,,2026-12-01 09:00,noon\n"
    assert codes(tmp_path, content) == [("unknown-column", 9)]
    table(tmp_path, content)
    [found] = problems(tmp_path, **OWN)
    assert "could mean two things" in found.message
    # Without a time of their own people have a column of that name like any other.
    found_rows = rows(tmp_path, content, schedule="{at: 2026-12-01T09:00:00, timezone: UTC}")
    assert found_rows["people"] == [f"{ANA}\t\t\t\ten-US\tAna\tnoon"]


def test_a_column_that_is_there_twice_is_wrong_only_where_it_is_used(tmp_path: Path) -> None:
    content = f"name,name,phone,zone,lang,visit\nAna,B,{ANA},,,2026-12-01 09:00\n"
    assert codes(tmp_path, content) == [("unknown-column", 9)]
    assert rows(tmp_path, content, answer="{say: Hello}")["to"] == [ANA]


def test_an_empty_cell_in_a_text_is_told_and_in_an_attribute_is_an_error(tmp_path: Path) -> None:
    content = HEAD + f",{ANA},,,2026-12-01 09:00\nBob,{BOB},,,2026-12-01 09:00\n"
    assert warned(tmp_path, content) == ["empty-cell"]
    say = '{say: {text: "Hello {{ name }}.", voice: "{{ name }}"}}'
    assert codes(tmp_path, content, answer=say) == [("unusable-row", 2)]


def test_each_is_spoken_to_in_their_own_language_unless_one_is_named(tmp_path: Path) -> None:
    content = HEAD + f"Ana,{ANA},,de_DE,2026-12-01 09:00\nBob,{BOB},,,2026-12-01 09:00\n"

    def languages(answer: str) -> list[str | None]:
        found = rows(tmp_path, content, answer=answer)
        people = Roster(found["people"], found["columns"])
        texts = [filled_answer(found["answer"], people[to].columns)["twiml"] for to in (ANA, BOB)]
        return [ET.fromstring(text)[0].get("language") for text in texts]

    assert languages('{say: "{{ name }}"}') == ["de-DE", "en-US"]
    assert languages('{say: {text: "{{ name }}", voice: alice}}') == ["de-DE", "en-US"]
    assert languages('{say: {text: "{{ name }}", language: "{{ language }}"}}') == ["de-DE", "en-US"]
    assert languages('{say: {text: "{{ name }}", language: fr-FR}}') == ["fr-FR", "fr-FR"]
    assert languages('{twiml: "<Response><Say>{{ name }}</Say></Response>"}') == [None, None]


def test_times_that_clocks_skip_and_repeat_are_told(tmp_path: Path) -> None:
    content = HEAD + f"Ana,{ANA},Europe/Berlin,,2027-03-28 02:30\nBob,{BOB},Europe/Berlin,,2027-10-31 02:30\n"
    assert warned(tmp_path, content) == ["clock-change", "clock-change"]
    first, second = attributes(tmp_path, **OWN)["people"]
    assert "2027-03-27T01:30:00Z" in first
    assert "Sunday, March 28, 2027, 3:30" in first
    assert "2027-10-30T00:30:00Z" in second


@pytest.mark.parametrize("lead", ["24h", "1d", "1440m"])
def test_a_lead_is_exact(tmp_path: Path, lead: str) -> None:
    """Nine on the day on which the clocks went forward: a day before, they showed eight."""
    content = HEAD + f"Ana,{ANA},Europe/Berlin,,2027-03-28 09:00\n"
    [row] = rows(tmp_path, content, schedule=f"{{column: visit, lead: {lead}}}")["people"]
    assert row.split("\t")[1] == "2027-03-27T07:00:00Z"


def test_without_any_zone_a_time_has_an_offset(tmp_path: Path) -> None:
    schedule = "{column: visit}"
    content = HEAD + f"Ana,{ANA},,,2026-12-01 09:00\nBob,{BOB},,,2026-12-01 09:00+01:00\n"
    assert codes(tmp_path, content, schedule=schedule) == [("unusable-row", 2)]
    content = content.replace("09:00\n", "09:00Z\n")
    assert [row.split("\t")[1] for row in rows(tmp_path, content, schedule=schedule)["people"]] == [
        "2026-12-01T09:00:00Z",
        "2026-12-01T08:00:00Z",
    ]


TWICE = (
    f"1,Ana,{ANA},2026-12-01 09:00\n2,Ben,{ANA},2026-12-01 11:00\n3,Cem,+1 212 555 0101,2026-12-01 09:00\n"
)
KEYED = {"to": "{csv: people.csv, key: id}", "answer": '{say: "Hello {{ name }}."}'}


def test_a_number_in_several_rows(tmp_path: Path) -> None:
    content = "id,name,phone,visit\n" + TWICE
    # Without a key somebody is called once, as by every list.
    assert len(rows(tmp_path, content, **{**KEYED, "to": "{csv: people.csv}"})["people"]) == 1
    assert warned(tmp_path, content, **{**KEYED, "to": "{csv: people.csv}"}) == ["duplicate-recipient"] * 2
    # With one, each row has its time; at one time one call is placed.
    found = rows(tmp_path, content, **KEYED)
    assert found["to"] == [ANA]
    assert [row.split("\t")[-1] for row in found["people"]] == ["Ana", "Ben"]
    assert warned(tmp_path, content, **KEYED) == ["duplicate-recipient"]
    assert (
        warned(tmp_path, content, **{**KEYED, "schedule": "{at: 2026-12-01T09:00:00, timezone: UTC}"})
        == ["duplicate-recipient"] * 2
    )


def test_keys(tmp_path: Path) -> None:
    head = "id,name,phone,visit\n"
    ana = f"1,Ana,{ANA},2026-12-01 09:00\n"
    assert codes(tmp_path, head + ana + f"1,Bob,{BOB},2026-12-01 09:00\n", **KEYED) == [("repeated-key", 3)]
    assert codes(tmp_path, head + ana + f" ,Bob,{BOB},2026-12-01 09:00\n", **KEYED) == [("unusable-row", 3)]
    assert warned(tmp_path, head + ana + ana, **KEYED) == ["duplicate-recipient"]


def test_what_the_words_of_a_link_are(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        HEAD + f"Ana & Bea,{ANA},,,2026-12-01 09:00\n",
        answer='{url: "https://example.com/hello?name={{ name }}&at={{when}}", method: GET}',
    )
    assert found["answer"] == {
        "url": "https://example.com/hello?name={{ name }}&at={{when}}",
        "method": "GET",
    }
    long = HEAD + f"{'é' * 400},{ANA},,,2026-12-01 09:00\n"
    assert codes(tmp_path, long, answer='{url: "https://example.com/{{ name }}"}') == [("unusable-row", 2)]


def test_misfire_is_for_what_repeats(tmp_path: Path) -> None:
    found = load(tmp_path, misfire="latest").warnings
    assert [(item.code, item.severity) for item in found] == [("ignored-setting", Severity.WARNING)]
    assert attributes(tmp_path)["misfire"] == "each"
    cron = "{cron: 0 9 * * *, timezone: UTC}"
    assert load(tmp_path, misfire="latest", schedule=cron).warnings == ()


def test_without_the_library_nothing_is_said_of_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "babel", None)  # as where it is not installed
    table(tmp_path, HEAD + f"Ana,{ANA},,,2026-12-01 09:00\n")
    [found] = problems(tmp_path, **OWN)
    assert (found.code, found.hint) == ("unusable-row", "run: pip install 'voiceform[languages]'")
    assert load(tmp_path, **{**OWN, "answer": '{say: "Hello {{ name }}."}'}).desired
