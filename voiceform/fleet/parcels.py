"""What goes to another machine with a job, and what comes back: bytes in the place of files.

A parcel holds the plan that is to be carried out, and which files the configuration may be read from, and no
credential. Plans and configurations that were written come back with the result.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from voiceform.config.sources import DEFAULT_FILE, may_be_there
from voiceform.fleet.jobs import Job, failed, run_job
from voiceform.fleet.member import Member, Source
from voiceform.fleet.opening import Surroundings
from voiceform.kinds.userfiles import MOST_BYTES
from voiceform.model.errors import PlanFileError, UsageError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.files import own_folder, write_new, write_whole
from voiceform.model.fleet import StackResult
from voiceform.version import __version__

_ALIKE = "files must be on each worker under the same path, as in one image or one volume"
_MOST_FILES = 20_000
"""So many files may lie in the folder of a stack that is worked on elsewhere."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A job for another machine: `plan` is the content of the file that its options name."""

    job: Job
    plan: bytes | None = None
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Answer:
    """How a job ended, with the files that it wrote below `place` by their names."""

    result: StackResult
    place: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


def packed(job: Job, proven: frozenset[tuple[str, str]], who: str) -> bytes:
    """A job as it is sent. PlanFileError when its plan cannot be read."""
    plan = None
    if "file" in job.options:
        try:
            plan = Path(job.options["file"]).read_bytes()
        except OSError as error:
            raise PlanFileError(
                f"cannot read the plan: {error.strerror}",
                where=job.options["file"],
                hint="check that it may be read, or plan again",
            ) from error
    settings = replace(job.settings, proven=proven, who=who)
    return pickle.dumps(Parcel(replace(job, member=_absolute(job.member), settings=settings), plan))


def carried_out(parcel: Parcel, here: Surroundings, worker: str) -> Answer:
    """Do the job of a parcel on this machine; `worker` is what it is called."""
    job = parcel.job
    lacking = _lacking(job)
    if lacking is not None:
        error = f"{lacking} is there where this was started, and not on the worker {worker}\n  {_ALIKE}"
        return Answer(failed(job, ExitCode.ERROR, error))
    with own_folder("voiceform-") as place:
        options = dict(job.options)
        if parcel.plan is not None:
            options["file"] = str(place / "plan")
            write_whole(place / "plan", parcel.plan)
        if "out" in options:
            options["out"] = str(place / "out")
            (place / "out").mkdir()
        result = run_job(replace(job, options=options), here)
        if result.code is ExitCode.ERROR:
            # Whoever reads it sits at another machine, on which nothing may be wrong.
            told = f"{result.error}\n  on the worker {worker}, with its environment and its files"
            result = replace(result, error=told)
        return Answer(result, str(place / "out"), dict(_written(place / "out")))


def unpacked(answer: Answer, job: Job) -> StackResult:
    """Put the files of an answer where they were to be. VoiceformError when that cannot be."""
    if not answer.files:
        return answer.result
    out = Path(job.options["out"])
    for name, content in answer.files.items():
        path = out / name
        try:
            if job.what == "export":
                path.parent.mkdir(exist_ok=True)
                write_new(path, content)
            else:
                write_whole(path, content)
        except FileExistsError:
            raise VoiceformError(
                f"{path} exists", hint="export never overwrites: choose another --out"
            ) from None
        except OSError as error:
            raise VoiceformError(
                f"cannot write {path}: {error.strerror}", hint="choose another --out"
            ) from error
    return replace(answer.result, line=answer.result.line.replace(answer.place, str(out.resolve())))


class Proofs:
    """Which files there are in the folders of stacks, each folder looked at once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, ...], frozenset[tuple[str, str]]] = {}

    def of(self, job: Job) -> frozenset[tuple[str, str]]:
        """The files from which the configuration of its stack may be read, by their paths from its folder, or
        from one that is allowed, each with its SHA-256. UsageError for too many."""
        places = (job.member.folder.resolve(), *(path.resolve() for path in job.settings.allowed_paths))
        if places not in self._known:
            self._known[places] = frozenset(each for place in places for each in _proven(place))
        return self._known[places]


def _proven(place: Path) -> Iterator[tuple[str, str]]:
    count = 0
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if name.startswith(".") or not path.is_file() or path.stat().st_size > MOST_BYTES:
                continue
            count += 1
            if count > _MOST_FILES:
                raise UsageError(
                    f"there are more than {_MOST_FILES:,} files in {place}",
                    hint="for --scheduler give the stack a folder that holds its configuration alone",
                )
            try:
                yield path.relative_to(place).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError:
                continue  # whoever reads it elsewhere is told that it is not proven


def _lacking(job: Job) -> Path | None:
    """The configuration that there is where the job comes from, and not here."""
    proven = [name for name, _ in job.settings.proven or ()]
    for file in job.member.files or (Path(DEFAULT_FILE),):
        here = job.member.folder / file
        if not may_be_there(here) and any(Path(name).is_relative_to(file) for name in proven):
            return here
    return None


def _absolute(member: Member) -> Member:
    """With paths that mean the same in any folder."""
    sources: Iterable[tuple[str, Source]] = member.credentials.items()
    credentials = {name: replace(each, folder=each.folder.absolute()) for name, each in sources}
    return replace(member, folder=member.folder.absolute(), credentials=credentials)


def _written(out: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(out.rglob("*")) if out.is_dir() else ():
        if path.is_file():
            yield path.relative_to(out).as_posix(), path.read_bytes()
