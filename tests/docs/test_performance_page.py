"""What README.md and pages of docs/ say of speed was measured, by commands that are there."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
PAGE = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def bench(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_{name}", BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # which dataclasses look for
    spec.loader.exec_module(module)
    return module


BENCHMARKS: list[str] = bench("all").benchmarks()
RESULTS = sorted((BENCH / "results").glob("*.json"))


@pytest.mark.parametrize(
    ("page", "figures_of"),
    [("README.md", "readme"), ("docs/performance.md", "page"), ("docs/fleets.md", "fleets")],
)
def test_the_figures_are_those_of_the_results(page: str, figures_of: str) -> None:
    figures = bench("figures")
    text = getattr(figures, figures_of)(figures.results())
    said = (ROOT / page).read_text(encoding="utf-8")
    assert said == figures.replaced(said, text), "run `python bench/figures.py`"
    assert len(text.splitlines()) > 2


def test_the_figures_of_a_page_are_replaced_and_nothing_else() -> None:
    figures = bench("figures")
    once = figures.replaced(f"before\n\n{figures.BEGIN}{figures.END}\nafter\n", "| 1 |\n")
    assert once == f"before\n\n{figures.BEGIN}\n| 1 |\n\n{figures.END}\nafter\n"
    assert figures.replaced(once, "| 2 |\n") == once.replace("1", "2")
    with pytest.raises(SystemExit, match="no place for figures"):
        figures.replaced("a page", "| 1 |\n")


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_say_how_where_and_how_often_they_were_measured(path: Path) -> None:
    measured = json.loads(path.read_text(encoding="utf-8"))
    assert path.stem == measured["benchmark"]
    assert path.stem in BENCHMARKS
    assert measured["command"].startswith(f"python bench/{path.stem}.py")
    assert "--short" not in measured["command"]
    assert measured["rounds"] >= 5
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", measured["machine"]["date"])
    assert {"cores", "processor", "python", "load"} <= measured["machine"].keys()
    for comparison in measured["comparisons"]:
        for result in comparison["results"].values():
            assert len(result["rounds"]) == measured["rounds"]


def test_the_commands_that_are_named_are_there() -> None:
    named = re.findall(r"bench/([\w.]+\.py)", README + PAGE)
    assert named
    assert {name for name in named if not (BENCH / name).exists()} == set()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_is_on_the_page_and_takes_what_all_take(name: str) -> None:
    assert f"bench/{name}.py" in PAGE
    tree = ast.parse((BENCH / f"{name}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert {"harness.options", "report.save"} <= {ast.unparse(call.func) for call in calls}
    (named,) = [call.args[0] for call in calls if ast.unparse(call.func) == "harness.Report"]
    assert ast.literal_eval(named) == name
