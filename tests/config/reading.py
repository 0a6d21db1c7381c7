"""How the tests of the configuration read things."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voiceform.config.interpolate import Interpolator
from voiceform.config.load import load_configuration
from voiceform.config.yaml_reader import PureParser, new_parser, read_yaml
from voiceform.kinds.queue import QueueKind
from voiceform.model.configuration import Configuration
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.document import Block
from voiceform.model.errors import ConfigurationError

PARSERS: list[Callable[[str], Any]] = [new_parser, PureParser]


def read(
    text: str, environ: Mapping[str, str] | None = None, parser: Callable[[str], Any] = new_parser
) -> tuple[Block | None, list[Diagnostic]]:
    """The tree of `text` and everything that was reported about it."""
    found: list[Diagnostic] = []
    interpolator = Interpolator(environ, file="f.yaml", report=found.append) if environ is not None else None
    return read_yaml(text, "f.yaml", found.append, interpolator=interpolator, parser=parser), found


def good(text: str, environ: Mapping[str, str] | None = None) -> Block:
    """The tree of a text without mistakes."""
    block, found = read(text, environ)
    assert found == []
    assert block is not None
    return block


def brief(found: list[Diagnostic]) -> list[str]:
    """`line:column code` of every diagnostic."""
    return [
        f"{diagnostic.position.line}:{diagnostic.position.column} {diagnostic.code}"
        if diagnostic.position
        else diagnostic.code
        for diagnostic in found
    ]


def load(
    folder: Path, *names: str, environ: Mapping[str, str] | None = None, kinds: Any = None
) -> Configuration:
    """The configuration of files in a folder."""
    return load_configuration(
        [Path(name) for name in names],
        base_dir=folder,
        environ=environ or {},
        kinds=[QueueKind()] if kinds is None else kinds,
    )


def problems(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[Diagnostic]:
    """Everything that is wrong with one voiceform.yaml."""
    (folder / "voiceform.yaml").write_text(text, encoding="utf-8")
    try:
        load(folder, environ=environ)
    except ConfigurationError as error:
        return list(error.diagnostics)
    return []
