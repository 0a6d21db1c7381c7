"""Rendered TwiML as files in a folder, for static hosting.

Which documents there are is part of the plan: a change whose details name a `document` renders to one, its
text is the attribute `twiml`. A manifest in the folder says which files are ours, so that no file that
somebody else put there is ever overwritten or removed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from voiceform.model.address import Address
from voiceform.model.errors import VoiceformError
from voiceform.model.files import write_whole
from voiceform.model.plan import Action, Mode, Plan

MANIFEST = ".voiceform-twiml.json"
_NAME = re.compile(r"[a-z][a-z-]*\.[A-Za-z0-9][A-Za-z0-9_.-]{0,200}\.xml")


class FileAction(StrEnum):
    """What happens to one file. `keep` is one of ours that is stale, but was edited: it is left alone."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is not as planned; `text` is what it shall hold, None when it is removed or kept."""

    name: str
    action: FileAction
    text: str | None = None


def documents_of(plan: Plan, addresses: Collection[Address] | None = None) -> dict[str, str]:
    """The documents of a plan by file name; only those of `addresses`, if given."""
    found: dict[str, str] = {}
    for change in plan.changes:
        name = change.document
        if name is None or change.action is Action.DELETE or change.after is None:
            continue
        if addresses is None or change.address in addresses:
            found[_checked(name)] = f"{change.after['twiml']}\n"
    return found


def plan_files(plan: Plan, folder: Path) -> list[FileChange]:
    """What writing the documents of `plan` to `folder` would change, sorted by name; reads only.

    Files that are no longer declared are removed by a complete plan only. Raises VoiceformError where a file
    that voiceform did not write is in the way.
    """
    if plan.mode not in (Mode.NORMAL, Mode.DESTROY):
        return []
    ours = _read_manifest(folder)
    documents = documents_of(plan)
    changes = [
        change
        for name, text in documents.items()
        if (change := _document_change(folder, name, text, ours)) is not None
    ]
    stale = set(ours) - set(documents) if plan.complete else set()
    changes.extend(_stale_change(folder, name, ours[name]) for name in stale if (folder / name).exists())
    return sorted(changes, key=lambda change: change.name)


def write_files(changes: Collection[FileChange], folder: Path) -> None:
    """Carry out `changes`. Each file is replaced whole, so a server never serves half a document.

    Raises VoiceformError when the folder cannot be written.
    """
    if not changes:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ours = _read_manifest(folder)
        # Ours before it exists: a run that is killed in between may not leave a file that is nobody's.
        written = {change.name: _digest(change.text) for change in changes if change.text is not None}
        _write(folder / MANIFEST, _manifest_text({**ours, **written}))
        for change in changes:
            if change.text is not None:
                _write(folder / change.name, change.text)
            elif change.action is FileAction.DELETE:
                (folder / change.name).unlink(missing_ok=True)
        gone = {change.name for change in changes if change.text is None}
        kept = {name: digest for name, digest in {**ours, **written}.items() if name not in gone}
        _write(folder / MANIFEST, _manifest_text(kept))
    except OSError as error:
        raise VoiceformError(
            f"the TwiML documents cannot be written: {error.strerror}", where=str(error.filename or folder)
        ) from error


def _document_change(folder: Path, name: str, text: str, ours: Mapping[str, str]) -> FileChange | None:
    path = folder / name
    if not path.exists() and not path.is_symlink():
        return FileChange(name, FileAction.CREATE, text)
    if not path.is_symlink() and path.is_file():
        if path.read_bytes() == text.encode():
            return None if name in ours else FileChange(name, FileAction.UPDATE, text)
        if name in ours:
            return FileChange(name, FileAction.UPDATE, text)
    raise VoiceformError(
        "voiceform did not write this file and does not overwrite it",
        where=str(path),
        hint="move it away, or choose another --twiml-dir",
    )


def _stale_change(folder: Path, name: str, digest: str) -> FileChange:
    path = folder / name
    untouched = path.is_file() and not path.is_symlink() and _digest(path.read_bytes()) == digest
    return FileChange(name, FileAction.DELETE if untouched else FileAction.KEEP)


def _read_manifest(folder: Path) -> dict[str, str]:
    """Our files with the digests of what we wrote; names that could lead elsewhere are not ours."""
    path = folder / MANIFEST
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {name: str(digest) for name, digest in files.items() if _NAME.fullmatch(name)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise VoiceformError(
            "the list of TwiML documents that voiceform wrote cannot be read",
            where=str(path),
            hint="restore it, or remove it together with the documents that it is about",
        ) from error


def _manifest_text(files: Mapping[str, str]) -> str:
    return json.dumps({"files": dict(sorted(files.items()))}, indent=2) + "\n"


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise VoiceformError(f"{name!r} is not the name of a TwiML document", hint="plan again")
    return name


def _digest(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _write(path: Path, text: str) -> None:
    """Replace a file in one step, readable by the web server."""
    write_whole(path, text, mode=0o644)
