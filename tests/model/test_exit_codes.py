"""Every exit code has one name in the code and one line in the docs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from voiceform.model.exit_codes import ExitCode

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path for path in sorted((ROOT / "voiceform").rglob("*.py")) if "scaffold" not in path.parts
]  # the scaffold is files of the user's pipeline


def told(page: str) -> list[int]:
    """The codes of the first column of the page's tables."""
    rows = re.findall(r"^\| ([\d, ]+) \| \S", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return [int(code) for row in rows for code in row.split(",")]


def test_the_page_tells_each_code_once_and_no_other() -> None:
    assert sorted(told("docs/exit-codes.md")) == sorted(ExitCode)


def test_the_readme_tells_each_that_is_no_signal() -> None:
    assert sorted(told("README.md")) == [code for code in sorted(ExitCode) if code < 128]


@pytest.mark.parametrize(("number", "code"), [(1, 129), (2, 130), (13, 141), (15, 143)])
def test_signals_end_a_command_as_in_shells(number: int, code: int) -> None:
    assert ExitCode.of_signal(number) == code


def literals(tree: ast.Module, *, returns: bool) -> Iterator[int]:
    """Line numbers where an exit code is written as a number: what functions that return an int return (only
    with `returns`), what is called `exit_code`, and what a process is ended with."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name, returns=kind):
                if name == "exit_code" or (returns and kind and "int" in ast.unparse(kind).split(" | ")):
                    yield from numbers(
                        *(part.value for part in ast.walk(node) if isinstance(part, ast.Return))
                    )
            case (
                ast.AnnAssign(target=ast.Name(id="exit_code"), value=value)
                | ast.keyword(arg="exit_code", value=value)
            ):
                yield from numbers(value)
            case ast.Assign(targets=[ast.Name(id="exit_code")], value=value):
                yield from numbers(value)
            case ast.Call(func=ast.Attribute(attr="exit" | "_exit"), args=args):
                yield from numbers(*args)


def numbers(*values: ast.expr | None) -> Iterator[int]:
    """Lines of those that are, or may be, a literal exit code."""
    for value in values:
        match value:
            case ast.Constant(value=int() as number) if number in set(ExitCode) and not isinstance(
                number, bool
            ):
                yield value.lineno
            case ast.IfExp(body=body, orelse=orelse):
                yield from numbers(body, orelse)
            case ast.BoolOp(values=parts):
                yield from numbers(*parts)


def test_no_code_is_written_as_a_number() -> None:
    found = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT).as_posix()
        found += [f"{name}:{line}" for line in literals(tree, returns=name.startswith("voiceform/cli/"))]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "class E(Exception):\n    exit_code = 4",
        "class E(Exception):\n    exit_code: int = 1",
        "def command() -> int:\n    if 2 > 1:\n        return 0\n    return ExitCode.DONE",
        "def command() -> int | None:\n    return ExitCode.ERROR if 2 > 3 else 0",
        "def exit_code(self) -> ExitCode:\n    return 5",
        "def command() -> int:\n    return report.exit_code or (5 if left else ExitCode.DONE)",
        "os._exit(130)",
        "Step('why', exit_code=6)",
    ],
)
def test_a_number_would_be_found(text: str) -> None:
    assert list(literals(ast.parse(text), returns=True))
