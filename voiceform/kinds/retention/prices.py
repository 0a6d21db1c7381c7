"""What storing recordings costs: the figures of prices.json beside this module, or of a file of the user's.

Each recording counts as whole minutes, rounded up; the first minutes of an account are free.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Any

from voiceform.kinds.userfiles import Places, UserFileError
from voiceform.model.errors import VoiceformError

_LARGEST = 100_000
_KEYS = frozenset({"as_of", "source", "currency", "storage_per_minute_month", "free_minutes"})


class PriceFileError(VoiceformError):
    """A price file that cannot be read or does not say what a price file says."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of one day, `as_of`. `storage_per_minute_month` in `currency`."""

    as_of: str
    currency: str
    storage_per_minute_month: Decimal
    free_minutes: int

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Prices:
        """From the content of a price file; raises ValueError that says what is wrong."""
        unknown = set(document) - _KEYS
        if unknown:
            raise ValueError(f"{len(unknown)} of its keys are not those of a price file")
        as_of = document.get("as_of")
        if not isinstance(as_of, str):
            raise ValueError("as_of is missing: the date of the prices")
        if not _is_date(as_of):
            raise ValueError("as_of is not a date such as 2026-11-27")
        price = _decimal(document.get("storage_per_minute_month"))
        free = document.get("free_minutes", 0)
        if not isinstance(free, int) or isinstance(free, bool) or free < 0:
            raise ValueError("free_minutes is not a whole number from 0")
        currency = document.get("currency", "USD")
        if not (isinstance(currency, str) and len(currency) == 3 and currency.isalpha()):
            raise ValueError("currency is not a code of three letters")
        return cls(as_of, currency.upper(), price, free)

    def document(self) -> dict[str, Any]:
        """Plain JSON that `read` takes."""
        return {
            "as_of": self.as_of,
            "currency": self.currency,
            "storage_per_minute_month": str(self.storage_per_minute_month),
            "free_minutes": self.free_minutes,
        }

    def monthly(self, minutes: int) -> Decimal:
        """What an account with so many minutes of recordings pays for a month."""
        return max(0, minutes - self.free_minutes) * self.storage_per_minute_month

    def saving(self, all_minutes: int, deleted: int) -> Decimal:
        """What deleting so many of them saves in a month, the free minutes considered."""
        return self.monthly(all_minutes) - self.monthly(all_minutes - deleted)


def read_price_file(name: str, *, beside: str, places: Places) -> Prices:
    """The prices in a JSON or YAML file, relative to the folder of the file `beside`; PriceFileError, which
    repeats nothing of what the file holds."""
    import yaml

    try:
        content = places.read(Path(beside).parent / name, _LARGEST).content
    except UserFileError as error:
        raise PriceFileError(f"the price file {error.what}", hint=error.hint) from None
    try:
        document = yaml.load(content.decode("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only
        if not isinstance(document, dict):
            raise ValueError("it holds no keys")
        free = document.get("free_minutes", "0")
        whole = int(free) if isinstance(free, str) and free.isdecimal() and len(free) < 16 else free
        return Prices.read({**document, "free_minutes": whole})
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else "it is not YAML or JSON"
        raise PriceFileError(
            f"this is not a price file: {reason}",
            hint="it has as_of, storage_per_minute_month, and optionally source, currency and free_minutes",
        ) from None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _decimal(value: object) -> Decimal:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal(-1)
    if not (price.is_finite() and 0 <= price < 1000):
        raise ValueError("storage_per_minute_month is not a price")
    return price


def default_prices() -> Prices:
    """The figures that are shipped; `as_of` says of when they are."""
    text = files("voiceform.kinds.retention").joinpath("prices.json").read_text(encoding="utf-8")
    return Prices.read(json.loads(text))
