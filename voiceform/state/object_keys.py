"""State keys as object names and back."""

from __future__ import annotations

from urllib.parse import quote, unquote

SUFFIX = ".json"
_EMPTY = "%00"
"""Stands for an empty part between slashes, which object stores do not agree on; no key holds a NUL."""


def key_to_path(key: str) -> str:
    """The object name of a key: each part percent-encoded, slashes kept, `.json` behind."""
    return folder_of(key) + SUFFIX


def folder_of(text: str) -> str:
    """`text` with each part percent-encoded, so that no part is empty, `.` or `..`."""
    return "/".join(_encode(part) for part in text.split("/"))


def path_to_key(path: str) -> str | None:
    """The key of an object name, or None for an object that is not a document of ours."""
    if not path.endswith(SUFFIX):
        return None
    key = "/".join("" if part == _EMPTY else unquote(part) for part in path.removesuffix(SUFFIX).split("/"))
    return key if key_to_path(key) == path else None


def _encode(part: str) -> str:
    if part in (".", ".."):
        return part.replace(".", "%2E")
    return quote(part, safe="") or _EMPTY
