"""The global options: taken before a command and behind it. What is said last counts; `-f` adds up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import click
from click.core import ParameterSource

from voiceform.cli.support.colour import Colour
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place
from voiceform.model.durations import parse_duration
from voiceform.model.errors import UsageError, VoiceformError


class GlobalOption(click.Option):
    """An option that tells the App what was said, and the command nothing."""

    def __init__(self, *spellings: str, tell: Callable[[App, Any], None], **attributes: Any) -> None:  # noqa: ANN401 - whatever click.Option takes
        super().__init__(spellings, expose_value=False, callback=self._said, **attributes)
        self.key = str(self.name)
        """What tables call it; to click it has a name that no argument of a command has."""
        self.name = f"global_{self.key}"
        self._tell = tell

    def _said(self, ctx: click.Context, _: click.Parameter, value: Any) -> None:  # noqa: ANN401 - of the option's type
        if ctx.get_parameter_source(str(self.name)) is ParameterSource.DEFAULT:
            return
        app = ctx.ensure_object(App)
        if not ctx.resilient_parsing:
            self._tell(app, value)
            return
        with suppress(VoiceformError):  # a shell completes what is not finished yet
            self._tell(app, value)


def global_options(only: Iterable[str] | None = None) -> list[click.Parameter]:
    """Fresh global options; those of these keys alone, all when None."""
    wanted = None if only is None else frozenset(only)
    return [option for option in _all() if wanted is None or option.key in wanted]


def _all() -> list[GlobalOption]:
    return [*_what_is_read(), *_what_it_is_about(), *_how_it_runs()]


def _what_is_read() -> list[GlobalOption]:
    """The folder, and what is read of the configuration in it."""
    return [
        GlobalOption(
            "-C",
            "directory",
            metavar="DIR",
            type=Place(file_okay=False),
            help="Work in DIR.",
            tell=_directory,
        ),
        _paths(
            "-f",
            "files",
            metavar="FILE_OR_DIR",
            help="Configuration; may be repeated. - is stdin.",
            tell=_files,
        ),
        _paths(
            "--overlay",
            "overlays",
            help="Change fields of the configuration by FILE, as for one environment; may be repeated.",
            tell=_overlay,
        ),
        _paths(
            "--env-file",
            "env_files",
            help="Take variables that the environment does not have from FILE; may be repeated.",
            tell=_env_file,
        ),
    ]


def _what_it_is_about() -> list[GlobalOption]:
    """The state, the account's API, and where lists may lie."""
    return [
        GlobalOption("--state", "state_url", metavar="URL", help="Where recorded state lives.", tell=_state),
        GlobalOption(
            "--base-url", metavar="URL", help="Origin of the API, as http://127.0.0.1:8765.", tell=_base_url
        ),
        _paths(
            "--allow-path",
            "allowed_paths",
            metavar="DIR",
            help="Let lists and links of the configuration lead below DIR, too; may be repeated.",
            tell=_allow_path,
        ),
    ]


def _how_it_runs() -> list[GlobalOption]:
    """Connections, and what is shown."""
    return [
        GlobalOption(
            "--insecure-http",
            is_flag=True,
            help="Allow http:// to other hosts than this one.",
            tell=_insecure_http,
        ),
        GlobalOption(
            "--timeout",
            metavar="DURATION",
            help="Give an operation of the API up after so long, with all its attempts; 120s by default.",
            tell=_timeout,
        ),
        GlobalOption(
            "--color",
            type=click.Choice([each.value for each in Colour]),
            default=Colour.AUTO.value,
            help="Colours; auto (the default) is on a terminal, unless its TERM is dumb.",
            tell=_color,
        ),
        GlobalOption(
            "-v", "--verbose", is_flag=True, help="Show where an unexpected error came from.", tell=_verbose
        ),
    ]


def _paths(*spellings: str, metavar: str = "FILE", **attributes: Any) -> GlobalOption:  # noqa: ANN401 - as above
    """An option that takes a path, and may be repeated."""
    return GlobalOption(*spellings, metavar=metavar, type=click.Path(), multiple=True, **attributes)


def _directory(app: App, value: str) -> None:
    app.directory = value


def _files(app: App, value: tuple[str, ...]) -> None:
    if "" in value:
        raise UsageError("-f is empty", hint="name a file or folder, or leave -f out for voiceform.yaml")
    app.files = (*app.files, *value)


def _overlay(app: App, value: tuple[str, ...]) -> None:
    if "" in value:
        raise UsageError("--overlay is empty", hint="name a file, or leave --overlay out")
    app.overlays = (*app.overlays, *value)


def _env_file(app: App, value: tuple[str, ...]) -> None:
    if "" in value:
        raise UsageError("--env-file is empty", hint="name a file, or leave --env-file out")
    app.env_files = (*app.env_files, *value)


def _allow_path(app: App, value: tuple[str, ...]) -> None:
    app.allowed_paths = (*value, *app.allowed_paths)


def _base_url(app: App, value: str) -> None:
    app.base_url = value


def _state(app: App, value: str) -> None:
    app.state_url = value


def _insecure_http(app: App, value: bool) -> None:
    app.insecure_http = value


def _timeout(app: App, value: str) -> None:
    try:
        app.timeout = parse_duration(value)
    except UsageError as error:
        raise UsageError(error.what, where="--timeout", hint=error.hint) from None


def _color(app: App, value: str) -> None:
    app.colour = Colour(value)


def _verbose(app: App, value: bool) -> None:
    app.verbose = value
