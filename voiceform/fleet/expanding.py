"""The entries of a fleet file to its members: folders by pattern, templates, rows of tables."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voiceform.config.sources import DEFAULT_FILE, SUFFIXES, may_be_there
from voiceform.fleet.checking import Checks
from voiceform.fleet.member import NAME, Member, Source, filled
from voiceform.fleet.own_account import own_account
from voiceform.fleet.patterns import any_depth, is_pattern, matching
from voiceform.fleet.tables import read_rows
from voiceform.kinds.userfiles import Places
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block
from voiceform.model.paths import ALLOW, leads_below

MOST_STACKS = 100_000
"""The most that one fleet may have."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The folder of a stack, its file where that is named, and what is said where it is lacking."""

    folder: Path
    files: tuple[Path, ...] = ()
    lacking: Diagnostic | None = None


class Expansion:
    """Makes members of a schema-valid document; what is wrong goes to `report`.

    `file` is the fleet file; `files` are the tables that were read, `tables` their bytes. What is named lies
    in its folder, or below one of `allowed`: a fleet file may come from anybody who can open a pull
    request.
    """

    def __init__(
        self,
        document: Block,
        file: Path,
        environ: Mapping[str, str],
        report: Report,
        allowed: Iterable[Path] = (),
    ) -> None:
        self._document = document
        self._folder = folder = file.parent
        self._places = Places(folder, tuple(allowed))
        self._taken = {os.path.realpath(file)}  # what no pattern means
        self._environ = environ
        self._report = report
        self.files: list[str] = []
        self.tables: list[bytes] = []

    def members(self) -> tuple[Member, ...]:
        """All of them, in the order of the file."""
        checks = Checks(self._folder, self._report)
        checks.block(self._document)
        stacks = self._document["stacks"]
        entries = [stacks] if isinstance(stacks, Block) else stacks
        named = [self._folder / entry["path"] for entry in entries if _names_one(entry)]
        self._taken |= {os.path.realpath(_file_at(path)) for path in named}
        found: list[Member] = []
        for entry in entries:
            checks.block(entry)
            for member in self._of(entry):
                found.append(member)
                if len(found) > MOST_STACKS:
                    self._say(entry.position, f"a fleet has at most {MOST_STACKS:,} stacks", "divide it")
                    return ()
        real = {folder: os.path.realpath(folder) for folder in {member.folder for member in found}}
        count = Counter(real[member.folder] for member in found)
        return tuple(replace(each, shared=True) if count[real[each.folder]] > 1 else each for each in found)

    def _of(self, entry: Block) -> Iterator[Member]:
        ways = [key for key in ("path", "template") if key in entry]
        if len(ways) != 1 and not (not ways and "csv" in entry):
            message = "a stack has a path, or a template" if not ways else "a stack has a path or a template"
            self._say(entry.position, message, "write one of them", code="conflicting-keys")
            return
        if "csv" in entry:
            yield from self._of_table(entry)
        elif "template" in entry:
            place = self._place(entry["template"], entry.value_position("template"))
            name = entry.get("name")
            if name is None:
                self._say(entry.position, "a stack of a template needs a name", "write name:")
            elif place is not None:
                yield from self._member(entry, name, place, entry.position)
        else:
            yield from self._of_path(entry)

    def _of_path(self, entry: Block) -> Iterator[Member]:
        where = entry.value_position("path")
        places = list(self._matches(entry["path"], where))
        alone = ("name", "account")
        if len(places) > 1 and (key := next((key for key in alone if key in entry), None)):
            message = f"this pattern means {len(places):,} stacks, and {key} is that of one"
            self._say(entry.key_position(key), message, "write an entry for each, or a csv")
            return
        for place in places:
            name = entry.get("name") or _named_after(place)
            if not NAME.fullmatch(name):
                self._say(
                    where, f"{name!r} is no name of a stack", "write name: with letters, digits, - and _"
                )
                continue
            yield from self._member(entry, name, place, where)

    def _matches(self, path: str, where: Position) -> Iterator[_Place]:
        """What a path or a pattern means, sorted. What has an entry of its own, no pattern means, too."""
        if not is_pattern(path):
            place = self._place(path, where)
            if place is not None:
                yield place
            return
        seen: set[str] = set()
        for full in matching(self._folder, path, self._places):
            if not self._places.holds(full):
                self._say(where, f"{full} lies outside the folder of the fleet file", ALLOW)
                return
            file = _file_at(full)
            if _is_configuration(file):
                if (known := os.path.realpath(file)) not in seen | self._taken:
                    named = file == full
                    files = (Path(file.name),) if named else ()
                    yield _Place(full.parent if named else full, files, self._unfit(file, where))
                seen.add(known)
            elif not any_depth(path) and (what := _no_stack(full)) is not None:
                message = f"{full} {what}, and is no stack"
                self._report(Diagnostic("no-configuration", message, where, Severity.WARNING))
        if not seen:
            self._say(
                where,
                f"no folder with a {DEFAULT_FILE} matches {path!r}",
                "correct path:",
                code="no-configuration",
            )

    def _place(self, path: str, where: Position) -> _Place | None:
        """The folder of a stack, and its file where it is named; also where nothing is there, which concerns
        the stacks of it and no others."""
        full = self._folder / path
        if not self._places.holds(full):
            self._say(where, f"{full} lies outside the folder of the fleet file", ALLOW)
            return None
        if os.path.isfile(full):
            return _Place(full.parent, (Path(full.name),), self._unfit(full, where))
        if may_be_there(full / DEFAULT_FILE):
            return _Place(full, (), self._unfit(full / DEFAULT_FILE, where))
        there = os.path.isdir(full)
        what = f"{full} has no {DEFAULT_FILE}" if there else f"there is no file or folder {full}"
        hint = f"correct it, or take it out; it is looked for from {os.path.abspath(self._folder)}"
        lacking = Diagnostic("no-configuration", what, where, hint=hint)
        if full.suffix.lower() in SUFFIXES:
            return _Place(full.parent, (Path(full.name),), lacking)
        return _Place(full, (), lacking)

    def _unfit(self, file: Path, where: Position) -> Diagnostic | None:
        """Why the configuration of a stack, where there is one, is not read."""
        if not leads_below(file, (file.parent, *self._places.allowed)):
            message = f"{file} is a link to something outside its folder"
            return Diagnostic("invalid-value", message, where, hint=ALLOW)
        try:
            file.lstat()
        except OSError as error:
            message = f"{file} cannot be looked at: {(error.strerror or 'unknown error').lower()}"
            hint = "correct the path, or who may read there"
            return Diagnostic("unreadable-file", message, where, hint=hint)
        return None

    def _of_table(self, entry: Block) -> Iterator[Member]:
        if "path" in entry or "name" in entry or "account" in entry:
            key = next(key for key in ("path", "name", "account") if key in entry)
            self._say(
                entry.key_position(key),
                f"each row of the table has its own {key}",
                f"leave out {key}",
                code="conflicting-keys",
            )
            return
        path = self._folder / entry["csv"]
        self.files.append(os.path.normpath(path))
        where = entry.value_position("csv")
        rows = read_rows(
            path, where, self._places, needs_template="template" not in entry, report=self._report
        )
        self.tables.append(rows.content)
        if rows.empty:
            message, hint = f"{self.files[-1]} has no row, and no stack", "was it written whole?"
            self._report(Diagnostic("unusable-csv", message, where, Severity.WARNING, hint=hint))
        shared: dict[str, _Place | None] = {}
        for row in rows.rows:
            template = row.keys.get("template") or entry.get("template", "")
            if template not in shared:
                at = row.position if "template" in row.keys else entry.value_position("template")
                shared[template] = self._place(template, at) if template else _Place(self._folder)
            place = shared[template]
            if place is not None:
                said = Block({**entry, **row.keys}, file=entry.file, mark=entry.mark)
                said["labels"] = {**entry.get("labels", {}), **row.labels}
                said["variables"] = {**entry.get("variables", {}), **row.variables}
                problems = [*row.problems]
                checks = Checks(self._folder, problems.append)
                if "state" in row.keys:
                    checks.state(row.keys["state"], row.position)
                if "evidence" in row.keys:
                    checks.evidence(row.keys["evidence"], row.position)
                yield from self._member(said, row.keys["name"], place, row.position, problems)

    def _member(
        self,
        entry: Block,
        name: str,
        place: _Place,
        where: Position,
        problems: Sequence[Diagnostic] = (),
    ) -> Iterator[Member]:
        """One member; the defaults of the fleet stand in for what the entry does not say. With `problems`, or
        others of its own, it is one about which nothing can be done."""

        def said(key: str) -> Any:  # noqa: ANN401 - any YAML value
            return entry.get(key, self._document.get(key))

        credentials = said("credentials")
        if credentials is None:
            self._say(where, f"no credentials are known of {name}", "write credentials: for it, or for all")
            return
        labels = {**self._document.get("labels", {}), **entry.get("labels", {})}
        labels = {key: str(value) for key, value in labels.items()}
        variables = {**self._document.get("variables", {}), **entry.get("variables", {})}
        texts = {key: str(value) for key, value in variables.items()}
        account = entry.get("account", "")
        problems = [*problems, *([place.lacking] if place.lacking is not None else [])]
        if not account and not problems:
            environ = {**self._environ, **texts}
            account, problems = own_account(place.folder, place.files, environ, where, self._places.allowed)
        plain = Member(name, account, place.folder, place.files, where, labels=labels, variables=texts)
        if problems:
            yield replace(plain, problems=tuple(problems))
            return
        state = said("state")
        yield replace(
            plain,
            state=None if state is None else self._state(filled(state, name, account)),
            region=said("region"),
            edge=entry.get("edge", None if "region" in entry else self._document.get("edge")),
            credentials={
                key: self._source(value).filled(name, account)
                for key, value in credentials.items()
                if key != "account"
            },
            owner=credentials.get("account"),
            evidence=self._evidence(said("evidence"), name, account),
        )

    def _source(self, block: Mapping[str, Any]) -> Source:
        ((kind, value),) = block.items()
        return Source(kind, (value,) if isinstance(value, str) else tuple(value), self._folder)

    def _evidence(self, text: str | None, name: str, account: str) -> str | None:
        if text is None:
            return None
        place = filled(text, name, account)
        return place if "://" in place else os.path.realpath(self._folder / place)

    def _state(self, url: str) -> str:
        """A state in a file beside the fleet file, as every path in that is."""
        path = url.removeprefix("sqlite:///")
        if path == url or not path or path.startswith(("/", "~", ":")):
            return url
        return f"sqlite:///{os.path.realpath(self._folder / path)}"

    def _say(self, where: Position, message: str, hint: str, *, code: str = "invalid-value") -> None:
        self._report(Diagnostic(code, message, where, hint=hint))


def _names_one(entry: Block) -> bool:
    """Whether an entry is about the stack of one path."""
    return isinstance(entry.get("path"), str) and not is_pattern(entry["path"])


def _file_at(path: Path) -> Path:
    """The configuration at the path of a stack."""
    return path / DEFAULT_FILE if os.path.isdir(path) else path


def _no_stack(path: Path) -> str | None:
    """Why what a pattern matches is no stack, where somebody may have meant one."""
    if os.path.isdir(path):
        return f"has no {DEFAULT_FILE}"
    gone = os.path.islink(path) and not os.path.exists(path)
    return "is a link to something that is not there" if gone else None


def _is_configuration(file: Path) -> bool:
    """Whether a file is that of a stack, be it one that cannot be read: that concerns this stack."""
    return file.suffix.lower() in SUFFIXES and may_be_there(file)


def _named_after(place: _Place) -> str:
    """The folder; the file, where that has a name of its own."""
    if place.files and place.files[0].stem != Path(DEFAULT_FILE).stem:
        return place.files[0].stem
    return os.path.basename(os.path.realpath(place.folder))
