"""What somebody sees who edits voiceform.yaml with the YAML language server and our schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.language_server import LanguageServer
from tests.support import Stack

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = "https://raw.githubusercontent.com/voiceform/voiceform/main/schemas/config.schema.json"
IN_THIS_TREE = "../../schemas/config.schema.json"
BAD = """\
version: 2
account: somebody
ownership: mine
queues:
  a: {max_size: 9000}
  b: {max_size: ten}
  c: {freindly_name: C}
  d: {max_size: "${SIZE:-200}", protect: "${PROTECT}"}
calls:
  r: {to: "+15558675310", from: "5", schedule: {at: 2026-12-01T09:00:00, timezone: UTC}, answer: {say: x}}
  s: {to: "+15558675310", from: "+15017122661", schedule: {cron: "0 9 * * *"}, answer: {say: x}}
retention:
  recordings:
    - {name: r, keep: 90 days}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    server = LanguageServer()
    yield server
    server.close()


def with_schema(text: str, schema: Path, named: str | None = None) -> str:
    """The text with `schema`, in place of the one that its first line has to name."""
    if named is not None:
        first, _, text = text.partition("\n")
        assert first == f"# yaml-language-server: $schema={named}"
    return f"# yaml-language-server: $schema=file://{schema}\n{text}"


@pytest.fixture
def schema(stack: Stack) -> Path:
    """What `voiceform schema config` prints, as a file."""
    path = stack.folder / "schema.json"
    path.write_text(stack.ok("schema", "config").out, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(path.parent.name for path in ROOT.glob("examples/*/voiceform.yaml")))
def test_every_example_is_clean(server: LanguageServer, schema: Path, name: str) -> None:
    text = (ROOT / "examples" / name / "voiceform.yaml").read_text(encoding="utf-8")
    assert server.open(name, with_schema(text, schema, named=IN_THIS_TREE)) == []


def test_a_new_stack_is_clean(server: LanguageServer, schema: Path, stack: Stack) -> None:
    stack.ok("init", "new")
    text = (stack.folder / "new" / "voiceform.yaml").read_text(encoding="utf-8")
    assert server.open("new", with_schema(text, schema, named=PUBLISHED)) == []


def test_the_readme_shows_the_line() -> None:
    assert f"# yaml-language-server: $schema={PUBLISHED}\n" in (ROOT / "README.md").read_text(
        encoding="utf-8"
    )


def test_mistakes_are_underlined_and_explained(server: LanguageServer, schema: Path) -> None:
    found = server.open("bad", with_schema(BAD, schema))
    assert [line for line, _ in found] == [2, 3, 4, 6, 7, 8, 11, 12, 15]
    messages = dict(found)
    assert messages[3] == "must be an account SID: AC and 32 hexadecimal digits"
    assert '"recorded", "exclusive"' in messages[4]
    assert "5000" in messages[6]
    assert "integer" in messages[7]
    assert "freindly_name" in messages[8]
    assert messages[11].startswith("must be a phone number in international form")
    assert messages[15] == "must be a duration such as 90d, or forever"


def test_keys_and_values_are_completed(server: LanguageServer, schema: Path) -> None:
    text = "version: 1\nownership: \nqueues:\n  a:\n    protect: \n    \n"
    server.open("keys", with_schema(text, schema))
    assert server.complete("keys", 3, 12) == ["recorded", "exclusive"]
    assert set(server.complete("keys", 6, 14)) == {"true", "false"}
    assert set(server.complete("keys", 7, 5)) >= {"friendly_name", "max_size", "aliases"}


def test_keys_are_explained(server: LanguageServer, schema: Path) -> None:
    server.open("hover", with_schema("version: 1\nqueues:\n  a: {max_size: 5}\n", schema))
    shown = server.hover("hover", 4, 8)
    assert shown.startswith("#### Size\n\nThe most callers that may wait")
    assert "200" in shown
