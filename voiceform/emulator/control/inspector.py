"""The page that a browser shows at ``/_emulator/``."""

# ruff: noqa: S608 - only names of our own tables and columns are put into SQL; values are always bound.

from __future__ import annotations

from html import escape

from voiceform.emulator.world import World

_TABLES = ("queues", "conferences", "participants", "calls", "recordings")


def page(world: World) -> str:
    """How many objects there are of each kind."""
    rows = "".join(f"<tr><th>{escape(table)}</th><td>{_count(world, table)}</td></tr>" for table in _TABLES)
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Emulator</title>'
        f"<h1>Emulator (profile {escape(world.profile.name)})</h1><table>{rows}</table></html>"
    )


def _count(world: World, table: str) -> int:
    row = world.store.one(f"SELECT count(*) AS n FROM {table}")
    return int(row["n"]) if row else 0
