"""Retention at scale: a plan over a million recordings, and the file in which it is saved.

    python bench/retention.py [--count 1000000]

Every recording is due, which is the worst case for time, memory and file: each SID is in the plan. Once more
it is done with two hundred holds, each of which names one recording, and with ten thousand, each of which is
about an hour in which nothing was recorded.
`voiceform plan --out` reads them from the lean server, over plain HTTP on the same machine, whose CPU is
counted beside; it and `voiceform show` are processes, with their start. Then the plan is written and read
again within a process. How near a prune comes to what is possible, bench/deletes.py measures.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import harness
import lean_server

CONFIGURATION = """\
version: 1
safety: {max_recording_deletes: 100000000, max_delete_percent: 100}
retention:
  recordings:
    - {name: conferences, match: {source: [Conference], min_duration: 600s}, keep: 30d}
    - {name: everything-else, keep: 30d}
"""


HOLDS = 200
DATES = 10_000


def with_holds(count: int) -> str:
    """The configuration with holds on recordings that lie all over the list."""
    named = (lean_server.sid("RE", number * count // HOLDS) for number in range(HOLDS))
    holds = (
        f"    case-{number}: {{reason: benchmark, match: {{recording_sid: [{sid}]}}}}\n"
        for number, sid in enumerate(named)
    )
    return f"{CONFIGURATION}  holds:\n{''.join(holds)}"


def with_dates() -> str:
    """The configuration with holds on very many hours of the past."""
    hours = (
        f"{2016 + n // 8064}-{1 + n // 672 % 12:02}-{1 + n // 24 % 28:02}T{n % 24:02}" for n in range(DATES)
    )
    holds = (
        f"    case-{number}: {{reason: benchmark,"
        f" match: {{created: {{start: {hour}:00:00Z, end: {hour}:59:59Z}}}}}}\n"
        for number, hour in enumerate(hours)
    )
    return f"{CONFIGURATION}  holds:\n{''.join(holds)}"


def main() -> None:
    parser = harness.options(__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    chosen = parser.parse_args()
    count = 10_000 if chosen.short else chosen.count
    report = harness.Report("retention", chosen)
    with (
        lean_server.running(recordings=count) as server,
        tempfile.TemporaryDirectory() as name,
    ):
        folder = Path(name)
        (folder / "voiceform.yaml").write_text(CONFIGURATION)
        (folder / "holds.yaml").write_text(with_holds(count))
        (folder / "dates.yaml").write_text(with_dates())
        saved = folder / "saved.plan"
        program = [sys.executable, "-m", "voiceform", "-C", str(folder)]

        def plan(configuration: str) -> harness.Sample:
            server.reset()
            began = server.told()["cpu"]
            taken = harness.process(
                [*program, "-f", configuration, "plan", "--out", saved.name], environ=server.environ()
            )
            told = server.told()
            counts = {
                "requests": told["GET"],
                "s CPU of the server": told["cpu"] - began,
                "MB of file": saved.stat().st_size / 1e6,
            }
            return harness.Sample(taken.seconds, taken.cpu, taken.megabytes, counts)

        def show() -> harness.Sample:
            return harness.process([*program, "show", saved.name], environ=server.environ())

        report.compare(
            f"{count:,} recordings, all of them due",
            {
                "voiceform plan": lambda: plan("voiceform.yaml"),
                "voiceform plan, 10,000 holds of dates": lambda: plan("dates.yaml"),
                "voiceform plan, 200 holds": lambda: plan("holds.yaml"),
                "voiceform show": show,
            },
        )
        _file(report, saved, count)
    report.save()


def _file(report: harness.Report, saved: Path, count: int) -> None:
    from voiceform.engine.planfile import read_plan_file, write_plan_file
    from voiceform.kinds.retention.scopes import SCOPES
    from voiceform.model.scopes import Vocabulary

    words = Vocabulary.of(SCOPES.values(), {})
    plan = read_plan_file(saved, words)
    again = saved.with_suffix(".again")
    report.compare(
        f"a saved plan of {count:,} SIDs",
        {
            "written": lambda: harness.here(lambda: write_plan_file(plan, again)),
            "read": lambda: harness.here(lambda: read_plan_file(saved, words)),
        },
    )


if __name__ == "__main__":
    main()
