"""Writes the schemas of what people write: `python -m schemas.source`, or `make schemas`."""

from __future__ import annotations

from pathlib import Path

from schemas.source import document, fleet, tests

FOLDER = Path(__file__).resolve().parents[1]
FILE = FOLDER / "config.schema.json"
TESTS = FOLDER / "test.schema.json"
FLEET = FOLDER / "fleet.schema.json"

if __name__ == "__main__":
    FILE.write_text(document.schema_text(), encoding="utf-8")
    TESTS.write_text(tests.schema_text(), encoding="utf-8")
    FLEET.write_text(fleet.schema_text(), encoding="utf-8")
