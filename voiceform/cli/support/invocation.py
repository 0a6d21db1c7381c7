"""What one invocation was asked for, and what it has to tell at its end."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from voiceform.cli.support.colour import Colour, coloured
from voiceform.cli.support.console import Console, is_terminal
from voiceform.cli.support.stopping import Stopping
from voiceform.model.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path

    from voiceform.model.fleet import StackResult
    from voiceform.model.measurements import Measurements
    from voiceform.model.plan import Plan
    from voiceform.model.resource import Desired, Recorded
    from voiceform.model.run import Outcome, RunReport


_ENDLESS = 0
"""As a width: lines are not wrapped."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """In here the interpreter looks for no rings of objects: for commands that read, tell and end.

    What they read is in no ring and needed to the end, and the search grows to a twentieth of a large plan.
    """
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()


@dataclass(slots=True)
class Reports:
    """What an invocation has to tell to --report-json and --metrics, as far as it has come.

    `settled` is what became of dead runs that this one found. `document`, made when it is asked for, and
    `measured` are of commands that neither plan nor run one; `stacks` is how each of a fleet ended; `publish`
    writes the metrics as they are now, for commands that go on.
    """

    plan: Plan | None = None
    run: RunReport | None = None
    settled: Sequence[Outcome] = ()
    document: Callable[[], str] | None = None
    measured: Measurements | None = None
    stacks: Callable[[], Iterable[StackResult]] | None = None
    publish: Callable[[], object] = lambda: None


@dataclass(slots=True)
class App:
    """One invocation: its surroundings, and the global options, which the environment may stand for."""

    environ: Mapping[str, str]
    clock: Clock
    lease_ttl: timedelta = timedelta(seconds=60)
    directory: str | os.PathLike[str] = "."
    files: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    allowed_paths: tuple[str, ...] = ()
    base_url: str | None = None
    state_url: str | None = None
    insecure_http: bool = False
    timeout: timedelta = timedelta(minutes=2)
    colour: Colour = Colour.AUTO
    verbose: bool = False
    format: str = "text"
    show_numbers: bool = False
    show_values: bool = False
    summary: bool = False
    unmanaged: bool = False
    stack: str = "default"
    account_name: str | None = None
    reports: Reports = field(default_factory=Reports)
    console: Console = field(default_factory=Console)
    stopping: Stopping = field(init=False)

    def __post_init__(self) -> None:
        self.stopping = Stopping(self.console)
        self.base_url = self.environ.get("VOICEFORM_BASE_URL")
        self.state_url = self.environ.get("VOICEFORM_STATE")
        named = self.environ.get("VOICEFORM_ALLOW_PATH", "").split(os.pathsep)
        self.allowed_paths = tuple(path for path in named if path)

    def read_env_files(self) -> None:
        """Let the files of variables stand beside the environment, which goes before them.

        ConfigurationError for files that cannot be read.
        """
        if not self.env_files:
            return
        from pathlib import Path

        from voiceform.config.envfile import read_env_files

        found = read_env_files([Path(name) for name in self.env_files], base_dir=self.folder)
        self.env_files = ()
        added = {name: value for name, value in found.items() if name not in self.environ}
        self.environ = {**added, **self.environ}
        if self.base_url is None:
            self.base_url = added.get("VOICEFORM_BASE_URL")
        self.state_url = self.state_url or added.get("VOICEFORM_STATE") or None
        named = added.get("VOICEFORM_ALLOW_PATH", "").split(os.pathsep)
        self.allowed_paths = (*self.allowed_paths, *(path for path in named if path))

    def path(self, name: str | Path) -> Path:
        """A path from the command line; relative ones start at -C."""
        return self.folder / name

    @property
    def folder(self) -> Path:
        """Where the command works: -C, or the current directory."""
        from pathlib import Path  # which not every command needs

        return Path(self.directory)

    def hide(self, objects: Iterable[Desired | Recorded]) -> None:
        """Let nothing that is told or printed from now on repeat what of these objects is hidden."""
        if self.show_values:
            return
        known = list(objects)
        if not any(item.hidden for item in known):
            return
        from voiceform.model.holdings import unshown_in

        self.console.unshown = self.console.unshown.joined(unshown_in(known))

    def hide_of(self, plan: Plan) -> None:
        """As `hide`, with what is hidden in a plan."""
        from voiceform.model.plan_codec import unshown_of

        if not self.show_values:
            self.console.unshown = self.console.unshown.joined(unshown_of(plan))

    @property
    def color(self) -> bool:
        """Whether what is printed on stdout is coloured."""
        return coloured(self.colour, self.environ, sys.stdout)

    @property
    def color_beside(self) -> bool:
        """Whether what is told on stderr is coloured."""
        return coloured(self.colour, self.environ, sys.stderr)

    @property
    def width(self) -> int:
        """Columns of the terminal, 100 where there is none."""
        import shutil

        return shutil.get_terminal_size((100, 40)).columns if is_terminal(sys.stdout) else 100

    @property
    def width_beside(self) -> int:
        """Columns of the terminal that stderr is, but the last; 0, which is no limit, where it is none."""
        import os

        if not is_terminal(sys.stderr):
            return _ENDLESS
        return os.get_terminal_size(sys.stderr.fileno()).columns - 1
