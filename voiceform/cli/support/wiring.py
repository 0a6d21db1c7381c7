"""From the options of one invocation to its stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voiceform.cli.support.colour import draws
from voiceform.cli.support.invocation import App
from voiceform.model.errors import UsageError
from voiceform.model.progress import Progress
from voiceform.stack.listener import Listener, Signals

if TYPE_CHECKING:
    from voiceform.model.diagnostics import Diagnostic
    from voiceform.stack.account import Account
    from voiceform.stack.parts import Parts
    from voiceform.stack.stack import Stack
    from voiceform.state.journal_codec import RunRecord


def stack(
    app: App,
    *,
    progress: Progress | None = None,
    parallelism: int = 8,
    listener: Listener | None = None,
) -> Stack:
    """The stack of this invocation. Commands read options, call it, and show what it returns.

    `listener` says who hears what happens meanwhile; `heard` makes one.
    """
    from voiceform.stack.stack import Stack

    return Stack(
        *(Path(name) for name in app.files),
        folder=app.folder,
        overlays=app.overlays,
        state=app.state_url,
        account=lambda: account(app),
        environ=app.environ,
        allowed_paths=app.allowed_paths,
        clock=app.clock,
        progress=progress,
        parallelism=parallelism,
        timeout=app.timeout,
        lease_ttl=app.lease_ttl,
        stop=app.stopping.halt.event,
        listener=listener or heard(app),
        signals=Signals(
            client=app.stopping.halt.stops, working=app.stopping.working, ending=app.stopping.over
        ),
    )


def parts(app: App) -> Parts:
    """What the stack of this invocation is made of."""
    return stack(app).parts


def heard(app: App) -> Listener:
    """What every command does with what its stack tells: hide what is not shown, and warn on stderr."""
    return Listener(
        warned=lambda found: _warn(app, found),
        loaded=lambda found: setattr(app, "account_name", found.name),
        known=app.hide,
        unsettled=lambda runs: app.console.say(_unsettled(runs)),
        stateless=lambda label: app.console.say(
            f"There is no state in {label} yet; the first apply makes it."
        ),
    )


def _unsettled(runs: Sequence[RunRecord]) -> str:
    died = ", ".join(f"run {run.run_id} of {run.who}" for run in runs)
    return (
        f"Not settled yet: {died}. `voiceform apply` without a file finds out first what became of it; a plan"
        " that is saved before that will be refused."
    )


def _warn(app: App, found: Sequence[Diagnostic]) -> None:
    from voiceform.render import diagnostics

    app.console.say(diagnostics.text(found, color=app.color_beside))


def account(app: App) -> Account:
    """The account of the environment, at the API of --base-url."""
    from voiceform.stack.account import Account

    return Account.from_environment(app.environ, base_url=base_url(app), insecure_http=app.insecure_http)


def origin(app: App) -> str:
    """The origin of the API. Raises UsageError."""
    from voiceform.stack.account import origin_of

    return origin_of(app.environ, base_url(app), insecure_http=app.insecure_http)


def base_url(app: App) -> str | None:
    """The origin that was named, if one was. UsageError for an empty one."""
    if app.base_url == "":
        raise UsageError(
            "the base URL is empty, which could be meant as any",
            where="--base-url or VOICEFORM_BASE_URL",
            hint="name the origin, or unset it for the Twilio API",
        )
    return app.base_url


def progress(app: App) -> Progress:
    """Bars on a terminal, a line every ten seconds in a log; always on stderr."""
    from voiceform.render.progress import Bars, new_progress

    found = new_progress(
        clock=app.clock,
        stream=app.console.stderr,
        color=app.color_beside,
        draws=draws(app.environ),
    )
    if isinstance(found, Bars):
        app.console.attach(found)
    return found
