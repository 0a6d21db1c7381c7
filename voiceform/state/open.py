"""From a state URL to the store that it names."""

from __future__ import annotations

from pathlib import Path

from voiceform.model.errors import UsageError
from voiceform.state.backend import Backend
from voiceform.state.sqlite import SqliteStore

SCHEMES = "sqlite:///PATH, postgresql://HOST/DATABASE, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX"
"""What `open_store` knows, for messages and help."""

DEFAULT_URL = "sqlite:///.voiceform/state.db"
"""Where the state is when nothing else is said."""


def open_store(url: str, *, base_dir: Path) -> Backend:
    """The store that `url` names; close it, or use it in a `with` statement.

    `sqlite:///PATH` is relative to `base_dir`, `sqlite:////PATH` absolute. Nothing is created or connected
    before the first call, and reading never creates anything. UsageError for a URL that is empty or cannot
    be understood, MissingExtraError when its driver is not installed; neither shows more of the URL than
    its scheme, for it may hold a password.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "sqlite" and separator:
        return SqliteStore(_sqlite_path(rest, base_dir))
    if scheme in ("postgresql", "postgres") and separator:
        from voiceform.state.postgres import PostgresStore

        return PostgresStore(url)
    if scheme in ("s3", "gs", "az") and separator:
        from voiceform.state.objects import ObjectStore

        return ObjectStore(url)
    if not url:
        raise UsageError(
            "the state URL is empty, which could be meant as any",
            where="--state or VOICEFORM_STATE",
            hint=f"name the state, or unset the variable for {DEFAULT_URL}; a CI job gets an empty one for a "
            "secret that it may not have",
        )
    what = f"state URLs of the form {scheme}://" if separator else "a state URL without a scheme"
    raise UsageError(f"voiceform does not know {what}", hint=f"use one of: {SCHEMES}")


def sqlite_file(url: str, *, base_dir: Path) -> Path | None:
    """The file that `url` names; None for another store than SQLite, or a URL that names none."""
    scheme, separator, rest = url.partition("://")
    try:
        return _sqlite_path(rest, base_dir) if scheme == "sqlite" and separator else None
    except UsageError:
        return None


def _sqlite_path(rest: str, base_dir: Path) -> Path:
    if not rest.startswith("/") or rest in ("/", "//") or rest.startswith(("/~", "/:memory:")):
        raise UsageError(
            "a SQLite state URL has three slashes and the path of a file, which is taken as it is",
            hint="for example sqlite:///.voiceform/state.db, or sqlite:////var/lib/voiceform/state.db",
        )
    return base_dir / rest[1:]
