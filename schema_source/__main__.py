"""Writes schemas/config.schema.json: `python -m schema_source`, or `make schemas`."""

from __future__ import annotations

from pathlib import Path

from schema_source.document import schema_text

FILE = Path(__file__).resolve().parents[1] / "schemas" / "config.schema.json"

if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
