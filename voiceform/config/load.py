"""Files to a checked configuration: find, read, interpolate, check, merge, parse.

Every step reports all that it finds, and what is wrong for one hides little from the next: the kinds look at
what is left of a document where something is wrong in it (problems/salvage.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from voiceform.config.desired import parse_kinds, with_hidden
from voiceform.config.interpolate import Interpolator
from voiceform.config.merge import merge_documents, without_extensions
from voiceform.config.problems.findings import MAX_FINDINGS, EnoughError, Findings
from voiceform.config.schema import ConfigSchema, FileFacts
from voiceform.config.sources import find_sources
from voiceform.config.text import UnreadableError, decode
from voiceform.config.yaml_reader import read_yaml
from voiceform.kinds.kind import Kind
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block
from voiceform.model.resource import Desired
from voiceform.model.safety import Freeze, Ownership, Safety
from voiceform.model.unshown import Sourced

if TYPE_CHECKING:
    from voiceform.model.plan import ConfigSource

_NAMED = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_configuration(
    paths: Sequence[Path],
    *,
    base_dir: Path,
    environ: Mapping[str, str],
    kinds: Sequence[Kind[Any]],
    overlays: Sequence[Path] = (),
    allowed: Sequence[Path] = (),
) -> Configuration:
    """The configuration that the files at `paths` (relative to `base_dir`) declare, with `overlays` over it.

    Without paths it is `voiceform.yaml`. Links may lead into `allowed`, too. `environ` answers `${NAME}`.
    Raises ConfigurationError with every diagnostic in source order; positions name files as one would type
    them in the current directory.
    """
    findings = Findings()
    find = partial(find_sources, base_dir=base_dir, report=findings, allowed=allowed)
    sources = find(paths)
    above = find(overlays, option="--overlay") if overlays else []
    files = [source.display for source in (*sources, *above)]
    values: dict[str, str] = {}
    try:
        document, complete = read_document(
            sources, environ=environ, kinds=kinds, findings=findings, values=values, overlays=above
        )
        desired = _looked_at(document, kinds, findings, complete=complete)
        freezes = _freezes(document, findings)
    except EnoughError:
        findings.stop()
    if values and findings.codes:
        from voiceform.config.references import without_values

        findings.rewrite(lambda found: without_values(found, values))
    findings.raise_errors(files)
    return Configuration(
        source=_Source(document, tuple(files)),
        account=document.get("account"),
        name=document.get("name"),
        ownership=Ownership(document.get("ownership", Ownership.RECORDED)),
        safety=Safety.of(document.get("safety", {}), freezes),
        desired=with_hidden(desired, document) if values else desired,
        warnings=tuple(findings.in_order(files)),
        settings={
            name: {key: item for key, item in section.items() if isinstance(item, str)}
            for name, section in document.items()
            if isinstance(section, Block)
        },
    )


def findings_of(text: str, file: str, kinds: Sequence[Kind[Any]]) -> list[Diagnostic]:
    """What `validate` would say of a configuration of one file with this text. Of its environment nothing is
    known but that it has every variable that the text names.

    Files that it names are looked for as from `file`.
    """
    findings = Findings()
    try:
        document, complete = read_document(
            [_Unwritten(file, text)],
            environ=dict.fromkeys(_NAMED.findall(text), "set"),
            kinds=kinds,
            findings=findings,
            values={},
        )
        _looked_at(document, kinds, findings, complete=complete)
        _freezes(document, findings)
    except EnoughError:
        findings.stop()
    return findings.in_order([file])


def _looked_at(
    document: Block, kinds: Sequence[Kind[Any]], findings: Findings, *, complete: bool
) -> dict[Address, Desired]:
    """What the document declares; where something is wrong in it, nothing, but everything is looked at."""
    if not findings.failed:
        return parse_kinds(document, kinds, findings)
    if findings.errors < MAX_FINDINGS:  # else nobody reads what comes after
        from voiceform.config.problems.salvage import look_on

        look_on(
            document,
            kinds,
            ConfigSchema.load(),
            findings.places(),
            findings,
            complete=complete and not findings.codes & _LOSSES,
        )
    return {}


_LOSSES = frozenset(
    {"invalid-key", "invalid-merge", "invalid-tag", "several-documents", "undefined-anchor", "unknown-tag"}
)
"""Findings with which something of a file is not in its document."""


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """A file that is not there yet."""

    display: str
    text: str

    def read(self, report: Report) -> bytes:
        """What it will hold."""
        return self.text.encode()


class Source(Protocol):
    """One file, to be read."""

    @property
    def display(self) -> str:
        """What it is called in messages."""

    def read(self, report: Report) -> bytes | None:
        """Its content; None, reported, when it cannot be had."""


def read_document(
    sources: Sequence[Source],
    *,
    environ: Mapping[str, str],
    kinds: Sequence[Kind[Any]],
    findings: Findings,
    values: dict[str, str],
    overlays: Sequence[Source] = (),
) -> tuple[Block, bool]:
    """One schema-valid document of all files, and whether every file is in it; it may be used when `findings`
    holds no error.

    What every configuration must have is not missed while some file could not be found or read. `values`
    takes what the environment filled in, by name.
    """
    schema = ConfigSchema.load()
    addresses = {kind.section: kind.name for kind in kinds}
    all_found = not findings.failed
    documents = []
    for source in sources:
        document = _read_file(source, schema, environ, addresses, findings, values)
        if document is not None:
            documents.append(document)
    if not documents:
        return Block(), False
    merged = merge_documents(
        documents, schema.root, lookup=schema.child, addresses=addresses, report=findings
    )
    complete = len(documents) == len(sources) and all_found
    if overlays:
        merged, all_laid = _overlaid(merged, overlays, schema, environ, addresses, findings, values)
        complete = complete and all_laid
    if complete:
        _check_required(merged, schema, findings)
    return merged, complete


def _overlaid(
    document: Block,
    overlays: Sequence[Source],
    schema: ConfigSchema,
    environ: Mapping[str, str],
    addresses: Mapping[str, str],
    findings: Findings,
    values: dict[str, str],
) -> tuple[Block, bool]:
    """The document with the overlays over it, checked as a whole, and whether all of them are."""
    from voiceform.config.overlay import overlaid

    read = [_read_tree(source, schema, environ, findings, values) for source in overlays]
    laid = [(without_extensions(found[0]), found[1]) for found in read if found is not None]
    document = overlaid(document, [found[0] for found in laid], schema, addresses, findings)
    schema.fill_empty(document)
    facts = FileFacts()
    for _, of_one in laid:
        facts = FileFacts({**facts.references, **of_one.references}, {**facts.values, **of_one.values})
    check(document, schema, facts, addresses, findings, findings.found_at)
    return document, len(laid) == len(read)


def _read_file(
    source: Source,
    schema: ConfigSchema,
    environ: Mapping[str, str],
    addresses: Mapping[str, str],
    findings: Findings,
    values: dict[str, str],
) -> Block | None:
    """The content of one file, checked; None when nothing of it can be used."""
    before = findings.errors
    found = _read_tree(source, schema, environ, findings, values)
    if found is None:
        return None
    document, facts = found
    if findings.errors - before < MAX_FINDINGS:  # else the rest would be consequences
        schema.fill_empty(document)
        check(document, schema, facts, addresses, findings, findings.found_at)
    return without_extensions(document)


def _read_tree(
    source: Source,
    schema: ConfigSchema,
    environ: Mapping[str, str],
    findings: Findings,
    values: dict[str, str],
) -> tuple[Block, FileFacts] | None:
    """The content of one file as it is written, with its variables filled in."""
    data = source.read(findings)
    if data is None:
        return None
    try:
        text = decode(data, source.display)
    except UnreadableError as error:
        findings(error.diagnostic)
        return None
    before = findings.errors
    interpolator = Interpolator(environ, file=source.display, report=findings)
    document = read_yaml(text, source.display, findings, interpolator=interpolator)
    values.update(interpolator.values)
    if document is None:
        return None
    if findings.errors - before < MAX_FINDINGS:
        _settle(document, schema, interpolator, findings)
    return document, FileFacts(interpolator.references, interpolator.whole)


def _settle(document: Block, schema: ConfigSchema, interpolator: Interpolator, findings: Findings) -> None:
    """Give what came from the environment its types."""
    if interpolator.references:
        from voiceform.config.references import settle_references

        settle_references(document, schema, interpolator, findings)


def _freezes(document: Block, findings: Findings) -> tuple[Freeze, ...]:
    """Times in which changes wait."""
    if not isinstance(section := document.get("safety"), Block) or "freeze" not in section:
        return ()
    from voiceform.config.freezes import declared_freezes

    return declared_freezes(document, findings)


def check(
    document: Block,
    schema: ConfigSchema,
    facts: FileFacts,
    addresses: Mapping[str, str],
    report: Report,
    is_known: Callable[[Position], bool] = lambda _: False,
) -> None:
    """Report what is wrong in one file, except keys that only all files together must have.

    Places that `is_known` says were found to be wrong before are not reported again.
    """
    if not schema.validator.accepts(document, sourced=bool(facts.references)):
        from voiceform.config.problems.explain import explain

        explain(schema, document, facts, addresses, report, is_known)


def _check_required(document: Block, schema: ConfigSchema, findings: Findings) -> None:
    """What every configuration must have, in whichever of its files."""
    required = schema.root.get("required", ())
    if document.keys() >= {*required}:
        return
    from voiceform.config.problems.problem import missing_from, missing_keys

    properties = schema.root["properties"]
    missing = missing_from(document, required, properties)
    if missing:
        saying = missing_keys(missing, properties)
        findings(Diagnostic(saying.code, saying.message, document.position, hint=saying.hint))


class _Source:
    """What a configuration was read from. The document is let go once this has been asked for."""

    def __init__(self, document: Block, files: tuple[str, ...]) -> None:
        self._document: Block | None = document
        self._files = files
        self._found: ConfigSource | None = None

    def __call__(self) -> ConfigSource:
        """The files, and SHA-256 of what is declared."""
        from voiceform.model.plan import ConfigSource

        document = self._document
        if self._found is None and document is not None:
            self._found = ConfigSource(_Digest(document), self._files)
        self._document = None
        assert self._found is not None  # noqa: S101 - it was set before the document was let go
        return self._found


class _Digest:
    """SHA-256 of what is declared, as it may be shown: nobody can guess from it what is masked.

    Comments, order of keys and formatting do not change it. Until somebody asks, the document is kept as
    JSON, which is small and quickly made; to mask it takes a tenth of a plan.
    """

    __slots__ = ("_document", "_found")

    def __init__(self, document: Block) -> None:
        import msgspec

        self._document = msgspec.json.encode(document, enc_hook=_as_written)
        self._found: str | None = None

    def __call__(self) -> str:
        """It, in hexadecimal digits."""
        if self._found is None:
            import hashlib

            import msgspec

            from voiceform.model.masking import redact
            from voiceform.model.resource import canonical_json

            document = msgspec.json.decode(self._document)
            self._found = hashlib.sha256(canonical_json(redact(document))).hexdigest()
        return self._found


def _as_written(value: object) -> str:
    """A text of the environment that is not shown, as it is written."""
    if isinstance(value, Sourced):
        return value.template
    raise TypeError(f"{type(value).__name__} is not JSON")
