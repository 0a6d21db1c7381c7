"""What every command of a fleet has in common: its options, and from them the fleet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import (
    Command,
    Place,
    parallelism_option,
    show_numbers_option,
    with_options,
)

if TYPE_CHECKING:
    from voiceform.fleet.fleet import Fleet
    from voiceform.fleet.selecting import Which


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """Which fleet, which of its stacks, and how many at once."""

    fleet_file: Path = Path("fleet.yaml")
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    shard: str | None = None
    jobs: int | None = None
    scheduler: str | None = None
    parallelism: int = 8
    show_numbers: bool = False

    @property
    def which(self) -> Which:
        """The stacks that are meant."""
        return {"select": self.select, "exclude": self.exclude, "shard": self.shard}

    @property
    def part(self) -> tuple[str, ...]:
        """The fleet and which part of it, in words."""
        select = [f"select {text}" for text in self.select]
        exclude = [f"exclude {text}" for text in self.exclude]
        return (str(self.fleet_file), *select, *exclude, *([f"shard {self.shard}"] if self.shard else []))


_OPTIONS: tuple[Callable[..., Any], ...] = (
    show_numbers_option,
    parallelism_option,
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="A scheduler of Dask, tcp://HOST:PORT or tls://HOST:PORT, whose workers do it.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(1, 500),
        metavar="N",
        help="Stacks at once, each in a process of its own; as many as processors by default.",
    ),
    click.option(
        "--shard",
        metavar="I/N",
        help="Only the share I of N, as 2/5; which stacks are in it depends on their names alone.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="NAME",
        help="Leave these stacks out; patterns such as eu-* work; may be repeated.",
    ),
    click.option(
        "--select",
        multiple=True,
        metavar="LABEL=VALUE",
        help="Only stacks with this label; also LABEL!=VALUE, LABEL, !LABEL; several are all to be true."
        " The label stack is the name.",
    ),
    click.option(
        "--fleet",
        "fleet_file",
        type=Place(path_type=Path, dir_okay=False),
        default="fleet.yaml",
        show_default=True,
        metavar="FILE",
        help="The file that names the stacks.",
    ),
)


def fleet_options(command: Command) -> Command:
    """Add the options of FleetOptions and pass them as one argument called `fleet`."""
    return with_options(command, "fleet", FleetOptions, _OPTIONS)


def fleet_of(app: App, options: FleetOptions) -> Fleet:
    """The fleet of this invocation."""
    from voiceform.fleet.fleet import Fleet
    from voiceform.stack.listener import Signals

    return Fleet(
        options.fleet_file,
        folder=Path(app.directory),
        environ=app.environ,
        base_url=wiring.base_url(app),
        insecure_http=app.insecure_http,
        allowed_paths=app.allowed_paths,
        clock=app.clock,
        progress=wiring.progress(app),
        jobs=options.jobs,
        scheduler=options.scheduler,
        parallelism=options.parallelism,
        timeout=app.timeout,
        lease_ttl=app.lease_ttl,
        show_numbers=options.show_numbers,
        stop=app.stopping.halt.event,
        signals=Signals(client=app.stopping.halt.stops, working=app.stopping.working),
    )
