"""The three views of one object: desired (declared), recorded (our state) and live (the account)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voiceform.model.address import Address
from voiceform.model.diagnostics import Position
from voiceform.model.empty import empty
from voiceform.model.unshown import Hidden

Attributes = Mapping[str, Any]
Notes = Mapping[str, str]
"""What people say of an object for other people: `description` and `owner`, each only where it is said. It is
kept in our state, and never sent to Twilio."""
NOTES = ("description", "owner")
"""The names of these."""


@dataclass(frozen=True, slots=True)
class Desired:
    """One declared object, validated and with defaults filled in.

    `attributes` is plain JSON data, everything that the kind compares and applies; `aliases` are earlier
    addresses; `depends_on` must be applied before this one. `beside` is what the kind wants to know while it
    plans, such as prices: neither compared nor recorded. `hidden` says what of the attributes and, under
    `details`, of `beside` is not shown; what of `notes`, by their own names.
    """

    address: Address
    attributes: Attributes
    position: Position | None = None
    protect: bool = False
    aliases: tuple[Address, ...] = ()
    depends_on: tuple[Address, ...] = ()
    beside: Attributes = field(default_factory=empty)
    hidden: Hidden = field(default_factory=empty)
    notes: Notes = field(default_factory=empty)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One object as we last left it: the content of the state document `resources/ADDRESS`.

    `attributes` has the shape of `Desired.attributes`; `sid` is the object's identity in the account and
    is None for what exists only in our state.
    """

    address: Address
    sid: str | None
    attributes: Attributes
    protect: bool = False
    depends_on: tuple[Address, ...] = ()
    hidden: Hidden = field(default_factory=empty)
    notes: Notes = field(default_factory=empty)


@dataclass(frozen=True, slots=True)
class Live:
    """One object as the account shows it.

    `name` is its natural key there; `attributes` are compared with desired and recorded state;
    `observations` are volatile facts (callers waiting, dates): shown, never compared.
    """

    sid: str
    name: str
    attributes: Attributes
    observations: Attributes = field(default_factory=empty)

    @property
    def fingerprint(self) -> str:
        """A digest of identity and attributes: equal as long as nothing that we compare has moved."""
        return fingerprint({"sid": self.sid, "attributes": self.attributes})


def alike(value: Attributes, known: Attributes) -> Attributes:
    """`value`, out of `known` what is the same there to the last type: what is told twice is held once."""
    if _same(value, known):
        return known
    return {
        key: known[key] if key in known and _same(item, known[key]) else item for key, item in value.items()
    }


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON values
    """Whether two values are the same as JSON, where 1, 1.0 and true are not."""
    return one == other and _same_types(one, other)


def _same_types(one: Any, other: Any) -> bool:  # noqa: ANN401 - equal JSON values
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        for key, item in one.items():  # most of them are neither, and there are a hundred thousand of these
            if type(item) is not type(other[key]):
                return False
            if isinstance(item, dict | list) and not _same_types(item, other[key]):
                return False
        return True
    return not isinstance(one, list) or all(map(_same_types, one, other))


def fingerprint(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """The first 16 hex digits of the SHA-256 of `value` as canonical JSON."""
    import hashlib

    return hashlib.sha256(canonical_json(value)).hexdigest()[:16]


def canonical_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """`value` as JSON with sorted keys and no white space, so that equal data has equal bytes."""
    import msgspec

    return msgspec.json.encode(value, enc_hook=_plain, order="deterministic")


def json_line(value: Any) -> bytearray:  # noqa: ANN401 - any JSON value
    """`value` as a line of JSON without white space, its members in the order in which they stand."""
    import msgspec

    line = bytearray()  # which grows where it is: a second copy of a long one is not made
    msgspec.json.Encoder(enc_hook=_plain).encode_into(value, line)
    line += b"\n"
    return line


def _plain(value: object) -> object:
    """What msgspec knows none of: a mapping that is no dict, a text that is no plain one."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
