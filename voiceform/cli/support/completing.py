"""What a shell offers for addresses, runs, schemas and codes. It is silent: what cannot be read offers
nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click
from click.shell_completion import CompletionItem

from voiceform.cli.support.invocation import App
from voiceform.model.errors import VoiceformError
from voiceform.model.scopes import Effect

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
"""What click asks what may stand in the place of a parameter."""


def addresses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Declared and recorded addresses."""
    app = ctx.ensure_object(App)
    found = {*_declared(app), *_recorded(app)}
    return [CompletionItem(address) for address in sorted(found) if address.startswith(incomplete)]


def recorded_addresses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Recorded addresses alone."""
    found = sorted(_recorded(ctx.ensure_object(App)))
    return [CompletionItem(address) for address in found if address.startswith(incomplete)]


def addresses_of(kind: str) -> Complete:
    """As `addresses`, of one kind."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = addresses(ctx, parameter, incomplete)
        return [item for item in found if str(item.value).startswith(f"{kind}.")]

    return complete


def commands(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The commands of the program, then those of the one that is named so far."""
    group: click.Command | None = ctx.find_root().command
    for name in ctx.params.get("names") or ():
        group = group.get_command(ctx, name) if isinstance(group, click.Group) else None
    names = group.list_commands(ctx) if isinstance(group, click.Group) else []
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def phoning_addresses(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Recorded addresses of kinds that phone people."""
    from voiceform.cli.support import wiring

    kinds = wiring.parts(ctx.ensure_object(App)).kinds()
    phoning = tuple(
        f"{kind.name}." for kind in kinds if any(scope.effect is Effect.PHONE for scope in kind.scopes)
    )
    found = recorded_addresses(ctx, parameter, incomplete)
    return [item for item in found if str(item.value).startswith(phoning)]


def runs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Runs, newest first, with when they began and who ran them."""
    from voiceform.cli.support import wiring
    from voiceform.state.journal import list_runs

    try:
        with wiring.parts(ctx.ensure_object(App)).opened_store() as store:
            found = list_runs(store)[::-1]
    except (VoiceformError, OSError):
        return []
    return [
        CompletionItem(run.run_id, help=f"{run.began_at:%Y-%m-%d %H:%M} UTC {run.who} {run.mode}")
        for run in found
        if run.run_id.startswith(incomplete)
    ]


def scopes(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What --approve may lift, up to the number."""
    from voiceform.cli.support import wiring
    from voiceform.engine.freezes import RULE

    vocabulary = wiring.parts(ctx.ensure_object(App)).vocabulary()
    names = sorted({f"{scope.approval}=" for scope in vocabulary.scopes.values()} | {f"{RULE}="})
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def schemas(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of schemas."""
    from voiceform.model.schema_files import schema_names

    return [CompletionItem(name) for name in schema_names() if name.startswith(incomplete)]


def codes(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes that can be explained, with what each says."""
    from voiceform.model.explanations import explanations

    found = explanations().values()
    return [CompletionItem(item.code, help=item.what) for item in found if item.code.startswith(incomplete)]


def _declared(app: App) -> Iterator[str]:
    from voiceform.cli.support import wiring

    try:
        yield from map(str, wiring.parts(app).load().desired)
    except (VoiceformError, OSError):
        return


def _recorded(app: App) -> Iterator[str]:
    from voiceform.cli.support import wiring
    from voiceform.state.resources import read_resources

    try:
        with wiring.parts(app).opened_store() as store:
            yield from map(str, read_resources(store))
    except (VoiceformError, OSError):
        return
