"""The whole configuration of a stack, parsed and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.resource import Desired
from voiceform.model.safety import Ownership, Safety

if TYPE_CHECKING:
    from voiceform.model.plan import ConfigSource


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the files declare. `source` tells what it was read from, with a digest that is made when it is
    first asked for: a plan needs it, and nobody else. `account` is the guard: credentials of another account
    are refused; `name` is what people call it. `settings` are the texts that a section holds itself, by
    section and key."""

    source: Callable[[], ConfigSource] = field(repr=False, compare=False)
    account: str | None = None
    name: str | None = None
    ownership: Ownership = Ownership.RECORDED
    safety: Safety = field(default_factory=Safety)
    desired: Mapping[Address, Desired] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
