"""Builds the tree of one file straight from the parser's events, without nodes between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from voiceform.config.filereport import FileReport, Words
from voiceform.config.interpolate import Interpolator
from voiceform.config.problems.wording import bare, closest
from voiceform.config.scalars import NOT_TEXT, Scalar, resolve_plain
from voiceform.config.text import MAX_TEXT, UnreadableError
from voiceform.model.diagnostics import Diagnostic, Report
from voiceform.model.document import COLUMNS, Block, Mark, Series, position_of

MAX_DEPTH = 100
"""The deepest nesting, that of aliased content included."""
MAX_NODES = 2_000_000
"""The most that one file may write: one for each key and value, one more for 64 characters, and for each
collection what it takes in memory beside them."""
COLLECTION = 4
"""What a collection weighs."""
MIN_NODES = 100_000
"""The least that any file may write; beyond that as much as its size allows, see `node_limit`."""
MAX_ALIASED = 1_000_000
"""The most that aliases may add, counted in the same way."""

_CORE = "tag:yaml.org,2002:"
_TEXT_TAGS = (f"{_CORE}str", "!")
_SCALAR_TYPES: dict[str, tuple[type, ...]] = {
    f"{_CORE}int": (int,),
    f"{_CORE}float": (int, float),
    f"{_CORE}bool": (bool,),
    f"{_CORE}null": (type(None),),
}
_MERGE = "<<"
_SHORT = 64
"""A text of less characters weighs nothing but its one."""


def node_limit(characters: int) -> int:
    """The most that a file of this size may write.

    What people and programs write takes more than five characters for each: ten thousand queues with three
    settings in one line of JSON, six. Brackets and one-letter names are denser, and a megabyte of them would
    take seconds and hundreds of megabytes.
    """
    return min(MAX_NODES, MIN_NODES + characters // 5)


class EventSource(Protocol):
    """A YAML parser, seen as a stream of events."""

    def get_event(self) -> Any:  # noqa: ANN401 - an Event; PyYAML's own annotation adds None
        """The next event; raises yaml.YAMLError."""


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A named value: what it weighs and how many levels it has below its own."""

    value: Any
    weight: int
    height: int
    mark: Mark


class TreeBuilder:
    """Builds one document. Raises UnreadableError where reading on would make no sense."""

    def __init__(
        self,
        source: EventSource,
        file: str,
        report: Report,
        interpolator: Interpolator | None,
        *,
        max_nodes: int = MAX_NODES,
    ) -> None:
        self._next: Callable[[], Event] = source.get_event
        self._file = file
        self._problem = FileReport(file, report)
        self._interpolator = interpolator
        self._max_nodes = max_nodes
        self._most = max_nodes
        self._weight = 0
        self._aliased = 0
        self._deepest = 0
        self._anchors: dict[str, _Anchor] = {}
        self._open: set[str] = set()

    def document(self) -> Any:  # noqa: ANN401 - any YAML value
        """The one document's value; None for an empty file."""
        self._next()
        if isinstance(self._next(), StreamEndEvent):
            return None
        try:
            root = self._value(self._next(), 1)
        finally:
            self._problem.finish()
        self._next()
        extra = self._next()
        if isinstance(extra, DocumentStartEvent) and not self._is_empty_end():
            raise self._refusal(
                "several-documents",
                _mark(extra),
                "the file holds several YAML documents",
                "write each into a file of its own, without ---",
            )
        return root

    def _is_empty_end(self) -> bool:
        """Whether the document that begins here holds nothing and is the last: a `---` at the end."""
        content = self._next()
        if not isinstance(content, ScalarEvent) or content.value or content.anchor or content.tag:
            return False
        self._next()
        return isinstance(self._next(), StreamEndEvent)

    def _value(self, event: Any, depth: int) -> Any:  # noqa: ANN401 - any YAML value
        """The value that begins with `event`."""
        if event.anchor is None:
            return self._unnamed(event, depth)
        if isinstance(event, AliasEvent):
            return self._alias(event, depth)
        return self._anchored(event, event.anchor, depth)

    def _anchored(self, event: Event, name: str, depth: int) -> Any:  # noqa: ANN401 - any YAML value
        """A value with an anchor, kept for its aliases together with its measures."""
        self._open.add(name)
        weight, deepest, self._deepest = self._weight, self._deepest, depth
        value = self._unnamed(event, depth)
        height, self._deepest = self._deepest - depth, max(self._deepest, deepest)
        self._open.discard(name)
        self._anchors[name] = _Anchor(value, self._weight - weight, height, _mark(event))
        return value

    def _unnamed(self, event: Any, depth: int) -> Any:  # noqa: ANN401 - any YAML value
        """A value, its anchor left aside."""
        if type(event) is ScalarEvent:
            return self._scalar(event)
        mark = _mark(event)
        if depth > self._deepest:
            self._check_depth(depth, mark)
        self._weight += COLLECTION
        if self._weight > self._most:
            raise self._too_many(event)
        is_mapping = type(event) is MappingStartEvent
        if event.tag is not None:
            self._check_tag(event.tag, "map" if is_mapping else "seq", mark)
        return self._mapping(mark, depth) if is_mapping else self._sequence(mark, depth)

    def _mapping(self, mark: Mark, depth: int) -> Block:
        block = Block.begun(self._file, mark)
        key_marks, value_marks = block.key_marks, block.value_marks
        merged: list[Block] | None = None
        following: Callable[[], Any] = self._next
        # Nearly all of a large file goes through here, so what is ordinary is dealt with in place.
        while type(event := following()) is not MappingEndEvent:
            plain = type(event) is ScalarEvent and event.implicit[0] and event.tag is event.anchor is None
            key = event.value if plain else ""
            if not 0 < len(key) < _SHORT or key in block or key == _MERGE:
                merged = self._entry(event, block, merged, depth)
                continue
            start = event.start_mark
            key_marks[key] = start.line << COLUMNS | start.column
            content = following()
            start = content.start_mark
            value_marks[key] = start.line << COLUMNS | start.column
            plain = (
                type(content) is ScalarEvent and content.implicit[0] and content.tag is content.anchor is None
            )
            if plain and len(text := content.value) < _SHORT and "$" not in text:
                self._weight += 2
                if self._weight > self._most:
                    raise self._too_many(event if self._weight - 1 > self._most else content)
                block[key] = resolve_plain(text) if not text or text[0] in NOT_TEXT else text
            else:
                self._count(event, len(key))
                block[key] = self._value(content, depth + 1)
        return _merge(block, merged) if merged else block

    def _entry(
        self, event: Event, block: Block, merged: list[Block] | None, depth: int
    ) -> list[Block] | None:
        """A key of any form and its value, put into the block; what is to be merged into that."""
        place = _mark(event)
        key = self._key(event, depth)
        is_merge = key == _MERGE and isinstance(event, ScalarEvent) and event.implicit[0]
        event = self._next()
        value_mark = _mark(event)
        value = self._value(event, depth + 1)
        if key is None:
            return merged
        if key in block or (is_merge and merged is not None):
            self._duplicate(key, place, block.key_marks.get(key, block.mark))
        elif is_merge:
            return self._merge_sources(value, value_mark)
        else:
            block[key] = value
            block.key_marks[key] = place
            block.value_marks[key] = value_mark
        return merged

    def _sequence(self, mark: Mark, depth: int) -> Series:
        series = Series(file=self._file, mark=mark)
        while type(event := self._next()) is not SequenceEndEvent:
            series.item_marks.append(_mark(event))
            series.append(self._value(event, depth + 1))
        return series

    def _key(self, event: Event, depth: int) -> str | None:
        """A key as text; None, reported, when it cannot be one."""
        if type(event) is ScalarEvent and event.anchor is None and event.tag is None:
            key = event.value
            self._count(event, len(key))
            if event.style == '"':
                self._check_characters(event)
        else:
            key = self._value(event, depth + 1)
        if not isinstance(key, str):
            self._problem(
                "invalid-key", _mark(event), lambda: ("a key must be text", "put the key in quotes")
            )
            return None
        if not key:
            words = ("a key is empty", "write a name before the colon")
            self._problem("invalid-key", _mark(event), lambda: words)
            return None
        return key

    def _scalar(self, event: ScalarEvent) -> Scalar:
        text: str = event.value
        self._count(event, len(text))
        if event.tag is not None:
            return self._tagged(event)
        if "$" in text and self._interpolator is not None:
            return self._interpolator.expand(text, plain=event.implicit[0], mark=_mark(event))
        if event.implicit[0]:
            return resolve_plain(text)
        if event.style == '"':
            self._check_characters(event)
        return text

    def _tagged(self, event: ScalarEvent) -> Scalar:
        """A scalar with a tag: one of the core ones, and true to it."""
        tag, mark, text = event.tag or "", _mark(event), event.value
        if "$" in text and self._interpolator is not None:
            text = str(self._interpolator.expand(text, plain=False, mark=mark))
        if tag in _TEXT_TAGS:
            return text
        types = _SCALAR_TYPES.get(tag)
        if types is None:
            self._unknown_tag(tag, mark)
            return text
        value = resolve_plain(text)
        if type(value) not in types:
            name = tag.removeprefix(_CORE)
            self._problem(
                "invalid-tag", mark, lambda: (f"this value is not what the tag !!{name} says", None)
            )
        return value

    def _alias(self, event: AliasEvent, depth: int) -> Any:  # noqa: ANN401 - any YAML value
        """The value that an alias stands for."""
        mark, name = _mark(event), event.anchor or ""
        if name in self._open:
            raise self._refusal("recursive-alias", mark, f"*{bare(name)} contains itself", "remove the alias")
        anchor = self._anchors.get(name)
        if anchor is None:
            self._problem("undefined-anchor", mark, lambda: self._no_anchor(name))
            return None
        self._aliased += anchor.weight
        self._most += anchor.weight
        self._weight += anchor.weight
        if self._aliased > MAX_ALIASED:
            raise self._refusal(
                "alias-bomb", mark, f"aliases expand this file by more than {MAX_ALIASED:,} values"
            )
        if isinstance(anchor.value, dict | list):
            self._check_depth(depth + anchor.height, mark)
        elif self._interpolator is not None:
            self._interpolator.repeat(anchor.mark, mark)
        return anchor.value

    def _no_anchor(self, name: str) -> Words:
        meant = closest(name, self._anchors)
        hint = f"did you mean *{bare(meant)}?" if meant else "put a text that begins with * in quotes"
        return f"there is no anchor &{bare(name)} above this line", hint

    def _merge_sources(self, value: Any, mark: Mark) -> list[Block]:  # noqa: ANN401 - any YAML value
        """The mappings that a merge key names."""
        sources = value if isinstance(value, Series) else [value]
        if all(isinstance(source, Block) for source in sources):
            return list(sources)
        words = ("<< merges mappings only", "write <<: *anchor, where &anchor is a mapping")
        self._problem("invalid-merge", mark, lambda: words)
        return []

    def _check_depth(self, depth: int, mark: Mark) -> None:
        if depth > MAX_DEPTH:
            raise self._refusal("too-deep", mark, f"the nesting is deeper than {MAX_DEPTH} levels")
        self._deepest = max(self._deepest, depth)

    def _check_tag(self, tag: str, core: str, mark: Mark) -> None:
        if tag != _CORE + core and tag != "!":
            self._unknown_tag(tag, mark)

    def _check_characters(self, event: ScalarEvent) -> None:
        """Refuse what escapes can smuggle in and neither JSON nor databases can hold."""
        if not event.value.isprintable() and any(map(_unstorable, event.value)):
            words = ("the text contains a NUL or half a character", None)
            self._problem("invalid-text", _mark(event), lambda: words)

    def _count(self, event: Event, length: int) -> None:
        """Take a key, value or collection into account."""
        self._weight += 1 + (length >> 6)
        if length > MAX_TEXT:
            raise self._refusal("too-long", _mark(event), f"a text is over {MAX_TEXT:,} characters long")
        if self._weight > self._most:
            raise self._too_many(event)

    def _too_many(self, event: Event) -> UnreadableError:
        return self._refusal(
            "file-too-large",
            _mark(event),
            f"the file holds more than {self._max_nodes:,} values",
            "split the configuration into stacks",
        )

    def _duplicate(self, key: str, mark: Mark, first: Mark) -> None:
        place = position_of(first, self._file)
        hint = "remove one of them" if key != _MERGE else "merge several mappings with <<: [*one, *other]"
        self._problem(
            "duplicate-key", mark, lambda: (f"{bare(key)} is given twice: the first is at {place}", hint)
        )

    def _unknown_tag(self, tag: str, mark: Mark) -> None:
        self._problem(
            "unknown-tag", mark, lambda: (f"the tag {_tag_name(tag)} is not supported", _tag_hint(tag))
        )

    def _refusal(self, code: str, mark: Mark, message: str, hint: str | None = None) -> UnreadableError:
        return UnreadableError(Diagnostic(code, message, position_of(mark, self._file), hint=hint))


def _is_plain(event: Any) -> bool:  # noqa: ANN401 - an event; PyYAML says nothing of what each has
    """Whether an event is a scalar without quotes, anchor and tag."""
    return type(event) is ScalarEvent and event.implicit[0] and event.anchor is None and event.tag is None


def _mark(event: Event) -> Mark:
    """Where an event begins."""
    start: Any = event.start_mark
    mark: Mark = start.line << COLUMNS | start.column
    return mark


def _tag_name(tag: str) -> str:
    return bare(tag.replace(_CORE, "!!"))


def _tag_hint(tag: str) -> str:
    """What to do instead: tags of other tools (`!vault`, `!ENV`, `!Ref`) fetch or decrypt a value."""
    if tag.startswith("!"):
        return "put the value into the environment and write ${NAME}, or remove the tag"
    return "remove the tag"


def _unstorable(character: str) -> bool:
    return character == "\0" or "\ud800" <= character <= "\udfff"


def _merge(own: Block, sources: list[Block]) -> Block:
    """What the sources give, the first one first, overridden by the block's own keys."""
    result = Block(file=own.file, mark=own.mark)
    for block in [*sources, own]:
        for key, value in block.items():
            if key in result and block is not own:
                continue
            result[key] = value
            result.key_marks[key] = block.key_marks[key]
            result.value_marks[key] = block.value_marks[key]
    return result
