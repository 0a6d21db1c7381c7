"""Writes the pages: `python -m schemas.reference`, or `make reference`."""

from __future__ import annotations

from pathlib import Path

from schemas.reference.pages import PAGES

DOCS = Path(__file__).resolve().parents[2] / "docs"

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
