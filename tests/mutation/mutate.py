"""Change one thing of a module at a time, and see whether the nearest tests notice: `make mutants`.

A mutant that no test kills is a gap, or equivalent: then equivalent.txt has it with the reason, in a row
`module | the line as it is | the line as it would be | why nothing can tell them apart`. Every other survivor
is a failure, and so is every row that describes none. `mutate.py MODULE...` tries some modules alone.

Works on copies of the project in a temporary folder; a mutant with which the tests take too long is killed.
What forks of one process say (forks.py) is believed of what they kill and of what is known to be equivalent.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CALL, KEPT = "tests/kinds/call", "tests/kinds/retention"
NEAREST = {
    "kinds/call/dialling/dialler.py": [f"{CALL}/test_dialler.py", f"{CALL}/test_limit_machine.py"],
    "kinds/call/ledger/store.py": [
        f"{CALL}/test_ledger.py",
        f"{CALL}/test_dialler.py",
        f"{CALL}/test_erased.py",
    ],
    "kinds/call/ledger/recovery.py": [f"{CALL}/test_recovery.py"],
    "kinds/call/dialling/losses.py": [f"{CALL}/test_losses.py"],
    "kinds/call/dialling/refusals.py": [f"{CALL}/test_refused.py"],
    "kinds/call/rules/book.py": [
        f"{CALL}/test_hours.py",
        f"{CALL}/test_rules.py",
        f"{CALL}/test_next_window.py",
    ],
    "kinds/call/rules/hours.py": [f"{CALL}/test_hours.py", f"{CALL}/test_rules.py"],
    "kinds/call/rules/rule.py": [f"{CALL}/test_rules.py"],
    "kinds/call/rules/weekly.py": [f"{CALL}/test_rules.py"],
    "kinds/call/dialling/due.py": [f"{CALL}/test_verdicts.py", f"{CALL}/test_next_window.py"],
    "kinds/call/dialling/verdicts.py": [f"{CALL}/test_verdicts.py", f"{CALL}/test_next_window.py"],
    "kinds/lost.py": ["tests/kinds/test_lost.py"],
    "kinds/call/dialling/reassigned.py": [f"{CALL}/test_reassigned.py"],
    "kinds/call/limits/spec.py": [f"{CALL}/test_limit_counting.py"],
    "kinds/retention/matching/legs.py": [f"{KEPT}/test_legs.py"],
    "model/durations.py": ["tests/model/test_durations.py"],
    "model/numbers.py": ["tests/model/test_numbers.py"],
    "kinds/retention/matching/truth.py": [f"{KEPT}/test_truth.py"],
    "kinds/retention/matching/parties.py": [f"{KEPT}/test_parties.py"],
    "kinds/call/limits/counting.py": [f"{CALL}/test_limit_counting.py"],
    "kinds/call/limits/period.py": [f"{CALL}/test_limit_counting.py"],
    "kinds/call/dialling/donotcall.py": [f"{CALL}/test_donotcall.py"],
    "kinds/call/rules/destinations.py": [f"{CALL}/test_destinations.py"],
    "kinds/call/rules/closed.py": [f"{CALL}/test_rules.py"],
    "kinds/call/dialling/waves.py": [f"{CALL}/test_unfolding.py"],
    "state/heartbeat.py": ["tests/state/test_heartbeat.py"],
    "state/lease.py": ["tests/conformance/test_lease.py", "-k", "not (postgres or s3)"],
    "state/sqlite_log.py": ["tests/state/test_sqlite_log.py"],
    "engine/safety.py": ["tests/engine/test_safety.py"],
    "model/refusals.py": ["tests/model/test_refusals.py"],
    "kinds/retention/policy.py": [f"{KEPT}/test_policy.py"],
    "kinds/retention/matching/match.py": [
        f"{KEPT}/test_{name}.py" for name in ("named_calls", "parties", "policy", "matching", "hold_index")
    ],
    "kinds/retention/matching/party_index.py": [
        f"{KEPT}/test_hold_index.py",
        "-k",
        "asks_for_a_number or numbers_are_told or may_be_anybody",
    ],
    "kinds/retention/hold_index.py": [f"{KEPT}/test_policy.py", f"{KEPT}/test_hold_index.py"],
    "kinds/retention/hold_keys.py": [f"{KEPT}/test_policy.py", f"{KEPT}/test_hold_index.py"],
    "kinds/retention/hold_tally.py": [f"{KEPT}/test_hold_index.py", "-k", "tally or counted"],
    "kinds/retention/spans.py": [f"{KEPT}/test_hold_index.py", "-k", "spans"],
}
SECONDS = 300
"""For which a change may be tried; how much of a processor it may take is far less (forks.py)."""
_ENVIRONMENT = {
    "CI": "1",
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # to start them takes longer than most of these tests
}
_NO_BEHAVIOUR = ("frozen", "slots", "repr")
_ONLY_SOURCES = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")
AT_ONCE = int(os.environ.get("MUTANTS_AT_ONCE", os.cpu_count() or 1))

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv,
}  # fmt: skip


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of `node`."""
    if isinstance(node, ast.BoolOp):
        for left_out in range(len(node.values)):
            rest = [value for place, value in enumerate(node.values) if place != left_out]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            ops = [*node.ops[:place], SWAPS[type(operator)](), *node.ops[place + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators)  # type: ignore[arg-type]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        yield ast.BinOp(node.left, SWAPS[type(node.op)](), node.right)  # type: ignore[arg-type]
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield ast.Constant(not node.value if isinstance(node.value, bool) else node.value + 1)


def mutants(source: str) -> Iterator[tuple[int, str, str, str]]:
    """For each change: the line, what stands there, what would stand there, and the whole module with it."""
    tree = ast.parse(source)
    plain = ast.unparse(tree).splitlines()
    for holder in ast.walk(tree):
        silent = isinstance(holder, ast.keyword) and holder.arg in _NO_BEHAVIOUR
        for name, value in () if silent else ast.iter_fields(holder):
            for place, node in enumerate(list(value) if isinstance(value, list) else [value]):
                for changed in replacements(node) if isinstance(node, ast.expr) else ():
                    _put(holder, name, place, changed)
                    mutant = ast.unparse(tree)
                    _put(holder, name, place, node)
                    pairs = zip(plain, mutant.splitlines(), strict=True)
                    before, after = next(pair for pair in pairs if pair[0] != pair[1])
                    yield node.lineno, before.strip(), after.strip(), mutant


def _put(holder: ast.AST, name: str, place: int, node: ast.AST) -> None:
    value = getattr(holder, name)
    if isinstance(value, list):
        value[place] = node
    else:
        setattr(holder, name, node)


def noticed(project: Path, module: str, plain: str, sources: list[str]) -> list[bool]:
    """Of each of these changes whether the nearest tests notice it, as far as forks can tell (forks.py)."""
    task = {
        "path": str(project / "voiceform" / module),
        "plain": plain,
        "mutants": sources,
        "tests": NEAREST[module],
        "seconds": SECONDS,
        "at_once": AT_ONCE,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.forks"],
        cwd=project, env={**os.environ, **_ENVIRONMENT}, input=json.dumps(task), text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    if not done.stdout:
        raise SystemExit(f"{module}: its tests cannot be played in forks: {done.stderr}")
    killed: list[bool] = json.loads(done.stdout)
    return killed


def survives(project: Path, module: str, mutant: str) -> bool:
    """Whether the nearest tests pass with the mutant in the place of the module."""
    path = project / "voiceform" / module
    original = path.read_text(encoding="utf-8")
    path.write_text(mutant, encoding="utf-8")
    Path(cache_from_source(path)).unlink(missing_ok=True)  # two mutants of a second may have one length
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-qx", *NEAREST[module]],
            cwd=project, env={**os.environ, **_ENVIRONMENT}, capture_output=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    finally:
        path.write_text(original, encoding="utf-8")
    return done.returncode == 0


def main(names: list[str]) -> int:
    """Try each mutant of the modules named (or of all); 1 when there is anything to do about them."""
    rows = [line.split(" | ") for line in (HERE / "equivalent.txt").read_text(encoding="utf-8").splitlines()]
    known = {(row[0], row[1], row[2]) for row in rows if len(row) == 4}
    modules = [module for module in NEAREST if not names or any(name in module for name in names)]
    if unknown := [name for name in names if not any(name in module for module in NEAREST)]:
        raise SystemExit(f"no module with {unknown[0]} in its name is tried: {', '.join(NEAREST)}")
    gaps = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_ONCE):
            copies.put(shutil.copytree(ROOT, Path(folder) / str(number), ignore=_ONLY_SOURCES))

        def judged(module: str, mutant: str) -> bool:
            project = copies.get()
            try:
                return survives(project, module, mutant)
            finally:
                copies.put(project)

        for module in modules:
            source = (ROOT / "voiceform" / module).read_text(encoding="utf-8")
            found = list(mutants(source))
            project = copies.get()
            plain = ast.unparse(ast.parse(source))
            unchanged, *killed = noticed(project, module, plain, [plain, *(mutant for *_, mutant in found)])
            copies.put(project)
            if unchanged or not judged(module, source):
                raise SystemExit(f"{module}: its tests fail without any change")
            alive = [item for item, gone in zip(found, killed, strict=True) if not gone]
            doubtful = [item for item in alive if (module, item[1], item[2]) not in known]
            lives = pool.map(partial(judged, module), [mutant for *_, mutant in doubtful])
            gone = [item for item, living in zip(doubtful, lives, strict=True) if not living]
            alive = [item for item in alive if item not in gone]
            described = {(module, before, after) for _, before, after, _ in alive}
            new = [item for item in alive if (module, item[1], item[2]) not in known]
            stale = sorted(row for row in known - described if row[0] == module)
            counts = f"{len(found)} mutants, {len(alive)} alive, {len(alive) - len(new)} of them equivalent"
            print(f"{module}: {counts}", flush=True)
            told = [f"  {module}:{line}\n    - {before}\n    + {after}" for line, before, after, _ in new]
            told += [f"  equivalent.txt: {' | '.join(row)}: killed, or not made any more" for row in stale]
            print("\n".join(told))
            gaps += len(new) + len(stale)
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
