"""Which pages are written, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from schemas.reference import codes, commands, configuration

PAGES: Mapping[str, Callable[[], str]] = {
    "codes.md": codes.page,
    "commands.md": commands.page,
    "configuration.md": configuration.page,
}
