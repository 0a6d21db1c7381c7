"""Do-not-call lists in files: read again whenever they change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from voiceform.kinds.call.dialling.donotcall import (
    Content,
    DoNotCallError,
    FileSpec,
    ListContent,
    ListSpec,
    ReadList,
    ReadLists,
    instant_of,
    unusable,
)
from voiceform.kinds.call.dialling.reassigned import ReassignedSpec
from voiceform.kinds.call.dialling.reassigned_files import answers_in
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.tables import TableError, read_headless, read_table
from voiceform.kinds.userfiles import Places, UserFileError, lines_of, text_of
from voiceform.model.numbers import person
from voiceform.model.runtime import MACHINE

_REMARK = re.compile(r"[,;\t#].*", re.DOTALL)
_BARE = re.compile(r"[1-9][0-9]{9,14}", re.ASCII)
_PUNCTUATION = re.compile(r"[().\-/ \u00a0]")
_BEHIND = timedelta(hours=12)
"""How far the last zone on Earth is behind UTC: a date has ended everywhere only then."""
_FOR_EVER = datetime.max.replace(tzinfo=UTC)

Stamp = tuple[int, int, int]


class DoNotCallList:
    """The lists of one schedule. Safe for several threads. Every question looks at the files, so that an
    entry counts from the next call on.

    `seen_at` as in ReadLists.
    """

    def __init__(self, places: Places, lists: tuple[FileSpec, ...], seen_at: datetime | None = None) -> None:
        self._files = tuple(_ListFile(places, spec) for spec in lists)
        self._seen_at = seen_at

    def refusal(self, number: str, now: datetime) -> str | None:
        """Why `number` must not be called at `now`, or None; DoNotCallError when nobody can know."""
        return self._read().refusal(number, now)

    def require(self, now: datetime | None) -> None:
        """Raise DoNotCallError when a list cannot be used at `now`; however old it may be for None."""
        self._read().require(now)

    def _read(self) -> ReadLists:
        return ReadLists(tuple(file.read() for file in self._files), self._seen_at)


def list_of(spec: CallSpec, places: Places, seen_at: datetime | None = None) -> DoNotCallList | None:
    """The files by which people of a schedule are not called, if it has any; `seen_at` as in ReadLists."""
    return DoNotCallList(places, spec.lists, seen_at) if spec.lists else None


def read_list(spec: FileSpec, places: Places) -> ReadList:
    """A list as it is now; a problem with it is told when somebody asks."""
    return _ListFile(places, spec).read()


class _ListFile:
    def __init__(self, places: Places, spec: FileSpec) -> None:
        self._places = places
        self._path = places.folder / spec.file
        self._spec = spec
        self._lock = MACHINE.lock()
        self._stamp: Stamp | None = None
        self._read_then = ReadList(spec)

    def read(self) -> ReadList:
        """What the file says now."""
        with self._lock:
            try:
                stamp = self._places.stamp(self._path)
                if stamp != self._stamp:
                    self._stamp = None
                    self._read_then = ReadList(self._spec, self._content())
                    self._stamp = stamp
            except UserFileError as error:
                self._stamp = None
                return self._problem(unusable(self._spec, error.what, error.hint))
            except DoNotCallError as error:
                return self._problem(error)
            return self._read_then

    def _problem(self, error: DoNotCallError) -> ReadList:
        return ReadList(self._spec, problem=error.what, hint=error.hint)

    def _content(self) -> Content:
        file = self._places.read(self._path)
        text, modified = text_of(file.content), datetime.fromtimestamp(file.modified, UTC)
        if isinstance(self._spec, ReassignedSpec):
            return answers_in(text, self._spec, modified)
        assert isinstance(self._spec, ListSpec)  # noqa: S101 - there are two kinds of files
        return _people_in(text, self._spec, modified)


def _people_in(text: str, spec: ListSpec, modified: datetime) -> ListContent:
    people: dict[str, datetime] = {}
    endings: dict[str, datetime] = {}
    for line, entry, until in _entries(text, spec):
        who = person(entry)
        if who is None:
            raise unusable(
                spec,
                f"has an entry in line {line} that is no phone number, SIP address or client",
                "write numbers as +15558675310, one a line; a table with a header needs `column`",
            )
        people[who] = max(until, people.get(who, until))
        bare = _PUNCTUATION.sub("", entry)
        if _BARE.fullmatch(bare):
            endings[bare] = max(until, endings.get(bare, until))
    if not people and not spec.allow_empty:
        raise unusable(
            spec, "is empty", "an export that failed looks like this; allow_empty: true says that it may be"
        )
    return ListContent(people, endings, modified)


def _entries(text: str, spec: ListSpec) -> Iterator[tuple[int, str, datetime]]:
    """Line, number, and until when it counts."""
    if spec.column is None:
        for line, content in lines_of(text):
            entry = _REMARK.sub("", content).strip().strip('"')
            if entry:
                yield line, entry, _FOR_EVER
        return
    columns = [spec.column, *([spec.expires] if spec.expires else [])]
    names = [column for column in columns if isinstance(column, str)]
    numbers = [column for column in columns if isinstance(column, int)]
    try:
        for row in read_headless(text, numbers) if numbers else read_table(text, names):
            if row.problem is not None:
                raise TableError(f"does not fit its columns: {row.problem}", line=row.line)
            until = _until(row.cells[1]) if spec.expires else _FOR_EVER
            yield row.line, row.cells[0].strip(), until
    except TableError as error:
        place = f" (line {error.line})" if error.line else ""
        raise unusable(spec, f"{error}{place}", error.hint) from None


def _until(text: str) -> datetime:
    """The instant up to which an entry counts: for ever where there is no date that can be read."""
    return instant_of(text.strip(), timedelta(days=1) + _BEHIND) or _FOR_EVER
