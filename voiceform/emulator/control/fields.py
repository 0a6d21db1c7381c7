"""Reading the objects of a seed: every complaint names the place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from voiceform.emulator.clock import parse_instant
from voiceform.emulator.errors import ControlError
from voiceform.emulator.sids import is_sid


class Fields:
    """An object of a seed, read key by key; ``done`` complains about keys that nobody asked for."""

    def __init__(self, document: object, where: str) -> None:
        if not isinstance(document, Mapping):
            raise ControlError(f"{where}: must be an object")
        self._left = dict(document)
        self.where = where

    def take(self, name: str) -> object:
        """The raw value, or None."""
        return self._left.pop(name, None)

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text; numbers are taken as they are written."""
        value = self.take(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.wrong(name, value, "a text")
        return str(value)

    def required(self, name: str) -> str:
        """A text that must be there and not empty."""
        value = self.text(name)
        if not value:
            raise ControlError(f"{self.where}.{name}: is required")
        return value

    def word(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        """One of the allowed words."""
        value = cast(str, self.text(name, default))
        if value not in allowed:
            raise self.wrong(name, value, f"one of {', '.join(allowed)}")
        return value

    def integer(self, name: str, default: int | None, low: int = 0) -> int | None:
        """A whole number, also written as a text as the API does for durations."""
        value = self.take(name)
        if value is None:
            return default
        try:
            number = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or number < low:
            raise self.wrong(name, value, f"a whole number from {low}")
        return number

    def count(self, name: str, default: int, low: int = 0) -> int:
        """A whole number that is never absent."""
        return cast(int, self.integer(name, default, low))

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(name, value, "true or false")
        return value

    def instant(self, name: str) -> int | None:
        """An ISO 8601 date or time."""
        value = self.take(name)
        if value is None:
            return None
        try:
            return parse_instant(value)
        except ControlError as error:
            raise ControlError(f"{self.where}.{name}: {error}") from None

    def sid(self, name: str, prefix: str) -> str | None:
        """A SID of this prefix."""
        value = self.text(name)
        if value is not None and not is_sid(value, prefix):
            raise self.wrong(name, value, f"a SID: {prefix} and 32 hexadecimal digits")
        return value

    def items(self, name: str) -> list[Fields]:
        """A list of objects."""
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, value, "a list")
        return [Fields(item, f"{self.where}.{name}[{index}]".lstrip(".")) for index, item in enumerate(value)]

    def nested(self, name: str) -> Fields | None:
        """A nested object, or None."""
        value = self.take(name)
        return None if value is None else Fields(value, f"{self.where}.{name}".lstrip("."))

    def done(self) -> None:
        """Complain about what is left."""
        if self._left:
            raise ControlError(f"{self.where or 'seed'}: unknown {', '.join(sorted(map(str, self._left)))}")

    def wrong(self, name: str, value: object, expected: str) -> ControlError:
        """The complaint about a value."""
        return ControlError(f"{self.where}.{name}".lstrip(".") + f": {value!r} is not {expected}")
