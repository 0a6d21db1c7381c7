"""The only place where parts are put together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voiceform.kinds.kind import Kind
from voiceform.model.clock import Clock
from voiceform.model.errors import CredentialsError
from voiceform.model.progress import Progress
from voiceform.stack.listener import Listener, Signals

if TYPE_CHECKING:
    from voiceform.kinds.forgetting import Keeper
    from voiceform.kinds.retention.evidence.places import Place
    from voiceform.kinds.userfiles import Places
    from voiceform.model.address import Address
    from voiceform.model.configuration import Configuration
    from voiceform.model.resource import Recorded
    from voiceform.model.scopes import Vocabulary
    from voiceform.model.store import DocumentReader
    from voiceform.stack.account import Account
    from voiceform.state.backend import Backend
    from voiceform.state.lease import Lease
    from voiceform.twilio.client import Client

DEFAULT_TTL = timedelta(seconds=60)
"""How long the lock on the state outlives a process that has stopped."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a stack is made of, and how each part is opened. Nothing is read or connected before.

    `account` gives the account when it is needed; `files` and `overlays` are taken relative to `folder`, and
    `allowed` are folders outside of it in which lists may lie, and `proven` the only files that are read (see
    Places). `named` is recorded in locks, runs and evidence.
    """

    files: tuple[Path, ...]
    overlays: tuple[Path, ...]
    folder: Path
    allowed: tuple[Path, ...]
    state_url: str | None
    account: Callable[[], Account]
    environ: Mapping[str, str]
    clock: Clock
    progress: Progress
    parallelism: int
    timeout: timedelta | None
    lease_ttl: timedelta
    stop: threading.Event
    named: str | None
    listener: Listener = field(default_factory=Listener)
    signals: Signals = field(default_factory=Signals)
    proven: frozenset[tuple[str, str]] | None = None

    def kinds(self) -> tuple[Kind[Any], ...]:
        """Every kind, in the order in which they are parsed: a kind may refer to those before it."""
        from voiceform.kinds.call import CallKind
        from voiceform.kinds.conference import ConferenceKind
        from voiceform.kinds.queue import QueueKind
        from voiceform.kinds.retention import RetentionKind

        return (
            QueueKind(),
            ConferenceKind(),
            CallKind(self.places, self.clock),
            RetentionKind(self.places, self.keepers),
        )

    def keepers(self) -> tuple[Keeper, ...]:
        """The parts of the state that may know people, and can forget one."""
        from voiceform.kinds.call.ledger.erasing import LedgerKeeper
        from voiceform.kinds.call.ledger.erasing_pauses import PauseKeeper
        from voiceform.kinds.retention.erasure.holds import HoldKeeper
        from voiceform.state.erasing import JournalKeeper

        return (LedgerKeeper(), PauseKeeper(), HoldKeeper(), JournalKeeper())

    def vocabulary(self) -> Vocabulary:
        """What every kind declares of what its changes count."""
        from voiceform.kinds.base import vocabulary

        return vocabulary(self.kinds())

    def new_plan_id(self) -> str:
        """A fresh plan id; it names the run as well."""
        return self.clock.runtime.token(8)

    @property
    def who(self) -> str:
        """Who is recorded in locks, runs and evidence: as named, or the person or CI job that runs this."""
        return self.named or who_runs(self.environ)

    @property
    def places(self) -> Places:
        """Where files that the configuration names may lie."""
        from voiceform.kinds.userfiles import Places

        return Places(self.folder, self.allowed, self.proven)

    def load(self) -> Configuration:
        """The configuration of the files, or of voiceform.yaml in the folder. ConfigurationError."""
        from voiceform.config.load import load_configuration

        if self.proven is not None:
            self._require_proven()
        found = load_configuration(
            list(self.files),
            base_dir=self.folder,
            environ=self.environ,
            kinds=self.kinds(),
            overlays=self.overlays,
            allowed=self.allowed,
        )
        self.listener.loaded(found)
        self.listener.known(found.desired.values())
        return found

    def _require_proven(self) -> None:
        """UserFileError where a file of the configuration is not the one that is meant."""
        from voiceform.config.sources import find_sources
        from voiceform.kinds.userfiles import UserFileError

        for source in find_sources(
            self.files, base_dir=self.folder, report=lambda _: None, allowed=self.allowed
        ):
            try:
                self.places.require_proven(source.path, source.read(lambda _: None) or b"")
            except UserFileError as error:
                raise UserFileError(f"{source.display} {error.what}", hint=error.hint) from None

    def own_overlays(self, asked_from: Path) -> list[Path]:
        """The copies of the overlays that this stack has itself, as they are named from another folder. One
        that it does not have was not laid over it."""
        from voiceform.config.sources import may_be_there

        found = [self.folder / path for path in self.overlays]
        return [Path(os.path.relpath(path, asked_from)) for path in found if may_be_there(path)]

    def load_and_warn(self) -> Configuration:
        """As `load`, for a plan or a report; what is only a warning is told."""
        found = self.load()
        found.source()  # which is made of the whole document: nobody needs that from here on
        if found.warnings:
            self.listener.warned(found.warnings)
        return found

    def load_base(self, base: Path) -> Configuration:
        """The configuration at `base`, a stack of its own that lies elsewhere. ConfigurationError."""
        from voiceform.config.load import load_configuration

        full = self.folder / base
        there = replace(self, folder=full if full.is_dir() else full.parent)
        found = load_configuration(
            [base],
            base_dir=self.folder,
            environ=self.environ,
            kinds=there.kinds(),
            overlays=there.own_overlays(self.folder),
            allowed=self.allowed,
        )
        self.listener.known(found.desired.values())
        return found

    def resources(
        self, store: DocumentReader, configuration: Configuration | None = None
    ) -> dict[Address, Recorded]:
        """What is recorded; what of it is as the `configuration` declares it is held once."""
        from voiceform.state.resources import read_resources

        found = read_resources(store, configuration.desired if configuration is not None else {})
        self.listener.known(found.values())
        return found

    def account_for(self, configured: str | None) -> Account:
        """The account. CredentialsError for another one than is `configured`."""
        found = self.account()
        if configured is not None and found.sid != configured:
            raise CredentialsError(
                f"the configuration is for account {configured}, the credentials are for {found.sid}",
                hint="nothing was sent; use that account's credentials, or correct `account:`",
            )
        return found

    @contextmanager
    def opened_store(self) -> Iterator[Backend]:
        """The recorded state; reading creates nothing."""
        from voiceform.state.open import DEFAULT_URL, open_store

        with open_store(
            DEFAULT_URL if self.state_url is None else self.state_url, base_dir=self.folder
        ) as store:
            yield store

    @contextmanager
    def recorded_state(self) -> Iterator[Backend]:
        """As `opened_store`, for what has nothing to say where nothing was ever written, and tells it."""
        with self.opened_store() as store:
            self.tell_of_no_state(store)
            yield store

    def evidence_place(self, named: str) -> Place:
        """Where evidence lies that a configuration or a command names so; nothing is opened."""
        from voiceform.kinds.retention.evidence.naming import place_of

        return place_of(named, self.folder)

    def tell_of_no_state(self, store: Backend) -> None:
        """Tell where nothing was ever written: an empty answer would look like one about a state."""
        from voiceform.state.meta import read_meta

        if read_meta(store) is None:
            self.listener.stateless(store.label)

    def locked(self, store: Backend, operation: str, *, wait: timedelta = timedelta(0)) -> Lease:
        """The lease on `store` for one run of `operation`; LockedError when it is held for longer than
        `wait`, InterruptedRunError when `stop` is set meanwhile."""
        from voiceform.state.lease import acquire

        return acquire(
            store,
            operation=operation,
            holder=self.who,
            clock=self.clock,
            ttl=self.lease_ttl,
            wait=wait,
            stop=self.stop,
        )

    @contextmanager
    def reader(self, account: Account) -> Iterator[Client]:
        """A client of the API whose transport refuses every write."""
        with self._client(account, None) as client:
            yield client

    @contextmanager
    def writer(self, account: Account, may_send: Callable[[], None]) -> Iterator[Client]:
        """A client that may write. Whoever holds the lease gives `may_send`: it is asked right before each
        attempt of each write."""
        with self._client(account, may_send) as client:
            yield client

    @contextmanager
    def _client(self, account: Account, may_send: Callable[[], None] | None) -> Iterator[Client]:
        from voiceform.twilio.client import open_client

        with (
            open_client(
                account.credentials,
                account.origin,
                read_only=may_send is None,
                clock=self.clock,
                max_in_flight=self.parallelism,
                timeout=self.timeout,
                may_send=may_send,
                environ=self.environ,
            ) as opened,
            self.signals.client(opened),
        ):
            yield opened


def who_runs(environ: Mapping[str, str]) -> str:
    """The person or CI job that is recorded in locks, runs and evidence."""
    import getpass
    import socket

    actor = environ.get("GITHUB_ACTOR") or environ.get("GITLAB_USER_LOGIN")
    if actor is None:
        try:
            actor = getpass.getuser()
        except (KeyError, OSError):
            actor = "unknown"
    return f"{actor}@{socket.gethostname()}"
