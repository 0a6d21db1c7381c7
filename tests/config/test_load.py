from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.config.reading import brief, load, problems
from voiceform.kinds.kind import ParseContext
from voiceform.kinds.queue import QueueKind
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Severity
from voiceform.model.errors import ConfigurationError
from voiceform.model.resource import Desired
from voiceform.model.safety import Ownership, Safety

FULL = """\
version: 1
account: ${TWILIO_ACCOUNT_SID}
ownership: exclusive
safety: {max_deletes: 0, max_calls: 3}
queues:
  support:
    friendly_name: Support
    max_size: ${SIZE:-200}
    protect: true
    aliases: [helpdesk]
  sales:
"""
ACCOUNT = f"AC{'0' * 32}"


def test_a_whole_configuration(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text(FULL)
    configuration = load(tmp_path, environ={"TWILIO_ACCOUNT_SID": ACCOUNT})
    assert configuration.account == ACCOUNT
    assert configuration.ownership is Ownership.EXCLUSIVE
    assert configuration.safety == Safety(max_deletes=0, limits={"max_calls": 3})
    assert configuration.warnings == ()
    support, sales = configuration.desired.values()
    assert support.address == Address("queue", "support")
    assert support.attributes == {"friendly_name": "Support", "max_size": 200}
    assert support.protect
    assert support.aliases == (Address("queue", "helpdesk"),)
    assert str(support.position) == f"{tmp_path}/voiceform.yaml:6:3"
    assert sales.attributes == {"friendly_name": "sales", "max_size": 1000}


@pytest.mark.parametrize("sections", ["", "queues:\n", "safety:\n", "x-anything: {a: [1]}\n"])
def test_everything_has_a_default(tmp_path: Path, sections: str) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\n" + sections)
    configuration = load(tmp_path)
    assert configuration.account is None
    assert configuration.ownership is Ownership.RECORDED
    assert configuration.safety == Safety()
    assert configuration.desired == {}


def test_problems_of_all_files_come_together(tmp_path: Path) -> None:
    for name, text in {
        "a": "version: 1\nqueues: {a: {max_size: 0}}\n",
        "b": "queues: {a: [}\n",
        "c": "queues: {c: {friendly_name: '${NOPE}', nope: 1}}\n",
        "d": "",
        "e": "queues: {a: {}}\n",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, "e.yaml", ".")
    places = [
        str(diagnostic.position).removeprefix(f"{tmp_path}/") + f" {diagnostic.code}"
        for diagnostic in caught.value.diagnostics
    ]
    assert places == [
        "a.yaml:2:10 duplicate-address",
        "a.yaml:2:24 out-of-range",
        "b.yaml:1:14 syntax",
        "c.yaml:1:29 undefined-variable",
        "c.yaml:1:40 unknown-key",
        "d.yaml:1:1 empty-file",
    ]


def test_kinds_are_asked_only_about_what_is_valid(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    class Watching(QueueKind):
        def parse(self, section: Any, context: ParseContext) -> list[Desired]:
            seen.update(section)
            return super().parse(section, context)

    (tmp_path / "voiceform.yaml").write_text(
        "version: 1\nqueues: {a: {max_size: 0, protect: true}, b: 5, c: [], d: {max_size: 7}, 5x!: {}}\n"
    )
    with pytest.raises(ConfigurationError):
        load(tmp_path, kinds=[Watching()])
    assert seen == {"a": {"protect": True}, "d": {"max_size": 7}}


def test_findings_of_kinds_come_together_with_their_warnings(tmp_path: Path) -> None:
    class Careful(QueueKind):
        def parse(self, section: Any, context: ParseContext) -> list[Desired]:
            for key in reversed(section):
                place = section.key_position(key)
                context.report(Diagnostic("first", "one", place, severity=Severity.WARNING))
                context.report(Diagnostic("second", "two", place, severity=Severity(key)))
            return super().parse(section, context)

    path = tmp_path / "voiceform.yaml"
    path.write_text("version: 1\nqueues:\n  warning: {}\n  error: {}\n")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, kinds=[Careful()])
    assert brief(list(caught.value.diagnostics)) == ["3:3 first", "3:3 second", "4:3 first", "4:3 second"]
    path.write_text("version: 1\nqueues: {warning: {}}\n")
    assert brief(list(load(tmp_path, kinds=[Careful()]).warnings)) == ["2:10 first", "2:10 second"]


def test_aliases_collide_with_nothing(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
version: 1
queues:
  a: {aliases: [old, b]}
  b: {aliases: [b]}
  c:
    aliases:
      - fine
      - old
""",
    )
    assert brief(found) == ["3:22 alias-collision", "4:17 alias-collision", "8:9 alias-collision"]
    assert "queue.b is declared itself" in found[0].message
    assert f"{tmp_path}/voiceform.yaml:4:3" in found[0].message
    assert "own earlier name" in found[1].message
    assert f"{tmp_path}/voiceform.yaml:3:17" in found[2].message
    assert [diagnostic.address for diagnostic in found] == ["queue.a", "queue.b", "queue.c"]


def test_an_address_that_a_kind_declares_twice_is_refused(tmp_path: Path) -> None:
    class Doubling(QueueKind):
        def parse(self, section: Any, context: ParseContext) -> list[Desired]:
            return [
                Desired(Address("queue", "same"), {}, position=section.key_position(key)) for key in section
            ]

    (tmp_path / "voiceform.yaml").write_text("version: 1\nqueues: {a: {}, b: {}}\n")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, kinds=[Doubling()])
    [found] = caught.value.diagnostics
    assert brief([found]) == ["2:17 duplicate-address"]
    assert f"{tmp_path}/voiceform.yaml:2:10" in found.message


def test_merged_settings_are_checked_where_they_are_written(tmp_path: Path) -> None:
    text = (
        "version: 1\nx-defaults: &d\n  max_size: 9000\nqueues:\n  a: {<<: *d}\n  b: {<<: *d, max_size: 1}\n"
    )
    found = problems(tmp_path, text)
    assert brief(found) == ["3:13 out-of-range"]
    assert found[0].address == "queue.a"


def test_loading_changes_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text(FULL)
    environ = {"TWILIO_ACCOUNT_SID": ACCOUNT}
    before = Path.cwd()
    first, second = load(tmp_path, environ=environ), load(tmp_path, environ=environ)
    assert first == second
    assert environ == {"TWILIO_ACCOUNT_SID": ACCOUNT}
    assert Path.cwd() == before
    assert [path.name for path in tmp_path.iterdir()] == ["voiceform.yaml"]
