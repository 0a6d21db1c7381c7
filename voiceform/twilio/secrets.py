"""Secrets that requests carry and nobody keeps.

The sign-in is taken out of errors too: what stands between here and Twilio may repeat what it was sent.
Parameters name their secrets as `${NAME}`. The variable of the environment is read when the request is made,
and what stood in it is taken out of every error that comes back. So no plan, state, report or log can hold
it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from voiceform.model.secret_patterns import REDACTED
from voiceform.model.unshown import NOTHING, Unshown
from voiceform.twilio.errors import InvalidArgumentError, MissingSecretError, TwilioError

if TYPE_CHECKING:
    from voiceform.twilio.credentials import Credentials
    from voiceform.twilio.parameters import Form

_SHORTEST = 8
SECRET_PARAMETERS = frozenset({"SipAuthPassword"})
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def reference(name: str) -> str:
    """How parameters name the variable `name`."""
    return f"${{{name}}}"


def variable_in(text: str) -> str | None:
    """The variable that `text` names and is nothing but; None for any other text."""
    found = _REFERENCE.fullmatch(text)
    return None if found is None else found[1]


class Secrets:
    """The variables from which secrets are taken."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def require(self, form: Form) -> None:
        """Raise MissingSecretError where a secret of `form` is not set; InvalidArgumentError as `filled`."""
        with self.filled(form):
            pass

    @contextmanager
    def filled(self, form: Form) -> Iterator[Form]:
        """`form` with its secrets in it; errors that are raised meanwhile name them instead.

        MissingSecretError for a variable that is not set or empty, InvalidArgumentError for a secret that
        stands in the parameters themselves.
        """
        named = {name: self._named(name, text) for name, text in form if name in SECRET_PARAMETERS}
        if not named:
            yield form
            return
        values = {variable: self._value(name, variable) for name, variable in named.items()}
        try:
            yield tuple((name, values[named[name]] if name in named else text) for name, text in form)
        except TwilioError as error:
            cover(error, Unshown(_spellings(values)))
            raise

    def _named(self, name: str, text: str) -> str:
        variable = variable_in(text)
        if variable is None:
            raise InvalidArgumentError(
                f"{name} has to name a variable of the environment, as ${{NAME}}", hint="nothing was sent"
            )
        return variable

    def _value(self, name: str, variable: str) -> str:
        # As in a configuration: files that hold one value end in a line end.
        value = self._environ.get(variable, "").rstrip("\r\n")
        if not value:
            raise MissingSecretError(
                f"{name} is {reference(variable)}, and that variable is not set here",
                hint="nothing was sent; give it to this process, or to --env-file",
            )
        return value


def _spellings(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Values, also as forms have them, with what is written in their place."""
    for variable, value in values.items():
        yield from ((text, reference(variable)) for text in (value, quote_plus(value)))


def sign_in(credentials: Credentials) -> Unshown:
    """What an answer that repeats its request may have of the credentials: the password, alone and as it is
    sent. Nothing of one that is too short to be any: it would be taken out of words."""
    if len(credentials.password) < _SHORTEST:
        return NOTHING
    sent = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode("ascii")
    texts = (credentials.password, quote_plus(credentials.password), sent)
    return Unshown((text, REDACTED) for text in texts)


def cover(error: TwilioError, unshown: Unshown) -> None:
    """Take what is secret out of an error, wherever it may be told."""
    error.what = unshown.text(error.what)
    error.hint = error.hint and unshown.text(error.hint)
    error.args = (error.what,)
    message = getattr(error, "message", None)
    if isinstance(message, str):
        error.message = unshown.text(message)  # type: ignore[attr-defined]
