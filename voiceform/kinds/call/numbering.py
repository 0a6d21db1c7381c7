"""A telephone number as Google's libphonenumber has it: read once for all that is asked about it.

Of long lists each number is asked about several times: where its owner is, and in which country.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from voiceform.model.numbers import plain_parts

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber


class Numbered(NamedTuple):
    """A number in its parts, and what sort of number it is: a `phonenumbers.PhoneNumberType`."""

    parsed: PhoneNumber
    kind: int


@lru_cache(maxsize=1024)
def numbered(number: str) -> Numbered | None:
    """What libphonenumber knows of an E.164 number; None for what it cannot read."""
    import phonenumbers

    parts = plain_parts(number)
    if parts is not None:  # then nothing has to be read in it, which would be half of the work
        parsed = phonenumbers.PhoneNumber(country_code=int(parts[0]), national_number=int(parts[1]))
    else:
        try:
            parsed = phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return None
    return Numbered(parsed, phonenumbers.number_type(parsed))
