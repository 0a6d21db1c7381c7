"""Reading the objects of a seed that fits its schema: defaults, and instants as the clock has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.emulator.clock import parse_instant
from voiceform.emulator.errors import ControlError


class Fields:
    """An object of a seed that fits the schema; `where` is its place, for complaints."""

    def __init__(self, document: Mapping[str, Any], where: str) -> None:
        self._document = document
        self.where = where

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text; numbers are taken as they are written."""
        value = self._document.get(name)
        return default if value is None else str(value)

    def word(self, name: str, default: str = "") -> str:
        """A text that is never absent; one without a default is required by the schema."""
        return str(self._document.get(name, default))

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty where it is absent."""
        return list(self._document.get(name, ()))

    def integer(self, name: str, default: int | None) -> int | None:
        """A whole number, also written as a text as the API does for durations."""
        value = self._document.get(name)
        return default if value is None else int(value)

    def count(self, name: str, default: int) -> int:
        """A whole number that is never absent."""
        return int(self._document.get(name, default))

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        return bool(self._document.get(name, default))

    def instant(self, name: str) -> int | None:
        """An ISO 8601 or RFC 2822 date or time; what the schema cannot see is complained about here."""
        value = self._document.get(name)
        if value is None:
            return None
        try:
            return parse_instant(value)
        except ControlError as error:
            raise ControlError(f"{self.where}.{name}: {error}") from None

    def items(self, name: str) -> list[Fields]:
        """A list of objects."""
        found = enumerate(self._document.get(name, ()))
        return [Fields(item, f"{self.where}.{name}[{index}]".lstrip(".")) for index, item in found]

    def nested(self, name: str) -> Fields | None:
        """A nested object, or None."""
        value = self._document.get(name)
        return None if value is None else Fields(value, f"{self.where}.{name}".lstrip("."))
