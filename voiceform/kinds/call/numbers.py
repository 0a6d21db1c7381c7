"""What can be phoned: E.164 numbers, SIP addresses and clients."""

from __future__ import annotations

import re

_SIP = re.compile(r"sips?:[^\s@]{1,128}@[^\s@]{1,253}", re.ASCII)
_CLIENT = re.compile(r"client:\S{1,121}", re.ASCII)
_LOOKS_RIGHT = re.compile(r"\+[0-9().\-/ \u00a0]+")
_REASONS = {
    1: "its country calling code does not exist",
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
    if _SIP.fullmatch(text) or _CLIENT.fullmatch(text):
        return text
    if text.startswith(("sip:", "sips:", "client:")):
        raise ValueError("it is not a SIP or client address, such as sip:anna@example.com or client:anna")
    if not _LOOKS_RIGHT.fullmatch(text):
        raise ValueError("a phone number begins with + and its country calling code, such as +15558675310")
    return _e164(text)


def is_phone_number(text: str) -> bool:
    """Whether it is a number of the telephone network, which lies in a country and has a zone."""
    return text.startswith("+")


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
        raise ValueError("a number with an extension cannot be dialled; send digits from your TwiML")
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
