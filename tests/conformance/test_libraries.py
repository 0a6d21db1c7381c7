"""What voiceform overrides in libraries, or uses although nobody promised it, is still there and still works.

Libraries may change such parts in any release. When a test here fails after an upgrade, mend the module that
its message names, or bound the library below that release in pyproject.toml until it is mended.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import io
import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path

import httptools
import pytest
import uvicorn
import yaml
from rich.console import Console, ConsoleDimensions
from urllib3.util.ssltransport import SSLTransport
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

import voiceform
from voiceform.config import yaml_reader
from voiceform.emulator import protocol

SOURCES = Path(voiceform.__file__).parent

FOREIGN_BASES = {
    "config/yaml_reader.py": {"PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser)"},
    "emulator/protocol.py": {"_BoundedProtocol(HttpToolsProtocol)"},
    "render/progress.py": {"Foot(Console)"},
}
"""Every class of ours that extends one of a library, or of the standard library's network modules."""

PRIVATE = {("config/yaml_reader.py", "yaml._yaml.CParser"), ("*", "os._exit")}
"""Every name of theirs that begins with an underscore and is used by its own name."""

MADE_TO_BE_EXTENDED = {"click", "msgspec", "pytest"}
"""Their documentation says how: https://click.palletsprojects.com/en/stable/extending-click/,
https://jcristharif.com/msgspec/structs.html, https://docs.pytest.org/en/stable/example/nonpython.html"""

_NETWORK = {"http", "ssl", "socket", "socketserver", "asyncio"}


def remedy(library: str, module: str) -> str:
    """What to do when a part of a library is gone."""
    if library in sys.stdlib_module_names:
        return f"this Python's {library} is not as voiceform/{module} needs it: mend that module"
    distribution = packages_distributions()[library][0]
    return (
        f"{distribution} {version(distribution)} is not as voiceform/{module} needs it: mend that module, or "
        f"bound {distribution} below this release in pyproject.toml until it is mended"
    )


def modules() -> Iterator[tuple[str, ast.Module, dict[str, str]]]:
    """Each module, and what its imported names stand for."""
    for path in sorted(SOURCES.rglob("*.py")):
        if "scaffold" in path.parts:  # scripts of other people's repositories
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
            elif isinstance(node, ast.Import):
                names |= {(one.asname or one.name).partition(".")[0]: one.name for one in node.names}
        yield path.relative_to(SOURCES).as_posix(), tree, names


def is_foreign(origin: str) -> bool:
    root = origin.partition(".")[0]
    ours = root in MADE_TO_BE_EXTENDED or root == "voiceform"
    return root in _NETWORK or not (ours or root in sys.stdlib_module_names)


def test_every_class_that_extends_one_of_a_library_is_known() -> None:
    found: dict[str, set[str]] = {}
    for name, tree, names in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base) for base in node.bases]
                origins = [names.get(base.partition(".")[0], "voiceform") for base in bases]
                if any(map(is_foreign, origins)):
                    found.setdefault(name, set()).add(f"{node.name}({', '.join(bases)})")
    assert found == FOREIGN_BASES, "add a test of what it overrides to this module"


def test_every_private_name_of_a_library_is_known() -> None:
    found = set()
    for name, tree, names in modules():
        for origin in names.values():
            if is_foreign(origin) and any(part.startswith("_") for part in origin.split(".")):
                found.add((name, origin))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
                owner = ast.unparse(node.value)
                if names.get(owner.partition(".")[0], "voiceform").partition(".")[0] != "voiceform":
                    found.add(("*", f"{owner}.{node.attr}"))
    assert found == PRIVATE, "add a test of what it is used for to this module"


def own_names(ours: type) -> set[str]:
    """What a class of ours adds or overrides, and what its methods set on the object."""
    (body,) = ast.parse(inspect.getsource(ours)).body
    names = set()
    for node in ast.walk(body):
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and hasattr(ours, node.id):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names |= {node.attr} if ast.unparse(node.value) == "self" else set()
    return {name for name in names if not name.startswith("__")}


def uvicorn_protocol() -> HttpToolsProtocol:
    async def application(scope: object, receive: object, send: object) -> None:
        raise AssertionError("nothing is asked")

    async def made() -> HttpToolsProtocol:  # it looks for the loop that runs
        config = uvicorn.Config(application, http="httptools")
        return HttpToolsProtocol(config, uvicorn.server.ServerState(), {})

    return asyncio.run(made())


UVICORN = {
    *("connection_made", "connection_lost", "data_received"),
    *("on_message_begin", "on_headers_complete", "on_message_complete", "on_response_complete"),
}
OVERRIDING = [
    (protocol._BoundedProtocol, uvicorn_protocol, UVICORN, "emulator/protocol.py"),
]


@pytest.mark.parametrize(("ours", "make", "overridden", "where"), OVERRIDING)
def test_what_is_overridden_is_there_and_nothing_else_is_hidden(
    ours: type, make: Callable[[], object], overridden: set[str], where: str
) -> None:
    """A name of ours that a library begins to use would break both."""
    theirs = make()
    missing = {name for name in overridden if not hasattr(theirs, name)}
    hidden = {name for name in own_names(ours) - overridden if hasattr(theirs, name)}
    assert (missing, hidden) == (set(), set()), remedy(type(theirs).__module__.partition(".")[0], where)


class Told:
    """Everything that httptools looks for in what it is given, noted as it is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        self.calls.append(("begin",))

    def on_header(self, name: bytes, value: bytes) -> None:
        self.calls.append((name, value))

    def on_headers_complete(self) -> None:
        self.calls.append(("headers", self.parser.get_status_code()))

    def on_body(self, piece: bytes) -> None:
        self.calls.append(("body", piece))

    def on_message_complete(self) -> None:
        self.calls.append(("end", self.parser.should_keep_alive()))


def test_httptools_reads_one_answer_behind_the_other() -> None:
    """One parser serves a connection for as long as it is kept, and says within `on_message_complete` whether
    it may be."""
    told = Told()
    answer = b"HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 2\r\n\r\n{}"
    closing = answer.replace(b"X-Empty:", b"Connection: close")
    for piece in (answer[:30], answer[30:], closing):
        told.parser.feed_data(piece)
    first = [("begin",), (b"X-Empty", b""), (b"Content-Length", b"2"), ("headers", 200), ("body", b"{}")]
    second = [first[0], (b"Connection", b"close"), *first[2:]]
    assert told.calls == [*first, ("end", True), *second, ("end", False)], remedy(
        "httptools", "twilio/answers.py"
    )


def test_tls_within_tls_tells_what_it_has_not_read() -> None:
    """urllib3 keeps what came of the outer TLS in `incoming`, where `Line.is_idle` looks."""
    made = inspect.getsource(SSLTransport.__init__)
    assert re.search(r"self\.incoming = ssl\.MemoryBIO\(\)\n", made), remedy("urllib3", "twilio/lines.py")


def parameters(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_uvicorn_calls_what_the_protocol_overrides() -> None:
    """That it does what is expected of them, tests/emulator/test_entrance.py tries over sockets."""
    assert [parameters(getattr(HttpToolsProtocol, name)) for name in (
        "connection_made", "connection_lost", "data_received",
        "on_message_begin", "on_headers_complete", "on_message_complete", "on_response_complete",
    )] == [
        ["self", "transport"], ["self", "exc"], ["self", "data"], ["self"], ["self"], ["self"], ["self"],
    ], remedy("uvicorn", "emulator/protocol.py")  # fmt: skip
    begun = uvicorn_protocol()
    begun.on_message_begin()
    assert isinstance(begun.scope, dict), remedy("uvicorn", "emulator/protocol.py")


def test_yaml_is_read_with_libyaml_where_it_is_built_in() -> None:
    """Without it a large configuration takes ten times as long, and nobody would notice why."""
    parser = type(yaml_reader.new_parser("a: 1"))
    assert (parser is not yaml_reader.PureParser) is yaml.__with_libyaml__, remedy(
        "yaml", "config/yaml_reader.py"
    )


def test_rich_takes_the_width_of_bars_from_the_size_that_is_overridden() -> None:
    class Narrow(Console):
        @property  # type: ignore[misc] # there it can be set
        def size(self) -> ConsoleDimensions:
            return ConsoleDimensions(31, 7)

    console = Narrow(file=io.StringIO(), force_terminal=True)
    assert (console.width, console.options.max_width) == (31, 31), remedy("rich", "render/progress.py")


def test_the_libraries_whose_parts_are_overridden_are_bounded() -> None:
    """By the release that may change all of it; what changes earlier, this module finds."""
    text = (SOURCES.parent / "pyproject.toml").read_text(encoding="utf-8")
    for library in ("urllib3", "uvicorn"):
        major = int(version(library).partition(".")[0])
        assert re.search(rf'"{library}>=[\d.]+,<{major + 1}"', text), library


def test_the_modules_that_are_named_here_exist() -> None:
    for name in FOREIGN_BASES:
        importlib.import_module("voiceform." + name.removesuffix(".py").replace("/", "."))
