from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.config.reading import brief, load
from voiceform.kinds.kind import Kind, ParseContext
from voiceform.kinds.queue import QueueKind
from voiceform.model.address import Address
from voiceform.model.errors import ConfigurationError
from voiceform.model.resource import Desired
from voiceform.model.safety import Ownership

A = "version: 1\nownership: exclusive\nsafety: {max_deletes: 1}\nqueues:\n  a: {max_size: 1}\n"
B = "queues:\n  b: {max_size: 2}\n  c:\nsafety: {max_calls: 2}\nversion: 1\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def failure(folder: Path, *names: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, *(names or ["."]))
    return [str(diagnostic).replace(f"{folder}/", "") for diagnostic in caught.value.diagnostics]


def test_sections_are_joined_by_key(tmp_path: Path) -> None:
    write(tmp_path, a=A, b=B)
    configuration = load(tmp_path, ".")
    assert [str(address) for address in configuration.desired] == ["queue.a", "queue.b", "queue.c"]
    assert configuration.ownership is Ownership.EXCLUSIVE
    assert (configuration.safety.max_deletes, configuration.safety.limits) == (1, {"max_calls": 2})
    assert configuration.source().files == (f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml")


def test_positions_name_the_file_in_which_a_key_is_written(tmp_path: Path) -> None:
    write(tmp_path, a=A, b=B, d="queues: {z: {}}\n")

    class Spy(QueueKind):
        def parse(self, section: Any, context: ParseContext) -> list[Desired]:
            seen["queues"] = str(context.document.key_position("queues"))
            seen["version"] = str(context.document.value_position("version"))
            seen["calls"] = str(context.document["safety"].key_position("max_calls"))
            seen["c"] = str(section.value_position("c"))
            seen["nowhere"] = str(section.key_position("nowhere"))
            return super().parse(section, context)

    seen: dict[str, str] = {}
    configuration = load(tmp_path, ".", kinds=[Spy()])
    assert seen == {
        "queues": f"{tmp_path}/a.yaml:4:1",
        "version": f"{tmp_path}/a.yaml:1:10",
        "calls": f"{tmp_path}/b.yaml:4:10",
        "c": f"{tmp_path}/b.yaml:3:5",
        "nowhere": f"{tmp_path}/a.yaml:5:3",
    }
    places = [str(item.position).removeprefix(f"{tmp_path}/") for item in configuration.desired.values()]
    assert places == ["a.yaml:5:3", "b.yaml:2:3", "b.yaml:3:3", "d.yaml:1:10"]


def test_a_duplicate_address_names_both_places(tmp_path: Path) -> None:
    write(tmp_path, a=A, b="queues:\n  b: {}\n", c="queues:\n  b: {}\n  a: {}\n")
    assert failure(tmp_path) == [
        "c.yaml:2:3: error: queue.b: this name is already declared at b.yaml:2:3 (remove one of them) "
        "[duplicate-address]",
        "c.yaml:3:3: error: queue.a: this name is already declared at a.yaml:5:3 (remove one of them) "
        "[duplicate-address]",
    ]


def test_what_is_said_twice_must_agree(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=f"version: 1\naccount: AC{'a' * 32}\nownership: recorded\nsafety: {{max_calls: 1}}\n",
        b=f"version: 1\naccount: AC{'b' * 32}\nownership: exclusive\nsafety: {{max_calls: 2}}\n",
    )
    found = failure(tmp_path)
    assert [line.split(" ")[0] for line in found] == ["b.yaml:2:1:", "b.yaml:3:1:", "b.yaml:4:10:"]
    assert "account is given differently at a.yaml:2:1" in found[0]
    assert "safety.max_calls is given differently at a.yaml:4:10" in found[2]


def test_an_empty_section_joins_anything(tmp_path: Path) -> None:
    write(tmp_path, a="version: 1\nqueues:\nsafety:\n", b="queues: {x: {}}\nsafety: {max_calls: 1}\n")
    configuration = load(tmp_path, ".")
    assert list(configuration.desired) == [Address("queue", "x")]
    assert configuration.safety.limits == {"max_calls": 1}


def test_a_wrong_section_is_one_error(tmp_path: Path) -> None:
    write(tmp_path, a=A, b="queues: [x]\n")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, ".")
    assert brief(list(caught.value.diagnostics)) == ["1:9 wrong-type"]


def test_the_version_may_be_in_any_file_but_must_be_in_one(tmp_path: Path) -> None:
    write(tmp_path, a="queues: {}\n", b="version: 1\n")
    load(tmp_path, ".")
    write(tmp_path, b="queues: {}\n")
    [found] = failure(tmp_path)
    assert found.startswith("a.yaml:1:1: error: version is missing")


def test_anchor_templates_belong_to_their_file(tmp_path: Path) -> None:
    one = "x-common: &d {max_size: 7}\nqueues: {%s: {<<: *d}}\n"
    write(tmp_path, a="version: 1\n" + one % "a", b=one % "b")
    configuration = load(tmp_path, ".")
    assert [item.attributes["max_size"] for item in configuration.desired.values()] == [7, 7]


def test_the_digest_is_of_what_is_declared(tmp_path: Path) -> None:
    write(tmp_path, a=A, b=B)
    split = load(tmp_path, ".").source().digest
    whole = (
        "x-y: 1\nqueues: # all of them\n  c: {}\n  a:\n    max_size: ${ONE}\n  b: {max_size: 2}\n"
        "safety: {max_calls: 2, max_deletes: 1}\nownership: 'exclusive'\nversion: 1\n"
    )
    write(tmp_path, whole=whole)
    one = load(tmp_path, "whole.yaml", environ={"ONE": "1"}).source().digest
    other = load(tmp_path, "whole.yaml", environ={"ONE": "3"}).source().digest
    assert one == split
    assert other != split
    assert len(split) == 64


def test_the_digest_is_made_once(tmp_path: Path) -> None:
    write(tmp_path, a=A)
    configuration = load(tmp_path, ".")
    assert configuration.source() is configuration.source()


def test_the_digest_is_of_what_may_be_shown(tmp_path: Path) -> None:
    """Also of one that was sent to another process before anybody asked."""
    declared = (
        "version: 1\nqueues: {a: {description: 'ask +1 (555) 867-5310, token=abc', max_size: 7}}\n"
        "calls:\n  b: {to: '+15558675310', from: '+15017122661',\n"
        "      schedule: {at: 2026-12-01T09:00:00, timezone: UTC},\n      answer: {url: 'https://%s@example.com/?password=${HOW}'}}\n"
    )
    write(tmp_path, one=declared % "me:x", two=declared % "me:y")
    found = {
        load(tmp_path, file, environ={"HOW": how}).source()
        for file, how in (("one.yaml", "abc"), ("one.yaml", "def"), ("two.yaml", "abc"))
    }
    sent = {pickle.loads(pickle.dumps(source)).digest for source in found}
    shown = {
        "version": 1,
        "queues": {"a": {"description": "ask +1•••••5310, token=(sensitive)", "max_size": 7}},
        "calls": {
            "b": {
                "to": "+1•••••5310",
                "from": "+1•••••2661",
                "schedule": {"at": "2026-12-01T09:00:00", "timezone": "UTC"},
                "answer": {"url": "https://(sensitive)@example.com/?password=(sensitive)"},
            }
        },
    }
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert sent == {hashlib.sha256(text.encode()).hexdigest()} == {source.digest for source in found}
    assert {source.files[0] for source in found} == {f"{tmp_path}/one.yaml", f"{tmp_path}/two.yaml"}


def test_each_file_is_held_against_the_rules_of_all_its_sections(tmp_path: Path) -> None:
    """Whatever the first file has, and in either order."""
    write(tmp_path, a="version: 1\nqueues: {a: {max_size: 1}}\n", b="safety: {max_deletes: many}\n")
    for order in (("a.yaml", "b.yaml"), ("b.yaml", "a.yaml")):
        [found] = failure(tmp_path, *order)
        assert found.startswith("b.yaml:1:23: error: max_deletes must be a whole number")


def test_kinds_are_called_in_order_with_what_came_before(tmp_path: Path) -> None:
    calls: list[tuple[str, list[str]]] = []

    class Later(QueueKind):
        name = "later"
        section = "later"

    class First(QueueKind):
        def parse(self, section: Any, context: ParseContext) -> list[Desired]:
            calls.append(("first", [str(address) for address in context.desired]))
            return super().parse(section, context)

    class Second(QueueKind):
        name = "second"

        def parse(self, section: Any, context: ParseContext) -> list[Desired]:
            calls.append(("second", [str(address) for address in context.desired]))
            return []

    write(tmp_path, voiceform="version: 1\nqueues: {a: {}}\n")
    kinds: list[Kind[Any]] = [Later(), First(), Second()]
    load(tmp_path, kinds=kinds)
    assert calls == [("first", []), ("second", ["queue.a"])]
