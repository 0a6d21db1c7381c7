"""What happens when somebody answers: `answer:` as the parameters of createCall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voiceform.kinds.call.templates import ESCAPES, Template, TemplateError, attributes_with_names
from voiceform.kinds.kind import ParseContext
from voiceform.kinds.twiml import TwimlProblem, check_twiml, document, element
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.document import Block

_FORMS = ("say", "twiml", "url", "application_sid")


@dataclass(frozen=True, slots=True)
class Answer:
    """`attributes` is plain JSON: the parameters, and `of`, the address that they came from.

    `templates` are those of them that name columns of a table, `position` is where they are written,
    `needed` are columns that may not be empty, and `language` is what is spoken, where that is declared.
    """

    attributes: dict[str, Any]
    depends_on: tuple[Address, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)
    position: Position | None = None
    needed: frozenset[str] = frozenset()
    language: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are named, each once."""
        return tuple(dict.fromkeys(name for item in self.templates.values() for name in item.names))


def parse_answer(
    block: Block, owner: str, context: ParseContext, *, many_languages: bool = False
) -> Answer | None:
    """The answer that a schema-valid block declares; None, reported, when it is none. With `many_languages`
    people have one each, in which they are spoken to where nothing else is said."""
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
    if form == "application_sid":
        return Answer({"application_sid": block["application_sid"]})
    try:
        return _own(form, block, problem, many_languages=many_languages)
    except TemplateError as error:
        hint = "`{{ name }}` stands for what the table of `to` has in its column of that name"
        problem("invalid-template", str(error), block.value_position(form), hint)
        return None


def _own(form: str, block: Block, problem: Any, *, many_languages: bool) -> Answer:  # noqa: ANN401
    """An answer that stands in the configuration itself. Raises TemplateError."""
    language = None
    if form == "url":
        attributes = {"url": block["url"], "method": block.get("method", "POST")}
    else:
        say = block.get("say")
        if many_languages and say is not None:
            say = {"language": "{{ language }}", **(say if isinstance(say, Mapping) else {"text": say})}
        if isinstance(say, Mapping) and not Template.parse(say.get("language", "")).names:
            language = say.get("language")
        attributes = {"twiml": block["twiml"] if say is None else spoken(say)}
    templates = {
        key: template
        for key, value in attributes.items()
        if key in ESCAPES and (template := Template.parse(value)).names
    }
    needed: frozenset[str] = frozenset()
    if form != "url":
        found = _problems(attributes["twiml"], templates.get("twiml"))
        for item in found:
            problem("invalid-twiml", str(item), block.value_position(form))
        if "twiml" in templates and not found:
            needed = attributes_with_names(attributes["twiml"])
    return Answer(attributes, (), templates, block.value_position(form), needed, language)


def _problems(twiml: str, template: Template | None) -> tuple[TwimlProblem, ...]:
    """What is wrong with a document whatever its columns hold; how long it becomes, each row decides."""
    if template is not None:
        twiml = template.filled(dict.fromkeys(template.names, ""), str)
    return check_twiml(twiml)


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
