"""The house does not know the words of kinds: what one declares is all that the others know of it.

Looked at is code: names, and texts that are no documentation. Of the parts that may name kinds `stack` puts
them together, `dispatch` is the service of one of them, and `cli/commands` has their
commands, of which `cli/table.py` is the list.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import voiceform
from tests.declared import VOCABULARY

ROOT = Path(voiceform.__file__).parent
HOUSE = ("model", "config", "engine", "state", "render", "cli/support", "cli/app.py", "cli/errors.py")
NOUNS = "queue|conference|retention|recording|participant|ledger|schedule|call record|call-record|do.not.call"
WORDS = re.compile(rf"\b(?:(?:{NOUNS})s?|calls?|holds?)\b", re.IGNORECASE)
OUTRIGHT = re.compile(rf"\b(?:{NOUNS})s?\b|\bcalls?\b", re.IGNORECASE)
"""In a sentence: there, "holds" is a verb more often than not."""
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
PYTHON = {"__call__", "SimpleQueue", "_call", "_holds"}
"""Python's own, and verbs."""
EXAMPLE = "an example in a hint: one has to be named"
EFFECT = "what a change does to people, whichever kind does it"
FORMAT = "a name in a published format"
ALLOWED: Mapping[tuple[str, str], str] = {
    ("cli/support/options.py", "Leave this out; patterns such as queue.eu-* work."): EXAMPLE,
    (
        "cli/support/options.py",
        "Lift one safety limit as far as N, as in delete:queue=3; may be repeated.",
    ): EXAMPLE,
    ("cli/support/outputs.py", r'schedules": \['): FORMAT,
    ("config/yaml_reader.py", "the file must be a mapping with keys such as version and queues"): EXAMPLE,
    ("engine/safety.py", "as in --approve delete:queue=3"): EXAMPLE,
    ("engine/targets.py", "as in queue.support;"): EXAMPLE,
    ("model/address.py", "an address is a kind and a name, as in queue.support"): EXAMPLE,
    (
        "model/explanations.py",
        "```yaml\nversion: 1\n",
    ): "a configuration that is run, for those who ask what a code means",
    ("model/numbers.py", "only local calls could reach it"): "of telephone numbers, not of the kind",
    ("render/json.py", "kept_by_holds"): FORMAT,
    ("render/view.py", "Calls people"): EFFECT,
    ("render/view.py", "change that calls people"): EFFECT,
}


def documentation(tree: ast.AST) -> set[int]:
    """Texts that stand alone."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def names_in(node: ast.AST) -> Iterator[str]:
    for member in ("id", "attr", "arg", "name", "asname", "module"):
        found = getattr(node, member, None)
        if isinstance(found, str):
            yield found


def _of_the_library(tree: ast.AST) -> set[str]:
    """`queue`, where that is Python's own module."""
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    modules = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
    return {"queue"} & {name for name in modules if name}


def words(path: Path) -> Iterator[str]:
    """Every name and text in the code of a file that has a word of a kind in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = documentation(tree)
    python = PYTHON | _of_the_library(tree)
    for node in ast.walk(tree):
        for name in names_in(node):
            apart = CAMEL.sub(" ", name).replace("_", " ").replace(".", " ")
            if name not in python and WORDS.search(apart):
                yield name
        if isinstance(node, ast.Constant) and id(node) not in prose:
            text = node.value.decode(errors="replace") if isinstance(node.value, bytes) else node.value
            if isinstance(text, str):
                pattern = OUTRIGHT if " " in text else WORDS
                if pattern.search(text.replace("_", " ")):
                    yield text


def found_in_house() -> list[tuple[str, str]]:
    files = [
        path
        for part in HOUSE
        for path in ([ROOT / part] if part.endswith(".py") else sorted((ROOT / part).rglob("*.py")))
    ]
    assert len(files) > 100
    return [(str(path.relative_to(ROOT)), text) for path in files for text in words(path)]


def reason_for(place: str, text: str) -> tuple[str, str] | None:
    return next((key for key in ALLOWED if key[0] == place and key[1] in text), None)


def test_no_word_of_a_kind_stands_outside_of_kinds() -> None:
    found = found_in_house()
    assert [(place, text) for place, text in found if reason_for(place, text) is None] == []
    assert {reason_for(place, text) for place, text in found} == set(ALLOWED), (
        "an exception that nobody needs"
    )


def test_the_words_are_those_that_kinds_declare() -> None:
    for scope in VOCABULARY.scopes.values():
        assert WORDS.search(scope.noun), scope.name
        assert WORDS.search(scope.name.replace("_", " ")), scope.name


def test_they_are_found_in_kinds() -> None:
    for kind in ("queue", "conference", "call", "retention"):
        assert list(words(ROOT / "kinds" / kind / "compare.py"))
