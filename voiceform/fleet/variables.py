"""Variables that a fleet gives and no configuration asks for: most likely their names are misspelt, and what
was meant has its default."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from voiceform.fleet.member import Member
from voiceform.model.diagnostics import Diagnostic, Severity
from voiceform.model.fleet import StackResult

UNUSED = "unused_variables"
"""What a result of validate says: variables that the fleet gives in vain, each with one that is asked for and
that the fleet does not give, if its name is like it."""


class Asked(dict[str, str]):
    """An environment that knows which variables were asked for."""

    def __init__(self, environ: dict[str, str]) -> None:
        super().__init__(environ)
        self.names: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """The value of a variable."""
        self.names.add(name)
        return super().get(name, default)


def unused_here(member: Member, environ: Asked) -> dict[str, str | None]:
    """What a stack has in vain, after its configuration was read."""
    vain = member.variables.keys() - environ.names
    others = environ.names - member.variables.keys()
    return {name: next(iter(get_close_matches(name, others, 1)), None) for name in sorted(vain)}


def unused(members: Sequence[Member], results: Iterable[StackResult]) -> Iterator[Diagnostic]:
    """A warning for each variable that stacks have and none of them asks for; `members` are the whole fleet.
    Of one that a stack has whose configuration cannot be read nothing is known."""
    left = {name: member.position for member in reversed(members) for name in member.variables}
    known = {member.name: member for member in members}
    alike: dict[str, str] = {}
    for result in results:
        vain = result.details.get(UNUSED, {})
        for name in known[result.stack].variables.keys() - vain.keys():
            left.pop(name, None)
        alike.update({name: near for name, near in vain.items() if near is not None})
    for name, where in sorted(left.items(), key=lambda item: item[1]):
        near = alike.get(name)
        hint = f"did you mean {near}?" if near else f"take it out, or ask for it: ${{{name}}}"
        message = f"no configuration asks for the variable {name}"
        yield Diagnostic("invalid-value", message, where, Severity.WARNING, hint=hint)
