"""Validating a megabyte of each kind of file that is made to hurt; of kinds that are named, in each format.

    python bench/hostile.py [KIND ...] [--size 1000000] [--short] [--json FILE]

Each measurement is a process of its own, imports included. What such a file may cost is bounded
(`tests/config/test_bounds.py`); here is what it does cost.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import harness

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.config.bombs import BOMBS  # noqa: E402

FORMATS = ("text", "json", "github", "sarif")
SHORT = ("one word", "levels without end")


def validating(path: Path, format_: str) -> harness.Contestant:
    """Runs `validate`, which finds mistakes or refuses the file."""
    command = [sys.executable, "-m", "voiceform", "-f", str(path), "validate", "--format", format_]
    return lambda: harness.process(command, cwd=path.parent, codes=(0, 1))


def main() -> None:
    parser = harness.options(__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="some of the kinds alone")
    parser.add_argument("--size", type=int, default=1_000_000, help="characters of a file (1,000,000)")
    chosen = parser.parse_args()
    size = 50_000 if chosen.short else chosen.size
    report = harness.Report("hostile", chosen)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voiceform.yaml"
        for kind in chosen.kinds or (SHORT if chosen.short else BOMBS):
            path.write_text(BOMBS[kind](size), encoding="utf-8", newline="")
            formats = FORMATS if chosen.kinds else FORMATS[:1]
            report.compare(kind, {name: validating(path, name) for name in formats}, unit="file")
    report.save()


if __name__ == "__main__":
    main()
