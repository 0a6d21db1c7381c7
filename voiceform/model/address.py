"""Addresses: the names under which everything is declared, planned and recorded."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from voiceform.model.errors import UsageError

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_ADDRESS = re.compile(rf"(?P<kind>[a-z][a-z-]*)\.(?P<name>{NAME_PATTERN}(\.{NAME_PATTERN})*)")


class Address(NamedTuple):
    """The identity of one declared object: its kind and its key in the configuration (`queue.support`).

    A tuple, since everything is found by it: hashing and comparing one costs no Python.
    """

    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `kind.name`; raises UsageError when `text` is not of that form."""
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise UsageError(
                f"{text!r} is not an address",
                hint="an address is a kind and a name, as in queue.support",
            )
        return cls(match["kind"], match["name"])

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}"
