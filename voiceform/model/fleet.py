"""What came of a command over a fleet: small frozen data, a line for each stack.

Texts carry phone numbers in clear, except changes, which are as they are shown; values of the environment
that are not shown stand in none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from voiceform.model.diagnostics import Diagnostic
from voiceform.model.exit_codes import ExitCode
from voiceform.model.measurements import Measurements
from voiceform.model.wording import counted


class Weight(StrEnum):
    """How grave a line about a stack is; the gravest first."""

    DESTROY = "destroy"
    PHONE = "phone"
    BLOCKED = "blocked"
    WARNING = "warning"
    DRIFT = "drift"
    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of something a change does: `destroy` 12 `recordings`; `one` and `many` are its words."""

    verb: str
    one: str
    many: str
    count: int

    @property
    def text(self) -> str:
        """`12 recordings`."""
        return counted(self.count, self.one, self.many)


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change as it is shown: two stacks whose weight and text are equal have the same change.

    What differs between accounts where the change is the same stands beside it: `amounts`, and `effects`,
    what people will feel."""

    weight: Weight
    text: str
    amounts: tuple[Amount, ...] = ()
    effects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StackResult:
    """How one stack ended. `account` is empty where nobody knows it.

    `line` says it in a sentence, `error` why it failed, with what to do next. `counts` are changes by action,
    and whatever else the command counts. `details` is more of it, as JSON, `measured` what
    monitoring is told. `seconds` is how long it took, `unreachable` the server that did not answer."""

    stack: str
    account: str
    code: ExitCode
    line: str
    seconds: float = 0.0
    error: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    changes: tuple[ChangeLine, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    measured: Measurements = field(default_factory=Measurements)
    unreachable: str = ""

    @property
    def failed(self) -> bool:
        """Whether a person should look: neither done, nor changes or drift that were asked for."""
        return self.code not in (ExitCode.DONE, ExitCode.CHANGES, ExitCode.DRIFT)


@dataclass(frozen=True, slots=True)
class AlikeAmount:
    """What a change does in all accounts together; `stack` has the `most` of it."""

    total: Amount
    most: int
    stack: str


@dataclass(frozen=True, slots=True)
class AlikeEffect:
    """One effect of a change that `count` accounts feel; `same` where each feels just this, else they differ
    in numbers, and `text` is that of `stack`, which has the greatest."""

    text: str
    count: int
    stack: str
    same: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """One change that `count` stacks have; `stacks` are some of their names. Those of few stand out, and then
    they are all named."""

    weight: Weight
    text: str
    count: int
    stacks: tuple[str, ...]
    stands_out: bool
    amounts: tuple[AlikeAmount, ...] = ()
    effects: tuple[AlikeEffect, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedAlike:
    """One reason for which `count` stacks failed; `first` is how one of them ended, `stacks` are some of
    their names."""

    first: StackResult
    count: int
    stacks: tuple[str, ...]


class FleetSummary(Protocol):
    """What a report over a fleet tells, to whoever shows it."""

    @property
    def command(self) -> str:
        """What was done to each stack."""

    @property
    def fleet(self) -> str:
        """The file of the fleet."""

    @property
    def at(self) -> datetime:
        """When it began."""

    @property
    def total(self) -> int:
        """How many stacks were meant."""

    @property
    def done(self) -> int:
        """How many were worked on."""

    @property
    def failures(self) -> int:
        """How many of these need a person, or another try."""

    @property
    def codes(self) -> Mapping[ExitCode, int]:
        """How many ended with which exit code."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The sums of what was counted of each."""

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """How much of what all changes together do."""

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is odd about the fleet as a whole."""

    def results(self) -> Iterator[StackResult]:
        """How each ended, by name."""

    def failed_alike(self, most: int | None) -> Iterator[FailedAlike]:
        """Each reason of failures once, with at most so many names, the worst first."""

    def alike(self) -> Iterator[Alike]:
        """Each change once, the gravest first."""
