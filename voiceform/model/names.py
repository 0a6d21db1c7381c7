"""Names that people give: which are one name, and which only look like one.

Unicode has many ways to write what reads the same: case, blanks, composed and decomposed accents, characters
of no width, letters of other scripts. Whether a service tells them apart is mostly not documented.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

_LETTERS = {
    "a": "\u0430\u0410\u0391\u03b1\u0251",
    "b": "\u0412\u0392\u042c\u044c\u13cf",
    "c": "\u0441\u0421\u03f2\u03f9",
    "d": "\u0501\u217e",
    "e": "\u0435\u0415\u0395\u0454\u212e\u0404",
    "g": "\u0261\u0581",
    "h": "\u041d\u043d\u0397\u04bb\u04ba\u0570",
    "i": "\u0456\u0406\u0399\u03b9\u0131\u04c0",
    "j": "\u0458\u0408\u03f3\u0575",
    "k": "\u043a\u041a\u039a\u03ba",
    "l": "1|\u04cf\u217c\u05c0\u01c0",
    "m": "\u043c\u041c\u039c",
    "n": "\u03b7\u039d\u0578\u057c",
    "o": "0\u043e\u041e\u039f\u03bf\u0585\u0555\u05e1\u0665\u06f5",
    "p": "\u0440\u0420\u03a1\u03c1",
    "q": "\u051b\u0566",
    "r": "\u0433",
    "s": "\u0455\u0405\u054f",
    "t": "\u0442\u0422\u03a4\u03c4",
    "u": "\u057d\u054d\u03c5\u028b",
    "v": "\u0475\u0474\u03bd",
    "w": "\u051d\u0461\u03c9",
    "x": "\u0445\u0425\u03a7\u03c7",
    "y": "\u0443\u0423\u03a5\u03b3\u04af\u04ae",
    "z": "\u0396\u03b6",
    "'": "\u2018\u2019\u201b\u02bc\u0060\u00b4",
    '"': "\u201c\u201d",
}
"""Characters of other scripts (and 0, 1, |) by the Latin letter that they look like."""

_LOOKS_LIKE = {
    ord(other): letter.upper() if other.isupper() else letter
    for letter, others in _LETTERS.items()
    for other in others
}
_CAPITAL_I = {**_LOOKS_LIKE, **dict.fromkeys((0x49, 0x399, 0x406, 0x4C0), "l")}
"""Where case is kept, a capital I looks like a small L."""

_SELECTORS = "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_INVISIBLE = frozenset(f"{_SELECTORS}\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0")


def identity(name: str) -> str:
    """The same text for two names that differ only in case or in Unicode form: one name, newly written."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def looks(name: str) -> frozenset[str]:
    """How a name looks; names that have one of these in common are easily taken for each other."""
    parts = _shown_parts(name)
    return frozenset((parts.translate(_LOOKS_LIKE).casefold(), parts.translate(_CAPITAL_I)))


def rough_look(name: str) -> bytes:
    """The same for all names that have a look in common, and for some more that have none: a tenth of the
    price of `looks`, to find the few of many that are worth it.

    Both looks with every I, i and L as one letter and without case are this.
    """
    if name.isascii() and name.isprintable():
        return name.encode().translate(_ROUGH, b" ")
    return _rough(name)


def _rough(name: str) -> bytes:
    letters = _shown_parts(name).translate(_LOOKS_LIKE).casefold().replace("i", "l")
    return letters.encode(errors="surrogatepass")


def _shown_parts(name: str) -> str:
    """A name without what does not show."""
    parts = _seen(_blankless(name))
    if not parts.isascii():
        # Once more: what decomposes may hold blanks, and what did not show may have parted accents.
        parts = unicodedata.normalize("NFKD", _seen(_blankless(unicodedata.normalize("NFKD", parts))))
    return parts


def difference(one: str, other: str) -> str:
    """In what two names that look alike differ: `case`, `blanks`, `Unicode form` and so on."""
    if _reduced(one, _STEPS) != _reduced(other, _STEPS):
        return _LETTERS_ALIKE  # a capital I and a small L
    steps = dict(_STEPS)
    for name in _STEPS:
        fewer = {key: step for key, step in steps.items() if key != name}
        if _reduced(one, fewer) == _reduced(other, fewer):
            steps = fewer
    return " and ".join(steps)


def spelled_out(name: str) -> str:
    r"""A name in quotes with every character that is not ASCII as `\u0410`, so that no two look the same."""
    return ascii(name)


def _reduced(name: str, steps: Mapping[str, Callable[[str], str]]) -> str:
    for step in steps.values():
        name = step(name)
    return name


def _blankless(text: str) -> str:
    return "".join(text.split())


def _seen(text: str) -> str:
    """Without characters that show nothing, and with one sort of dash."""
    if text.isascii() and text.isprintable():
        return text
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category not in ("Cc", "Cf") and character not in _INVISIBLE:
            kept.append("-" if category == "Pd" or character == "\u2212" else character)
    return "".join(kept)


_LETTERS_ALIKE = "letters that look alike"
_STEPS: Mapping[str, Callable[[str], str]] = {
    "Unicode form": lambda text: unicodedata.normalize("NFKD", text),
    "blanks": _blankless,
    "dashes or characters that do not show": _seen,
    _LETTERS_ALIKE: lambda text: text.translate(_LOOKS_LIKE),
    "case": str.casefold,
}
"""What makes two look-alikes equal; those that a pair can do without say nothing about it."""

_ROUGH = bytes((_rough(chr(code)) or b" ")[0] for code in range(128)) + bytes(128)
"""What `_rough` makes of each character of ASCII."""
