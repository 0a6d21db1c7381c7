"""A folder of saved plans, one for each stack, under an index and one digest over all.

What was reviewed is what is applied: every file is checked against the index before anything is sent, and
again where it is read."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from voiceform.kinds.retention.storage.locks import is_held
from voiceform.model.errors import LockedError, PlanFileError, StalePlanError, UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.files import write_whole
from voiceform.model.fleet import StackResult
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.json_text import read_json
from voiceform.model.plan_codec import document_digest
from voiceform.model.schema_files import schema_text
from voiceform.model.secret_patterns import redact_secrets

INDEX = "index.json"
ROLLOUT = "rollout.jsonl"
PLANNING = ".planning"
FORMAT = "1.0"
_ENDING = ".plan.json"
_READ = "check that it may be read"
_AGAIN = "plan again: voiceform fleet plan --out DIR"
_ELSEWHERE = "make room for it, or choose another place: --out, or by TMPDIR where none was named"


@dataclass(frozen=True, slots=True)
class Planned:
    """One stack of the folder. Without a `file` it could not be planned, and `error` says why; its account
    may not be known then.

    `sha256` is of the bytes of the file; `pending` says that there is something to do.
    """

    stack: str
    exit_code: int
    result: str
    account: str | None = None
    file: str | None = None
    sha256: str | None = None
    plan_id: str | None = None
    pending: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PlanFolder:
    """What the index says. `fleet` is the digest of the fleet file, `digest` one over all of it."""

    path: Path
    created_at: datetime
    fleet: str
    stacks: tuple[Planned, ...]
    digest: str


def file_of(stack: str) -> str:
    """What the plan of a stack is called."""
    return f"{stack}{_ENDING}"


@contextmanager
def held(path: Path, how: int = fcntl.LOCK_SH) -> Iterator[None]:
    """In here nobody puts other plans into the folder. LockedError while somebody does so; with LOCK_EX also
    while somebody carries out what is there. Where there are no locks, or no folder, nothing is held."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield  # whoever reads it says what is wrong
        return
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError as error:
        if is_held(error):
            os.close(descriptor)
            raise LockedError(
                f"{path} is in use: another run saves plans there, or carries them out",
                hint="wait until it has ended, or name another folder",
            ) from error
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def planning(path: Path) -> Iterator[Path]:
    """Where new plans go until all of them are there: a folder inside of `path`, which is removed in the end.

    What was planned before stays whole until `publish` puts the new plans in its place. UsageError where
    something else than plans is; PlanFileError when there is no room; LockedError as `held`.
    """
    _check_place(path)
    place = path / PLANNING
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _no_room(path, error) from error
    with held(path, fcntl.LOCK_EX):
        try:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(mode=0o700)
        except OSError as error:
            raise _no_room(path, error) from error
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _no_room(path: Path, error: OSError) -> PlanFileError:
    return PlanFileError(f"no plans can be saved here: {error.strerror}", where=str(path), hint=_ELSEWHERE)


def _check_place(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        if not path.parent.is_dir():
            raise UsageError(
                f"cannot make the folder {path}: there is no {path.parent}",
                where="--out",
                hint="name another",
            )
        return
    if not path.is_dir() or path.is_symlink():
        raise UsageError(f"{path} is not a folder", where="--out", hint="name another")
    entries = sorted(os.listdir(path))
    strange = [name for name in entries if not _is_ours(name)]
    if strange or (entries and not {INDEX, PLANNING} & {*entries}):
        raise UsageError(
            f"{path} holds other files, as {(strange or entries)[0]!r}",
            where="--out",
            hint="name another folder",
        )


def publish(path: Path, results: Iterable[StackResult], fleet: str, at: datetime) -> str:
    """Write the index of what was planned, put it and the plans that it names in the place of those of
    before, and return its digest. PlanFileError when that cannot be.

    What else is there stays behind: a process that died in the midst of a plan may have left it.
    """
    stacks = [asdict(_planned(result)) for result in results]
    document: dict[str, Any] = {
        "format_version": FORMAT,
        "created_at": instant_to_text(at),
        "fleet": fleet,
        "stacks": [{key: value for key, value in each.items() if value is not None} for each in stacks],
    }
    document["digest"] = document_digest(document)
    files = [each["file"] for each in stacks if each["file"] is not None]
    try:
        write_whole(path / PLANNING / INDEX, f"{json.dumps(document, indent=1, ensure_ascii=False)}\n")
        _put_in_place(path, files)
    except OSError as error:
        if not (path / INDEX).exists():  # plans alone are taken for somebody's, in the way of the next
            for name in files:
                with suppress(OSError):
                    (path / name).unlink()
        raise PlanFileError(
            f"the plans cannot be saved: {error.strerror}", where=str(path), hint=_ELSEWHERE
        ) from error
    return str(document["digest"])


def _put_in_place(path: Path, files: Collection[str]) -> None:
    """The index comes last: with the first new plan in its place nothing is applied by that of before, which
    has another digest for it, and until then all is as it was."""
    place = path / PLANNING
    for name in files:
        (place / name).replace(path / name)
    for name in sorted(os.listdir(path)):
        if name not in (*files, INDEX, PLANNING):
            (path / name).unlink()
    (place / INDEX).replace(path / INDEX)


def read_folder(path: Path, expect_digest: str | None = None) -> PlanFolder:
    """The folder, with every file of it checked. PlanFileError for one that is missing, edited or foreign,
    and StalePlanError for another digest than was expected."""
    document = _read_index(path)
    if expect_digest is not None and document["digest"] != expect_digest:
        raise StalePlanError(
            f"the plans have the digest {document['digest']}, and not {expect_digest}; nothing was done",
            hint="review these plans, or plan again",
        )
    stacks = tuple(Planned(**each) for each in document["stacks"])
    known = {planned.file for planned in stacks if planned.file} | {INDEX, ROLLOUT, PLANNING}
    for name in sorted(os.listdir(path)):
        if name not in known:
            raise PlanFileError(
                f"{name!r} is not in the index", where=str(path), hint=f"take it away, or {_AGAIN}"
            )
    for planned in stacks:
        if planned.file is not None:
            read_checked(path / planned.file, planned.sha256 or "")
    try:
        created_at = instant_from_text(document["created_at"])
    except ValueError as error:
        raise PlanFileError(
            f"created_at is no instant: {error}", where=str(path / INDEX), hint=_AGAIN
        ) from error
    return PlanFolder(path, created_at, document["fleet"], stacks, document["digest"])


def read_checked(path: Path, sha256: str) -> bytes:
    """The bytes of a plan file. PlanFileError where they are not those of the index."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlanFileError(
            f"cannot read the plan: {error.strerror}",
            where=str(path),
            hint=f"{_READ}, or {_AGAIN}",
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise PlanFileError("this is not the plan that was saved here", where=str(path), hint=_AGAIN)
    return content


def _read_index(path: Path) -> dict[str, Any]:
    import jsonschema

    where = str(path / INDEX)
    try:
        document = read_json((path / INDEX).read_bytes())
    except OSError as error:
        raise PlanFileError(
            f"cannot read the index: {error.strerror}",
            where=where,
            hint=f"{_READ}, or {_AGAIN}",
        ) from error
    except ValueError as error:
        raise PlanFileError(f"this is no index of plans: {error}", where=where, hint=_AGAIN) from error
    validator = jsonschema.Draft202012Validator(json.loads(schema_text("fleet_plan")))
    problem = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if problem is not None:
        said = redact_secrets(problem.message)[:200]
        raise PlanFileError(
            f"{problem.json_path} is not as an index has it: {said}", where=where, hint=_AGAIN
        )
    if document["digest"] != document_digest(document):
        raise PlanFileError("the index was edited: its digest does not fit", where=where, hint=_AGAIN)
    count = Counter(each["stack"] for each in document["stacks"])
    if twice := [name for name in count if count[name] > 1]:
        raise PlanFileError(f"the index has {twice[0]} more than once", where=where, hint=_AGAIN)
    return dict(document)


def _planned(result: StackResult) -> Planned:
    saved = result.details
    return Planned(
        stack=result.stack,
        account=result.account or None,
        exit_code=int(result.code),
        result=result.line,
        file=saved.get("file"),
        sha256=saved.get("sha256"),
        plan_id=saved.get("plan_id"),
        pending=saved.get("pending", False),
        error=result.error if saved.get("file") is None else None,
    )


def result_without_plan(planned: Planned) -> StackResult:
    """How a stack ends that has nothing to do, or no plan."""
    code = ExitCode.DONE if planned.file is not None else ExitCode(planned.exit_code)
    line = "nothing to do" if planned.file is not None else "was not planned"
    return StackResult(planned.stack, planned.account or "", code, line, error=planned.error)


def _is_ours(name: str) -> bool:
    return name in (INDEX, ROLLOUT, PLANNING) or name.endswith(_ENDING)
