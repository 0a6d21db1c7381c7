"""One empty mapping for all objects that have nothing of a sort.

A plan over a hundred thousand objects would hold a million empty dicts otherwise, each as large as a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

EMPTY: Mapping[Any, Any] = MappingProxyType({})
"""Equal to every other empty mapping, and nobody can put anything into it."""


def empty() -> Mapping[Any, Any]:
    """EMPTY, as the default of a field."""
    return EMPTY
