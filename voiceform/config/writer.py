"""Configuration as YAML text, for `export`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from voiceform.model.escape import escaped_yaml

_HEADER = "# Written by `voiceform export` from the live account.\n"

_TEXT = "tag:yaml.org,2002:str"
_NEVER_WRAP = 1_000_000
"""PyYAML loses blanks where it breaks a text in double quotes."""


def configuration_text(account_sid: str, sections: Mapping[str, Mapping[str, Any]]) -> str:
    """A complete voiceform.yaml; empty sections are left out. Reading it gives the same data back."""
    document = {
        "version": 1,
        "account": account_sid,
        **{name: section for name, section in sections.items() if section},
    }
    body = yaml.dump(
        _escaped(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_NEVER_WRAP
    )
    return _HEADER + escaped_yaml(body)


class _Dumper(yaml.SafeDumper):
    """Writes every text so that it reads back the same, and the same data twice rather than an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - PyYAML's signature
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Line ends and what cannot be seen as escapes: PyYAML would write some of them bare and lose them."""
    plain = text.isprintable() and "##" not in text
    return dumper.represent_scalar(_TEXT, text, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)


def _escaped(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A literal ${ must not be read as a variable."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return value
