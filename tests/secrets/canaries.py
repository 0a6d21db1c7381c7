"""What must not get out, and how it looks where it does.

A canary is a text that stands in one place and nowhere else: two words of letters and digits, joined by what
URLs, JSON, HTML and shells write in other ways. Either word alone, the whole in base64 at any offset, and in
hexadecimal, is a leak. Of a phone number it is any six digits in a row, however they are spelt and divided:
what a mask leaves has four at its end.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SECRETS: Mapping[str, str] = {
    "auth token": "7uk3ntiger/+&v9wq2lynx",
    "key secret": "5ek9ocelot%+&x4jmcivet",
    "sip password": 'z3braq7k & "ok4piw9d',
    "state password": "p8gfalcon+kestre1q6v",
    "proxy password": "w2xgannet+h9osprey4k",
    "database password": "6lmheron&b7vstork0q",
    "bucket secret": "d4tbadger/+s8ymarten",
    "fleet variable": "f1nwalrus/+t5narwhal",
    "fleet file": "g6pmanatee=+c3dugong8",
    "fleet command": "j9rporpoise=+m2orca7v",
    "emulator token": "k5hwombat+n1quokka3z",
    "a url's login": "q8vibex7m:t6chamois",
    "a url's parameter": "y4zgecko9p-r7skinkx",
    "a sip uri's password": "u5newt8ka.v3axolotl",
}
"""Secrets of each sort, by what they open. Nothing that voiceform prints or keeps may hold one."""

CONFIGURED = frozenset({"a url's login", "a url's parameter", "a sip uri's password"})
"""Those that a configuration holds, and thereby plans and state: they are shown nowhere."""

WEBHOOK = "e7dlemur2c-a5indri8b"
"""What the environment gave to a URL: as CONFIGURED, and shown with `--show-values`."""

NUMBERS: Mapping[str, str] = {
    "+12127738461": "as it is sent",
    "+1 (646) 918-2753": "with punctuation",
    "13472659184": "without a plus",
    "0019175836492": "with the prefix of international calls",
    "718.294.6753": "national, with dots",
    "\uff0b\uff11\uff13\uff13\uff12\uff15\uff18\uff14\uff17\uff19\uff12\uff16": "in full-width digits",
    "%2B16317482965": "percent-encoded",
}
"""Phone numbers in seven spellings."""

_GZIP = b"\x1f\x8b"
_NOT_A_NUMBER = re.compile(
    r"\b[A-Z]{2}[0-9a-fA-F]{32}\b|\b[0-9a-f]{16,}\b|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT[\d:.]+|\b\d{10}\.\d+"
)
"""SIDs, digests, UUIDs and instants, which change from run to run."""
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_BETWEEN = re.compile(r"(?<=\d)[\s().\-/\u2010-\u2015]{1,3}(?=\d)")


@dataclass(frozen=True, slots=True)
class Leak:
    """A canary, and what of it was found."""

    name: str
    form: str

    def __str__(self) -> str:
        return f"{self.name} as {self.form}"


def forms(value: str) -> Iterator[str]:
    """How a secret may be written, in lower case where that does not matter."""
    yield from (word.lower() for word in re.findall(r"\w{6,}", value))
    yield value.encode().hex()


def packed(value: str) -> Iterator[str]:
    """The middle of its base64, whatever stands before and behind it."""
    for offset in range(3):
        before = b"\0" * offset + value.encode()
        middle = base64.b64encode(before)[4 if offset else 0 : len(before) // 3 * 4].decode()
        yield from {middle, middle.translate(str.maketrans("+/", "-_"))}


def _digits(number: str) -> str:
    return "".join(str(int(char)) for char in number.removeprefix("%2B") if char.isdecimal()).removeprefix(
        "00"
    )


_FORMS = {name: tuple(forms(value)) for name, value in {**SECRETS, "webhook": WEBHOOK}.items()}
_PACKED = {name: tuple(packed(value)) for name, value in {**SECRETS, "webhook": WEBHOOK}.items()}
_PARTS = {
    digits[at : at + 6]: spelling
    for number, spelling in NUMBERS.items()
    for digits in (_digits(number),)
    for at in range(len(digits) - 5)
}
_PART = re.compile(rf"(?=({'|'.join(_PARTS)}))")


def leaked(text: str, allowed: Iterable[str] = ()) -> list[Leak]:
    """The secrets in a text, but those of these names."""
    left = [name for name in _FORMS if name not in set(allowed)]
    lowered = text.lower()
    found = [Leak(name, form) for name in left for form in _FORMS[name] if form in lowered]
    return found + [Leak(name, f"base64 {form}") for name in left for form in _PACKED[name] if form in text]


def leaked_numbers(text: str) -> list[Leak]:
    """The phone numbers of which six digits in a row stand in a text."""
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    plain = "".join(str(int(char)) if char.isdecimal() else char for char in text)
    plain = _BETWEEN.sub("", _NOT_A_NUMBER.sub(" ", plain))
    return [Leak(f"a number {_PARTS[part]}", part) for part in dict.fromkeys(_PART.findall(plain))]


def text_of(path: Path) -> str:
    """What a file holds, unpacked; bytes that are no text are replaced."""
    content = path.read_bytes()
    if content.startswith(_GZIP):
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace")
