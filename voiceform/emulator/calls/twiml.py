"""TwiML as far as the emulator understands it: a list of steps that an answered call goes through.

``<Say>``, ``<Play>``, ``<Pause>``, ``<Gather>`` and ``<Record>`` take their time; ``<Dial><Conference>`` and
``<Enqueue>`` join a room or a queue; any other ``<Dial>`` talks for half a minute; ``<Hangup>`` and
``<Reject>`` end the call. Documents at a URL are never fetched: such a call talks for half a minute. A verb
that is none of these ends the call, as does a document that cannot be read.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from typing import Literal

#: How long a call talks whose TwiML is not known here.
TALK = 30


@dataclass(frozen=True, slots=True)
class Step:
    """``wait`` for seconds, join a ``conference`` or a ``queue`` by name, ``record`` for seconds, or
    ``hangup``.
    """

    kind: Literal["wait", "conference", "queue", "record", "hangup"]
    seconds: int = 0
    name: str = ""
    settings: dict[str, str] = field(default_factory=dict)


def steps(twiml: str | None) -> list[Step]:
    """The steps of a document; None is a document that is not known here."""
    if twiml is None:
        return [Step("wait", TALK)]
    if "<!DOCTYPE" in twiml or "<!ENTITY" in twiml:
        return [Step("hangup")]
    try:
        root = ET.fromstring(twiml)  # noqa: S314 - document types and entities are refused above
    except ET.ParseError:
        return [Step("hangup")]
    return [_step(verb) for verb in root] if root.tag == "Response" else [Step("hangup")]


def _step(verb: ET.Element) -> Step:
    text = "".join(verb.itertext()).strip()
    match verb.tag:
        case "Say":
            return Step("wait", _times(verb) * max(1, len(text) // 15))
        case "Play":
            return Step("wait", _times(verb) * 10)
        case "Pause":
            return Step("wait", _number(verb, "length", 1))
        case "Gather":
            return Step("wait", _number(verb, "timeout", 5) + sum(_step(inner).seconds for inner in verb))
        case "Record":
            return Step("record", min(_number(verb, "maxLength", 3600), 10))
        case "Enqueue":
            return Step("queue", name=text)
        case "Dial":
            room = verb.find("Conference")
            if room is not None:
                return Step("conference", name=(room.text or "").strip(), settings=dict(room.attrib))
            return Step("wait", TALK)
    return Step("hangup")


def _times(verb: ET.Element) -> int:
    # loop="0" repeats until the caller hangs up, which a long wait stands for.
    return _number(verb, "loop", 1) or 1000


def _number(verb: ET.Element, name: str, default: int) -> int:
    value = verb.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 7 else default
