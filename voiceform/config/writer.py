"""Configuration as YAML text, for `export`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

_HEADER = "# Written by `voiceform export` from the live account.\n"


def configuration_text(account_sid: str, sections: Mapping[str, Mapping[str, Any]]) -> str:
    """A complete voiceform.yaml; empty sections are left out. Reading it gives the same data back."""
    document = {
        "version": 1,
        "account": account_sid,
        **{name: section for name, section in sections.items() if section},
    }
    body = yaml.safe_dump(_escaped(document), sort_keys=False, allow_unicode=True, width=100)
    return _HEADER + body


def _escaped(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A literal ${ must not be read as a variable."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    return value
