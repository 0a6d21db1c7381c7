"""Plans, runs and errors for programs.

The layout (findings_json.py) is one line for each change, so that large plans are quick to write, to search
and to compare.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from voiceform.model.address import Address
from voiceform.model.errors import ConfigurationError, VoiceformError
from voiceform.model.instants import instant_to_text
from voiceform.model.masking import redact_text
from voiceform.model.plan import FORMAT_VERSION, Action, Plan
from voiceform.model.plan_codec import plan_to_document
from voiceform.model.run import Destruction, Outcome, RunReport, Status
from voiceform.model.shown import Shown
from voiceform.model.unshown import NOTHING, Unshown
from voiceform.render.findings_json import findings_document, laid_out, shown_text
from voiceform.render.redact import redact_outcome, redact_plan, redact_run
from voiceform.render.run_text import DONE_WORDS, skipped_because


def plan_json(plan: Plan, *, show_numbers: bool) -> Shown:
    """The document of schemas/plan.schema.json, redacted; ends in a newline.

    `review_digest` is for `apply --expect-digest`. `digest` is null, and so are fingerprints: they are hashes
    that masked numbers could be guessed from. A document without its digest is not accepted as a plan file.
    """
    document = plan_to_document(redact_plan(plan, show_numbers=show_numbers))
    return laid_out({**document, "digest": None})


def run_json(report: RunReport, plan: Plan, *, show_numbers: bool = False) -> Shown:
    """The document of schemas/run.schema.json, redacted; ends in a newline."""
    shown, shown_plan = redact_run(report, plan, show_numbers=show_numbers)
    causes = skipped_because(shown, shown_plan)
    applied = [outcome.action for outcome in report.outcomes if outcome.status is Status.APPLIED]
    return laid_out(
        {
            "format_version": FORMAT_VERSION,
            "run_id": report.run_id,
            "account_sid": plan.account_sid,
            "started_at": instant_to_text(report.started_at),
            "finished_at": instant_to_text(report.finished_at),
            "exit_code": report.exit_code,
            "summary": {
                **{str(status): report.count(status) for status in Status},
                **{DONE_WORDS[action]: applied.count(action) for action in Action if action != Action.NO_OP},
            },
            "outcomes": [_outcome(outcome, causes.get(outcome.address, ())) for outcome in shown.outcomes],
            "earlier": [_outcome(outcome, ()) for outcome in shown.earlier],
        }
    )


def _outcome(outcome: Outcome, because_of: Iterable[Address]) -> dict[str, Any]:
    return {
        "address": str(outcome.address),
        "kind": outcome.address.kind,
        "action": str(outcome.action),
        "status": str(outcome.status),
        "sid": outcome.sid,
        "message": outcome.message,
        "hint": outcome.hint,
        "request_id": outcome.request_id,
        "destroyed": _destroyed(outcome.destroyed),
        "unknown": dict(outcome.unknown),
        "because_of": [str(address) for address in because_of],
    }


def _destroyed(found: Destruction | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "thing": found.thing,
        "deleted": found.deleted,
        "minutes": found.minutes,
        "kept_by_holds": found.kept.count if found.kept is not None else 0,
        "rest": dict(found.rest),
        "stopped": found.stopped,
    }


def error_json(error: VoiceformError, *, show_numbers: bool = False, unshown: Unshown = NOTHING) -> Shown:
    """`{"error": {exit_code, what, where, hint}}`, with the findings of a ConfigurationError beside it, or
    `earlier`: what nobody knows of runs that died, as the document of a run has it."""
    document: dict[str, Any] = {
        "error": {
            "exit_code": error.exit_code,
            "what": redact_text(unshown.text(error.what), show_numbers=show_numbers),
            "where": shown_text(error.where and unshown.text(error.where), show_numbers),
            "hint": shown_text(error.hint and unshown.text(error.hint), show_numbers),
        }
    }
    if isinstance(error, ConfigurationError):
        document.update(findings_document(error.diagnostics))
    if error.earlier:
        redacted = (redact_outcome(one, unshown, show_numbers=show_numbers) for one in error.earlier)
        document["earlier"] = [_outcome(outcome, ()) for outcome in redacted]
    return laid_out(document)
