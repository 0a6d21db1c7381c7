"""Writes the figures of docs/performance.md, docs/fleets.md and README.md from bench/results/.

    python bench/all.py --results bench/results     # first measure, on a machine that does nothing else
    python bench/figures.py

A test fails where the pages say anything else than the results do. A line of README.md whose benchmark has no
results there is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"
PAGE, FLEETS, README = ROOT / "docs" / "performance.md", ROOT / "docs" / "fleets.md", ROOT / "README.md"
BEGIN, END = "<!-- figures: python bench/figures.py -->\n", "<!-- end of figures -->\n"

Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A line of README.md: what was done, the benchmark, how the title of the comparison begins, which
    contestant is ours, what stands beside it (with what it is called there), and which measures are shown."""

    what: str
    benchmark: str
    title: str
    ours: str
    shown: tuple[str, ...]
    instead: tuple[str, str] | None = None


_LOADED = ("PyYAML and jsonschema", "PyYAML's C loader and jsonschema, which know no places")
_SCRIPT = ("script with twilio", "a script with Twilio's helper library that only reads and compares")
_MEMORY = ("seconds", "megabytes")
ROWS = (
    Row(
        *("start: `voiceform --version`", "start", "From the start", "voiceform --version", ("seconds",)),
        ("python -c 'import click'", "the import of click"),
    ),
    Row(
        *("start: `validate` of three queues", "start", "From the start"),
        *("voiceform validate, three queues", ("seconds",)),
    ),
    Row(
        *("`validate` 10,000 queues", "config", "10,000 queues, all of them right"),
        *("voiceform validate", _MEMORY, _LOADED),
    ),
    Row(
        *("the same with 100 mistakes, all told with their positions", "config", "10,000 queues, 100 values"),
        *("voiceform validate", _MEMORY, _LOADED),
    ),
    Row(
        *("`plan` over 10,000 queues, 1 % changed", "plan", "10,000 queues"),
        *("voiceform plan", _MEMORY, _SCRIPT),
    ),
    Row(
        *("`plan` over 100,000 queues, 1 % changed", "plan", "100,000 queues"),
        *("voiceform plan", _MEMORY),
    ),
    Row(
        *("`plan` of calls to 100,000 people, a time for each", "people", "100,000 people, a time"),
        *("plan", _MEMORY),
    ),
    Row(
        *("the same under three calling rules", "people", "100,000 people, three calling rules"),
        *("plan", _MEMORY),
    ),
    Row(
        *("`plan` over 1,000,000 recordings that are all to be deleted", "retention", "1,000,000 recordings"),
        *("voiceform plan", _MEMORY),
    ),
    Row(
        *("`prune` of 10,000 recordings with evidence, 100 in flight, 50 ms, TLS", "deletes"),
        *("10,000 deletions, 100 in flight, 50 ms, TLS", "prune", ("of_bound", "cpu_ms")),
    ),
    Row(
        *("one deletion over TLS, 100 in flight", "wire", "2,000 DELETE, 100 in flight, 50 ms, TLS"),
        *("client", ("cpu_ms",), ("requests.Session", "`requests.Session` in threads")),
    ),
    Row(
        *("place a due call: judge, count, reserve, dial, record", "dispatch", "1000 due calls"),
        *("SQLite", ("cpu_ms",)),
    ),
    Row(
        *("answer a GET of a queue, as the emulator", "emulator", "10,000 requests"),
        *("GET of a queue", ("cpu_ms",)),
    ),
)

_SHOWN = {
    "seconds": "{:.3g} s",
    "cpu_ms": "{:.2g} ms of CPU",
    "megabytes": "{:.0f} MB",
    "of_bound": "{:.2f} of the best possible",
    "seconds_ratio": "{:.2f} of its time",
    "cpu_ratio": "{:.2f} of its CPU",
}
#: Columns of docs/performance.md; the first of them takes the unit.
_COLUMNS = {
    "seconds": ("time", "{:.3f} s"),
    "cpu_ms": ("CPU per {}", "{:.3g} ms"),
    "megabytes": ("memory", "{:.0f} MB"),
    "seconds_ratio": ("time, ratio", "{:.2f}"),
    "cpu_ratio": ("CPU, ratio", "{:.2f}"),
    "of_bound": ("of the bound", "{:.3f}"),
}


def results() -> dict[str, Measured]:
    """What was measured, by the name of the benchmark."""
    paths = sorted(RESULTS.glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


def readme(measured: Mapping[str, Measured]) -> str:
    """The table of README.md."""
    lines = ["| what | voiceform | instead |", "| --- | --- | --- |"]
    lines += [_row(row, measured[row.benchmark]) for row in ROWS if row.benchmark in measured]
    return "\n".join(lines) + "\n"


def page(measured: Mapping[str, Measured]) -> str:
    """All figures, for docs/performance.md."""
    return "\n".join(line for name in measured for line in _section(measured[name])).strip("\n") + "\n"


def fleets(measured: Mapping[str, Measured]) -> str:
    """Those of docs/fleets.md."""
    return "\n".join(_section(measured["fleet"], heading=False)).strip("\n") + "\n"


def replaced(text: str, figures: str) -> str:
    """A page with other figures between the marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"a page has no place for figures: {BEGIN.strip()} ... {END.strip()}")
    return f"{before}{begin}\n{figures}\n{end}{after}"


def _row(row: Row, measured: Measured) -> str:
    found = [one for one in measured["comparisons"] if one["title"].startswith(row.title)]
    if len(found) != 1:
        raise SystemExit(f"{row.benchmark}: {len(found)} comparisons begin with {row.title!r}")
    contestants = found[0]["results"]
    ours = _cell(contestants[row.ours], row.shown)
    theirs = ""
    if row.instead is not None:
        name, called = row.instead
        theirs = f" {_cell(contestants[name], row.shown)}: {called}"
    return f"| {row.what} (`bench/{row.benchmark}.py`; {measured['machine']['date']}) | {ours} |{theirs} |"


def _cell(result: Measured, shown: tuple[str, ...]) -> str:
    return ", ".join(_SHOWN[name].format(result[name]) for name in shown)


def _section(measured: Measured, *, heading: bool = True) -> Iterator[str]:
    about = measured["machine"]
    if heading:
        yield f"### {measured['benchmark']}"
        yield ""
    yield f"`{measured['command']}`, {about['date']}, medians of {measured['rounds']} rounds;"
    yield f"{about['cores']} cores, {about['processor']}, load {about['load']}, Python {about['python']}."
    yield ""
    for comparison in measured["comparisons"]:
        yield from _table(comparison)
    for name, value in measured["figures"].items():
        yield f"- {name}: {_number(value)}"
    if measured["figures"]:
        yield ""


def _table(comparison: Measured) -> Iterator[str]:
    contestants: Mapping[str, Measured] = comparison["results"]
    columns = [name for name in _COLUMNS if any(one[name] is not None for one in contestants.values())]
    counted = list(dict.fromkeys(name for one in contestants.values() for name in one["counts"]))
    bound = "" if comparison["bound"] is None else f"; {comparison['bound']:.2f} s at best"
    baseline = "" if comparison["baseline"] is None else f"; ratios to {comparison['baseline']}"
    yield f"{comparison['title']}{bound}{baseline}:"
    yield ""
    heads = [_COLUMNS[name][0].format(comparison["unit"]) for name in columns] + counted
    yield f"| | {' | '.join(heads)} |"
    yield f"| --- |{' ---: |' * len(heads)}"
    for name, result in contestants.items():
        cells = ["" if result[it] is None else _COLUMNS[it][1].format(result[it]) for it in columns]
        cells += [_number(result["counts"][it]) if it in result["counts"] else "" for it in counted]
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main() -> None:
    measured = results()
    for path, figures in ((PAGE, page(measured)), (FLEETS, fleets(measured)), (README, readme(measured))):
        path.write_text(replaced(path.read_text(encoding="utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main()
