"""The only place where parts are put together."""

from __future__ import annotations

import getpass
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voiceform.cli.support.options import App
from voiceform.kinds.base import Kind
from voiceform.model.errors import CredentialsError

if TYPE_CHECKING:
    from voiceform.kinds.userfiles import Places
    from voiceform.model.address import Address
    from voiceform.model.configuration import Configuration
    from voiceform.model.plan import Mode, Plan
    from voiceform.model.progress import Progress
    from voiceform.model.resource import Recorded
    from voiceform.model.scopes import Vocabulary
    from voiceform.model.store import DocumentReader
    from voiceform.state.backend import Backend
    from voiceform.state.lease import Lease
    from voiceform.twilio.client import Client
    from voiceform.twilio.credentials import Credentials


def kinds(app: App, folder: Path | None = None) -> tuple[Kind[Any], ...]:
    """Every kind, in the order in which they are parsed: a kind may refer to those before it."""
    from voiceform.kinds.call import CallKind
    from voiceform.kinds.conference import ConferenceKind
    from voiceform.kinds.queue import QueueKind
    from voiceform.kinds.retention import RetentionKind

    where = places(app, folder)
    return (QueueKind(), ConferenceKind(), CallKind(where), RetentionKind(where))


def vocabulary(app: App) -> Vocabulary:
    """What every kind declares of what its changes count."""
    from voiceform.kinds.base import vocabulary

    return vocabulary(kinds(app))


def places(app: App, folder: Path | None = None) -> Places:
    """Where files that the configuration names may lie: `folder` (-C) and what --allow-path adds."""
    from voiceform.kinds.userfiles import Places

    return Places(folder or app.directory, tuple(app.path(name) for name in app.allowed_paths))


def load(app: App) -> Configuration:
    """The configuration of -f, or voiceform.yaml in -C. Raises ConfigurationError."""
    from voiceform.config.load import load_configuration

    files = [Path(name) for name in app.files]
    found = load_configuration(files, base_dir=app.directory, environ=app.environ, kinds=kinds(app))
    app.hide(found.desired.values())
    return found


def load_and_warn(app: App) -> Configuration:
    """As `load`; what is only a warning is told on stderr."""
    from voiceform.render import diagnostics

    configuration = load(app)
    if configuration.warnings:
        app.console.say(diagnostics.text(configuration.warnings))
    return configuration


def load_base(app: App, base: Path) -> Configuration:
    """The configuration at `base`, a stack of its own that lies elsewhere. Raises ConfigurationError."""
    from voiceform.config.load import load_configuration

    full = app.path(base)
    folder = full if full.is_dir() else full.parent
    found = load_configuration([base], base_dir=app.directory, environ=app.environ, kinds=kinds(app, folder))
    app.hide(found.desired.values())
    return found


def resources(app: App, store: DocumentReader) -> dict[Address, Recorded]:
    """What is recorded; what of it came from the environment is told nowhere from now on."""
    from voiceform.state.resources import read_resources

    found = read_resources(store)
    app.hide(found.values())
    return found


def credentials(app: App, account: str | None) -> Credentials:
    """The credentials of the environment; those of another account than `account` are refused."""
    from voiceform.twilio.credentials import Credentials

    found = Credentials.from_environment(app.environ)
    if account is not None and found.account_sid != account:
        raise CredentialsError(
            f"the configuration is for account {account}, the credentials are for {found.account_sid}",
            hint="nothing was sent; use that account's credentials, or correct `account:`",
        )
    return found


@contextmanager
def opened_store(app: App) -> Iterator[Backend]:
    """The recorded state of --state, VOICEFORM_STATE, or the default file in -C; reading creates nothing."""
    from voiceform.state.open import DEFAULT_URL, open_store

    with open_store(app.state_url or DEFAULT_URL, base_dir=app.directory) as store:
        yield store


def tell_of_no_state(app: App, store: Backend) -> None:
    """Say on stderr where nothing was ever written: an empty answer would look like one about a state."""
    from voiceform.state.meta import read_meta

    if read_meta(store) is None:
        app.console.say(f"There is no state in {store.label} yet; the first apply makes it.")


def locked(app: App, store: Backend, operation: str, *, wait: timedelta = timedelta(0)) -> Lease:
    """The lease on `store` for one run of `operation`; LockedError when it is held for longer than `wait`."""
    from voiceform.state.lease import acquire

    return acquire(
        store, operation=operation, holder=who_runs(app), clock=app.clock, ttl=app.lease_ttl, wait=wait
    )


def progress(app: App) -> Progress:
    """Bars on a terminal, a line every ten seconds in a log; always on stderr."""
    from voiceform.render.progress import Bars, new_progress

    found = new_progress(clock=app.clock, stream=app.console.stderr, color=not app.no_color)
    if isinstance(found, Bars):
        app.console.attach(found)
    return found


def origin(app: App) -> str:
    """The base URL of the API. Raises UsageError."""
    from voiceform.twilio.credentials import base_url

    return base_url(
        region=app.environ.get("TWILIO_REGION"),
        edge=app.environ.get("TWILIO_EDGE"),
        override=app.base_url,
        insecure_http=app.insecure_http,
    )


@contextmanager
def client(
    app: App,
    who: Credentials,
    *,
    read_only: bool,
    parallelism: int = 8,
    may_send: Callable[[], None] | None = None,
) -> Iterator[Client]:
    """An API client whose transport refuses every write when `read_only`. Of one that writes, whoever holds
    the lease gives `may_send`: it is asked right before each attempt of each write."""
    from voiceform.twilio.client import open_client

    with (
        open_client(
            who,
            origin(app),
            read_only=read_only,
            clock=app.clock,
            max_in_flight=parallelism,
            timeout=app.timeout,
            may_send=may_send,
        ) as opened,
        app.stopping.stops(opened),
    ):
        yield opened


def who_runs(app: App) -> str:
    """The person or CI job that is recorded in locks, runs and evidence."""
    actor = app.environ.get("GITHUB_ACTOR") or app.environ.get("GITLAB_USER_LOGIN")
    if actor is None:
        try:
            actor = getpass.getuser()
        except (KeyError, OSError):
            actor = "unknown"
    return f"{actor}@{socket.gethostname()}"


def new_plan_id() -> str:
    """A fresh plan id; it names the run as well."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the command line says about one plan; `only` names the kinds that it is about, all when empty."""

    mode: Mode
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    at: datetime | None = None
    only: tuple[str, ...] = ()


def make_plan(
    app: App,
    configuration: Configuration,
    reader: Client,
    store: DocumentReader,
    options: PlanOptions,
    progress: Progress,
) -> Plan:
    """Read state and account and plan."""
    from voiceform.engine import planner
    from voiceform.engine.targets import Selection
    from voiceform.model.plan_codec import sealed
    from voiceform.state.meta import require_home, secret_of, state_version

    require_home(store, reader.account_sid, reader.transport.origin)
    secret = secret_of(store)
    state = state_version(store)  # before the resources: a run that ends in between makes the plan stale
    now = app.clock.now()
    request = planner.PlanRequest(
        configuration=configuration,
        kinds=[kind for kind in kinds(app) if not options.only or kind.name in options.only],
        client=reader,
        store=store,
        recorded=resources(app, store),
        state=state,
        account_sid=reader.account_sid,
        created_at=now,
        now=options.at or now,
        new_id=new_plan_id,
        vocabulary=vocabulary(app),
        mode=options.mode,
        selection=Selection(options.targets, options.excludes),
        progress=progress,
    )
    return sealed(planner.make_plan(request), secret)
