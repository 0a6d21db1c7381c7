"""Where a path leads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

ALLOW = "move it there, or allow its folder with --allow-path DIR (or VOICEFORM_ALLOW_PATH)"
"""What to do about what lies elsewhere, and was meant."""


def leads_below(path: str | Path, folders: Iterable[str | Path]) -> bool:
    """Whether what is at `path` really lies in one of `folders`, or below; links are followed. Whether it is
    there is another question."""
    real = os.path.realpath(path)
    places = (os.path.realpath(folder) for folder in folders)
    return any(os.path.commonpath([real, place]) == place for place in places)
