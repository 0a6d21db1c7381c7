"""Configuration as YAML text, for `export`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from voiceform.model.escape import escaped_yaml, terminal
from voiceform.model.exported import Entry
from voiceform.model.unshown import Reference, Sourced

_Fastest: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

HEADER = "# Written by `voiceform export` from the live account."

_TEXT = "tag:yaml.org,2002:str"
_NEVER_WRAP = 1_000_000
"""PyYAML loses blanks where it breaks a text in double quotes."""
_STEP = "  "


class Sheet:
    """The lines of a configuration, and the entry that each line belongs to.

    `clear` writes what the environment gave as it is, and not as `${NAME}`. An entry without a value becomes
    a comment.
    """

    def __init__(self, account_sid: str, *, clear: bool = False) -> None:
        self._clear = clear
        self._lines: list[str] = []
        self._owners: list[Entry | None] = []
        self._put([HEADER, "version: 1", *yaml_lines({"account": account_sid})])

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(f"{line}\n" for line in self._lines)

    def owner(self, line: int) -> Entry | None:
        """The entry that `line`, counted from 1, belongs to; None where it is of no entry."""
        return self._owners[line - 1] if 0 < line <= len(self._owners) else None

    def section(self, name: str, entries: Sequence[Entry], remarks: Iterable[str] = ()) -> None:
        """Write one section; without anything to declare it is comments alone."""
        groups: dict[str | None, list[Entry]] = {}
        for entry in entries:
            groups.setdefault(entry.group, []).append(entry)
        depth = self._open(name, entries, "")
        self._put(comment(remark, depth) for remark in remarks)
        for group, members in groups.items():
            within = depth if group is None else self._open(group, members, depth)
            for entry in members:
                self._entry(entry, within)

    def _open(self, name: str, entries: Iterable[Entry], depth: str) -> str:
        """Begin a mapping or list where there is something to put into it; its content's indentation."""
        if all(entry.value is None for entry in entries):
            return depth
        self._put([f"{depth}{name}:"])
        return depth + _STEP

    def _entry(self, entry: Entry, depth: str) -> None:
        for told in (entry.remark, entry.warning):
            if told is not None:
                self._put([comment(_told(entry, told), depth)], entry)
        if entry.value is None:
            return
        data: Any = [entry.value] if entry.key is None else {entry.key: entry.value}
        lines = yaml_lines(data, clear=self._clear)
        if entry.sid is not None:
            lines[0] += f"  {comment(entry.sid)}"
        self._put((depth + line for line in lines), entry)

    def _put(self, lines: Iterable[str], owner: Entry | None = None) -> None:
        for line in lines:
            self._lines.append(line)
            self._owners.append(owner)


def comment(text: str, depth: str = "") -> str:
    """A comment of one line, in which nothing is hidden and no program finds a command."""
    return f"{depth}# {terminal(text)}"


def _told(entry: Entry, what: str) -> str:
    parts = [f"{entry.address}:"]
    if entry.sid is not None:
        parts.append(entry.sid)
    if entry.label is not None:
        parts.append(f'"{entry.label}":')
    elif entry.sid is not None:
        parts[-1] += ":"
    return " ".join([*parts, what])


def yaml_lines(data: Any, *, clear: bool = True) -> list[str]:  # noqa: ANN401 - any JSON value
    """`data` as YAML; reading it gives the same data back. No value takes more than one line of it."""
    body = yaml.dump(
        _escaped(data, clear=clear),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_NEVER_WRAP,
        default_flow_style=False,
    )
    return escaped_yaml(body).rstrip("\n").split("\n")


class _Dumper(_Fastest):  # type: ignore[misc] # one of two, which are alike
    """Writes every text so that it reads back the same, and the same data twice rather than an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - PyYAML's signature
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Line ends and what cannot be seen as escapes: PyYAML would write some of them bare and lose them."""
    plain = text.isprintable() and "##" not in text
    return dumper.represent_scalar(_TEXT, text, style=None if plain else '"')


def _represent_sourced(dumper: yaml.SafeDumper, text: Sourced) -> yaml.ScalarNode:
    """As it is written in a configuration; in quotes it stays a text, whatever it stands for."""
    return dumper.represent_scalar(_TEXT, text.template, style='"')


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(Sourced, _represent_sourced)
_Dumper.add_representer(Reference, _represent_sourced)


def _escaped(value: Any, *, clear: bool) -> Any:  # noqa: ANN401 - any JSON value
    """A literal ${ must not be read as a variable."""
    if isinstance(value, Reference) or (isinstance(value, Sourced) and not clear):
        return value
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: _escaped(item, clear=clear) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(item, clear=clear) for item in value]
    return value
