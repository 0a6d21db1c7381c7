"""Whether all of the matrices is played or a sample, and the pieces in which all of a scene is played: each
is a test of its own, so that they are dealt evenly and remembered one by one (played.py)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.matrix.scenes import Scene

T = TypeVar("T")
WHOLE = os.environ.get("VOICEFORM_MATRIX") == "whole"
LONG, MOST = ("apply", "fleet"), 4
"""Words in the names of scenes that have thousands of points, and in how many pieces these come."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the pieces of a scene; `number` from 0."""

    scene: Scene
    number: int = 0
    pieces: int = 1

    def of(self, points: Sequence[T]) -> Sequence[T]:
        """What of all points is in this piece."""
        return points[self.number :: self.pieces]

    def __str__(self) -> str:
        number = "" if self.pieces == 1 else f" {self.number + 1} of {self.pieces}"
        return self.scene.name + number


def pieces(scenes: Iterable[Scene]) -> list[Piece]:
    """All of each scene."""
    found = []
    for scene in scenes:
        most = MOST if WHOLE and any(word in scene.name for word in LONG) else 1
        found += [Piece(scene, number, most) for number in range(most)]
    return found
