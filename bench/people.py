"""A hundred thousand people: what `validate` and `plan` take over the tables that they stand in.

    python bench/people.py [--count 100000]

- a time for each: the rows have a time, a zone (three of four rows), a language and words of their own
- three calling rules: numbers of three countries, and rules that ask where each of them is, in which country
  and in which state

Each command is a process of its own, with its start, beside Python alone, which does nothing. The schedule is
new to an account without anything in it, which the lean server plays.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import harness
import lean_server

TIMES = """
version: 1
safety: {max_calls: 1000000}
calls:
  reminder:
    to: {csv: people.csv, key: visit, timezone: zone, language: language, when: starts}
    from: "+15017122661"
    schedule: {column: starts, lead: 24h, timezone: America/New_York}
    calling_hours: {start: "08:00", end: "21:00", timezone: recipient}
    answer:
      say: {text: "Hello {{ name }}, your visit is on {{ when }}.", language: "{{ language }}"}
"""
RULES = """
version: 1
safety: {max_calls: 1000000}
calling_rules:
  - name: office-hours
    hours: {weekly: {mon-fri: ["08:00-12:00", "13:00-21:00"], sat: ["10:00-17:00"]}, outside: next-window}
  - name: florida
    match: {to: [US-FL]}
    hours: {weekly: {mon-sun: ["08:00-20:00"]}}
    limits: [{max: 3, per: 1d}]
  - name: france
    match: {to: [FR]}
    hours: {weekly: {mon-fri: ["10:00-13:00", "14:00-20:00"]}}
    limits: [{max: 4, per: 30d}]
calls:
  delivery:
    to: {csv: people.csv}
    from: "+15017122661"
    schedule: {cron: "0 7 * * *", timezone: America/New_York}
    rules: [office-hours, florida, france]
    answer: {say: Your order will arrive tomorrow.}
"""
ZONES = ("America/New_York", "Europe/Berlin", "America/Chicago", "")
LANGUAGES = ("en-US", "es-MX", "de-DE")
AREAS = (212, 305, 415, 312, 617, 702, 813, 904)


def with_times(count: int) -> str:
    """So many rows; two of three numbers are American, the others German mobile numbers."""
    rows = ["visit,name,phone,zone,language,starts,notes"]
    for index in range(count):
        number = f"+4915{100000000 + index:09d}" if index % 3 == 2 else f"+1212{2000000 + index:07d}"
        starts = f"2099-12-{1 + index % 28:02d} {8 + index % 10:02d}:{index * 5 % 60:02d}"
        about = f"{ZONES[index % 4]},{LANGUAGES[index % 3]},{starts},a note"
        rows.append(f"V-{index},Name {index} Surname,{number},{about}")
    return "\n".join(rows) + "\n"


def numbers(count: int) -> str:
    """So many numbers: American ones of eight areas, German mobile ones, French mobile ones."""
    rows = ["phone"]
    for index in range(count):
        area, local = AREAS[index // 3 % len(AREAS)], 2_000_000 + index * 7919 % 7_999_999
        rows.append(
            (
                f"+1{area}{local:07d}",
                f"+4915{100_000_000 + index:09d}",
                f"+336{10_000_000 + index * 6151 % 89_999_999:08d}",
            )[index % 3]
        )
    return "\n".join(rows) + "\n"


TABLES: dict[str, tuple[str, Callable[[int], str]]] = {
    "a time for each": (TIMES, with_times),
    "three calling rules": (RULES, numbers),
}


def main() -> None:
    parser = harness.options(__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    chosen = parser.parse_args()
    count = 2000 if chosen.short else chosen.count
    report = harness.Report("people", chosen)
    for title, (configuration, table) in TABLES.items():
        with lean_server.running() as server, tempfile.TemporaryDirectory() as name:
            folder, environ = Path(name), server.environ()
            (folder / "people.csv").write_text(table(count), encoding="utf-8")
            (folder / "voiceform.yaml").write_text(configuration, encoding="utf-8")

            def run(*command: str, of: Path = folder, told: dict[str, str] = environ) -> harness.Contestant:
                return lambda: harness.process([sys.executable, *command], cwd=of, environ=told)

            report.compare(
                f"{count:,} people, {title}",
                {
                    "validate": run("-m", "voiceform", "validate"),
                    "plan": run("-m", "voiceform", "plan"),
                    "plan --out": run("-m", "voiceform", "plan", "--out", "plan.json"),
                    "python -c pass": run("-c", "pass"),
                },
                operations=count,
                unit="person",
            )
    report.save()


if __name__ == "__main__":
    main()
