"""From a member of a fleet to its stack: credentials are read here, where the work is done, and nowhere
else."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from voiceform.fleet.member import Member, Source
from voiceform.model.clock import Clock
from voiceform.model.errors import CredentialsError, StateError
from voiceform.stack.account import Account, origin_of
from voiceform.stack.listener import Listener, Signals
from voiceform.stack.parts import DEFAULT_TTL
from voiceform.stack.stack import Stack
from voiceform.state.open import DEFAULT_URL
from voiceform.twilio.credentials import Credentials

OF_ONE_ACCOUNT = frozenset(
    {
        *("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"),
        *("TWILIO_REGION", "TWILIO_EDGE", "VOICEFORM_STATE"),
    }
)
"""Variables that say which account and state is meant: of many each has its own, and none may get
another's."""

_PATIENCE = 30
"""Seconds in which a command has to print a credential."""
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST = 4096
_TOLD = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every stack of one command; see Stack. Nothing of it is secret."""

    base_url: str | None = None
    insecure_http: bool = False
    parallelism: int = 8
    timeout: timedelta | None = None
    lease_ttl: timedelta = DEFAULT_TTL
    allowed_paths: tuple[Path, ...] = ()
    show_numbers: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the work is done: environment, clock, and how it is stopped."""

    environ: Mapping[str, str]
    clock: Clock
    stop: threading.Event
    signals: Signals


def stack_of(member: Member, settings: Settings, here: Surroundings, listener: Listener) -> Stack:
    """The stack of a member; nothing is read or connected before it is used."""
    environ = {name: value for name, value in here.environ.items() if name not in OF_ONE_ACCOUNT}
    return Stack(
        *member.files,
        folder=member.folder,
        state=state_url(member, here.environ),
        account=lambda: account_of(member, settings, here.environ),
        environ={**environ, **member.variables, "TWILIO_ACCOUNT_SID": member.account},
        allowed_paths=settings.allowed_paths,
        clock=here.clock,
        parallelism=settings.parallelism,
        timeout=settings.timeout,
        lease_ttl=settings.lease_ttl,
        stop=here.stop,
        listener=listener,
        signals=here.signals,
    )


def state_url(member: Member, environ: Mapping[str, str]) -> str:
    """The state of a member, with `${NAME}` filled in. StateError for a variable that is not set."""
    url = member.state or DEFAULT_URL
    for name in _REFERENCE.findall(url):
        if not environ.get(name):
            raise StateError(
                f"the variable {name} of the state's URL is not set", hint="set it where this runs"
            )
    return _REFERENCE.sub(lambda match: environ[match[1]], url)


def account_of(member: Member, settings: Settings, environ: Mapping[str, str]) -> Account:
    """The account of a member, signed in. CredentialsError names what is missing, and never a value."""
    values = {name: credential(source, environ) for name, source in member.credentials.items()}
    if "token" in values:
        credentials = Credentials(member.account, member.account, values["token"], "the auth token")
    else:
        credentials = Credentials(member.account, values["key"], values["secret"], "the API key")
    region = {"TWILIO_REGION": member.region or "", "TWILIO_EDGE": member.edge or ""}
    named = {**environ, **region} if member.region or member.edge else environ
    return Account(credentials, origin_of(named, settings.base_url, insecure_http=settings.insecure_http))


def credential(source: Source, environ: Mapping[str, str]) -> str:
    """What a source has. CredentialsError."""
    if source.kind == "env":
        name = source.words[0]
        return _checked(environ.get(name, ""), f"the variable {name}", "set it where this runs")
    if source.kind == "file":
        return _of_file(source.folder / source.words[0])
    return _of_command(source, environ)


def _of_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError as error:
        raise CredentialsError(
            f"cannot read {path}: {error.strerror}", hint="correct credentials:"
        ) from error
    return _checked(
        content.decode("utf-8", "replace"), f"the file {path}", "write the credential alone into it"
    )


def _of_command(source: Source, environ: Mapping[str, str]) -> str:
    command = source.words[0]
    try:
        done = subprocess.run(  # noqa: S603 - what the fleet file names, without a shell
            source.words,
            cwd=source.folder,
            env={name: value for name, value in environ.items() if name not in OF_ONE_ACCOUNT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CredentialsError(
            f"{command} printed no credential within {_PATIENCE} seconds", hint="run it by hand"
        ) from None
    except OSError as error:
        raise CredentialsError(
            f"cannot run {command}: {error.strerror}", hint="correct credentials:"
        ) from error
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1][:_TOLD]
        raise CredentialsError(f"{command} ended with {done.returncode}: {told}", hint="run it by hand")
    first = done.stdout.decode("utf-8", "replace").split("\n", 1)[0]
    return _checked(first, f"the output of {command}", "its first line is the credential")


def _checked(value: str, what: str, hint: str) -> str:
    value = value.strip()
    if not value:
        raise CredentialsError(f"{what} is not set or empty", hint=hint)
    if len(value) > _LONGEST or not value.isprintable() or " " in value:
        raise CredentialsError(f"{what} holds no credential", hint=hint)
    return value
