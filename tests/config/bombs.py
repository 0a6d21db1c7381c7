"""Files that are made to hurt: each kind at any size, for the tests and for bench/hostile.py."""

from __future__ import annotations

from collections.abc import Callable

HEAD = "version: 1\n"
CALL = (
    "calls: {a: {from: '+15017122661', answer: {say: x}, "
    "schedule: {at: 2026-12-01T09:00:00, timezone: Europe/Berlin}, to: ["
)
Bomb = Callable[[int], str]
"""size in characters -> the text of a file of about that size"""


def repeat(unit: str, head: str = "", tail: str = "\n") -> Bomb:
    """One piece over and over."""
    return lambda size: HEAD + head + unit * (size // len(unit)) + tail


def count(unit: str, head: str = "", tail: str = "\n") -> Bomb:
    """One piece over and over, each with a number of its own for `#`."""
    return lambda size: HEAD + head + "".join(_numbered(unit, size)) + tail


def _numbered(unit: str, size: int) -> list[str]:
    pieces: list[str] = []
    length = 0
    while length < size:
        pieces.append(unit.replace("#", str(len(pieces))))
        length += len(pieces[-1])
    return pieces


def _anchors(size: int) -> str:
    half = size // 2
    return HEAD + "".join(
        [*_numbered("x-k#: &anchor-name-# 1\n", half), *_numbered("x-m#: *anchr-#\n", half)]
    )


BOMBS: dict[str, Bomb] = {
    "one word": repeat("a", "conferences:\n  a: {x: 1, y: ", "}\n"),
    "one word with dashes": repeat("a-", "conferences:\n  a: {x: 1, y: ", "}\n"),
    "one word alone": repeat("a"),
    "one word as a key": repeat("a", "queues:\n  a: {? ", ": 1}\n"),
    "digits in one line": repeat("1 ", "queues: {a: {x: 1, y: ", "}}\n"),
    "plus signs and digits": repeat("+15558675310 ", "queues: {a: {x: 1, y: ", "}}\n"),
    "addresses": repeat("https://a:b@c?token=d ", "queues: {a: {x: 1, y: ", "}}\n"),
    "wrong keys in one line": count("q#: {maxsize: 3}, ", "queues: {", "}\n"),
    "wrong keys as JSON": count('"q#": {"max_sise": 3}, ', "queues: {", '"z":{}}\n'),
    "values out of range": count("  q#: {max_size: 0}\n", "queues:\n"),
    "two mistakes in each": count("  q#:\n    max_size: 0\n    maxsize: x\n", "queues:\n"),
    "unknown keys at the top": count("k#: 1\n"),
    "unknown keys in a queue": count("    k#: 1\n", "queues:\n  a:\n"),
    "unknown keys in settings": count("      k#: 1\n", "conferences:\n  a:\n    settings:\n"),
    "misspelt and missing": count("  c#: {tos: x, fro: y, answr: z}\n", "calls:\n"),
    "bad names": count("  q.#: {}\n", "queues:\n"),
    "references to nothing": count("*n#, ", "x-a: &a 1\nx-b: [", "]\n"),
    "references to nothing beside anchors": _anchors,
    "lists in a list": repeat("[],", "x-a: [", "]\n"),
    "mappings in a list": repeat("{},", "x-a: [", "]\n"),
    "fifty levels": repeat("[" * 50 + "]" * 50 + ",", "x-a: [", "]\n"),
    "levels without end": repeat("[", "x-a: "),
    "mappings without end": repeat("{a: ", "x-a: "),
    "a flat list": repeat("a,", "x-a: [", "]\n"),
    "a long comment": repeat("#", "# ", "\nfoo: 1\n"),
    "blank lines": repeat("\n", "", "foo: 1\n"),
    "a long block text": repeat("    aaaaaaaaaaaa\n", "queues:\n  a: |\n"),
    "a secret block text": repeat("      aaaaaaaaaaaa\n", "queues:\n  a:\n    password: |\n"),
    "documents": repeat("---\na: 1\n"),
    "merges of a large mapping": lambda size: (
        HEAD
        + "x-a0: &a0 {"
        + ", ".join(f"k{index}: 1" for index in range(1000))
        + "}\n"
        + "".join(_numbered("x-b#: {<<: *a0}\n", size))
    ),
    "a list of merges": repeat("*a,", "x-a: &a {a: 1, b: 2, c: 3}\nx-b: {<<: [", "*a]}\n"),
    "undefined variables": count("x-k#: ${NOPE#}\n"),
    "undefined variables in one text": count("${NOPE#}", 'x-a: "', '"\n'),
    "open references": repeat("${", 'x-a: "', '"\n'),
    "malformed references": repeat("- ${\n", "x-a:\n"),
    "defaults": count("x-k#: ${NOPE#:-1}\n"),
    "duplicate keys": repeat("a: 1\n"),
    "keys that are lists": repeat("[a]: 1\n"),
    "tags": repeat("!x a,", "x-a: [", "]\n"),
    "NULs": repeat('"\\0",', "x-a: [", "]\n"),
    "halves of characters": repeat("\\ud83d", 'queues: {a: {friendly_name: "', '"}}\n'),
    "recipients that are none": count("x#, ", CALL, "]}}\n"),
    "rules of one name": repeat("  - {name: r, keep: 90d}\n", "retention:\n  recordings:\n"),
    "rules with mistakes": count("  - {name: r, keep: #}\n", "retention:\n  recordings:\n"),
    "SIDs that are none": count(
        "x#, ", "retention: {recordings: [{name: a, keep: 90d, match: {call_sid: [", "]}}]}\n"
    ),
    "earlier names": count("a#, ", "queues: {a: {aliases: [", "]}}\n"),
    "one earlier name": repeat("a, ", "queues: {a: {aliases: [", "]}}\n"),
    "queues": count("  q#: {}\n", "queues:\n"),
    "queues of one name": count("  q#: {friendly_name: x}\n", "queues:\n"),
    "queues that look alike": count("  q#: {friendly_name: 'x\u200b'}\n", "queues:\n"),
    "calls with mistakes": count("  c#: {to: x, answer: {foo: 1}}\n", "calls:\n"),
    "calls without anything": count("  c#: {}\n", "calls:\n"),
    "participants": count("p#: {to: x}, ", "conferences: {a: {participants: {", "}}}\n"),
    "a list at the top": lambda size: "- a\n" * (size // 4),
    "tabs": repeat("\t"),
    "quotes": repeat("'", "x-a: "),
    "colons": repeat("a: "),
    "dashes": repeat("- ", "x-a:\n "),
    "question marks": repeat("? "),
    "combining accents": repeat("e\u0301", "queues: {a: {friendly_name: ", "}}\n"),
    "line separators": repeat("\u2028", "", "foo: 1\n"),
    "carriage returns": repeat("\r", "", "foo: 1\n"),
}
"""Every kind by name."""
