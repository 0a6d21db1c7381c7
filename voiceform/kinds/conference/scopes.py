"""What changes of conferences count, beside the people whom they phone."""

from __future__ import annotations

from voiceform.model.scopes import deletion

ENDING = deletion("conference")
"""A live room that people are in is ended."""
