"""One stack of a fleet, as its file says it: frozen data without a secret, which may be sent to other
processes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from voiceform.model.diagnostics import Diagnostic, Position

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)
"""What a stack may be called: it names files, metrics and variables."""

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
"""What stands for a variable in the URL of a state."""

NO_VARIABLES = frozenset(
    {
        *("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"),
        *("TWILIO_REGION", "TWILIO_EDGE", "VOICEFORM_STATE", "VOICEFORM_BASE_URL"),
    }
)
"""Variables in the place of which a stack has a key of its own, or an option is for all."""

_PLACE = re.compile(r"\{(\w*)\}", re.ASCII)
_FILLED = ("stack", "account", "STACK")


@dataclass(frozen=True, slots=True)
class Source:
    """What has one credential: the name of a variable, the path of a file, or a command with its words.

    `folder` is that of the fleet file, where paths start and commands run.
    """

    kind: str
    words: tuple[str, ...]
    folder: Path = Path()

    def filled(self, name: str, account: str) -> Source:
        """With the name of the stack and its account in the places for them."""
        return replace(self, words=tuple(filled(word, name, account) for word in self.words))


@dataclass(frozen=True, slots=True)
class Member:
    """One stack: its configuration (`files` in `folder`), account, state, and where its credentials are.

    `credentials` are by `token`, or `key` and `secret`; the token is that of `owner`, where that is another
    account than this. `state` is a URL in which `${NAME}` may stand for
    what only the environment has; None is that of the folder. `position` is where the fleet names the stack.
    `evidence` is where what is destroyed is taken down, if the fleet says it; `shared` that other stacks have
    the same folder.

    With `problems` something is wrong that concerns this stack alone: its files are not there or cannot be
    read, or its row is wrong. Nothing can be done about it, and whatever is to be done fails. Only its name,
    labels, variables, folder and files are known then, and its account, unless that is empty.
    """

    name: str
    account: str
    folder: Path
    files: tuple[Path, ...]
    position: Position
    state: str | None = None
    region: str | None = None
    edge: str | None = None
    credentials: Mapping[str, Source] = field(default_factory=dict)
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    evidence: str | None = None
    shared: bool = False
    problems: tuple[Diagnostic, ...] = ()


def filled(text: str, name: str, account: str) -> str:
    """`text` with `{stack}`, `{STACK}` and `{account}` replaced."""
    values = {"stack": name, "account": account, "STACK": in_capitals(name)}
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def unknown_place(text: str) -> str | None:
    """The first `{...}` in a text that stands for nothing; not that of a `${NAME}`."""
    for match in _PLACE.finditer(text):
        if match[1] not in _FILLED and text[match.start() - 1 : match.start()] != "$":
            return match[0]
    return None


def in_capitals(name: str) -> str:
    """The name of a stack as a part of the name of a variable."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
