"""The Python on the emulator's page runs as it stands."""

from __future__ import annotations

import re

from tests.docs.test_pages import ROOT

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_python_of_the_page_runs() -> None:
    blocks = BLOCK.findall((ROOT / "docs" / "emulator.md").read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/emulator.md", "exec"), {})
