"""A Dask cluster that works on stacks: its scheduler says which worker, and voiceform's own locks what may be
done. Imported only where a scheduler is named."""

from __future__ import annotations

import asyncio
import importlib
import logging
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from voiceform.fleet.jobs import READING, Job, failed
from voiceform.fleet.opening import FILE, REACHED
from voiceform.fleet.parcels import Answer, Proofs, packed, unpacked
from voiceform.fleet.process import LostError
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.errors import ConfigurationError, MissingExtraError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.runtime import MACHINE
from voiceform.state.open import DEFAULT_URL
from voiceform.version import __version__

if TYPE_CHECKING:
    import distributed

_PATIENCE = 30.0
"""Seconds for the scheduler to answer, and for a worker, unless Dask's own configuration says it."""
_TICK = 0.2
_MOMENT = 2.0
"""Seconds for a last word."""
_SILENT = 60.0
"""Seconds without an answer, at the least, after which the scheduler is not waited for; one that has much to
do may take its time."""
_TOLD = 300
_GONE = (CancelledError, asyncio.CancelledError)
"""What Dask says of work that nobody does any more."""


def refuse_files(jobs: Sequence[Job]) -> None:
    """ConfigurationError for every stack whose state is a file, at its place: workers are other machines."""
    found = [
        Diagnostic(
            "invalid-value",
            f"the state of {job.member.name} is a file, which the workers of a scheduler do not share",
            job.member.position,
            hint=REACHED,
        )
        for job in jobs
        if (job.member.state or DEFAULT_URL).startswith(FILE)
    ]
    if found:
        raise ConfigurationError(found)


@contextmanager
def connected(address: str, who: str) -> Iterator[Cluster]:
    """The cluster of a scheduler, in here; `who` is recorded as who runs what it does. MissingExtraError;
    VoiceformError for one that cannot be reached, has no workers, or is of another version."""
    cluster = Cluster(address, who)
    try:
        yield cluster
    finally:
        cluster.leave()


class Cluster:
    """Works on stacks in the place of processes of this machine, many at once. Safe for many threads."""

    def __init__(self, address: str, who: str) -> None:
        self._address = address
        self._who = who
        self._dask = _dask()
        self._worker: Any = importlib.import_module("voiceform.fleet.dask_worker")
        self._proofs = Proofs()
        self._lock = threading.Lock()
        self._run = f"voiceform-{MACHINE.token(8)}"
        self._over = threading.Event()
        self._halted = False
        self._patience = _patience()
        self.gone = ""
        self._client = self._connected()
        try:
            self._require_alike()
        except BaseException:
            self.leave()
            raise
        threading.Thread(target=self._look, name="voiceform-workers", daemon=True).start()

    @property
    def threads(self) -> int:
        """How many stacks the workers can work on at once."""
        return max(1, sum(map(int, self._client.nthreads().values())))

    def ask(self, job: Job) -> StackResult:
        """Let a worker do it. LostError when nobody can say any more how it ended."""
        if self.gone:
            raise LostError(self.gone)
        try:
            with self._lock:
                proven = self._proofs.of(job)
            content = packed(job, proven, self._who)
        except VoiceformError as error:
            return failed(job, ExitCode.ERROR, str(error))
        key = f"voiceform-{job.what}-{job.member.name}-{MACHINE.token(8)}"
        once = None if job.what in READING else key
        try:
            answer = self._answered(key, content, once)
            return unpacked(answer, job)
        except VoiceformError as error:
            return failed(job, ExitCode.ERROR, str(error))
        finally:
            if once is not None:
                self._clear(once)

    def halt(self) -> None:
        """Stop what is at work, gently. Returns at once."""
        with self._lock:
            halted, self._halted = self._halted, True
        if not halted:
            threading.Thread(target=self._set, args=(self._run,), daemon=True).start()

    def kill(self) -> None:
        """Wait for nothing any more; what is at work is stopped gently by its worker."""
        self.gone = self.gone or "it was not waited for"
        self._over.set()

    def close(self) -> None:
        """One thread has nothing more to ask; others may."""

    def leave(self) -> None:
        """Nobody asks any more. What is still at work there is stopped."""
        self._over.set()
        if self._halted:
            self._clear(self._run)
        _for_a_moment(lambda: self._client.close(timeout=1))

    def _connected(self) -> distributed.Client:
        """A client, made on a thread of its own: of a server that is no scheduler Dask waits without end."""
        made: list[distributed.Client | Exception] = []

        def connect() -> None:
            try:
                made.append(self._dask.Client(self._address, timeout=self._patience, set_as_default=False))
            except Exception as error:  # all kinds, for one reason: there is no scheduler
                made.append(error)

        thread = threading.Thread(target=connect, name="voiceform-scheduler", daemon=True)
        thread.start()
        deadline = time.monotonic() + self._patience + 1
        while thread.is_alive() and time.monotonic() < deadline:
            thread.join(_TICK)  # and not for ever: a signal is heard between
        if not made:
            raise _unreachable(f"it did not answer as a scheduler within {self._patience:g} seconds")
        if isinstance(made[0], Exception):
            raise _unreachable(_reason(made[0])) from made[0]
        return made[0]

    def _require_alike(self) -> None:
        """Let a worker say what it is; clusters that grow and shrink start one for that."""
        with self._in_words():
            future = self._client.submit(self._worker.versions, key=f"{self._run}-versions", pure=False)
            found = self._waited(future, time.monotonic() + self._patience)
        here = self._worker.versions()
        if found is None:
            raise VoiceformError(
                f"no worker of the scheduler answered within {self._patience:g} seconds; nothing was done",
                where="--scheduler",
                hint="start workers, with the environment that the stacks need and the Dask that is here:"
                f" dask worker {self._address}",
            )
        if found != here:
            names = [f"voiceform {voiceform} with distributed {dask}" for voiceform, dask in (here, found)]
            raise VoiceformError(
                f"this is {names[0]}, and the workers have {names[1]}; nothing was done",
                where="--scheduler",
                hint="give workers, scheduler and whoever starts them one version, as in one image",
            )

    def _answered(self, key: str, content: bytes, once: str | None) -> Answer:
        with self._in_words(writes=once is not None):
            future = self._client.submit(
                self._worker.work, __version__, content, self._run, once, key=key, pure=False
            )
            found = self._waited(future, None)
        if found is None:
            raise LostError(self.gone or "the worker that had it is gone, as when memory runs out")
        answer = pickle.loads(found)  # noqa: S301 - from a worker, to whom work was entrusted
        assert isinstance(answer, Answer)  # noqa: S101 - for mypy
        return answer

    def _waited(self, future: distributed.Future[Any], deadline: float | None) -> Any:  # noqa: ANN401 - what the task returned
        """What a task returned; None when that is not waited for any longer."""
        ended = threading.Event()
        future.add_done_callback(lambda _: ended.set())
        while not ended.wait(_TICK):
            if self._over.is_set() or (deadline is not None and time.monotonic() > deadline):
                _for_a_moment(lambda: future.cancel(force=True))
                return None
        return future.result()

    @contextmanager
    def _in_words(self, *, writes: bool = False) -> Iterator[None]:
        """What Dask raises in here, as LostError or in words."""
        try:
            yield
        except (VoiceformError, LostError):
            raise
        except _GONE:
            if self._client.status != "running":
                self.gone = self.gone or "the scheduler is gone"  # and no other stack begins
            raise LostError(self.gone or "somebody took it from the worker") from None
        except self._dask.scheduler.KilledWorker:
            raise LostError("one worker after the other died of it, as when memory runs out") from None
        except Exception as error:
            said = f"the worker could not begin: {_reason(error)}"
            if writes:
                raise LostError(said) from error
            raise VoiceformError(
                said,
                hint="workers and scheduler need voiceform[dask], and the drivers of states, as in one image",
            ) from error

    def _look(self) -> None:
        """Say when nobody works any more, until it is over."""
        heard = seen = time.monotonic()
        while not self._over.wait(1):
            if self._client.status not in ("running", "connecting"):
                self.gone = "the scheduler is gone"
                return
            workers, now = self._workers(), time.monotonic()
            heard = heard if workers is None else now
            seen = now if workers else seen
            if now - heard > max(_SILENT, self._patience):
                self.gone = "the scheduler does not answer any more"
                self._over.set()
            elif workers == 0 and now - seen > self._patience:
                self.gone = f"no worker was there for {self._patience:g} seconds"
                self._over.set()

    def _workers(self) -> int | None:
        """How many there are; None where the scheduler does not say it."""
        found: list[int] = []
        _for_a_moment(lambda: found.append(len(self._client.nthreads())), self._patience)
        return found[0] if found else None

    def _set(self, event: str) -> None:
        with suppress(Exception):  # a scheduler that is gone: the workers stop by themselves
            self._dask.Event(event, client=self._client).set()

    def _clear(self, event: str) -> None:
        _for_a_moment(lambda: self._dask.Event(event, client=self._client).clear())


def _dask() -> Any:  # noqa: ANN401 - the package, which may not be installed
    """The package, which then writes nothing to stderr of what is told in our words."""
    try:
        import dask

        if "distributed" not in sys.modules:
            quiet = dict.fromkeys(("distributed", "distributed.client", "distributed.comm"), "critical")
            dask.config.set({"logging": quiet})
        found = importlib.import_module("distributed")
    except ImportError as error:
        raise MissingExtraError("--scheduler", "dask") from error
    logging.getLogger("tornado.application").setLevel(logging.CRITICAL)
    return found


def _for_a_moment(call: Callable[[], object], seconds: float = _MOMENT) -> None:
    """Ask the scheduler for something, and go on without it: for one that does not answer Dask waits without
    end, and of one that is gone nothing is wanted."""

    def quietly() -> None:
        with suppress(Exception):
            call()

    thread = threading.Thread(target=quietly, name="voiceform-goodbye", daemon=True)
    thread.start()
    thread.join(seconds)


def _patience() -> float:
    """Dask's own time for connecting, where somebody has set it."""
    import dask
    from dask.utils import parse_timedelta

    said = dask.config.get("distributed.comm.timeouts.connect", default=None)
    return float(parse_timedelta(said)) if said is not None else _PATIENCE


def _unreachable(reason: str) -> VoiceformError:
    return VoiceformError(
        f"cannot reach the scheduler: {reason}; nothing was done",
        where="--scheduler",
        hint="is it running, is this its address, and has it the Dask that is here? For tls:// Dask's own"
        " configuration names the files:"
        " DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__TLS__CLIENT__CERT, ...__TLS__CLIENT__KEY",
    )


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:_TOLD]
