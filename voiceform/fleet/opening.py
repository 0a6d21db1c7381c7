"""From a member of a fleet to its stack: credentials are read here, where the work is done, and nowhere
else."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from voiceform.fleet.credentials import OF_ONE_ACCOUNT, credential
from voiceform.fleet.member import REFERENCE, Member
from voiceform.fleet.variables import Asked
from voiceform.model.clock import Clock
from voiceform.model.errors import ConfigurationError, StateError, UsageError
from voiceform.stack.account import Account, origin_of
from voiceform.stack.listener import Listener, Signals
from voiceform.stack.parts import DEFAULT_TTL
from voiceform.stack.stack import Stack
from voiceform.state.open import DEFAULT_URL
from voiceform.twilio.credentials import Credentials

_ADDRESS = re.compile(r"(tcp|tls)://[^/@\s]+:[0-9]{1,5}", re.ASCII)

FILE = "sqlite:"
"""How the URL of a state begins that is a file."""
REACHED = "let all machines reach it: postgresql://HOST/DATABASE?schema={stack}, or s3://BUCKET/{stack}"


def require_address(address: str) -> str:
    """The address of a scheduler, as it is given. UsageError."""
    if _ADDRESS.fullmatch(address) is None:
        raise UsageError(
            "the address of a scheduler is tcp://HOST:PORT, or tls://HOST:PORT",
            where="--scheduler",
            hint="for example tcp://scheduler:8786",
        )
    return address


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every stack of one command; see Stack. Nothing of it is secret.

    With `proven` the work is done on another machine than where it was started, by `who`: the files are to be
    these (see Places), and nothing that is to stay may lie on its disk.
    """

    base_url: str | None = None
    insecure_http: bool = False
    parallelism: int = 8
    timeout: timedelta | None = None
    lease_ttl: timedelta = DEFAULT_TTL
    allowed_paths: tuple[Path, ...] = ()
    show_numbers: bool = False
    proven: frozenset[tuple[str, str]] | None = None
    who: str | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether the work is done on another machine than where it was started."""
        return self.proven is not None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the work is done: environment, clock, and how it is stopped."""

    environ: Mapping[str, str]
    clock: Clock
    stop: threading.Event
    signals: Signals


def stack_of(
    member: Member,
    settings: Settings,
    here: Surroundings,
    listener: Listener,
    account: Callable[[], Account] | None = None,
) -> Stack:
    """The stack of a member; nothing is read or connected before it is used. `account` is how it signs in,
    where that is to be heard of. ConfigurationError for a member about which nothing can be done."""
    if member.problems:
        raise ConfigurationError(member.problems)
    outside = {name: value for name, value in here.environ.items() if name not in OF_ONE_ACCOUNT}
    environ = {**outside, **member.variables, "TWILIO_ACCOUNT_SID": member.account}
    return Stack(
        *member.files,
        folder=member.folder,
        state=state_url(member, settings, here.environ),
        account=account or (lambda: account_of(member, settings, here)),
        environ=Asked(environ),
        allowed_paths=settings.allowed_paths,
        clock=here.clock,
        parallelism=settings.parallelism,
        timeout=settings.timeout,
        lease_ttl=settings.lease_ttl,
        stop=here.stop,
        listener=listener,
        signals=here.signals,
        who=settings.who,
        proven=settings.proven,
    )


def state_url(member: Member, settings: Settings, environ: Mapping[str, str]) -> str:
    """The state of a member, with `${NAME}` filled in. StateError for a variable that is not set, and for a
    file on a machine that the next run may not be on."""
    url = member.state or DEFAULT_URL
    for name in REFERENCE.findall(url):
        if not environ.get(name):
            raise StateError(
                f"the variable {name} of the state's URL is not set", hint="set it where this runs"
            )
    found = REFERENCE.sub(lambda match: environ[match[1]], url)
    if settings.elsewhere and found.startswith(FILE):
        raise StateError("the state is a file, which other machines do not have", hint=REACHED)
    return found


def account_of(member: Member, settings: Settings, here: Surroundings) -> Account:
    """The account of a member, signed in. CredentialsError names what is missing, and never a value."""
    values = {
        name: credential(source, here.environ, here.stop) for name, source in member.credentials.items()
    }
    if "token" in values:
        user = member.owner or member.account
        credentials = Credentials(member.account, user, values["token"], "the auth token")
    else:
        credentials = Credentials(member.account, values["key"], values["secret"], "the API key")
    region = {"TWILIO_REGION": member.region or "", "TWILIO_EDGE": member.edge or ""}
    named = {**here.environ, **region} if member.region or member.edge else here.environ
    return Account(credentials, origin_of(named, settings.base_url, insecure_http=settings.insecure_http))
