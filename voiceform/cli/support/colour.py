"""Whether output is coloured: as `--color` says, else NO_COLOR, FORCE_COLOR and TERM, else on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO

from voiceform.cli.support.console import is_terminal


class Colour(StrEnum):
    """What `--color` asks for."""

    ALWAYS = "always"
    AUTO = "auto"
    NEVER = "never"


def coloured(wish: Colour, environ: Mapping[str, str], stream: TextIO | None) -> bool:
    """Whether what goes to `stream` is coloured.

    The option goes before the environment. There NO_COLOR (https://no-color.org) goes before FORCE_COLOR,
    which as 0 forbids them; a variable that is empty says nothing.
    """
    if wish is not Colour.AUTO:
        return wish is Colour.ALWAYS
    forced = environ.get("FORCE_COLOR", "")
    if environ.get("NO_COLOR") or forced in ("0", "false"):
        return False
    return bool(forced) or (is_terminal(stream) and draws(environ))


def draws(environ: Mapping[str, str]) -> bool:
    """Whether a terminal understands colours and movements of its cursor."""
    return environ.get("TERM") != "dumb"
