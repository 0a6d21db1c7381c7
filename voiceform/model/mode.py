"""What plans are for."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What a plan is for."""

    NORMAL = "normal"
    DESTROY = "destroy"
    REFRESH_ONLY = "refresh-only"
    REVIEW = "review"
