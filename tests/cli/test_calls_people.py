"""Schedules whose people stand in a table: a time, a zone, a language and words of each person's own."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.calling import FROM, Timeline
from tests.cli.test_state_mutations import Nothing
from tests.fuzz.damage import mutations
from tests.support import Stack
from voiceform.kinds.call import CallKind
from voiceform.kinds.userfiles import Places
from voiceform.model.errors import StateError
from voiceform.state.transfer import push

ANA, BOB, COCO = "+12125550101", "+12125550102", "+33612345678"
TALKS = "+15005550014"
EVENING = datetime(2026, 11, 29, 18, tzinfo=UTC)
HEAD = "id,name,phone,zone,lang,appointment\n"
ROWS = (
    f"1,Ana & Bea,{ANA},America/New_York,es-MX,2026-12-01 09:00\n"
    f"2,Bob,{BOB},,en-US,2026-12-01T09:30:00\n"
    f'3,"Chloé ""Coco"" <b>",{COCO},Europe/Paris,fr-FR,2026-12-02 10:00\n'
    "5,Eve,+12125550105,,en-US,\n"
)
SAY = '{text: "Hello {{ name }}, your visit is on {{ when }}.", language: "{{ language }}"}'


def when(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 29, tzinfo=UTC) + timedelta(days=day, hours=hour, minutes=minute)


def declare(stack: Stack, rows: str = ROWS, answer: str = f"{{say: {SAY}}}", more: str = "") -> None:
    (stack.folder / "patients.csv").write_text(HEAD + rows, encoding="utf-8")
    stack.write(
        "calls:\n  reminder:\n"
        "    to: {csv: patients.csv, column: phone, key: id, timezone: zone, language: lang,"
        " when: appointment}\n"
        f'    from: "{FROM}"\n'
        "    schedule: {column: appointment, lead: 24h, timezone: America/New_York}\n"
        f"    answer: {answer}\n{more}"
    )


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def placed(stack: Stack) -> list[dict[str, Any]]:
    return [item["params"] for item in stack.emulator.requests() if item["operation"] == "createCall"]


def said(params: dict[str, Any]) -> tuple[str, str, str | None]:
    """Who hears what in which language."""
    speech = ET.fromstring(params["Twiml"])[0]
    return params["To"], speech.text or "", speech.get("language")


def test_each_is_called_at_a_time_of_their_own_with_words_of_their_own(stack: Stack, time: Timeline) -> None:
    declare(stack)
    time.apply(EVENING)
    for moment in (
        when(1, 13, 59),
        when(1, 14),
        when(1, 14, 30),
        when(2, 8, 59),
        when(2, 9),
        when(2, 14, 30),
    ):
        assert time.at(moment, "dispatch", "--once").code == 0

    assert [said(params) for params in placed(stack)] == [
        (ANA, "Hello Ana & Bea, your visit is on martes, 1 de diciembre de 2026, 9:00 a.m..", "es-MX"),
        (BOB, "Hello Bob, your visit is on Tuesday, December 1, 2026, 9:30 AM.", "en-US"),
        (COCO, 'Hello Chloé "Coco" <b>, your visit is on mercredi 2 décembre 2026, 10:00.', "fr-FR"),
    ]
    assert [row["occurrence"] for row in time.ledger()] == [
        "2026-11-30T14:00:00Z",
        "2026-11-30T14:30:00Z",
        "2026-12-01T09:00:00Z",
    ]


def test_a_plan_shows_no_word_of_a_row_and_counts_who_is_called(stack: Stack, time: Timeline) -> None:
    declare(stack)
    for form in ("text", "json", "markdown", "html"):
        plan = time.at(EVENING, "plan", "--format", form)
        assert plan.code == 0
        for secret in ("Ana", "Chlo", "Coco", "martes", ANA, COCO, "0101\t"):
            assert secret not in plan.out, (form, secret)
    text = time.at(EVENING, "plan").out
    assert "3 people are called at times of their own, the last Tue 2026-12-01 04:00 EST" in text
    assert "1 row has no time: not called" in text
    assert "each hears what their row has in the columns: language, name, when" in text
    shown = time.at(EVENING, "plan", "--show-numbers").out
    assert ANA in shown
    assert "Coco" not in shown

    declare(stack, more="safety: {max_calls: 2}\n")
    blocked = time.at(EVENING, "plan")
    assert (blocked.code, "max_calls" in blocked.out) == (4, True)


def test_a_changed_appointment_is_called_for_its_new_time_and_a_removed_row_never(
    stack: Stack, time: Timeline
) -> None:
    declare(stack)
    time.apply(EVENING)
    declare(
        stack, ROWS.replace("2026-12-01 09:00", "2026-12-01 11:00").replace(f"2,Bob,{BOB}", f"9,Zoe,{COCO}")
    )
    plan = time.at(EVENING, "plan")
    assert "2 added, 2 removed" in plan.out
    assert f"{ANA[:2]}•••••0101 2026-11-30T16:00:00Z" in plan.out
    time.apply(EVENING)
    time.at(when(1, 14, 30), "dispatch", "--once")
    assert [params["To"] for params in placed(stack)] == [COCO]
    time.at(when(1, 16), "dispatch", "--once")
    assert [params["To"] for params in placed(stack)] == [COCO, ANA]

    # She was called for eleven; her appointment moves on, and she is called again for the new time alone.
    declare(stack, ROWS.replace("2026-12-01 09:00", "2026-12-01 12:00"))
    time.apply(when(1, 16, 1))
    time.at(when(1, 17), "dispatch", "--once")
    assert [params["To"] for params in placed(stack)][2:] == [ANA]


def test_a_time_that_was_over_when_it_was_applied_is_nobody_s_call(stack: Stack, time: Timeline) -> None:
    declare(stack)
    plan = time.at(when(1, 20), "plan")
    assert "2 times are over: nobody is called any more" in plan.out
    time.apply(when(1, 20))
    time.at(when(1, 20, 1), "dispatch", "--once")
    assert (placed(stack), time.ledger()) == ([], [])

    # What became due a moment ago is within its grace, whether it was there before or not.
    declare(stack, ROWS + f"7,Kim,{BOB},,en-US,2026-12-01 14:55\n")
    time.apply(when(1, 20, 5))
    assert [params["To"] for params in placed(stack)] == [BOB]


FAMILY = f"1,Ana,{ANA},,,2026-12-01 09:00\n2,Ben,{ANA},,,2026-12-01 11:00\n"


def test_two_people_with_one_number_are_called_each_for_their_own_row(stack: Stack, time: Timeline) -> None:
    declare(stack, FAMILY, '{say: "Hello {{ name }}."}')
    time.apply(EVENING)
    planned = time.at(EVENING, "calls", "list", "--format", "json", "--show-numbers").json["calls"]
    assert [(row["to"], row["occurrence"]) for row in planned] == [(ANA, "2026-11-30T14:00:00Z")]
    assert (
        time.at(
            when(1, 13),
            "calls",
            "cancel",
            "call.reminder",
            "--occurrence",
            "2026-11-30T14:00:00Z",
            "--auto-approve",
        ).code
        == 0
    )
    for moment in (when(1, 14), when(1, 15), when(1, 16)):
        time.at(moment, "dispatch", "--once")
    assert [said(params)[:2] for params in placed(stack)] == [(ANA, "Hello Ben.")]
    assert time.statuses() == ["canceled", "placed"]


def test_a_changed_text_is_heard_by_those_whose_words_it_changes(stack: Stack, time: Timeline) -> None:
    rows = f"1,Ana,{TALKS},,,2026-12-01 09:00\n2,Bob,{TALKS},,,2026-12-01 09:01\n"
    more = "    on_change: redirect\n"
    answer = "{twiml: \"<Response><Say>Hello {{ name }}.</Say><Pause length='600'/></Response>\"}"
    declare(stack, rows, answer, more)
    time.apply(EVENING)
    for minute in (0, 1):
        time.at(when(1, 14, minute), "dispatch", "--once")
    declare(stack, rows.replace("Bob", "Robert"), answer, more)
    moment = when(1, 14, 1).replace(second=30)
    plan = time.at(moment, "plan")
    assert "calls in progress that are redirected to the new answer: 1" in plan.out
    assert time.at(moment, "apply", "--auto-approve").code == 0
    updates = [item["params"] for item in stack.emulator.requests() if item["operation"] == "updateCall"]
    assert [ET.fromstring(params["Twiml"])[0].text for params in updates] == ["Hello Robert."]


def test_a_call_to_try_it_tells_nobody_what_the_rows_say(stack: Stack, time: Timeline) -> None:
    declare(stack, answer=f"{{say: {SAY}}}")
    time.apply(EVENING)
    assert (
        time.at(EVENING, "calls", "test", "call.reminder", "--to", "+12125550199", "--auto-approve").code == 0
    )
    assert said(placed(stack)[0]) == (
        "+12125550199",
        "Hello name, your visit is on when.",
        "es-MX",
    )


def test_what_is_recorded_is_shown_and_exported_without_what_rows_say(stack: Stack, time: Timeline) -> None:
    declare(stack)
    time.apply(EVENING)
    [run] = time.at(EVENING, "runs", "--format", "json").json["runs"]
    for argv in (
        ["state", "show", "call.reminder"],
        ["runs", run["run_id"]],
        ["runs", run["run_id"], "--format", "json"],
        ["status"],
        ["drift"],
        ["schedule", "--who", "--start", "2026-11-29"],
        ["calls", "list"],
        ["export"],
        ["-v", "plan"],
    ):
        shown = time.at(EVENING, *argv)
        assert shown.code == 0, (argv, shown.err)
        for words in ("Coco", "martes", "Ana"):
            assert words not in shown.out + shown.err, argv
    exported = time.at(EVENING, "export").out
    assert "csv: patients.csv" in exported
    stack.write(exported)
    assert "No changes" in time.at(EVENING, "plan").out


def test_a_link_with_words_of_each_person(stack: Stack, time: Timeline) -> None:
    declare(stack, answer='{url: "https://example.com/r?n={{ name }}&w={{ when }}", method: GET}')
    time.apply(EVENING)
    time.at(when(2, 9), "dispatch", "--once")
    assert [params["Url"] for params in placed(stack)] == [
        "https://example.com/r?n=Chlo%C3%A9%20%22Coco%22%20%3Cb%3E"
        "&w=mercredi%202%20d%C3%A9cembre%202026%2C%2010%3A00"
    ]


def test_after_an_outage_one_call_is_placed_where_that_is_asked_for(stack: Stack, time: Timeline) -> None:
    stack.write(
        f'calls:\n  pulse:\n    to: "{ANA}"\n    from: "{FROM}"\n    misfire: latest\n    misfire_grace: 2h\n'
        "    schedule: {cron: '*/10 * * * *', timezone: UTC}\n    answer: {say: Hello}\n"
    )
    time.apply(when(1, 9, 1))
    time.at(when(1, 9, 10), "dispatch", "--once")
    time.at(when(1, 11, 5), "dispatch", "--once")
    rows = time.ledger(when(1, 11, 6))
    assert [row["occurrence"] for row in rows if row["sid"]] == [
        "2026-11-30T09:10:00Z",
        "2026-11-30T11:00:00Z",
    ]
    assert {row["status"] for row in rows if not row["sid"]} == {"missed"}
    listed = time.at(when(1, 11, 6), "calls", "list", "--status", "missed").out
    assert "a later occurrence is due, and misfire is latest" in " ".join(listed.split())
    assert len(placed(stack)) == 2


def test_a_recorded_table_that_was_changed_is_refused_or_calls_nobody_else(
    stack: Stack, time: Timeline
) -> None:
    declare(stack)
    time.apply(EVENING)
    pulled = time.at(EVENING, "state", "pull").json
    del pulled["digest"]
    kinds = (CallKind(Places(stack.folder)),)
    refused = 0
    for key in ("people", "columns", "table", "schedule"):
        for name, changed in mutations(pulled["documents"]["resources/call.reminder"]["attributes"][key]):
            whole = copy.deepcopy(pulled)
            attributes = whole["documents"]["resources/call.reminder"]["attributes"]
            attributes[key] = changed
            try:
                push(Nothing(), whole, kinds)
            except StateError:
                refused += 1
                continue
            harmless = ("column ", "lead removed", "timezone ")  # read by no dispatcher, or another time
            assert key == "table" or name.startswith(harmless), (key, name)
    assert refused > 100
    for key in ("people", "columns"):
        whole = copy.deepcopy(pulled)
        del whole["documents"]["resources/call.reminder"]["attributes"][key]
        with pytest.raises(StateError):
            push(Nothing(), whole, kinds)
