"""The examples with scheduled calls do what their comments say."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cli.calling import Timeline, calls
from tests.support import Stack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def copy(stack: Stack, name: str) -> None:
    shutil.copytree(EXAMPLES / name, stack.folder, dirs_exist_ok=True)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_appointment_reminders(stack: Stack, time: Timeline) -> None:
    copy(stack, "appointment-reminders")
    assert time.at(utc(2026, 11, 30, 12), "validate").code == 0
    time.apply(utc(2026, 11, 30, 12))
    assert time.at(utc(2026, 11, 30, 12), "plan", "--detailed-exitcode").code == 0
    assert time.at(utc(2026, 11, 30, 22, 0, 5), "dispatch", "--once").code == 0
    assert time.placed() == ["+12125550101", "+12125550102", "+14155550103"]
    statuses = {row["to"]: row["status"] for row in time.ledger(utc(2026, 11, 30, 22, 1))}
    assert statuses["+12125550104"] == "suppressed"
    assert time.at(utc(2026, 12, 1, 15, 30, 1), "dispatch", "--once").code == 0
    assert time.placed()[3:] == ["+12125550142", "+12125550187"]
    assert time.at(utc(2026, 12, 1, 15, 45), "plan", "--detailed-exitcode").code == 0


def test_visits_are_told_in_the_time_and_the_language_of_each(stack: Stack, time: Timeline) -> None:
    copy(stack, "appointment-reminders")
    time.apply(utc(2026, 12, 8))
    plan = time.at(utc(2026, 12, 8), "plan", "--format", "json")
    assert all(name not in plan.out for name in ("Chlo", "Miller", "recordamos"))
    for moment in (utc(2026, 12, 9, 14), utc(2026, 12, 9, 17), utc(2026, 12, 10, 15, 15)):
        time.at(moment, "dispatch", "--once")
    heard = [item["params"]["Twiml"] for item in stack.emulator.requests("createCall")][-3:]
    assert [text.split("<Say ")[1].split("</Say>")[0] for text in heard] == [
        'language="es-US">Le recordamos su cita, Ana Díaz: jueves, 10 de diciembre de 2026, 9:00 a.m.',
        'language="en-US">We look forward to seeing you, Bob Miller: Thursday, December 10, 2026, 9:00 AM',
        'language="fr-CA">Nous vous rappelons votre rendez-vous, Chloé Roy:'
        " vendredi 11 décembre 2026, 10 h 15",
    ]


def test_maintenance_window(stack: Stack, time: Timeline) -> None:
    copy(stack, "maintenance-window")
    time.apply(utc(2026, 3, 1))
    assert time.at(utc(2026, 3, 1), "plan", "--detailed-exitcode").code == 0
    # 8 March has no half past two; the window of that night opens at half past three.
    assert time.at(utc(2026, 3, 8, 7, 29), "dispatch", "--once").out.startswith(
        "call.autumn: nothing was due"
    )
    time.at(utc(2026, 3, 8, 7, 30, 2), "dispatch", "--once")
    assert len(time.placed()) == 1
    # On 1 November half past one comes at 5:30 and at 6:30 UTC; only the first one is meant.
    time.apply(utc(2026, 11, 1))
    for hour in (5, 6):
        time.at(utc(2026, 11, 1, hour, 30, 2), "dispatch", "--once")
    assert len(time.placed()) == 2
    rows = [row["occurrence"] for row in time.ledger(utc(2026, 11, 1, 7)) if row["address"] == "call.autumn"]
    assert rows == ["2026-11-01T05:30:00Z"]


RULES = ("-f", "voiceform.yaml", "-f", "rules")
PARIS, MIAMI, NEW_YORK = "+33142685300", "+13055550123", "+12125550123"


def allowed(stack: Stack, time: Timeline, number: str, local: str, zone: str, rules: str) -> bool:
    """Whether a schedule with these rules alone calls a number at a local time of a zone."""
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    stack.write(calls([number], f"{{at: {local}, timezone: {zone}}}", rules=f"[{rules}]", misfire_grace="1m"))
    span = ("--start", at.isoformat(), "--end", at.isoformat())
    [shown] = time.at(at, *RULES, "schedule", "--who", *span, "--format", "json").json["people"]
    return bool(shown["called_at"] == f"{at:%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.parametrize(
    ("rule", "number", "zone", "hours", "never"),
    [
        ("us-federal", NEW_YORK, "America/New_York", [("08:00", "21:00")], ()),
        ("us-federal", PARIS, "Europe/Paris", [("00:00", "23:59")], ()),
        ("florida", MIAMI, "America/New_York", [("08:00", "20:00")], ()),
        ("florida", NEW_YORK, "America/New_York", [("00:00", "23:59")], ()),
        ("us-federal, florida", MIAMI, "America/New_York", [("08:00", "20:00")], ()),
        ("regulation-f", MIAMI, "America/New_York", [("08:00", "21:00")], ()),
        (
            "france",
            PARIS,
            "Europe/Paris",
            [("10:00", "13:00"), ("14:00", "20:00")],
            ("2027-01-01T11:00", "2026-12-05T11:00", "2026-12-25T15:00", "2027-03-29T11:00"),
        ),
        ("france", NEW_YORK, "America/New_York", [("00:00", "23:59")], ()),
    ],
)
def test_the_rule_files_allow_what_their_sources_do(
    stack: Stack,
    time: Timeline,
    rule: str,
    number: str,
    zone: str,
    hours: list[tuple[str, str]],
    never: tuple[str, ...],
) -> None:
    copy(stack, "calling-rules")
    for first, last in hours:
        begin, end = (datetime.fromisoformat(f"2026-12-02T{text}") for text in (first, last))
        minute = timedelta(minutes=1)
        assert allowed(stack, time, number, begin.isoformat(), zone, rule)
        assert allowed(stack, time, number, (end - minute).isoformat(), zone, rule)
        if first != "00:00":
            assert not allowed(stack, time, number, (begin - minute).isoformat(), zone, rule)
            assert not allowed(stack, time, number, end.isoformat(), zone, rule)
    for moment in never:
        assert not allowed(stack, time, number, f"{moment}:00", zone, rule)


def test_each_rule_file_says_where_it_comes_from_and_grows_old(stack: Stack, time: Timeline) -> None:
    copy(stack, "calling-rules")
    files = sorted((stack.folder / "rules").glob("*.yaml"))
    assert [file.stem for file in files] == ["florida", "france", "regulation-f", "us-federal"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "This is no legal advice" in " ".join(text.replace("#", "").split())
        assert "https://" in text
        assert time.at(utc(2026, 12, 1), "-f", f"rules/{file.name}", "validate").code == 0
        later = time.at(utc(2028, 1, 10), "-f", f"rules/{file.name}", "validate")
        assert "old-rule" in later.out + later.err


def test_calling_rules(stack: Stack, time: Timeline) -> None:
    copy(stack, "calling-rules")
    assert time.at(utc(2026, 12, 2, 9), *RULES, "validate").code == 0
    assert time.at(utc(2026, 12, 2, 9), *RULES, "apply", "--auto-approve").code == 0
    assert time.at(utc(2026, 12, 2, 9), *RULES, "plan", "--detailed-exitcode").code == 0
    # Ten in New York, and four in Paris: everybody may be called.
    assert time.at(utc(2026, 12, 2, 15, 0, 10), "dispatch", "--once").code == 0
    assert sorted(time.placed()) == sorted([PARIS, MIAMI, NEW_YORK, "+12125550187"])
    # Somebody answered on Wednesday: the collection waits for a week.
    time.at(utc(2026, 12, 3, 15, 0, 10), "dispatch", "--once")
    assert time.placed().count("+12125550187") == 1
    # Saturday's and Sunday's calls are Monday's: in France from ten, in New York from eight.
    for moment in (utc(2026, 12, 5, 15), utc(2026, 12, 6, 15), utc(2026, 12, 7, 9), utc(2026, 12, 7, 13)):
        placed = len(time.placed())
        assert time.at(moment + timedelta(seconds=10), "dispatch", "--once").code == 0
        assert len(time.placed()) - placed == {9: 1, 13: 2}.get(moment.hour, 0), moment
