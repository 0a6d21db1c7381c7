"""A real Dask cluster: a scheduler and workers, each a process of its own, over TCP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.services import answers, free_port, wait_until

_QUICK = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "20s",
    "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "60s",
}


_LAST = 20_000
"""Characters of what the processes said, where something failed."""


def peak_megabytes(process: subprocess.Popen[bytes]) -> float:
    """The most memory that a process had, which still runs."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


class DaskCluster:
    """Processes that end with it; what they say is in `folder`."""

    def __init__(
        self, folder: Path, environ: Mapping[str, str], *, protocol: str = "tcp", **dask: str
    ) -> None:
        folder.mkdir()
        self.folder = folder
        self.address = f"{protocol}://127.0.0.1:{free_port()}"
        self.workers: list[subprocess.Popen[bytes]] = []
        self._protocol = protocol
        self._environ = {**os.environ, **_QUICK, **environ}
        for name, value in dask.items():
            self._environ[f"DASK_DISTRIBUTED__{name}"] = value
        self.scheduler: subprocess.Popen[bytes] | None = None
        self._started = 0
        self._over = threading.Event()
        self._keeper: threading.Thread | None = None

    def start(self, workers: int, *, preload: str | None = None, **options: Any) -> None:
        """The scheduler, with so many workers; `preload` is run in the scheduler when it begins."""
        port = int(self.address.rpartition(":")[2])
        extra = []
        if preload is not None:
            (self.folder / "preload.py").write_text(preload, encoding="utf-8")
            extra = ["--preload", str(self.folder / "preload.py")]
        arguments = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard", *extra]
        arguments += ["--protocol", self._protocol]
        self.scheduler = self._process("scheduler", *arguments)
        wait_until(lambda: answers(port), self.scheduler)
        for _ in range(workers):
            self.worker(**options)

    def worker(
        self, *, threads: int = 1, cwd: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Another worker."""
        arguments = [self.address, "--no-nanny", "--no-dashboard", "--nthreads", str(threads)]
        arguments += ["--memory-limit", "0", "--local-directory", str(self.folder)]
        process = self._process("worker", *arguments, cwd=cwd, environ=environ)
        self.workers.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if kind is not None:
            sys.stderr.write(f"What the cluster said last:\n{self.said()[-_LAST:]}\n")

    def keep(self, **options: Any) -> None:
        """From now on put another worker in the place of each that ends, as a cluster does: also of one that
        Dask took for dead because this machine had too much to do."""
        self._keeper = threading.Thread(target=self._keep, args=(options,), daemon=True)
        self._keeper.start()

    def _keep(self, options: Mapping[str, Any]) -> None:
        while not self._over.wait(0.5):
            for process in [each for each in self.workers if each.poll() is not None]:
                self.workers.remove(process)
                self.worker(**options)

    def close(self) -> None:
        """End all of them at once."""
        self._over.set()
        if self._keeper is not None:
            self._keeper.join()
        for process in (*self.workers, *([self.scheduler] if self.scheduler else [])):
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(30)

    def said(self) -> str:
        """What all of them wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def _process(
        self,
        what: str,
        *arguments: str,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        self._started += 1
        with (self.folder / f"{what}-{self._started}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", f"distributed.cli.dask_{what}", *arguments],
                env={**self._environ, **(environ or {})},
                cwd=cwd or self.folder,
                stdout=log,
                stderr=log,
            )
