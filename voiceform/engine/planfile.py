"""Plan files: written for one apply, trusted only whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from voiceform.engine.packing import packed, unpacked
from voiceform.model.errors import PlanFileError, UsageError
from voiceform.model.files import write_whole
from voiceform.model.json_text import read_json
from voiceform.model.plan import FORMAT_VERSION, Plan
from voiceform.model.plan_codec import document_digest, plan_from_document, plan_to_document
from voiceform.model.resource import json_line
from voiceform.model.schema_files import schema_text
from voiceform.model.scopes import Vocabulary
from voiceform.model.secret_patterns import redact_secrets

_PIPE = "standard input"
_READ = "check that it may be read"
_AGAIN = "make a new plan: voiceform plan --out FILE"


class Written(NamedTuple):
    """The digest of a plan, and the SHA-256 of the file that it was written to."""

    digest: str
    sha256: str


def write_plan_file(plan: Plan, path: Path) -> Written:
    """Write `plan` to `path`, readable by its owner only, whole or not at all.

    A long one is packed (packing.py). It holds phone numbers in clear, since apply runs exactly what it
    says. UsageError for a plan that is about another instant.
    """
    if plan.made_for is not None:
        raise not_to_be_saved()
    document = plan_to_document(plan)
    content = packed(json_line(document))
    try:
        write_whole(path, content)
    except OSError as error:
        raise PlanFileError(
            f"cannot write the plan: {error.strerror}", where=str(path), hint="choose another --out"
        ) from error
    return Written(document["digest"], hashlib.sha256(content).hexdigest())


def not_to_be_saved() -> UsageError:
    """The refusal of a plan that is about another instant."""
    return UsageError(
        "a plan for another instant cannot be saved: applying it now would act at the wrong time",
        hint="leave out --out, or --at",
    )


def read_plan_file(path: Path, vocabulary: Vocabulary) -> Plan:
    """Read a plan file; PlanFileError when it is missing, truncated, of another version, or edited.

    `vocabulary` is what this program's kinds declare: a plan that counts anything else cannot be judged.
    """
    return _plan(read_plan_document(path), vocabulary, str(path))


def read_plan_document(path: Path) -> dict[str, Any]:
    """The checked JSON document of a plan file; errors as read_plan_file."""
    where = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlanFileError(
            f"cannot read the plan: {error.strerror}",
            where=where,
            hint=f"{_READ}, or {_AGAIN}",
        ) from error
    return _checked(content, where)


def read_plan(stream: BinaryIO, vocabulary: Vocabulary) -> Plan:
    """Read a plan file that comes through a pipe; errors as read_plan_file."""
    return _plan(_checked(stream.read(), _PIPE), vocabulary, _PIPE)


def _plan(document: dict[str, Any], vocabulary: Vocabulary, where: str) -> Plan:
    try:
        plan = plan_from_document(document, vocabulary)
    except ValueError as error:  # an instant that no calendar has; anybody can compute the digest
        raise PlanFileError(f"this is no plan: {error}", where=where, hint=_AGAIN) from error
    strange = sorted({name for change in plan.changes for name in change.counts} - vocabulary.scopes.keys())
    if strange:
        raise PlanFileError(
            f"the plan counts {redact_secrets(strange[0])[:200]!r}, which this program does not know",
            where=where,
            hint=f"use the voiceform that made it, or {_AGAIN}",
        )
    return plan


def _checked(content: bytes, where: str) -> dict[str, Any]:
    try:
        document = read_json(unpacked(content))
    except ValueError as error:
        raise PlanFileError(f"this is not a whole plan file: {error}", where=where, hint=_AGAIN) from error
    _check_version(document, where)
    if document.get("digest", "") is None:
        raise PlanFileError(
            "this plan was printed for people: it lacks what is masked", where=where, hint=_AGAIN
        )
    if document.get("digest") != document_digest(document):
        raise PlanFileError("the plan was edited: its digest does not fit", where=where, hint=_AGAIN)
    _check_schema(document, where)
    return dict(document)


def _check_version(document: Any, where: str) -> None:  # noqa: ANN401 - any JSON value
    version = document.get("format_version") if isinstance(document, dict) else None
    if version is None:
        raise PlanFileError("this is not a plan file", where=where, hint=_AGAIN)
    if version != FORMAT_VERSION:
        raise PlanFileError(
            f"the plan has format {version}; this program reads {FORMAT_VERSION}",
            where=where,
            hint=f"use the voiceform that made it, or {_AGAIN}",
        )


def _check_schema(document: dict[str, Any], where: str) -> None:
    """A digest proves that nothing was edited by accident; the schema that apply will understand it."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(json.loads(schema_text("plan")))
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is not None:
        raise PlanFileError(
            f"{error.json_path} is not as a plan has it: {redact_secrets(error.message)[:200]}",
            where=where,
            hint=_AGAIN,
        )
