"""Logic asks its runtime for threads, what they wait by, sockets and chance: never the machine.

What goes past `voiceform/model/runtime.py` cannot be replayed under another, so it is named here with the
reason why it may.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "voiceform"

MACHINE_ONLY = {
    "model/runtime.py": "it is the runtime of this machine",
    "model/clock.py": "the machine's clock, and the lock of one that is moved by hand",
    "cli/": "signals, terminals and the process itself",
    "fleet/": "processes, each of which has a runtime of its own",
    "emulator/": "it stands alone",
    "testing/": "it starts servers beside the tests of users",
    "render/progress.py": "what is shown of work decides nothing",
    "twilio/lines.py": "it looks whether a socket has input, and waits for nothing",
    "config/sources.py": "pipes that are read before anything is begun",
}

FORBIDDEN = {
    "time": {"sleep", "monotonic", "perf_counter", "time", "time_ns", "clock_gettime", "monotonic_ns"},
    "threading": {"Thread", "Timer", "Lock", "RLock", "Condition", "Event", "Semaphore", "Barrier"},
    "queue": {"Queue", "SimpleQueue", "LifoQueue", "PriorityQueue"},
    "concurrent.futures": {"ThreadPoolExecutor", "ProcessPoolExecutor", "wait", "as_completed"},
    "multiprocessing": {"*"},
    "secrets": {"*"},
    "uuid": {"uuid1", "uuid4"},
    "random": {"*"},
    "os": {"urandom", "getrandom"},
    "socket": {"getaddrinfo", "create_connection", "create_server", "socketpair"},
    "select": {"*"},
    "datetime": {"now", "utcnow", "today"},
}
TYPES = {("random", "Random"), ("threading", "Event"), ("socket", "socket")}
"""What annotations may name."""


class Uses(ast.NodeVisitor):
    """What a module uses of the machine: everything but annotations and what is imported for them."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.modules = {"datetime"}

    def visit_Import(self, node: ast.Import) -> None:
        self.modules.update(alias.asname or alias.name for alias in node.names)

    def visit_If(self, node: ast.If) -> None:
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> None:
        return

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            module = node.module or ""
            if (module, alias.name) not in TYPES and (module != "datetime"):
                self._note(node, module, alias.name)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and node.value.id in self.modules:
            self._note(node, node.value.id, node.attr)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func) == "socket.socket":
            self.found.append(f"{node.lineno}: socket.socket")
        self.generic_visit(node)

    def _note(self, node: ast.AST, module: str, name: str) -> None:
        names = FORBIDDEN.get(module, set())
        if name in names or "*" in names:
            self.found.append(f"{getattr(node, 'lineno', 0)}: {module}.{name}")


def uses(text: str) -> list[str]:
    visitor = Uses()
    visitor.visit(ast.parse(text))
    return visitor.found


def test_logic_asks_its_runtime() -> None:
    found = [
        f"{name}:{use}"
        for path in sorted(ROOT.rglob("*.py"))
        if not any((name := path.relative_to(ROOT).as_posix()).startswith(place) for place in MACHINE_ONLY)
        for use in uses(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("place", MACHINE_ONLY)
def test_an_exception_is_needed(place: str) -> None:
    paths = [path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).as_posix().startswith(place)]
    assert any(uses(path.read_text()) for path in paths), "nothing there needs to be excepted any more"


@pytest.mark.parametrize(
    "line",
    [
        "import time\ntime.sleep(1)",
        "from time import monotonic",
        "import threading\nlock = threading.Lock()",
        "import threading\nfield(default_factory=threading.Event)",
        "from concurrent.futures import ThreadPoolExecutor",
        "datetime.now(UTC)",
        "sock = socket.socket(family, kind)",
        "import secrets\nsecrets.token_hex(8)",
        "from uuid import uuid4",
        "def f() -> None:\n    from random import random",
        "import threading\na: threading.Event = threading.Event()",
    ],
)
def test_a_use_is_seen(line: str) -> None:
    assert uses(line)


@pytest.mark.parametrize(
    "line",
    [
        "import threading\ndef f(stop: threading.Event) -> threading.Lock: ...",
        "if TYPE_CHECKING:\n    import random\n    from secrets import token_hex",
        "clock.now()",
        "secrets.require(form)",
        "runtime.sleep(1)",
    ],
)
def test_a_type_is_no_use(line: str) -> None:
    assert uses(line) == []
