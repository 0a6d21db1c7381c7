"""One call to one number, placed at once as a schedule would place it, for a person who wants to hear it.

It has a key of its own in the ledger of the schedule: this instant, the number, and the attempt 0, which no
schedule has. So it is reserved before it is dialled, as every call is, is never dialled again, and is settled
and resolved like others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.dialling.list_files import list_of
from voiceform.kinds.call.dialling.logins import missing_for
from voiceform.kinds.call.dialling.verdicts import Judge, Verdict
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.limits.book import ContactBook, ContactReader
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.errors import BlockedError, CredentialsError, NotApprovedError, UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.numbers import are_one_person, normal_number
from voiceform.stack.parts import Parts
from voiceform.stack.pausing import recorded_schedule
from voiceform.state.meta import require_home
from voiceform.state.side_lease import HAND_LEASE, SideLease
from voiceform.twilio.secrets import Secrets

if TYPE_CHECKING:
    from voiceform.state.backend import Backend

BY_HAND = 0
"""The attempt of a call that a person places."""


@dataclass(frozen=True, slots=True)
class TriedCall:
    """What became of the one call."""

    address: str
    key: Key
    entry: LedgerEntry

    @property
    def exit_code(self) -> ExitCode:
        """0 when it was placed, 8 when nobody knows, 5 when it was not."""
        if self.entry.status in (CallStatus.UNKNOWN, CallStatus.RESERVED):
            return ExitCode.UNKNOWN
        return ExitCode.DONE if self.entry.sid is not None else ExitCode.INCOMPLETE


def tried(parts: Parts, address: str, to: str, confirm: Callable[[CallSpec, str], bool]) -> TriedCall:
    """Ask, and place the call. Raises as `Stack.test_call` says."""
    with parts.recorded_state() as store:
        record = recorded_schedule(store, address)
        parts.listener.known([record])
        spec = CallSpec.of(record.address, record.attributes)
        number = _number(spec, to)
        trying = _Trying(parts, store, spec, number)
        trying.require_right()
        if confirm(spec, number) is not True:
            raise NotApprovedError("not approved, nobody was phoned")
        return trying.placed()


def _number(spec: CallSpec, text: str) -> str:
    try:
        number = normal_number(text)
    except ValueError as error:
        raise UsageError(
            f"{text[:80]!r}: {error}", hint="one number is phoned, as +15558675310; nobody was phoned"
        ) from error
    if are_one_person(number, spec.from_):
        raise UsageError(
            "this is the number that calls", hint="Twilio refuses such a call; nobody was phoned"
        )
    return number


class _Trying:
    def __init__(self, parts: Parts, store: Backend, spec: CallSpec, number: str) -> None:
        self.parts = parts
        self.store = store
        self.contacts = ContactBook(store)
        self.spec = self.contacts.bound(spec)
        self.number = number
        self.ledger = Ledger(store, spec.ledger)
        self.account = parts.account_for(None)
        self.do_not_call = list_of(spec, parts.places)
        require_home(store, self.account.sid, self.account.origin)
        head = self.ledger.head()
        self.version = head.version
        if head.account not in (None, self.account.sid):
            raise CredentialsError(
                f"{spec.address} was applied with account {head.account}, the credentials are for"
                f" {self.account.sid}",
                hint="nothing was sent; use that account's credentials",
            )

    def require_right(self) -> None:
        """BlockedError where the schedule would not phone that number now: a list, the calling hours, a pause
        by command."""
        pause = self.ledger.pause()
        if pause is not None:
            raise BlockedError(f"{self.spec.address} is {pause}", hint="nobody was phoned; resume it first")
        unset = missing_for(self.spec, self.number, Secrets(self.parts.environ))
        if unset is not None:
            raise BlockedError(f"{self.number} is not called: {unset}", hint="nobody was phoned; set it here")
        now = self.parts.clock.now()
        counted = ContactReader(self.store)
        judged = Judge(self.spec, now, None, self.do_not_call, counted).verdict(self._key(), now)
        if judged.verdict is not Verdict.PLACE:
            raise BlockedError(f"{self.number} is not called now: {judged.told}", hint="nobody was phoned")

    def placed(self) -> TriedCall:
        """Place it, under a lock that nobody holds for long, so that it cannot go on behind a pause."""
        parts = self.parts
        with (
            parts.locked(SideLease(self.store, HAND_LEASE), "calls test") as lease,
            parts.writer(self.account, lease.ensure_held) as client,
            parts.signals.working(),
        ):
            placer = Placer(
                self.spec,
                self.ledger,
                self.contacts,
                client,
                parts.clock,
                self.do_not_call,
                lease.ensure_held,
                by_hand=True,
                version=self.version,
            )
            key = self._key()
            entry = placer.place(key, key.occurrence)
            if entry is None:
                self.require_right()
                raise BlockedError(
                    f"{self.spec.address} was removed, changed or paused meanwhile; nobody was phoned"
                )
            if entry.status is CallStatus.DEFERRED:
                entry = self._given_up(key, entry)
            return TriedCall(str(self.spec.address), key, entry)

    def _given_up(self, key: Key, entry: LedgerEntry) -> LedgerEntry:
        """Nobody tries it again."""

        def step(found: LedgerEntry | None) -> LedgerEntry | None:
            return replace(entry, status=CallStatus.FAILED) if found == entry else None

        return self.ledger.change(key, step)[0] or entry

    def _key(self) -> Key:
        return Key(self.parts.clock.now(), self.number, BY_HAND)
