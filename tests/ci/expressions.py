"""The part of GitHub's expressions that the workflows of the kit use, evaluated as GitHub does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|(&&|\|\||==|!=|\(|\))|([a-z_]+(?:\.[A-Za-z_]+)+)|(always\(\)))")
_WORDS = {"&&": " and ", "||": " or ", "always()": "True"}


def value_of(expression: str, context: Mapping[str, Any]) -> Any:
    """The value of what stands between `${{` and `}}`, or of an `if`; what a context lacks is empty."""
    source, position, found = "", 0, {}
    text = expression.strip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        assert token is not None, f"not understood: {text[position:]}"
        string, operator, name, function = token.groups()
        if string is not None:
            source += repr(string[1:-1].replace("''", "'"))
        elif name is not None:
            source += f"found[{name!r}]"
            found[name] = _lookup(name, context)
        else:
            word = operator or function
            source += _WORDS.get(word, word)
        position = token.end()
    return eval(source, {"found": found})


def interpolated(text: str, context: Mapping[str, Any]) -> str:
    """`text` with its `${{ ... }}` replaced."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(value_of(match[1], context)), text)


def _lookup(name: str, context: Mapping[str, Any]) -> Any:
    value: Any = context
    for part in name.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return value
