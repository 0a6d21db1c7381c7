"""What `${NAME}` stands for at its place: of which type, and whether it may stand there at all.

A value that is one reference and nothing else has the type that the schema wants there: `max_size: '${SIZE}'`
and `max_size: ${SIZE}` are the same number, and `friendly_name: ${NAME}` is text although it may look like a
number. Quotes count only where both would do: then what was quoted is text.

Variables whose names say that they hold a credential are refused: a value of the configuration goes in clear
into the recorded state and the API. They may stand where the schema says `writeOnly`.

Other texts of the environment become `Sourced` where the schema does not say that the place is public: see
`voiceform.model.unshown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voiceform.config.filereport import FileReport, Words
from voiceform.config.interpolate import Interpolator
from voiceform.config.problems.wording import either, quote, shorten
from voiceform.config.scalars import Scalar, resolve_plain
from voiceform.config.schema import ConfigSchema, Schema
from voiceform.model.diagnostics import Diagnostic, Report
from voiceform.model.document import Block, Mark, Series
from voiceform.model.unshown import Sourced, Unshown

_CREDENTIAL_WORD = re.compile(
    r"(?:token|secret|password|passwd|passphrase|passcode|credential|apikey|jwt|privkey)s?\d*\Z"
)
_CREDENTIAL_END = frozenset(("key", "keys", "pass", "pwd", "pat", "auth", "dsn", "cookie", "cert", "pem"))
_KEY_ID = re.compile(r"(?:^|_)key_?(?:id|base64|b64|file|path|json)?\d*\Z")
_CREDENTIAL_NAMES = frozenset(
    ("voiceform_state", "pgpassfile", "database_url", "netrc", "kubeconfig", "ssh_private_key")
)
_URL_OF_STORE = re.compile(
    r"(?:connection_string|conn_str|(?:database|db|redis|mongo(?:db)?|postgres(?:ql)?)_ur[il])\Z"
)
_CREDENTIAL_LENGTH = 8
_NAMED = 3
_SHORT = 4


def is_credential(name: str) -> bool:
    """Whether the name of a variable says that it holds a credential: `TWILIO_AUTH_TOKEN`, `PGPASSWORD`."""
    lowered = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    words = [word for word in lowered.split("_") if word]
    if name.lower() in _CREDENTIAL_NAMES or _URL_OF_STORE.search(lowered) or _KEY_ID.search(lowered):
        return True
    if any(_CREDENTIAL_WORD.search(word) for word in words):
        return True
    return len(words) > 1 and words[-1] in _CREDENTIAL_END


def credentials_of(environ: Mapping[str, str]) -> Unshown:
    """The values of all variables whose names say so: for texts of which nobody knows what is in them, such
    as the messages of a defect. Short ones are left, which would be taken out of words."""
    return Unshown(
        (value, f"${{{name}}}")
        for name, value in environ.items()
        if len(value) >= _CREDENTIAL_LENGTH and is_credential(name)
    )


def settle_references(
    document: Block, schema: ConfigSchema, interpolator: Interpolator, report: Report
) -> None:
    """Give every reference in `document` its type, in place, and report credentials."""
    if not interpolator.references:
        return
    walker = _Walker(schema, interpolator)
    walker.walk(document, [schema.root])
    problem = FileReport(document.file, report)
    for mark, names in sorted(interpolator.references.items()):
        secret = [name for name in names if is_credential(name)]
        if secret and mark not in walker.secret_places:
            problem("credential", mark, lambda secret=secret: _refusal(secret))  # type: ignore[misc]
    problem.finish()


def _refusal(names: Sequence[str]) -> Words:
    shown = either(f"${{{shorten(name)}}}" for name in names[:_NAMED])
    return (
        f"{shown} is the name of a credential, and what stands here is shown in plans, state and account",
        "voiceform takes its own credentials from the environment; give what is no secret under another name",
    )


def without_values(diagnostic: Diagnostic, values: Mapping[str, str]) -> Diagnostic:
    """A diagnostic that names variables instead of repeating what they hold; `values` are texts by name."""
    message, hint = diagnostic.message, diagnostic.hint
    for name, value in sorted(values.items(), key=lambda item: -len(item[1])):
        for form in dict.fromkeys((value, repr(value)[1:-1], quote(value)[1:-1])):
            if form.strip():
                message = _replaced(message, form, name)
                hint = _replaced(hint, form, name) if hint else hint
    return replace(diagnostic, message=message, hint=hint)


def _replaced(text: str, value: str, name: str) -> str:
    """`text` with a variable's name in place of its value: a short one where quoted, others as a word."""
    if value not in text:
        return text
    shown = f"${{{shorten(name)}}}"
    text = text.replace(f"'{value}'", shown).replace(f'"{value}"', shown)
    if len(value) < _SHORT:
        return text
    return re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", lambda _: shown, text)


@dataclass(slots=True)
class _Place:
    """Where a value stands: in a mapping or a sequence, and where it is written."""

    parent: Block | Series
    key: Any
    mark: Mark


class _Walker:
    def __init__(self, schema: ConfigSchema, interpolator: Interpolator) -> None:
        self._schema = schema
        self._references = interpolator.references
        self._whole: Mapping[Mark, str] = interpolator.whole
        self._written = interpolator.written
        self.secret_places: set[Mark] = set()

    def walk(self, node: Any, schemas: Sequence[Schema]) -> None:  # noqa: ANN401 - any YAML value
        """Go through a value for which one of `schemas` holds."""
        for place, value in _children(node):
            inner = [*self._inner(schemas, place.key)]
            if isinstance(value, dict | list):
                self.walk(value, inner)
            elif place.mark in self._references:
                self._settle(place, value, inner)
                self._mark(place, inner)

    def _settle(self, place: _Place, value: Scalar, schemas: Sequence[Schema]) -> None:
        if any(schema.get("writeOnly") is True for schema in schemas):
            self.secret_places.add(place.mark)
        text = self._whole.get(place.mark)
        if text is None:
            return
        other = resolve_plain(text) if isinstance(value, str) else text
        if not self._fits(value, schemas) and self._fits(other, schemas):
            place.parent[place.key] = other

    def _fits(self, value: Scalar, schemas: Sequence[Schema]) -> bool:
        return any(self._schema.validator.part_accepts(schema, value) for schema in schemas)

    def _mark(self, place: _Place, schemas: Sequence[Schema]) -> None:
        """Let a text of the environment remember how it is written, unless its place is public."""
        value = place.parent[place.key]
        if place.mark not in self._written or not isinstance(value, str) or any(map(_is_public, schemas)):
            return
        if any(schema.get("x-public") == "numbers" for schema in schemas) and value.strip().startswith("+"):
            return  # what is no phone number is refused, and that masked
        place.parent[place.key] = Sourced(value, *self._written[place.mark])

    def _inner(self, schemas: Sequence[Schema], key: Any) -> Iterator[Schema]:  # noqa: ANN401 - a key or an index
        """What may hold for a child."""
        for schema in schemas:
            for form in self._forms(schema):
                if isinstance(key, str):
                    found = form.get("properties", {}).get(key, form.get("additionalProperties"))
                else:
                    found = form.get("items")
                if isinstance(found, Mapping):
                    yield from self._forms(found)

    def _forms(self, schema: Schema) -> Iterator[Schema]:
        """The alternatives of a schema; itself beside them."""
        schema = self._schema.resolve(schema)
        yield schema
        for rule in ("oneOf", "anyOf", "allOf"):
            for part in schema.get(rule, ()):
                yield from self._forms(part)


def _is_public(schema: Schema) -> bool:
    """Whether a place is shown whatever stands there: the schema says so, or lists what may stand there."""
    return schema.get("x-public") is True or "enum" in schema or "enum" in schema.get("else", ())


def _children(node: Any) -> Iterator[tuple[_Place, Any]]:  # noqa: ANN401 - any YAML value
    if isinstance(node, Block):
        for key in list(node):
            yield _Place(node, key, node.value_marks.get(key, node.mark)), node[key]
    elif isinstance(node, Series):
        for index, mark in enumerate(node.item_marks):
            yield _Place(node, index, mark), node[index]
