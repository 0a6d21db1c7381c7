"""Every page: whatever stands in any place of its template comes out as text, and nothing else is markup."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, nodes

import voiceform
from tests.render import samples
from voiceform.emulator.control import inspector
from voiceform.fleet.report import FleetReport
from voiceform.kinds.retention.evidence.page import page, page_values
from voiceform.model.address import Address
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import ChangeLine, StackResult, Weight
from voiceform.model.pages import environment
from voiceform.model.plan import Action, Caution, FieldChange, Plan
from voiceform.render.fleet_documents import page_values as fleet_values
from voiceform.render.html import plan_values, render_plan_html
from voiceform.render.redact import redact_plan

SOURCES = Path(voiceform.__file__).parent
PLACE = re.compile(r"\{\{-?(?P<what>.*?)-?\}\}", re.DOTALL)
POISON = "\"'><poison onpoison=1></script></style></title></svg>&lt;\u202e##[error]x"
SHOWN = POISON.replace("\u202e", "\\u202e")
NUMBER = "+15558675310"
MARKERS = {
    "model/pages.py": "escapes what templates print, and lets styles and scripts of ours stand as they are",
    "emulator/control/inspector.py": "stands alone; its own style and script",
}
"""Who may say that a text is markup, and why."""


def whole_plan() -> Plan:
    """A plan in which every part of the page has something to show."""
    plan = samples.full_plan()
    address = Address("queue", "support")
    noted = replace(
        samples.RECORDINGS, impact=("1,200 minutes",), irreversible="recordings cannot be restored"
    )
    moved = replace(samples.UPDATE, address=address, previous_address=Address("queue", "old"))
    noted_rows = replace(moved, fields=(FieldChange("sip_auth_password", "a", "b"),))
    kept = samples.change("retention.kept", Action.NO_OP, impact=("3 recordings are kept by a hold",))
    changes = (*plan.changes, noted, noted_rows, kept)
    warnings = (Caution(address, "nothing matches", "look at the hold"),)
    return replace(plan, changes=changes, warnings=warnings, complete=False)


def whole_summary() -> dict[str, Any]:
    """A summary in which every part of the page has something to show."""
    held = {"count": 2, "by": ["hold-a", "hold-b"]}
    planned = {"count": 1000, "minutes": 20, "created_until": "2026-01-01T00:00:00Z", "held": held}
    policy = {"keep": "90d", "match": {"to": NUMBER}, "sip_auth_password": samples.SECRET}
    return {
        "file": "000001.jsonl",
        "account_sid": samples.plan().account_sid,
        "who": "ann",
        "command": ["--approve", "delete:recording=2"],
        "opened_at": "2026-02-01T00:00:00Z",
        "closed_at": "2026-02-01T00:01:00Z",
        "lines": 12,
        "head": "ab" * 32,
        "totals": {"deleted": 3, "another": 1},
        "rules": [
            {
                "rule": "retention.recordings.a",
                "policy": policy,
                "planned": planned,
                "statuses": {"deleted": 3, "another": 1},
                "minutes": 9,
                "archived": 2,
                "archived_bytes": 99,
            },
            {
                "rule": "retention.recordings.b",
                "policy": None,
                "planned": {**planned, "created_until": None, "held": {"count": 0, "by": []}},
                "statuses": {},
                "minutes": 0,
                "archived": 0,
                "archived_bytes": 0,
            },
        ],
        "months": {"2025-01": 2, "2025-02": 1},
    }


def whole_fleet() -> FleetReport:
    """A report in which every part of the page has something to show."""
    report = FleetReport("plan", "fleet.yaml", 3, datetime(2026, 1, 1, tzinfo=UTC))
    change = ChangeLine(Weight.CREATE, "create queue.support", effects=("nobody waits",))
    report.add(StackResult("acme", "AC1", ExitCode.CHANGES, "1 to create", changes=(change,)))
    report.add(StackResult("beta", "AC2", ExitCode.ERROR, "failed", error="no token\n  set it"))
    return report


@dataclass(frozen=True)
class Page:
    """A template, how it is read, and values that reach each place of it."""

    template: str
    templates: Callable[[], Environment]
    values: Callable[[], dict[str, object]]

    @property
    def source(self) -> str:
        return (SOURCES / self.template).read_text(encoding="utf-8")

    def render(self, source: str, **more: object) -> str:
        """The page by another text of its template."""
        templates = self.templates().overlay(loader=DictLoader({"page": source}))
        templates.globals = {**templates.globals, **more}  # an overlay shares those of the environment
        return templates.get_template("page").render(self.values())


PAGES = [
    Page(
        "render/assets/plan.html",
        lambda: environment("voiceform.render"),
        lambda: plan_values(redact_plan(whole_plan(), show_numbers=False), "0123abc"),
    ),
    Page(
        "kinds/retention/evidence/assets/summary.html",
        lambda: environment("voiceform.kinds.retention.evidence"),
        lambda: page_values(whole_summary()),
    ),
    Page("emulator/control/assets/inspector.html", inspector.templates, inspector.page_values),
    Page(
        "render/assets/fleet.html",
        lambda: environment("voiceform.render"),
        lambda: {**fleet_values(whole_fleet(), ExitCode.ERROR), "more": 3},
    ),
]


class Reader(HTMLParser):
    """The names of the elements and attributes of a page, as a browser would have them."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names += [tag, *(name for name, _ in attrs)]


def places() -> Iterator[Any]:
    for one in PAGES:
        for number, match in enumerate(PLACE.finditer(one.source)):
            yield pytest.param(
                one, match.span(), id=f"{Path(one.template).stem}-{number}-{match['what'].strip()}"
            )


@pytest.mark.parametrize(("one", "span"), list(places()))
def test_poison_in_any_place_is_text(one: Page, span: tuple[int, int]) -> None:
    start, end = span
    document = one.render(f"{one.source[:start]}{{{{ poison }}}}{one.source[end:]}", poison=POISON)
    assert POISON not in document
    assert "<poison" not in document
    assert {"poison", "onpoison"}.isdisjoint(Reader(document).names)
    assert (POISON if "inspector" in one.template else SHOWN) in unescape(document)


def test_every_template_is_tried() -> None:
    found = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("assets/*.html")}
    assert found == {one.template for one in PAGES}


@pytest.mark.parametrize("one", PAGES, ids=lambda one: Path(one.template).stem)
def test_no_template_says_what_is_markup(one: Page) -> None:
    templates = one.templates()
    assert templates.autoescape is True
    tree = templates.parse(one.source)
    filters = {node.name for node in tree.find_all(nodes.Filter)}
    assert filters <= {"grouped", "length"}
    assert list(tree.find_all((nodes.EvalContextModifier, nodes.MarkSafe, nodes.MarkSafeIfAutoescape))) == []
    assert "Markup" not in one.source


def test_no_module_says_what_is_markup_but_those_with_a_reason() -> None:
    found = set()
    for path in SOURCES.rglob("*.py"):
        if "scaffold" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            named = getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))
            if {name.split(".")[0] for name in imported} & {"jinja2", "markupsafe"} or named == "__html__":
                found.add(path.relative_to(SOURCES).as_posix())
    assert found == set(MARKERS)


def test_no_style_or_script_can_end_its_element() -> None:
    inline = [path for path in SOURCES.rglob("assets/*") if path.suffix in (".css", ".js")]
    assert inline
    assert [path for path in inline if "</" in path.read_text(encoding="utf-8")] == []


def leaves(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all texts in a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*where, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*where, index))
    elif isinstance(value, str):
        yield where


@pytest.mark.parametrize("where", list(leaves(whole_summary())), ids=lambda where: ".".join(map(str, where)))
def test_the_page_of_evidence_masks_every_text(where: tuple[Any, ...]) -> None:
    summary = whole_summary()
    holder: Any = summary
    for step in where[:-1]:
        holder = holder[step]
    holder[where[-1]] = f"see {NUMBER} <poison> https://ann:{samples.SECRET}@example.com"
    text = page(summary)
    assert NUMBER not in text
    assert samples.SECRET not in text
    assert "<poison" not in text


def test_the_page_of_evidence_masks_every_name() -> None:
    summary = whole_summary()
    name = f"see {NUMBER} <poison>"
    summary["totals"] = summary["months"] = summary["rules"][0]["statuses"] = {name: 1}
    summary["rules"][0]["policy"] = {name: {name: name}}
    text = page(summary)
    assert NUMBER not in text
    assert "<poison" not in text


def test_the_page_of_a_plan_is_filled_from_a_redacted_plan() -> None:
    text = render_plan_html(whole_plan(), commit="0123abc")
    assert samples.NUMBER not in text
    assert samples.SECRET not in text


CONFIGURATION = """version: 1
queues:
  support: {friendly_name: Support}
"""


@pytest.mark.parametrize("command", ["validate", "plan --base ."])
def test_what_is_no_page_does_not_load_the_templates(command: str, tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text(CONFIGURATION, encoding="utf-8")
    code = (
        f"import sys; from voiceform.cli import main; assert main({command.split()!r}) in (0, 2);"
        "sys.exit(str({'jinja2', 'markupsafe'} & set(sys.modules)) if 'jinja2' in sys.modules else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
