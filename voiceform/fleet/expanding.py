"""The entries of a fleet file to its members: folders by pattern, templates, rows of tables."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from voiceform.config.references import is_credential
from voiceform.config.sources import DEFAULT_FILE, SUFFIXES
from voiceform.fleet.member import NAME, NO_VARIABLES, REFERENCE, Member, Source, filled, unknown_place
from voiceform.fleet.own_account import own_account
from voiceform.fleet.patterns import any_depth, is_pattern, matching
from voiceform.fleet.tables import read_rows
from voiceform.kinds.retention.evidence.naming import OFF, place_complaint
from voiceform.kinds.userfiles import Places
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block
from voiceform.model.errors import UsageError, VoiceformError
from voiceform.model.secret_patterns import redact_secrets
from voiceform.state.open import open_store

MOST_STACKS = 100_000
"""The most that one fleet may have."""
_ALLOW = "move it there, or allow its folder with --allow-path DIR"


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
        self._taken = {file.resolve()}  # what no pattern means
        self._environ = environ
        self._report = report
        self.files: list[str] = []
        self.tables: list[bytes] = []

    def members(self) -> tuple[Member, ...]:
        """All of them, in the order of the file."""
        self._check_places(self._document)
        self._check_variables(self._document)
        stacks = self._document["stacks"]
        entries = [stacks] if isinstance(stacks, Block) else stacks
        named = [self._folder / entry["path"] for entry in entries if _names_one(entry)]
        self._taken |= {_file_at(path).resolve() for path in named}
        found: list[Member] = []
        for entry in entries:
            self._check_places(entry)
            self._check_variables(entry)
            for member in self._of(entry):
                found.append(member)
                if len(found) > MOST_STACKS:
                    self._say(entry.position, f"a fleet has at most {MOST_STACKS:,} stacks", "divide it")
                    return ()
        folders = Counter(member.folder.resolve() for member in found)
        return tuple(replace(each, shared=folders[each.folder.resolve()] > 1) for each in found)

    def _of(self, entry: Block) -> Iterator[Member]:
        ways = [key for key in ("path", "template") if key in entry]
        if len(ways) != 1 and not (not ways and "csv" in entry):
            message = "a stack has a path, or a template" if not ways else "a stack has a path or a template"
            self._say(entry.position, message, "write one of them", code="conflicting-keys")
            return
        if "csv" in entry:
            yield from self._of_table(entry)
        elif "template" in entry:
            place = self._place(entry, entry["template"], entry.value_position("template"))
            name = entry.get("name")
            if name is None:
                self._say(entry.position, "a stack of a template needs a name", "write name:")
            elif place is not None:
                yield from self._member(entry, name, *place, entry.position)
        else:
            yield from self._of_path(entry)

    def _of_path(self, entry: Block) -> Iterator[Member]:
        where = entry.value_position("path")
        places = list(self._matches(entry, entry["path"], where))
        alone = ("name", "account")
        if len(places) > 1 and (key := next((key for key in alone if key in entry), None)):
            message = f"this pattern means {len(places):,} stacks, and {key} is that of one"
            self._say(entry.key_position(key), message, "write an entry for each, or a csv")
            return
        for folder, files in places:
            name = entry.get("name") or _named_after(folder, files)
            if not NAME.fullmatch(name):
                self._say(
                    where, f"{name!r} is no name of a stack", "write name: with letters, digits, - and _"
                )
                continue
            yield from self._member(entry, name, folder, files, where)

    def _matches(self, entry: Block, path: str, where: Position) -> Iterator[tuple[Path, tuple[Path, ...]]]:
        """What a path or a pattern means, sorted. What has an entry of its own, no pattern means, too."""
        if not is_pattern(path):
            place = self._place(entry, path, where)
            if place is not None:
                yield place
            return
        seen: set[Path] = set()
        for full in matching(self._folder, path, self._places):
            if not self._places.holds(full):
                self._say(where, f"{full} lies outside the folder of the fleet file", _ALLOW)
                return
            file = _file_at(full)
            if file.is_file() and file.suffix.lower() in SUFFIXES:
                if (known := file.resolve()) not in seen | self._taken:
                    yield full.parent if file == full else full, (Path(file.name),) if file == full else ()
                seen.add(known)
            elif full.is_dir() and not any_depth(path):
                message = f"{full} has no {DEFAULT_FILE}, and is no stack"
                self._report(Diagnostic("no-configuration", message, where, Severity.WARNING))
        if not seen:
            self._say(
                where,
                f"no folder with a {DEFAULT_FILE} matches {path!r}",
                "correct path:",
                code="no-configuration",
            )

    def _place(self, entry: Block, path: str, where: Position) -> tuple[Path, tuple[Path, ...]] | None:
        """The folder of a stack, and its file where it is named."""
        full = self._folder / path
        if not self._places.holds(full):
            self._say(where, f"{full} lies outside the folder of the fleet file", _ALLOW)
            return None
        if full.is_file():
            return full.parent, (Path(full.name),)
        if (full / DEFAULT_FILE).is_file():
            return full, ()
        what = f"{full} has no {DEFAULT_FILE}" if full.is_dir() else f"there is no file or folder {full}"
        self._say(where, what, f"it is looked for from {self._folder}", code="no-configuration")
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
        shared: dict[str, tuple[Path, tuple[Path, ...]] | None] = {}
        for row in rows.rows:
            template = row.keys.get("template") or entry.get("template", "")
            if template not in shared:
                at = row.position if "template" in row.keys else entry.value_position("template")
                shared[template] = self._place(entry, template, at)
            place = shared[template]
            if place is not None:
                said = Block({**entry, **row.keys}, file=entry.file, mark=entry.mark)
                said["labels"] = {**entry.get("labels", {}), **row.labels}
                said["variables"] = {**entry.get("variables", {}), **row.variables}
                if "state" in row.keys:
                    self._check_state(row.keys["state"], row.position)
                if "evidence" in row.keys:
                    self._check_evidence(row.keys["evidence"], row.position)
                yield from self._member(said, row.keys["name"], *place, row.position)

    def _member(
        self, entry: Block, name: str, folder: Path, files: tuple[Path, ...], where: Position
    ) -> Iterator[Member]:
        """One member; the defaults of the fleet stand in for what the entry does not say."""

        def said(key: str) -> Any:  # noqa: ANN401 - any YAML value
            return entry.get(key, self._document.get(key))

        variables = {**self._document.get("variables", {}), **entry.get("variables", {})}
        texts = {key: str(value) for key, value in variables.items()}
        unreadable: list[Diagnostic] = []
        account = entry.get("account") or own_account(
            folder, files, {**self._environ, **texts}, unreadable.append
        )
        if account is None:
            for problem in unreadable:
                self._report(problem)
            if all(problem.severity is not Severity.ERROR for problem in unreadable):
                self._say(
                    where, f"no account is known of {name}", "write account: here, or in its voiceform.yaml"
                )
            return
        credentials = said("credentials")
        if credentials is None:
            self._say(where, f"no credentials are known of {name}", "write credentials: for it, or for all")
            return
        state = said("state")
        yield Member(
            name=name,
            account=account,
            folder=folder,
            files=files,
            position=where,
            state=None if state is None else self._state(filled(state, name, account)),
            region=said("region"),
            edge=entry.get("edge", None if "region" in entry else self._document.get("edge")),
            credentials={
                key: self._source(value).filled(name, account)
                for key, value in credentials.items()
                if key != "account"
            },
            owner=credentials.get("account"),
            labels={
                key: str(value)
                for key, value in {**self._document.get("labels", {}), **entry.get("labels", {})}.items()
            },
            variables=texts,
            evidence=self._evidence(said("evidence"), name, account),
        )

    def _source(self, block: Mapping[str, Any]) -> Source:
        ((kind, value),) = block.items()
        return Source(kind, (value,) if isinstance(value, str) else tuple(value), self._folder)

    def _evidence(self, text: str | None, name: str, account: str) -> str | None:
        if text is None:
            return None
        place = filled(text, name, account)
        return place if "://" in place else str((self._folder / place).resolve())

    def _state(self, url: str) -> str:
        """A state in a file beside the fleet file, as every path in that is."""
        path = url.removeprefix("sqlite:///")
        if path == url or not path or path.startswith(("/", "~", ":")):
            return url
        return f"sqlite:///{(self._folder / path).resolve()}"

    def _check_places(self, block: Block) -> None:
        """No `{...}` that nobody fills in, and nothing that is a secret."""
        if isinstance(state := block.get("state"), str):
            self._check_state(state, block.value_position("state"))
        if isinstance(evidence := block.get("evidence"), str):
            self._check_evidence(evidence, block.value_position("evidence"))
        credentials = block.get("credentials")
        if not isinstance(credentials, Block):
            return
        if credentials.keys() not in ({"token"}, {"token", "account"}, {"key", "secret"}):
            message = "credentials are a token, or a key with its secret"
            hint = "write token:, with account: where it is that of a parent account, or key: and secret:"
            self._say(credentials.position, message, hint)
        for source in credentials.values():
            for key, value in source.items() if isinstance(source, Block) else ():
                for text in [value] if isinstance(value, str) else value:
                    self._check_text(text, source.value_position(key))

    def _check_state(self, url: str, where: Position) -> None:
        """One that can be used, once everything is filled in, and that has no secret in it."""
        self._check_text(url, where)
        if _has_secret(url):
            message = "the URL of the state has a password in it, and this file is read by many"
            hint = "use PGPASSWORD, ~/.pgpass or ${NAME}: credentials stand in no file"
            self._say(where, message, hint)
        elif "${" not in url:
            try:
                open_store(filled(url, "stack", f"AC{'0' * 32}"), base_dir=self._folder).close()
            except UsageError as error:
                self._say(where, error.what, error.hint or "correct state:")
            except VoiceformError:
                pass  # it is about this machine, and another may work

    def _check_evidence(self, text: str, where: Position) -> None:
        """One that names a place."""
        self._check_text(text, where)
        complaint = place_complaint(filled(text, "stack", f"AC{'0' * 32}"))
        if text == OFF:
            complaint = "evidence is switched off in the configuration of a stack, where it is reviewed"
        if complaint is not None:
            self._say(where, complaint, "as in evidence: s3://bucket/evidence/{stack}")

    def _check_text(self, text: str, where: Position) -> None:
        unknown = unknown_place(text)
        if unknown is not None:
            self._say(
                where, f"nothing is filled in for {unknown}", "there are {stack}, {STACK} and {account}"
            )

    def _check_variables(self, block: Block) -> None:
        for name in block.get("variables") or ():
            where = block["variables"].key_position(name)
            if name in NO_VARIABLES:
                message = f"{name} is no variable of a configuration"
                self._say(
                    where, message, "there are account:, credentials:, state: and region:, and --base-url"
                )
            elif is_credential(name):
                message = f"{name} is the name of a credential, and its value would stand in this file"
                self._say(where, message, "leave it in the environment", code="credential")
        if "stack" in (block.get("labels") or ()):
            where = block["labels"].key_position("stack")
            self._say(where, "the label stack is the name of the stack", "choose another label")

    def _say(self, where: Position, message: str, hint: str, *, code: str = "invalid-value") -> None:
        self._report(Diagnostic(code, message, where, hint=hint))


def _has_secret(url: str) -> bool:
    """Whether a password stands in a URL, itself and not as `${NAME}`; the name of a user is none."""
    scheme, separator, rest = REFERENCE.sub("", url).partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    user, at, host = authority.rpartition("@")
    others = f"{scheme}{separator}{host}{rest[len(authority) :]}"
    return bool(at and user.partition(":")[2]) or redact_secrets(others) != others


def _names_one(entry: Block) -> bool:
    """Whether an entry is about the stack of one path."""
    return isinstance(entry.get("path"), str) and not is_pattern(entry["path"])


def _file_at(path: Path) -> Path:
    """The configuration at the path of a stack."""
    return path / DEFAULT_FILE if path.is_dir() else path


def _named_after(folder: Path, files: tuple[Path, ...]) -> str:
    """The folder; the file, where that has a name of its own."""
    if files and files[0].stem != Path(DEFAULT_FILE).stem:
        return files[0].stem
    return folder.resolve().name
