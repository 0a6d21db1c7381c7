"""What a fleet may say of places, credentials and variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from voiceform.config.references import is_credential
from voiceform.fleet.member import NO_VARIABLES, REFERENCE, filled, unknown_place
from voiceform.kinds.retention.evidence.naming import OFF, place_complaint
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block
from voiceform.model.errors import UsageError, VoiceformError
from voiceform.model.secret_patterns import redact_secrets
from voiceform.state.open import open_store

_SOME_ACCOUNT = f"AC{'0' * 32}"


@dataclass(frozen=True, slots=True)
class Checks:
    """Tells `report` what may not be said; paths start in `folder`, that of the fleet file."""

    folder: Path
    report: Report

    def block(self, block: Block) -> None:
        """The whole file, or an entry: no `{...}` that nobody fills in, and nothing that is a secret."""
        if isinstance(state := block.get("state"), str):
            self.state(state, block.value_position("state"))
        if isinstance(evidence := block.get("evidence"), str):
            self.evidence(evidence, block.value_position("evidence"))
        if isinstance(credentials := block.get("credentials"), Block):
            self._credentials(credentials)
        self._variables(block)

    def state(self, url: str, where: Position) -> None:
        """One that can be used, once everything is filled in, and that has no secret in it."""
        self._text(url, where)
        if _has_secret(url):
            message = "the URL of the state has a password in it, and this file is read by many"
            hint = "use PGPASSWORD, ~/.pgpass or ${NAME}: credentials stand in no file"
            self._say(where, message, hint)
        elif "${" not in url:
            try:
                open_store(filled(url, "stack", _SOME_ACCOUNT), base_dir=self.folder).close()
            except UsageError as error:
                self._say(where, error.what, error.hint or "correct state:")
            except VoiceformError:
                pass  # it is about this machine, and another may work

    def evidence(self, text: str, where: Position) -> None:
        """One that names a place."""
        self._text(text, where)
        complaint = place_complaint(filled(text, "stack", _SOME_ACCOUNT))
        if text == OFF:
            complaint = "evidence is switched off in the configuration of a stack, where it is reviewed"
        if complaint is not None:
            self._say(where, complaint, "as in evidence: s3://bucket/evidence/{stack}")

    def _credentials(self, credentials: Block) -> None:
        if credentials.keys() not in ({"token"}, {"token", "account"}, {"key", "secret"}):
            message = "credentials are a token, or a key with its secret"
            hint = "write token:, with account: where it is that of a parent account, or key: and secret:"
            self._say(credentials.position, message, hint)
        for source in credentials.values():
            for key, value in source.items() if isinstance(source, Block) else ():
                for text in [value] if isinstance(value, str) else value:
                    self._text(text, source.value_position(key))

    def _text(self, text: str, where: Position) -> None:
        unknown = unknown_place(text)
        if unknown is not None:
            self._say(
                where, f"nothing is filled in for {unknown}", "there are {stack}, {STACK} and {account}"
            )

    def _variables(self, block: Block) -> None:
        for name in block.get("variables") or ():
            where = block["variables"].key_position(name)
            if name in NO_VARIABLES:
                message = f"{name} is no variable of a configuration"
                self._say(
                    where, message, "there are account:, credentials:, state: and region:, and --base-url"
                )
            elif is_credential(name):
                message = f"{name} is the name of a credential, and its value would stand in this file"
                self._say(where, message, "leave it in the environment", code="credential")
        if "stack" in (block.get("labels") or ()):
            where = block["labels"].key_position("stack")
            self._say(where, "the label stack is the name of the stack", "choose another label")

    def _say(self, where: Position, message: str, hint: str, *, code: str = "invalid-value") -> None:
        self.report(Diagnostic(code, message, where, hint=hint))


def _has_secret(url: str) -> bool:
    """Whether a password stands in a URL, itself and not as `${NAME}`; the name of a user is none."""
    scheme, separator, rest = REFERENCE.sub("", url).partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    user, at, host = authority.rpartition("@")
    others = f"{scheme}{separator}{host}{rest[len(authority) :]}"
    return bool(at and user.partition(":")[2]) or redact_secrets(others) != others
