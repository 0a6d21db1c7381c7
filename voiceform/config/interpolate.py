"""`${NAME}` and `${NAME:-default}` in values: what the environment says.

A default stands in where the name is not set or empty, as in a shell. `$${` is a literal `${`; any other
dollar sign is just that. What comes out is text and is never read as YAML, except that a scalar which is one
reference and nothing else may have another type: see `voiceform.config.references`. Line ends behind the
value of such a one are left out, as a shell does: files that hold one value end in one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from voiceform.config.filereport import FileReport, Words
from voiceform.config.problems.wording import both, quote, shorten
from voiceform.config.scalars import Scalar, resolve_plain
from voiceform.model.diagnostics import Report
from voiceform.model.document import Mark

MAX_TEXT = 1_000_000
"""The most characters that one scalar may have, before and after interpolation."""
MAX_INSERTED = 64_000_000
"""The most characters that the environment may add to one file."""

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<body>[^}]*)(?P<end>\}?)")
_BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_LITERAL = "$${"
_NAME_SHOWN = 60


class Interpolator:
    """Expands the values of one file and remembers which of them came from the environment.

    `references` maps the mark of every such value to the names that it came from: messages must not show it.
    `whole` maps the mark of each that is one reference and nothing else to its text; `values` are the texts
    that were filled in, by name. `written` maps the mark of each value that the environment itself gave
    something to (not a default) to the text as it is written, with defaults that stood in, and to what was
    filled in by name.
    """

    def __init__(self, environ: Mapping[str, str], *, file: str, report: Report) -> None:
        self._environ = environ
        self._problem = FileReport(file, report)
        self._inserted = 0
        self.references: dict[Mark, tuple[str, ...]] = {}
        self.whole: dict[Mark, str] = {}
        self.values: dict[str, str] = {}
        self.written: dict[Mark, tuple[str, dict[str, str]]] = {}

    def expand(self, text: str, *, plain: bool, mark: Mark) -> Scalar:
        """The value of a scalar with a dollar sign in it; problems are reported and leave `text` as it is."""
        pieces: list[str] = []
        written: list[str] = []
        given: dict[str, str] = {}
        names: list[str] = []
        unset: list[str] = []
        end = 0
        for match in _REFERENCE.finditer(text):
            pieces.append(text[end : match.start()])
            written.append(pieces[-1])
            end = match.end()
            if match[0] == _LITERAL:
                pieces.append("${")
                written.append(_LITERAL)
                continue
            reference = self._reference(match, mark)
            if reference is None:
                return text
            name, default = reference
            value = self._value(name, default)
            names.append(name)
            if value is None:
                unset.append(name)
                continue
            pieces.append(value)
            self.values[name] = value
            if default is None or self._environ.get(name):
                given[name] = value
                written.append(f"${{{name}}}")
            else:
                written.append(value.replace("${", _LITERAL))
        pieces.append(text[end:])
        written.append(pieces[-1])
        if not self._usable(pieces, unset, mark):
            return text
        result = "".join(pieces)
        if names:
            self.references[mark] = tuple(dict.fromkeys(names))
        if given:
            self.written[mark] = "".join(written), given
        whole = len(names) == 1 and text.startswith("${") and text.index("}") == len(text) - 1
        if not whole:
            return result
        self.whole[mark] = result = result.rstrip("\r\n")
        return resolve_plain(result) if plain else result

    def _value(self, name: str, default: str | None) -> str | None:
        """What the environment or the default gives for a name."""
        value = self._environ.get(name)
        if default is not None and not value:
            return default
        self._inserted += len(value or "")
        return value

    def _reference(self, match: re.Match[str], mark: Mark) -> tuple[str, str | None] | None:
        """Name and default of one reference; None, reported, when it is not well formed."""
        body = _BODY.fullmatch(match["body"])
        if body is not None and match["end"] and "${" not in match["body"]:
            return body["name"], body["default"]
        self._problem("malformed-reference", mark, lambda: (_malformed(match), _HOW))
        return None

    def _usable(self, pieces: list[str], unset: list[str], mark: Mark) -> bool:
        """Whether everything is there, is text and is not too long."""
        if unset:
            self._problem("undefined-variable", mark, lambda: _undefined(unset))
        elif sum(map(len, pieces)) > MAX_TEXT or self._inserted > MAX_INSERTED:
            self._problem("too-long", mark, lambda: (_TOO_LONG, None))
        elif not all(map(_is_text, pieces)):
            self._problem("invalid-text", mark, lambda: (_NOT_TEXT, None))
        else:
            return True
        return False

    def repeat(self, anchor: Mark, mark: Mark) -> None:
        """Take note that an alias at `mark` stands for the value at `anchor`."""
        if anchor in self.references:
            self.references[mark] = self.references[anchor]
        if anchor in self.written:
            self.written[mark] = self.written[anchor]
        if anchor in self.whole:
            self.whole[mark] = self.whole[anchor]

    def finish(self) -> None:
        """Report how many problems were not told."""
        self._problem.finish()


_HOW = "write ${NAME} or ${NAME:-default}; $${ is a literal ${"
_TOO_LONG = f"with the environment filled in the text is over {MAX_TEXT:,} characters"
_NOT_TEXT = "an environment variable used here is not valid UTF-8"
_NAMES_SHOWN = 5


def _malformed(match: re.Match[str]) -> str:
    if not match["end"]:
        return f"{quote(shorten(match[0], 30))} is not closed"
    if "${" in match["body"]:
        return "a reference cannot contain another one"
    return f"{quote(shorten(match[0], 30))} is not a reference"


def _undefined(unset: list[str]) -> Words:
    """What to say of variables that are not set; of hundreds the first few are named."""
    names = list(dict.fromkeys(name[:_NAME_SHOWN] for name in unset))
    listed = names[:_NAMES_SHOWN]
    if len(names) > len(listed):
        listed.append(f"{len(names) - len(listed):,} more")
    many = len(names) > 1
    message = (
        f"the environment variable{'s' if many else ''} {both(listed)} {'are' if many else 'is'} not set"
    )
    return message, f"set {'them' if many else 'it'}, or write a default: ${{{names[0]}:-...}}"


def _is_text(text: str) -> bool:
    """Whether `text` can be encoded; the environment passes undecodable bytes on as lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
