"""What may stand in the path of a request: SIDs, labels and conference names, checked and quoted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from urllib.parse import quote

from voiceform.twilio.errors import InvalidArgumentError

_DIGITS = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_LINE = 32 + len("\n")
_NAMES = {"CA": "call", "CF": "conference", "QU": "queue", "RE": "recording", "AP": "application"}
_LONGEST_LABEL = 128


def is_sid(text: str, prefix: str) -> bool:
    """Whether `text` is `prefix` and 32 hexadecimal digits."""
    return text.startswith(prefix) and _DIGITS.fullmatch(text, len(prefix)) is not None


def are_sids(texts: Sequence[str], prefix: str) -> bool:
    """Whether each of many is one. They are the lines of one text; if one held two, that would be longer."""
    text = "\n".join((*texts, ""))
    return len(text) == (len(prefix) + _LINE) * len(texts) and _lines(prefix).fullmatch(text) is not None


@cache
def _lines(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{prefix}[0-9a-fA-F]{{32}}\n)*", re.ASCII)


def normal_sid(text: str | None, prefix: str) -> str | None:
    """A SID in the spelling that the service writes, its digits in lower case; None for what is no SID."""
    if text is None or not is_sid(text, prefix):
        return None
    return prefix + text[len(prefix) :].lower()


def checked_sid(text: str, prefix: str) -> str:
    """`text` if it is a SID of that prefix; raises InvalidArgumentError otherwise."""
    if not is_sid(text, prefix):
        raise InvalidArgumentError(
            f"{text[:40]!r} is not the SID of a {_NAMES[prefix]}",
            hint=f"it is {prefix} and 32 hexadecimal digits; nothing was sent",
        )
    return text


def quoted_participant(text: str) -> str:
    """A participant's call SID or label, quoted; labels are short and have no slash (errors 16023, 16024)."""
    if not text or len(text) > _LONGEST_LABEL or "/" in text or "%2f" in text.lower():
        raise InvalidArgumentError(
            f"{text[:40]!r} is neither a call SID nor a participant label",
            hint="a label has 1-128 characters and no slash; nothing was sent",
        )
    return quote(text, safe="")


def quoted_conference(text: str) -> str:
    """A conference's SID or friendly name, quoted.

    A text that begins like a SID and is none is refused: the API would take it as a name and open a new room.
    """
    if not text or len(text) > _LONGEST_LABEL or text in (".", ".."):
        raise InvalidArgumentError(
            f"{text[:40]!r} is neither a conference SID nor a conference name",
            hint="a name has 1-128 characters; nothing was sent",
        )
    if re.fullmatch(r"CF[0-9a-fA-F]{20,}", text) and not is_sid(text, "CF"):
        raise InvalidArgumentError(
            f"{text[:40]!r} looks like a conference SID but is not one",
            hint="it is CF and 32 hexadecimal digits; nothing was sent",
        )
    return quote(text, safe="")
