"""The one error tree.

    VoiceformError                    exit 1
    |-- UsageError                    64  the command line itself is wrong
    |-- ConfigurationError            1   one or more diagnostics with file:line:column
    |-- CredentialsError              1   missing or contradicting credentials
    |   `-- SilentCommandError        1   a command that has one does not end
    |-- MissingExtraError             1   an optional dependency is not installed
    |-- PlanFileError                 1   a plan file that cannot be trusted
    |-- EvidenceError                 1   evidence that cannot be written, read or trusted
    |   |-- EvidenceHeldError         7   another run writes it, or died a moment ago
    |   `-- EvidenceLostError         5   it cannot be stored any more, in the middle of a run
    |-- StalePlanError                6   the world moved, or the plan was used
    |   `-- OtherStateError           6   the state that it was made from is gone
    |-- BlockedError                  4   a safety limit, protection or hold refuses
    |-- NotApprovedError              1   who was asked did not approve
    |-- InterruptedRunError           128 + the signal: nothing was begun
    |-- OutcomeUnknownError           8   a person must look
    |-- StateError                    1   recorded state cannot be read or written
    |   |-- StateUnreachableError     1   its server does not answer
    |   |-- StateConflictError        1   a compare-and-swap lost
    |   |-- DamagedDocumentsError     1   documents of one object cannot be read; those of others can
    |   |-- LockedError               7   somebody else holds the lease
    |   `-- LeaseLostError            1   our lease expired or was broken: nothing more is written
    `-- TwilioError                   1   the API (voiceform/twilio/errors.py has its branches)

What one file alone raises (a price list, an archive) hangs below the root and stands in that file.
Every error carries what happened, optionally where, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voiceform.model.exit_codes import ExitCode
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.model.diagnostics import Diagnostic
    from voiceform.model.run import Outcome


class VoiceformError(Exception):
    """Root of every error that a user may see.

    `what` is one sentence, `where` an address or file:line:column, `hint` what to do next. `earlier` are
    changes of a run that died before, of which the command found out, before it ended so, that nobody knows
    whether they happened. `server` says what did not answer, `state`, `api` or `command`, where that is why.
    """

    exit_code: int = ExitCode.ERROR
    server: str = ""
    earlier: tuple[Outcome, ...] = ()

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(what)

    def after(self, earlier: Sequence[Outcome]) -> None:
        """Let it be known that these changes of a run that died are unknown, of which no later command tells:
        that is worse than any error."""
        self.earlier = tuple(earlier)
        self.exit_code = ExitCode.UNKNOWN

    @property
    def told(self) -> str:
        """What happened and what to do next, in one line and without the place."""
        return f"{self.what}: {self.hint}" if self.hint else self.what

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.what}{advice}"


class UsageError(VoiceformError):
    """The command line asks for something that does not exist or contradicts itself."""

    exit_code = ExitCode.USAGE


class ConfigurationError(VoiceformError):
    """The configuration is not valid; carries every diagnostic, in source order."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        count = sum(diagnostic.stands_for for diagnostic in self.diagnostics)
        super().__init__(f"the configuration has {counted(count, 'error')}")

    def __str__(self) -> str:
        return "\n".join([*(str(diagnostic) for diagnostic in self.diagnostics), self.what])


class CredentialsError(VoiceformError):
    """Credentials are missing, incomplete, or belong to another account than the configuration names."""


class SilentCommandError(CredentialsError):
    """A command that has a credential does not end: what it asks may be gone."""

    server = "command"


class MissingExtraError(VoiceformError):
    """An optional dependency is needed and not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs an optional dependency that is not installed",
            hint=f"run: pip install 'voiceform[{extra}]'",
        )


class PlanFileError(VoiceformError):
    """A plan file is truncated, edited, or of a format that this program does not know."""


class EvidenceError(VoiceformError):
    """Evidence cannot be written, read or trusted. Nothing is deleted without it where it was asked for."""


class EvidenceHeldError(EvidenceError):
    """Another run writes its evidence there, or died a moment ago; nothing was done, and a later run may."""

    exit_code = ExitCode.LOCKED


class EvidenceLostError(EvidenceError):
    """Evidence cannot be stored any more, in the middle of a run. It ends the run as a crash does: the next
    one finds out what was deleted and not taken down."""

    exit_code = ExitCode.INCOMPLETE


class StalePlanError(VoiceformError):
    """A plan no longer fits the recorded state or the account, or was applied before."""

    exit_code = ExitCode.STALE


class OtherStateError(StalePlanError):
    """A plan was made from a state that is not here any more: what it recorded is not known."""


class BlockedError(VoiceformError):
    """A safety limit, a protection or a hold refuses the plan; `rules` names what refuses."""

    exit_code = ExitCode.BLOCKED

    def __init__(self, what: str, rules: Sequence[str] = (), *, hint: str | None = None) -> None:
        self.rules = tuple(rules)
        super().__init__(what, hint=hint)


class NotApprovedError(VoiceformError):
    """Who was asked whether a plan may be applied did not approve it; nothing was done."""


class InterruptedRunError(VoiceformError):
    """A signal ended the command; `exit_code` says which, where that is known."""

    def __init__(self, exit_code: ExitCode = ExitCode.INTERRUPTED) -> None:
        super().__init__("interrupted before anything was begun", hint="run it again")
        self.exit_code = exit_code


class OutcomeUnknownError(VoiceformError):
    """Whether something happened cannot be proven; a person has to look."""

    exit_code = ExitCode.UNKNOWN


class StateError(VoiceformError):
    """The recorded state cannot be read or written."""


class StateUnreachableError(StateError):
    """The server of the recorded state does not answer, after some attempts."""

    server = "state"


class StateConflictError(StateError):
    """A compare-and-swap lost: the document changed since it was read."""


class DamagedDocumentsError(StateError):
    """What a kind keeps of one object cannot be read: nothing is done about it. That of others is sound."""


class LockedError(StateError):
    """Somebody else holds the lease on this state."""

    exit_code = ExitCode.LOCKED


class LeaseLostError(StateError):
    """Our lease expired or was broken; nothing more may be written under it."""


class TwilioError(VoiceformError):
    """Anything that went wrong between us and the Twilio API.

    `nothing_done` is True where it is known that no attempt of the operation was carried out."""

    nothing_done = False
