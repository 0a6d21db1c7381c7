"""The one reader of phone numbers and other parties: E.164 numbers, SIP addresses and clients.

Every section of the configuration, every list of a user's and every answer of the API goes through it, so
that two spellings of one person are one person everywhere.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

_SIP = re.compile(r"sips?:[^\s@]{1,128}@[^\s@]{1,253}", re.ASCII)
_ANY_SIP = re.compile(_SIP.pattern, re.ASCII | re.IGNORECASE)
_CLIENT = re.compile(r"client:\S{1,121}", re.ASCII)
_LOOKS_RIGHT = re.compile(r"\+[0-9().\-/ \u00a0]+")
_ROUNDED = re.compile(r"[+\-]?[0-9](?:[.,][0-9]{1,20})?[eE]\+?[0-9]{1,3}", re.ASCII)
_DIGITS = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_BARE_DIGITS = re.compile(r"[1-9][0-9]{9,14}", re.ASCII)
_URI = re.compile(r"(?:sips?|tel):([^@;?:]*)(?:[@;?:].*)?", re.ASCII | re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"\[[^\]]*\]|[^:;?>]*")
_DIALLED = re.compile(
    r"(?:sips?|client|tel):((?:[0-9+*#().\-_]|%2[0-9a-f])+)(?:[@;:?]|\Z)", re.ASCII | re.IGNORECASE
)
_NO_DIGIT = re.compile(r"[^0-9]")
_SHORTEST_DIALLED = 7
_REASONS = {
    2: "it is too short",
    3: "it is too long",
    4: "only local calls could reach it",
    5: "no number there has that length",
}


def normal_number(text: str) -> str:
    """`text` as it is sent: E.164 for numbers, SIP and client addresses as they are.

    Punctuation is allowed, the + and the country calling code are required. ValueError says what is wrong.
    """
    text = text.strip()
    if is_plain(text):
        return text
    if _SIP.fullmatch(text) or _CLIENT.fullmatch(text):
        return text
    if text.startswith(("sip:", "sips:", "client:")):
        raise ValueError("it is not a SIP or client address, such as sip:anna@example.com or client:anna")
    if not _LOOKS_RIGHT.fullmatch(text):
        if _ROUNDED.fullmatch(text):
            raise ValueError("a spreadsheet has rounded this number: format its column as text before saving")
        raise ValueError("a phone number begins with + and its country calling code, such as +15558675310")
    return _e164(text)


def is_plain(text: str) -> bool:
    """Whether a text certainly is a number as it is sent, so that nothing has to be read in it: digits behind
    a country calling code, so many as numbers there have, and none that a reader would take for a prefix.

    For long lists: it takes a fiftieth of the time. False says nothing.
    """
    return plain_parts(text) is not None


def plain_parts(text: str) -> tuple[str, str] | None:
    """The country calling code of what `is_plain`, and the number there; None for what is not."""
    if not _DIGITS.fullmatch(text):
        return None
    for end in (2, 3, 4):
        plan = _plan(text[1:end])
        if plan is not None:
            lengths, prefix = plan
            national = text[end:]
            plain = (
                len(national) in lengths and national[0] != "0" and not (prefix and prefix.match(national))
            )
            return (text[1:end], national) if plain else None
    return None


def is_phone_number(text: str) -> bool:
    """Whether it is a number of the telephone network, which lies in a country and has a zone."""
    return text.startswith("+")


def person(text: str) -> str | None:
    """Who is meant by an address in any spelling that users write or the API and carriers send.

    Two texts with the same answer are one person. None when nobody can know (`anonymous`, a national number,
    an empty text).

    `+1 (212) 555-0101`, `12125550101`, `tel:+12125550101` and `sip:+12125550101@pbx.example.com` are all
    `+12125550101`. A SIP address whose user part is no number is its user and host (in lower case): password,
    port, parameters and `sips` make no other person of it. A client is itself.
    """
    text = text.strip()
    if is_plain(text):
        return text
    uri = _URI.fullmatch(text)
    number = _number_of(unquote(uri[1]) if uri else text)
    if number is not None:
        return number
    if _CLIENT.fullmatch(text):
        return text
    if uri and _ANY_SIP.fullmatch(text):
        host = _HOST.match(text.rpartition("@")[2])
        return f"sip:{unquote(uri[1])}@{host[0].lower() if host else ''}"
    return None


def dialled_digits(text: str) -> str | None:
    """The digits that a SIP or client address dials, without leading zeros: at least seven, or None.

    Behind a telephone system they may be a national number, or one with a digit for an outside line before
    it: which person that is, nobody can tell from them alone.
    """
    match = _DIALLED.match(text.strip())
    digits = _NO_DIGIT.sub("", unquote(match[1])) if match else ""
    return digits.lstrip("0") if len(digits.lstrip("0")) >= _SHORTEST_DIALLED else None


def are_one_person(one: str, other: str) -> bool:
    """Whether two addresses, in any spelling, certainly mean the same person."""
    if one == other:
        return True
    meant = person(one)
    return meant is not None and meant == person(other)


def _number_of(text: str) -> str | None:
    candidate = text.strip()
    if _BARE_DIGITS.fullmatch(candidate):
        candidate = f"+{candidate}"
    if not _LOOKS_RIGHT.fullmatch(candidate):
        return None
    try:
        return _e164(candidate)
    except ValueError:
        return None


@lru_cache(maxsize=2048)
def _plan(code: str) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """How many digits follow a country calling code, and what may be a prefix before them; None for a code
    that there is not. phonenumbers counts by the main region of a code, and so does this."""
    import phonenumbers

    region = phonenumbers.region_code_for_country_code(int(code))
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    general = None if metadata is None else metadata.general_desc
    if metadata is None or general is None:
        return None
    lengths = frozenset(general.possible_length) - frozenset(general.possible_length_local_only)
    prefix = metadata.national_prefix_for_parsing
    return lengths, re.compile(prefix) if prefix else None


def _e164(text: str) -> str:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"this is not a phone number: {str(error).split(') ')[-1]}") from error
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError(f"this cannot be a phone number: {_REASONS.get(reason, 'its length is wrong')}")
    if parsed.extension:
        raise ValueError(
            "a number with an extension cannot be dialled; give the extension of one as send_digits"
        )
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
