"""fleet.yaml to the members of a fleet: read, check against schemas/fleet.schema.json, expand, compare.

Everything that is wrong is found at once, with file, line and column. Nothing is sent, and no credential is
read: what of it is wrong shows where the stack is worked on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from voiceform.config.load import check
from voiceform.config.problems.findings import EnoughError, Findings
from voiceform.config.problems.problem import missing_from, missing_keys
from voiceform.config.schema import ConfigSchema, FileFacts
from voiceform.config.sources import SourceFile, may_be_there
from voiceform.config.text import UnreadableError, decode
from voiceform.config.yaml_reader import read_yaml
from voiceform.fleet.comparing import compare
from voiceform.fleet.expanding import Expansion
from voiceform.fleet.member import Member
from voiceform.fleet.rollout import RolloutGroup, groups_of, refuse_empty
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.document import Block
from voiceform.model.schema_files import schema_text

DEFAULT_FILE = "fleet.yaml"


@dataclass(frozen=True, slots=True)
class FleetFile:
    """What a fleet file says. `digest` is of the file and of the tables that it names; `warnings` stop
    nothing."""

    path: Path
    members: tuple[Member, ...]
    digest: str
    rollout: tuple[RolloutGroup, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


def read_fleet(path: Path, environ: Mapping[str, str], allowed: Sequence[Path] = ()) -> FleetFile:
    """The fleet of a file. ConfigurationError with everything that is wrong in it.

    `environ` answers where a stack says its account in its own configuration, by a variable. What the file
    names lies in its folder, or below one of `allowed`.
    """
    findings = Findings()
    display = os.path.normpath(path)
    members: tuple[Member, ...] = ()
    rollout: tuple[RolloutGroup, ...] = ()
    content = b""
    files = [display]
    try:
        if not may_be_there(path):
            findings(
                Diagnostic(
                    "no-configuration",
                    f"there is no {display}",
                    hint="write one (docs/fleets.md), or name it with --fleet",
                )
            )
        content = (
            SourceFile(path, display, (path.parent, *allowed)).read(findings) or b""
            if not findings.failed
            else b""
        )
        document = _read(content, display, findings) if not findings.failed else None
        if document is not None and not findings.failed:
            expansion = Expansion(document, path, environ, findings, allowed)
            members = expansion.members()
            compare(members, findings)
            rollout = groups_of(document, members, findings)
            if not findings.failed and not members:
                where, hint = document.key_position("stacks"), "name one by path, or by a row of a table"
                findings(Diagnostic("invalid-value", "the fleet has no stack", where, hint=hint))
            elif not findings.failed:
                refuse_empty(document, rollout, members, findings)
            content += b"".join(expansion.tables)
            files += expansion.files
    except EnoughError:
        findings.stop()
    findings.raise_errors(files)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return FleetFile(path, members, digest, rollout, tuple(findings.in_order(files)))


def _read(content: bytes, display: str, findings: Findings) -> Block | None:
    try:
        document = read_yaml(decode(content, display), display, findings)
    except UnreadableError as error:
        findings(error.diagnostic)
        return None
    if document is None:
        return None
    schema = _schema()
    check(document, schema, FileFacts(), {}, findings, findings.found_at)
    properties = schema.root["properties"]
    missing = missing_from(document, schema.root["required"], properties)
    if missing:
        saying = missing_keys(missing, properties)
        findings(Diagnostic(saying.code, saying.message, document.position, hint=saying.hint))
    return document


@cache
def _schema() -> ConfigSchema:
    return ConfigSchema(json.loads(schema_text("fleet")))
