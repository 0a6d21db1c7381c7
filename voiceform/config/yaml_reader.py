"""YAML text to `Block` and `Series`, which know where everything is written.

What is refused, each with its place: syntax errors, several documents, an empty file, duplicate keys, keys
that are not text, tags other than the core ones, references to missing anchors, and everything that would
grow without measure (see `voiceform.config.tree`).

Unquoted scalars mean what `voiceform.config.scalars` says; keys are always text, as written: `911:` and `no:`
are names. `<<` merges mappings as in YAML 1.1, and what was merged keeps the position at which it is written;
an alias stands where it is used. Lines are YAML's: a U+2028 or U+0085 ends one.
"""

from __future__ import annotations

from collections.abc import Callable

import yaml

from voiceform.config.interpolate import Interpolator
from voiceform.config.text import UnreadableError, check_text, join_halves
from voiceform.config.tree import EventSource, TreeBuilder, node_limit
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block


class PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own parser: slower by far, used where PyYAML was built without libyaml."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


def new_parser(text: str) -> EventSource:
    """The fastest parser that this installation has."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return PureParser(text)
    return CParser(text)


def read_yaml(
    text: str,
    file: str,
    report: Report,
    *,
    interpolator: Interpolator | None = None,
    parser: Callable[[str], EventSource] = new_parser,
) -> Block | None:
    """The mapping that a file holds; None, with the reason reported, when nothing of it can be used.

    Problems that leave the rest readable are reported too, as many as there are; the tree returned beside
    them is good for finding further problems only.
    """
    try:
        check_text(text, file)
        text = join_halves(text)
        limit = node_limit(len(text))
        root = TreeBuilder(parser(text), file, report, interpolator, max_nodes=limit).document()
    except UnreadableError as error:
        report(error.diagnostic)
        return None
    except yaml.MarkedYAMLError as error:
        from voiceform.config.syntax import explain_syntax

        report(explain_syntax(error, text, file))
        return None
    finally:
        if interpolator is not None:
            interpolator.finish()
    if isinstance(root, Block):
        return root
    start = Position(file, 1, 1)
    if root is None:
        advice = "begin with `version: 1`, or remove the file"
        report(Diagnostic("empty-file", "the file declares nothing", start, hint=advice))
    else:
        message = "the file must be a mapping with keys such as version and queues"
        report(Diagnostic("wrong-type", message, start))
    return None
