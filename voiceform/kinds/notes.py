"""What people say of an object for other people, out of its block in the configuration."""

from __future__ import annotations

from typing import Any

from voiceform.model.document import Block
from voiceform.model.empty import EMPTY
from voiceform.model.resource import NOTES, Notes


def notes_of(block: Block) -> Notes:
    """`description` and `owner`, each on one line and only where it is said."""
    if block.keys().isdisjoint(NOTES):
        return EMPTY
    return {name: _one_line(block[name]) for name in NOTES if (block.get(name) or "").strip()} or EMPTY


def _one_line(text: Any) -> str:  # noqa: ANN401 - what the environment gave is a text of a class of its own
    line = " ".join(text.split())
    return text if line == text else line
