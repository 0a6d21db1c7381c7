"""What voiceform overrides in libraries, or uses although nobody promised it, is still there and still works.

Libraries may change such parts in any release. When a test here fails after an upgrade, mend the module that
its message names, or bound the library below that release in pyproject.toml until it is mended.
"""

from __future__ import annotations

import ast
import asyncio
import http.client
import importlib
import inspect
import io
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pytest
import urllib3
import uvicorn
import yaml
from requests.adapters import HTTPAdapter
from rich.console import Console, ConsoleDimensions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssltransport import SSLTransport
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

import voiceform
from voiceform.config import yaml_reader
from voiceform.emulator import protocol
from voiceform.twilio import lines, wire

SOURCES = Path(voiceform.__file__).parent

FOREIGN_BASES = {
    "config/yaml_reader.py": {"PureParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser)"},
    "emulator/protocol.py": {"_BoundedProtocol(HttpToolsProtocol)"},
    "render/progress.py": {"Foot(Console)"},
    "twilio/lines.py": {"_BoundedResponse(HTTPResponse)", "WatchedTls(ssl.SSLSocket)"},
    "twilio/wire.py": {"_Managers(HTTPAdapter)"},
}
"""Every class of ours that extends one of a library, or of the standard library's network modules."""

PRIVATE = {("config/yaml_reader.py", "yaml._yaml.CParser"), ("*", "os._exit")}
"""Every name of theirs that begins with an underscore and is used by its own name."""

MADE_TO_BE_EXTENDED = {"click", "pytest"}
"""Their documentation says how: https://click.palletsprojects.com/en/stable/extending-click/,
https://docs.pytest.org/en/stable/example/nonpython.html"""

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


def answer_of_http_client() -> http.client.HTTPResponse:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        return http.client.HTTPResponse(ours)


CONNECTION = {"request", "response_class", "_new_conn"}
UVICORN = {
    *("connection_made", "connection_lost", "data_received"),
    *("on_message_begin", "on_headers_complete", "on_message_complete"),
}
OVERRIDING = [
    (wire._Managers, HTTPAdapter, {"init_poolmanager", "proxy_manager_for"}, "twilio/wire.py"),
    (lines.Watched, lambda: HTTPConnection("example.com"), CONNECTION, "twilio/lines.py"),
    (lines.Watched, lambda: HTTPSConnection("example.com"), CONNECTION, "twilio/lines.py"),
    (lines.WatchedDirect, lambda: HTTPConnection("example.com"), CONNECTION, "twilio/lines.py"),
    (lines.WatchedDirect, lambda: HTTPSConnection("example.com"), CONNECTION, "twilio/lines.py"),
    (lines._BoundedResponse, answer_of_http_client, {"begin", "fp"}, "twilio/lines.py"),
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


class ReachedError(Exception):
    """The part of ours was asked."""


def reached(*args: object, **kwargs: object) -> Any:
    raise ReachedError


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.mark.parametrize("base", [HTTPConnection, HTTPSConnection])
def test_urllib3_opens_connections_with_new_conn(base: type[Any]) -> None:
    connection = type("Ours", (base,), {"_new_conn": reached})("example.com", 443, timeout=1)
    for name in ("host", "port", "timeout", "proxy", "socket_options", "sock"):
        assert hasattr(connection, name), remedy("urllib3", "twilio/lines.py")
    with pytest.raises(ReachedError):
        connection.connect()


@pytest.mark.parametrize("way", ["request", "response_class"])
def test_urllib3_asks_the_class_that_its_pool_is_given(server: socket.socket, way: str) -> None:
    """And sends nothing but through `request`, which voiceform takes for the moment of sending."""
    received = []

    def answer() -> None:
        peer, _ = server.accept()
        with peer:
            received.append(peer.recv(65536))
            peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    pool = urllib3.HTTPConnectionPool("127.0.0.1", server.getsockname()[1], timeout=10)
    connected: list[Any] = []

    def request(self: Any, *args: object, **kwargs: object) -> None:
        if self.sock is None:
            self.connect()
        connected.append(self.sock)
        self.close()
        raise ReachedError

    ours = {"request": request} if way == "request" else {"response_class": reached}
    pool.ConnectionCls = type("Ours", (pool.ConnectionCls,), ours)
    with pytest.raises(ReachedError):
        pool.urlopen("GET", "/", retries=False, preload_content=False, decode_content=False)
    pool.close()
    thread.join()
    assert (received == [b""]) is (way == "request"), remedy("urllib3", "twilio/lines.py")


def test_urllib3_makes_tls_sockets_of_the_class_that_the_context_names(server: socket.socket) -> None:
    class Watching(ssl.SSLSocket):
        do_handshake = reached

    context = ssl.create_default_context()
    context.sslsocket_class = Watching
    pool = urllib3.HTTPSConnectionPool(
        "127.0.0.1", server.getsockname()[1], ssl_context=context, timeout=10, retries=False
    )
    with pytest.raises(ReachedError):
        pool.urlopen("GET", "/")
    pool.close()


def test_urllib3_keeps_the_socket_inside_of_tls_within_tls() -> None:
    """Stopping cuts it there (`Exchange.cut`)."""
    made = inspect.getsource(SSLTransport.__init__)
    assert re.search(r"self\.socket = socket\n", made), remedy("urllib3", "twilio/lines.py")


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "https://127.0.0.1:1", "socks5h://127.0.0.1:1"])
def test_requests_hands_the_context_to_its_managers(proxy: str) -> None:
    context = ssl.create_default_context()
    managers = wire._Managers(context, 3)
    for manager in (managers.poolmanager, managers.proxy_manager_for(proxy)):
        told = manager.connection_pool_kw
        assert (told.get("ssl_context"), told.get("maxsize")) == (context, 3), remedy(
            "requests", "twilio/wire.py"
        )
    managers.close()


def parameters(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_uvicorn_calls_what_the_protocol_overrides() -> None:
    """That it does what is expected of them, tests/emulator/test_entrance.py tries over sockets."""
    assert [parameters(getattr(HttpToolsProtocol, name)) for name in (
        "connection_made", "connection_lost", "data_received",
        "on_message_begin", "on_headers_complete", "on_message_complete",
    )] == [
        ["self", "transport"], ["self", "exc"], ["self", "data"], ["self"], ["self"], ["self"],
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
    for library in ("requests", "urllib3", "uvicorn"):
        major = int(version(library).partition(".")[0])
        assert re.search(rf'"{library}>=[\d.]+,<{major + 1}"', text), library


def test_the_modules_that_are_named_here_exist() -> None:
    for name in FOREIGN_BASES:
        importlib.import_module("voiceform." + name.removesuffix(".py").replace("/", "."))
