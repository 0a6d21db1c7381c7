"""Writes schemas/config.schema.json: `python -m schemas.source`, or `make schemas`."""

from __future__ import annotations

from pathlib import Path

from schemas.source.document import schema_text

FILE = Path(__file__).resolve().parents[1] / "config.schema.json"

if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
