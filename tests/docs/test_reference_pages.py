"""The pages that are written from what the program knows are what it would write now."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.reference.pages import PAGES

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_is_written(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make reference`"
