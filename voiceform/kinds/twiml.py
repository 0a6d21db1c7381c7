"""TwiML: documents built through an XML library, and a check of documents that people wrote.

Sources: Twilio's TwiML Voice reference for verbs and nesting, error 12100 for documents that do not parse,
parameter Twiml of POST Calls for the length of an inline document.
"""

from __future__ import annotations

import difflib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

MAX_INLINE_CHARACTERS = 4000
"""The longest document that POST Calls takes in its parameter Twiml."""

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_DEEPEST = 32


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SPEECH = _words(
    "break emphasis lang p phoneme prosody s say-as sub w amazon:auto-breaths amazon:domain amazon:effect"
)
_PLAYED = _words("Pause Play Say")
_PARAMETER = _words("Parameter")

_CHILDREN: Mapping[str, frozenset[str]] = {
    "Response": _words(
        "Connect Dial Echo Enqueue Gather Hangup Leave Pause Pay Play Prompt Queue Record Redirect Refer"
        " Reject Say Sms Start Stop"
    ),
    "Application": _words("ApplicationSid Parameter"),
    "Assistant": _words("Language Parameter"),
    "Client": _words("Identity Parameter"),
    "Connect": _words(
        "AiSession Assistant Autopilot Conversation ConversationRelay ConversationRelaySession Room Stream"
        " VirtualAgent"
    ),
    "ConversationRelay": _words("Language Parameter"),
    "Dial": _words("Application Client Conference Number Queue Sim Sip WhatsApp"),
    "Enqueue": _words("Task"),
    "Gather": _PLAYED,
    "Hangup": _PARAMETER,
    "Headers": _words("Header"),
    "Pay": _words("Parameter Prompt"),
    "Prompt": _PLAYED,
    "Refer": _words("Sip"),
    "Reject": _PARAMETER,
    "Say": _SPEECH,
    "Sip": _words("Headers Uri"),
    "Siprec": _PARAMETER,
    "Start": _words("Recording Siprec Stream Transcription"),
    "Stop": _words("Siprec Stream Transcription"),
    "Stream": _PARAMETER,
    "Transcription": _words("Config Parameter"),
    "VirtualAgent": _words("Config Parameter"),
}
"""What may stand inside what; an element that is not a key takes text only (speech marks nest freely)."""

_KNOWN = frozenset(_CHILDREN).union(*_CHILDREN.values())


@dataclass(frozen=True, slots=True)
class TwimlProblem:
    """What is wrong with a document, and where in it; `line` and `column` count from 1."""

    message: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column} of the document: {self.message}"


def element(
    tag: str,
    *children: ET.Element,
    text: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> ET.Element:
    """One element; text and attribute values are data and are escaped when the document is rendered."""
    made = ET.Element(tag, dict(attributes or {}))
    made.text = text
    made.extend(children)
    return made


def document(*verbs: ET.Element) -> str:
    """A whole document on one line: the XML declaration and `<Response>` around `verbs`.

    Characters that XML cannot hold are passed on; `check_twiml` finds them.
    """
    return _DECLARATION + ET.tostring(element("Response", *verbs), encoding="unicode")


def check_twiml(text: str, *, inline: bool = True) -> tuple[TwimlProblem, ...]:
    """Everything that is wrong with a TwiML document, in the order of the text; empty when it is fine.

    `inline` documents travel in a request and may have MAX_INLINE_CHARACTERS at most. Document types, and
    with them entities of one's own, are refused before anything is expanded.
    """
    too_long = inline and len(text) > MAX_INLINE_CHARACTERS
    length = (
        TwimlProblem(
            f"{len(text)} characters are more than the {MAX_INLINE_CHARACTERS} that an inline document may"
            " have; host it and give its url"
        ),
    )
    return (*(length if too_long else ()), *_Checker().check(text))


class _RefusedError(Exception):
    """Ends the parse: what follows must not even be read."""


class _Checker:
    """One pass over one document with expat, which builds no tree and so cannot be made to exhaust memory."""

    def __init__(self) -> None:
        self._problems: list[TwimlProblem] = []
        self._path: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.CharacterDataHandler = self._text
        self._parser.XmlDeclHandler = self._declaration
        self._parser.buffer_text = True

    def check(self, text: str) -> tuple[TwimlProblem, ...]:
        """All problems but the length; parsing ends at the first that makes the rest meaningless."""
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            what = expat.errors.messages[error.code]
            self._problems.append(
                TwimlProblem(f"it is not well-formed XML: {what}", error.lineno, error.offset + 1)
            )
        except UnicodeEncodeError:
            self._problems.append(TwimlProblem("it holds half a character, which XML cannot carry"))
        except _RefusedError:
            pass
        return tuple(self._problems)

    def _report(self, message: str) -> None:
        self._problems.append(
            TwimlProblem(message, self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1)
        )

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.upper() not in ("UTF-8", "US-ASCII"):
            self._report(f"it declares the encoding {encoding}, and is sent as UTF-8")

    def _doctype(self, *_: object) -> None:
        self._report("a document type is refused: it can define entities, which TwiML does not have")
        raise _RefusedError

    def _start(self, tag: str, _: Mapping[str, str]) -> None:
        if len(self._path) == _DEEPEST:
            self._report(f"elements are nested more than {_DEEPEST} deep")
            raise _RefusedError
        parent = self._path[-1] if self._path else None
        self._path.append(tag)
        if parent is None:
            if tag != "Response":
                self._report(f"the outermost element is <{tag}>, and must be <Response>")
        elif tag not in _KNOWN:
            self._report(f"<{tag}> is not a TwiML verb or noun{_suggestion(tag, parent)}")
        elif parent in _KNOWN and tag not in _allowed(parent):
            self._report(f"<{tag}> may not stand inside <{parent}>{_places(tag)}")

    def _end(self, _: str) -> None:
        self._path.pop()

    def _text(self, text: str) -> None:
        if self._path == ["Response"] and not text.isspace():
            self._report("text may not stand directly inside <Response>; <Say> speaks it")


def _allowed(parent: str) -> frozenset[str]:
    return _SPEECH if parent in _SPEECH else _CHILDREN.get(parent, frozenset())


def _suggestion(tag: str, parent: str) -> str:
    folded = {name.casefold(): name for name in sorted(_allowed(parent) or _KNOWN)}
    close = difflib.get_close_matches(tag.casefold(), folded, n=1)
    return f"; did you mean <{folded[close[0]]}>?" if close else ""


def _places(tag: str) -> str:
    parents = sorted(parent for parent, children in _CHILDREN.items() if tag in children)
    return f"; it belongs inside {' or '.join(f'<{parent}>' for parent in parents)}" if parents else ""
