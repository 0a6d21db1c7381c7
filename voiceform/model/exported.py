"""The account and what is recorded of it, as entries of a configuration that is to be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voiceform.model.address import Address
from voiceform.model.unshown import Hidden, Sourced, inner_path


@dataclass(frozen=True, slots=True)
class Entry:
    """One object as configuration.

    `value` is its block, in which texts of the environment are `Sourced`; None where the object can only be
    told of. It stands at `group` of the section (of the section itself where that is None) under `key`, or,
    without a key, in a list. `otherwise` is declared where `value` is refused. `is_recorded` entries are
    under the address that state knows, and come before others that want the same name. `label` is its name
    in the account, `remark` what is to be known of it, `warning` what is only to be seen.
    """

    address: Address
    value: Mapping[str, Any] | None
    key: str | None = None
    group: str | None = None
    sid: str | None = None
    label: str | None = None
    otherwise: Mapping[str, Any] | None = None
    depends_on: tuple[Address, ...] = ()
    is_recorded: bool = False
    remark: str | None = None
    warning: str | None = None

    @property
    def previous_address(self) -> None:
        """It was never called otherwise."""
        return


@dataclass(frozen=True, slots=True)
class Export:
    """The entries of one section in the order in which they are written, and what else is to be told.
    `beside` are those of other sections, to which they refer."""

    entries: tuple[Entry, ...] = ()
    remarks: tuple[str, ...] = ()
    beside: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)


def sourced(value: Any, hidden: Hidden, path: str = "") -> Any:  # noqa: ANN401 - any JSON value
    """A copy of `value`, in which each hidden text knows how it is written."""
    if isinstance(value, str):
        return Sourced(value, hidden[path], {}) if path in hidden else value
    if isinstance(value, Mapping):
        return {key: sourced(item, hidden, inner_path(path, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sourced(item, hidden, f"{path}[{index}]") for index, item in enumerate(value)]
    return value


def is_default(value: Any, default: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether it need not be written: what the environment gave is, whatever it gave this time."""
    return not isinstance(value, Sourced) and type(value) is type(default) and value == default
