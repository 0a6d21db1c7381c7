"""A table of people: how long `validate` and `plan` take over it, and how much memory.

    python bench/people.py [COUNT]          (default: 100000)

Each row has a time, a zone (three of four rows), a language and words of its own. Each command is a process
of its own, with an emulated account in which the schedule is new. Prints one JSON document: seconds on the
clock and of CPU, and peak memory in MB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from voiceform.emulator import Emulator

ACCOUNT = "AC" + "a" * 32
CONFIGURATION = """
version: 1
safety: {max_calls: 1000000}
calls:
  reminder:
    to: {csv: patients.csv, key: visit, timezone: zone, language: language, when: starts}
    from: "+15017122661"
    schedule: {column: starts, lead: 24h, timezone: America/New_York}
    calling_hours: {start: "08:00", end: "21:00", timezone: recipient}
    answer:
      say: {text: "Hello {{ name }}, your visit is on {{ when }}.", language: "{{ language }}"}
"""
ZONES = ("America/New_York", "Europe/Berlin", "America/Chicago", "")
LANGUAGES = ("en-US", "es-MX", "de-DE")


def table(count: int) -> str:
    """So many rows; two of three numbers are American, the others German mobile numbers."""
    rows = ["visit,name,phone,zone,language,starts,notes"]
    for index in range(count):
        number = f"+4915{100000000 + index:09d}" if index % 3 == 2 else f"+1212{2000000 + index:07d}"
        starts = f"2099-12-{1 + index % 28:02d} {8 + index % 10:02d}:{index * 5 % 60:02d}"
        about = f"{ZONES[index % 4]},{LANGUAGES[index % 3]},{starts},a note"
        rows.append(f"V-{index},Name {index} Surname,{number},{about}")
    return "\n".join(rows) + "\n"


def measured(command: list[str], folder: Path, environ: dict[str, str]) -> dict[str, float]:
    """One process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{command} failed")
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_mb": round(usage.ru_maxrss / 1024),
    }


def main(count: int) -> None:
    voiceform = [sys.executable, "-m", "voiceform"]
    with Emulator() as emulator, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "patients.csv").write_text(table(count), encoding="utf-8")
        (folder / "voiceform.yaml").write_text(CONFIGURATION, encoding="utf-8")
        environ = {
            **os.environ,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": "bench",
            "VOICEFORM_BASE_URL": emulator.url,
        }
        found = {
            "validate": measured([*voiceform, "validate"], folder, environ),
            "plan": measured([*voiceform, "plan", "--out", "plan.json"], folder, environ),
        }
        size = (folder / "plan.json").stat().st_size
    print(json.dumps({"people": count, **found, "plan_file_mb": round(size / 1e6, 1)}, indent=2))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
