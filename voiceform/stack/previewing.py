"""What the declared schedules would do, without asking ledger or account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from voiceform.kinds.call.limits.foresight import known_contacts
from voiceform.kinds.call.preview import Forecast, PeoplePreview, Preview
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.errors import UsageError
from voiceform.model.resource import Desired
from voiceform.stack.parts import Parts
from voiceform.stack.pausing import pauses_of


def occurrences(parts: Parts, start: datetime, end: datetime, addresses: Iterable[str]) -> Iterator[Preview]:
    """Each occurrence from `start` to `end`."""
    configuration = parts.load_and_warn()
    found = _schedules(configuration, addresses)
    return _forecast(parts, configuration).previews({item.address for item in found}, start, end)


def people(
    parts: Parts,
    start: datetime,
    end: datetime,
    addresses: Iterable[str],
    instead: Sequence[str] | None,
) -> Iterator[PeoplePreview]:
    """As `occurrences`, person by person."""
    configuration = parts.load_and_warn()
    found = _schedules(configuration, addresses)
    forecast = _forecast(parts, configuration, instead or ())
    return forecast.people({item.address for item in found}, start, end, instead)


def _forecast(parts: Parts, configuration: Configuration, more: Iterable[str] = ()) -> Forecast:
    """What every declared schedule will do; of the people on their lists, and of `more`, is known how often
    they were called."""
    every = _schedules(configuration, ())
    specs = [CallSpec.of(item.address, item.attributes) for item in every]
    now = parts.clock.now()
    with parts.opened_store() as store:
        contacts = known_contacts(store, specs, (*more, *(to for spec in specs for to in spec.to)), now)
    return Forecast(specs, parts.places, now, pauses_of(parts, every), contacts)


def zone_of(parts: Parts, addresses: Iterable[str]) -> tzinfo:
    """The zone of these schedules, where all have one; else UTC."""
    found = _schedules(parts.load(), addresses)
    zones = {CallSpec.of(item.address, item.attributes).schedule.zone for item in found}
    return zones.pop() if len(zones) == 1 else UTC


def numbers_of(path: Path, column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers in a column of a CSV file, each once, and sentences on the rows that have none. UsageError
    when the file cannot be read."""
    from voiceform.kinds.call.tables import TableError, read_table
    from voiceform.kinds.userfiles import UserFileError, text_of
    from voiceform.model.numbers import normal_number

    found: dict[str, None] = {}
    troubles = []
    try:
        for row in read_table(text_of(path.read_bytes()), [column]):
            try:
                if row.problem is not None:
                    raise ValueError(row.problem)
                found[normal_number(row.cells[0])] = None
            except ValueError as error:  # what stands there is not repeated
                troubles.append(f"{path}:{row.line}: {error}")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except UserFileError as error:
        raise UsageError(f"{path} {error.what}", hint=error.hint) from error
    except TableError as error:
        raise UsageError(f"{path} {error}", hint=error.hint) from error
    return tuple(found), tuple(troubles)


def _schedules(configuration: Configuration, addresses: Iterable[str]) -> list[Desired]:
    """Those that are named, or all. UsageError for an address that is none."""
    from difflib import get_close_matches

    wanted = {Address.parse(text) for text in addresses}
    found = {where: item for where, item in configuration.desired.items() if where.kind == "call"}
    for missing in sorted(wanted - set(found)):
        near = get_close_matches(str(missing), map(str, found), 1)
        hint = f"did you mean {near[0]}?" if near else "`voiceform schedule` shows those that there are"
        raise UsageError(f"{missing} is no declared schedule", hint=hint)
    return [item for where, item in found.items() if not wanted or where in wanted]
