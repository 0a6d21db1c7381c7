"""The one way from a value to people: `shown` redacts secrets, masks phone numbers and escapes.

Models, errors and messages carry clear text. Whatever writes for people (stdout, stderr, a report, a page)
writes what came out of here: `shown` for a line, `shown_lines` for a text of ours that has several,
`shown_json` for a document. Renderers that lay out redact their values first (masking.py), which is the
same by field, and escape for their target (render/escape.py).
"""

from __future__ import annotations

from voiceform.model.unshown import NOTHING, Unshown


class Shown(str):
    """A finished text that people may see. Outputs take it as it is, and lead any other through `shown`.

    What is put together from it is a plain text again. Only this module, renderers and the few writers of
    documents that are data (see tests/conformance) make one by hand, and say why.
    """

    __slots__ = ()

    def rstrip(self, chars: str | None = None, /) -> Shown:
        """Without trailing characters, and still finished."""
        return Shown(super().rstrip(chars))


def shown(text: object, *, show_numbers: bool = False) -> Shown:
    """`text` as one line that people, terminals and CI logs may see; it may begin a line."""
    from voiceform.model.escape import terminal
    from voiceform.model.masking import redact_text

    line = terminal(redact_text(str(text), show_numbers=show_numbers))
    return Shown(f"\\{line}" if line.startswith("::") else line)


def shown_lines(text: object, *, show_numbers: bool = False, unshown: Unshown = NOTHING) -> Shown:
    """A text of several lines; each may begin with data and is none the less no command to a CI runner."""
    from voiceform.model.escape import log_line, terminal
    from voiceform.model.masking import redact_text

    redacted = redact_text(unshown.text(str(text)), show_numbers=show_numbers)
    return Shown("\n".join(log_line(terminal(line)) for line in redacted.split("\n")))


def shown_json(
    value: object, *, show_numbers: bool = False, unshown: Unshown = NOTHING, indent: int | None = 2
) -> Shown:
    """A JSON value, redacted by field and by pattern, as a JSON text without a final newline."""
    from voiceform.model.masking import redact

    return clear_json(redact(unshown.value(value), show_numbers=show_numbers), indent=indent)


def clear_json(value: object, *, indent: int | None = 2) -> Shown:
    """A JSON value for machines, nothing masked: safe to print, and read back as the same value."""
    import json

    from voiceform.model.escape import escaped_json

    return Shown(escaped_json(json.dumps(value, indent=indent, ensure_ascii=False, default=dict)))
