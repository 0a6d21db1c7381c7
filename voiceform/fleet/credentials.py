"""Credentials of a stack, read where the stack is worked on: from a variable, a file, or a command."""

from __future__ import annotations

import os
import selectors
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from voiceform.config.references import is_credential
from voiceform.fleet.member import Source
from voiceform.model.errors import CredentialsError, InterruptedRunError, SilentCommandError
from voiceform.model.masking import REDACTED, redact_text

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
_TICK = 0.1
_LONGEST = 4096
_TOLD = 200
_SHORT = 6
"""Shorter texts than that are not looked for in what a command complains of."""


def credential(source: Source, environ: Mapping[str, str], stop: threading.Event) -> str:
    """What a source has. CredentialsError; InterruptedRunError once `stop` is set."""
    if source.kind == "env":
        name = source.words[0]
        return _checked(environ.get(name, ""), f"the variable {name}", "set it where this runs")
    if source.kind == "file":
        return _of_file(source.folder / source.words[0])
    return _of_command(source, environ, stop)


def _of_file(path: Path) -> str:
    try:
        # A pipe that nobody writes to would be waited for without end.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            content = file.read(_LONGEST + 1) if regular else b""
    except OSError as error:
        raise CredentialsError(
            f"cannot read {path}: {error.strerror}", hint="correct credentials:"
        ) from error
    if not regular:
        raise CredentialsError(f"{path} is no regular file", hint="correct credentials:")
    return _checked(
        content.decode("utf-8", "replace"), f"the file {path}", "write the credential alone into it"
    )


def _of_command(source: Source, environ: Mapping[str, str], stop: threading.Event) -> str:
    command = source.words[0]
    try:
        process = subprocess.Popen(  # noqa: S603 - what the fleet file names, without a shell
            source.words,
            cwd=source.folder,
            env={name: value for name, value in environ.items() if name not in OF_ONE_ACCOUNT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that what it started ends with it
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CredentialsError(f"cannot run {command}: {reason}", hint="correct credentials:") from error
    with process:
        try:
            said = _Said.of(process, stop)
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if said is None:
        raise SilentCommandError(
            f"{command} printed no credential within {_PATIENCE} seconds", hint="run it by hand"
        )
    if process.returncode:
        how = f"was killed by signal {-process.returncode}" if process.returncode < 0 else ""
        told = said.complaint(environ)
        raise CredentialsError(
            f"{command} {how or f'ended with {process.returncode}'}{f': {told}' if told else ''}",
            hint="run it by hand",
        )
    return _checked(said.first, f"the output of {command}", "its first line is the credential")


@dataclass(slots=True)
class _Said:
    """What a command printed: the beginning of its output, and the end of its complaints."""

    out: bytes = b""
    err: bytes = b""
    _cut: bool = field(default=False)

    @classmethod
    def of(cls, process: subprocess.Popen[bytes], stop: threading.Event) -> _Said | None:
        """Hear a command until it has ended; None when that takes too long. What it left behind in the
        background, with its pipes, is not waited for."""
        said = cls()
        deadline = time.monotonic() + _PATIENCE
        assert process.stdout is not None  # noqa: S101 - they are pipes
        assert process.stderr is not None  # noqa: S101
        with selectors.DefaultSelector() as open_pipes:
            for pipe in (process.stdout, process.stderr):
                open_pipes.register(pipe, selectors.EVENT_READ, pipe is process.stdout)
            while time.monotonic() < deadline:
                if stop.is_set():
                    raise InterruptedRunError
                ended = process.poll() is not None
                ready = open_pipes.select(0 if ended else _TICK) if open_pipes.get_map() else []
                for key, _ in ready:
                    if not said._hear(key.fileobj, to_out=key.data):  # type: ignore[arg-type]
                        open_pipes.unregister(key.fileobj)
                if ended and not ready:
                    return said
                if not open_pipes.get_map():
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_TICK)
        return None

    def _hear(self, pipe: IO[bytes], *, to_out: bool) -> bool:
        content = os.read(pipe.fileno(), 65536)
        if to_out:
            self.out = (self.out + content)[: _LONGEST + 1]
        else:
            self._cut = self._cut or len(self.err) + len(content) > _LONGEST
            self.err = (self.err + content)[-_LONGEST:]
        return bool(content)

    @property
    def first(self) -> str:
        """The first line that was printed."""
        return self.out.decode("utf-8", "replace").split("\n", 1)[0]

    def complaint(self, environ: Mapping[str, str]) -> str:
        """The last line of its complaints, short, without what may be secret: what it printed as a
        credential, what the environment calls one, and numbers."""
        lines = self.err.decode("utf-8", "replace").strip().split("\n")
        if self._cut and len(lines) == 1:  # a secret that is cut in two is not recognised
            return ""
        secrets = [value for name, value in environ.items() if is_credential(name)]
        return _without(lines[-1], [*self.out.decode("utf-8", "replace").split(), *secrets])[:_TOLD]


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORT:
            text = text.replace(secret, REDACTED)
    return redact_text(text)


def _checked(value: str, what: str, hint: str) -> str:
    value = value.strip()
    if not value:
        raise CredentialsError(f"{what} is not set or empty", hint=hint)
    if len(value) > _LONGEST or not value.isprintable() or " " in value:
        raise CredentialsError(f"{what} holds no credential", hint=hint)
    return value
