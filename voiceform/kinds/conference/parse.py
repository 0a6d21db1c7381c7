"""`conferences:` in the configuration -> desired conferences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from voiceform.kinds.conference.labels import label_of
from voiceform.kinds.conference.settings import INHERITED, SETTINGS, render_conference
from voiceform.kinds.kind import ParseContext
from voiceform.kinds.namesakes import report_namesakes
from voiceform.kinds.notes import notes_of
from voiceform.kinds.outgoing.declared import declared, records
from voiceform.kinds.outgoing.findings import findings as outgoing_findings
from voiceform.kinds.twiml import check_twiml
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.document import Block
from voiceform.model.numbers import person as person_meant
from voiceform.model.resource import Desired
from voiceform.twilio.sids import is_sid

_OWN = (
    *("to", "from", *INHERITED, "hold", "beep", "early_media"),
    *("label", "coach", "hold_url", "hold_method", "wait_url", "wait_method"),
)
"""What a participant has of its own, beside how it is phoned."""
_SID = re.compile(r"[A-Z]{2}[0-9A-F]{32}", re.ASCII | re.IGNORECASE)


def parse(section: Block | None, context: ParseContext) -> list[Desired]:
    """Desired conferences in source order; what the schema cannot say goes to the context."""
    conferences = []
    for key, value in (section or Block()).items():
        block = value or Block()
        position = (section or Block()).key_position(key)
        desired = _conference(key, block, position)
        conferences.append(desired)
        for finding in _findings(desired, block):
            context.report(finding)
    report_namesakes(
        conferences,
        context.report,
        taken="two declarations would both look after one room: set another friendly_name",
        alike="people will take one room for the other: choose another friendly_name",
    )
    return conferences


def _conference(key: str, block: Block, position: Position) -> Desired:
    name = block.get("friendly_name", key)
    settings = {
        setting: _plain(value)
        for setting in SETTINGS
        if (value := (block.get("settings") or {}).get(setting)) is not None
    }
    return Desired(
        address=Address("conference", key),
        attributes={
            "friendly_name": name,
            "settings": settings,
            "twiml": render_conference(name, settings),
            "participants": {
                who: _participant(person, settings)
                for who, person in (block.get("participants") or {}).items()
            },
            "status": block.get("status", "open"),
            "start": block.get("start", False),
            "max_duration": block.get("max_duration"),
            "announce": _announcement(block.get("announce")),
        },
        position=position,
        notes=notes_of(block),
        aliases=tuple(Address("conference", alias) for alias in block.get("aliases") or ()),
    )


def _participant(block: Block, settings: dict[str, Any]) -> dict[str, Any]:
    """One participant with what can be compared filled in; the rest only where it is declared."""
    inherited = {name: settings.get(name, SETTINGS[name].default) for name in INHERITED}
    own = {name: block[name] for name in _OWN if block.get(name) is not None}
    recorded = {"record": records(block)} if "record" in block or "recording" in block else {}
    announce = _announcement(block.get("announce"))
    heard = {"announce": announce} if announce is not None else {}
    return {**inherited, "hold": False, **own, **heard, **recorded, **declared(block)}


def _announcement(block: Block | None) -> dict[str, Any] | None:
    return block and {"url": block["url"], "method": block.get("method", SETTINGS["wait_method"].default)}


def _plain(value: Any) -> Any:  # noqa: ANN401 - YAML value
    """Without the positions, which state and plans do not carry."""
    return list(value) if isinstance(value, list) else value


def _findings(desired: Desired, block: Block) -> Iterator[Diagnostic]:
    name = desired.attributes["friendly_name"]
    where = block.value_position("friendly_name") if "friendly_name" in block else desired.position

    def finding(
        code: str, message: str, hint: str, position: Position | None, severity: Severity = Severity.ERROR
    ) -> Diagnostic:
        return Diagnostic(code, message, position, severity, hint, str(desired.address))

    if name != name.strip():
        yield finding(
            "conference-name-space",
            f"the name {name!r} begins or ends with white space",
            "remove it: TwiML that names this conference would hardly match",
            where,
        )
    if _SID.fullmatch(name.strip()):
        yield finding(
            "conference-name-sid",
            f"the name {name!r} looks like a SID",
            "Twilio would take it for one: choose another name",
            where,
        )
    if name.strip() in (".", ".."):
        yield finding(
            "conference-name-dots",
            f"the name {name!r} means a folder in the address of a request",
            "requests for this room would go elsewhere: choose another name",
            where,
        )
    for problem in check_twiml(desired.attributes["twiml"]):
        yield finding(
            "conference-twiml",
            f"the document that it renders to is not valid: {problem}",
            "names and URLs must not hold control characters, and all of it must stay short",
            where,
        )
    for code, message, hint, position, severity in _room_findings(desired, block):
        yield finding(code, message, hint, position, severity)


_Found = tuple[str, str, str, Position | None, Severity]


def _room_findings(desired: Desired, block: Block) -> Iterator[_Found]:
    wanted = desired.attributes
    people = wanted["participants"]
    if wanted["start"]:
        place = block.key_position("start")
        if not people:
            message = "start: true, and there are no participants who could start it"
            yield "conference-start", message, "declare participants", place, Severity.ERROR
        if wanted["status"] == "ended":
            message = "start: true contradicts status: ended"
            yield "conference-start", message, "remove one of them", place, Severity.ERROR
        if "/" in wanted["friendly_name"]:
            message = "a conference whose name holds a slash cannot be started by phoning its participants"
            yield "conference-start", message, "choose another friendly_name", place, Severity.ERROR
    places = wanted["settings"].get("max_participants", SETTINGS["max_participants"].default)
    if len(people) > places:
        message = f"{len(people)} participants are declared, and {places} fit into the room"
        hint = "raise settings.max_participants, or declare fewer"
        yield "conference-full", message, hint, block.key_position("participants"), Severity.ERROR
    persons = block.get("participants") or Block()
    yield from _same_number(persons)
    yield from _same_label(persons, desired)
    for key, person in persons.items():
        yield from _of_participant(key, person, persons)
    yield from _without_effect(block.get("settings") or Block())


def _same_number(people: Block) -> Iterator[_Found]:
    """A person who is phoned twice: every participant is a call of its own."""
    seen: dict[str, str] = {}
    for key, person in people.items():
        who = person_meant(person["to"])
        first = seen.setdefault(who or person["to"], key)
        if who is not None and who == person_meant(person.get("from", "")):
            yield (
                "conference-own-number",
                f"{key} would be phoned from its own number",
                "Twilio refuses a call from a number to itself",
                person.value_position("to"),
                Severity.ERROR,
            )
        if first != key:
            message = f"{key} has the same number as {first}, who would be phoned twice"
            yield (
                "conference-participant-twice",
                message,
                "remove one of them",
                person.value_position("to"),
                Severity.ERROR,
            )


def _same_label(people: Block, desired: Desired) -> Iterator[_Found]:
    """Twilio lets one person of a room have a label (16026)."""
    seen: dict[str, str] = {}
    labels = {key: person.get("label") or label_of(desired.address, key) for key, person in people.items()}
    for key, label in labels.items():
        first = seen.setdefault(label, key)
        if first != key:
            named = key if "label" in people[key] else first
            message = f"{named} has a label that {first if named == key else key} has too"
            hint = "Twilio refuses the second one: choose another label"
            place = people[named].value_position("label")
            yield "conference-participant-twice", message, hint, place, Severity.ERROR


def _of_participant(key: str, person: Block, people: Block) -> Iterator[_Found]:
    for found in outgoing_findings(person, [person["to"]]):
        yield found.code, found.message, found.hint, found.position, found.severity
    coached = person.get("coach")
    if coached == key or (coached is not None and coached not in people and not is_sid(coached, "CA")):
        message = f"the participant {coached} is not declared"
        message = f"{key} cannot coach itself" if coached == key else message
        hint = "name the key of another participant of this conference"
        yield "unknown-reference", message, hint, person.value_position("coach"), Severity.ERROR
    for name in ("hold", "wait"):
        if person.get(f"{name}_method") is not None and person.get(f"{name}_url") is None:
            message = f"{name}_method has no effect without {name}_url"
            hint = f"declare {name}_url as well, or remove it"
            place = person.key_position(f"{name}_method")
            yield "conference-setting-unused", message, hint, place, Severity.WARNING


def _without_effect(settings: Block) -> Iterator[_Found]:
    for name in settings:
        needed = SETTINGS[name].companion
        if needed is not None and settings.get(needed) is None and settings[name] is not None:
            message = f"settings.{name} has no effect without settings.{needed}"
            hint = f"declare settings.{needed} as well, or remove it"
            yield "conference-setting-unused", message, hint, settings.key_position(name), Severity.WARNING
