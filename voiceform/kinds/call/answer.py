"""What happens when somebody answers: `answer:` as the parameters of createCall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voiceform.kinds.base import ParseContext
from voiceform.kinds.twiml import check_twiml, document, element
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.document import Block

_FORMS = ("say", "twiml", "url", "application_sid")


@dataclass(frozen=True, slots=True)
class Answer:
    """`attributes` is plain JSON: the parameters, and `of`, the address that they came from."""

    attributes: dict[str, Any]
    depends_on: tuple[Address, ...] = ()


def parse_answer(block: Block, owner: str, context: ParseContext) -> Answer | None:
    """The answer that a schema-valid block declares; None, reported, when it is none."""
    referable = sorted(name for name, kind in context.kinds.items() if kind.answers)
    forms = (*referable, *_FORMS)
    given = [form for form in forms if form in block]

    def problem(code: str, message: str, position: Position, hint: str | None = None) -> None:
        context.report(Diagnostic(code, message, position, hint=hint, address=owner))

    if len(given) != 1:
        found = f", not {' and '.join(given)}" if given else ""
        place = block.key_position(given[1]) if given else block.position
        problem("one-answer", f"an answer has exactly one of {', '.join(forms)}{found}", place)
        return None
    form = given[0]
    if "method" in block and form != "url":
        problem("one-answer", "method goes with url only", block.key_position("method"))
    if form in referable:
        return _referred(form, block, problem, context)
    if form in ("say", "twiml"):
        twiml = spoken(block["say"]) if form == "say" else block["twiml"]
        for found_problem in check_twiml(twiml):
            problem("invalid-twiml", str(found_problem), block.value_position(form))
        return Answer({"twiml": twiml})
    if form == "url":
        return Answer({"url": block["url"], "method": block.get("method", "POST")})
    return Answer({"application_sid": block["application_sid"]})


def _referred(form: str, block: Block, problem: Any, context: ParseContext) -> Answer | None:  # noqa: ANN401
    """TwiML that leads to a declared object of another kind, which then has to be applied first."""
    target, kind = Address(form, block[form]), context.kinds[form]
    found = context.desired.get(target)
    twiml = kind.answer(found) if found is not None else None
    if twiml is None:
        if found is None and context.may_be_declared(target):
            return None
        problem(
            "unknown-reference",
            f"{target} is not declared",
            block.value_position(form),
            f"declare it under {kind.section}, or answer with url or twiml",
        )
        return None
    return Answer({"twiml": twiml, "of": str(target)}, (target,))


def spoken(say: str | Mapping[str, Any]) -> str:
    """The document that `say:` stands for."""
    if isinstance(say, str):
        return document(element("Say", text=say))
    attributes = {key: str(say[key]) for key in ("voice", "language", "loop") if key in say}
    return document(element("Say", text=say["text"], attributes=attributes))
