"""Recorded state that is mended by hand; nothing here touches the account.

The serial, which makes older plans stale, moves in the batch that changes something, and first in it: where a
batch can be torn (object stores) nothing has changed that a plan does not know of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.stack.parts import Parts
from voiceform.state.lease import break_lease, show_lease
from voiceform.state.lease_document import LeaseRecord
from voiceform.state.meta import accept_home, bump_serial, read_meta, required_meta
from voiceform.state.resources import PREFIX, load_resources, resource_key, resource_removal
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease
from voiceform.state.transfer import pull, push

if TYPE_CHECKING:
    from voiceform.model.store import DocumentStore
    from voiceform.state.backend import Backend
    from voiceform.state.home import Home


def renamed(parts: Parts, source: str, target: str) -> None:
    """Record under the address `target` what was recorded under `source`. Where it is so under both, as when
    the program died in between, that is brought to its end."""
    old, new = Address.parse(source), Address.parse(target)
    if old.kind != new.kind:
        raise UsageError(f"{old} cannot become {new}", hint="both addresses must be of one kind")
    with _writing(parts, "state mv") as store:
        resources = load_resources(store)
        record = resources.recorded.get(old)
        if record is None:
            raise not_recorded(old, map(str, resources.recorded))
        moved = replace(record, address=new)
        if resources.recorded.get(new, moved) != moved:
            raise UsageError(f"{new} is recorded already", hint=f"voiceform state rm {new}")
        for kind in parts.kinds():
            if kind.name == old.kind:
                kind.check_move(record, store)
        serial = required_meta(store).bumped()
        store.write([serial, resources.write(moved), resources.removal(old)])


def forgotten(parts: Parts, address: str) -> None:
    """Record nothing under `address` any more."""
    target = Address.parse(address)
    with _writing(parts, "state rm") as store:
        entry = store.get(resource_key(target))  # not decoded: what cannot be understood can be removed
        if entry is None:
            raise not_recorded(target, (found.key.removeprefix(PREFIX) for found in store.list(PREFIX)))
        store.write([required_meta(store).bumped(), resource_removal(target, entry.version)])


def journal_pruned(parts: Parts, keep: timedelta) -> int:
    """Fold the runs that ended longer ago than `keep`; how many."""
    from voiceform.state.folding import fold_runs

    with _writing(parts, "state prune-journal") as store:
        bump_serial(store)
        return fold_runs(store, parts.clock.now() - keep)


def home(parts: Parts) -> tuple[str | None, Home]:
    """The account that is recorded, and where it is."""
    with parts.recorded_state() as store:
        meta = read_meta(store)
    if meta is None or meta.home is None:
        raise StateError("no run was recorded yet", hint="the first apply records where the account is")
    return meta.account_sid, meta.home


def moved(parts: Parts, origin: str) -> Home:
    """Record that the account is at `origin` from now on."""
    with _writing(parts, "state origin") as store:
        return accept_home(store, origin)


def pulled(parts: Parts) -> dict[str, Any]:
    """The whole state as one document."""
    with parts.opened_store() as store:
        return pull(store)


def pushed(parts: Parts, document: Mapping[str, Any]) -> None:
    """Put a whole state in the place of what is there."""
    with _writing(parts, "state push", exists=False) as store:
        push(store, document, parts.kinds())


def lock(parts: Parts, *, dispatch: bool) -> LeaseRecord | None:
    """The lock as it stands; None when nobody ever held it."""
    with parts.recorded_state() as store:
        return show_lease(_locked(store, dispatch))


def broken(parts: Parts, reason: str, *, dispatch: bool) -> LeaseRecord:
    """Take the lock away from its holder."""
    with parts.recorded_state() as store:
        return break_lease(_locked(store, dispatch), reason=reason, who=parts.who, clock=parts.clock)


def not_recorded(address: Address, known: Iterable[str]) -> UsageError:
    """The refusal of an address under which nothing is recorded; `known` are those where something is."""
    near = get_close_matches(str(address), known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`voiceform state list` shows what is"
    return UsageError(f"{address} is not recorded", hint=hint)


@contextmanager
def _writing(parts: Parts, operation: str, *, exists: bool = True) -> Iterator[DocumentStore]:
    """The state under the lease. StateError where it `exists` not."""
    with parts.opened_store() as store:
        if exists and read_meta(store) is None:  # a lease would make one at a mistyped place
            raise StateError(
                f"there is no state in {store.label} yet",
                hint="correct --state, or apply first: that makes it, and records where the account is",
            )
        with parts.locked(store, operation) as lease:
            yield lease.store


def _locked(store: Backend, dispatch: bool) -> Backend:
    return SideLease(store, DISPATCH_LEASE) if dispatch else store
