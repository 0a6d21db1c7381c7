"""A client of the YAML language server that editors use (the npm package), over its standard streams."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

from tests.npm import npm_packages

PACKAGE = "yaml-language-server@2.0.0"
_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}


class LanguageServer:
    """One server; documents are known by a name and closed with it."""

    def __init__(self) -> None:
        program = npm_packages(PACKAGE) / "node_modules" / ".bin" / "yaml-language-server"
        self._process = subprocess.Popen([program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._asked = 0
        capabilities = {"textDocument": {"publishDiagnostics": {}}, "workspace": {"configuration": True}}
        self._ask("initialize", processId=None, rootUri=None, capabilities=capabilities)
        self._send({"method": "initialized", "params": {}})

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.communicate()

    def open(self, name: str, text: str) -> list[tuple[int, str]]:
        """What an editor underlines: each line, from 1, with its message."""
        document = {"uri": self._uri(name), "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        found = self._until(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == document["uri"]
            )
        )["params"]["diagnostics"]
        return sorted((item["range"]["start"]["line"] + 1, item["message"]) for item in found)

    def complete(self, name: str, line: int, column: int) -> list[str]:
        """What an editor offers at a place, both from 1."""
        answer = self._at("textDocument/completion", name, line, column)
        return [item["label"] for item in (answer["items"] if isinstance(answer, dict) else answer)]

    def hover(self, name: str, line: int, column: int) -> str:
        """What an editor shows over a place, as Markdown."""
        return str(self._at("textDocument/hover", name, line, column)["contents"]["value"])

    def _uri(self, name: str) -> str:
        return f"file:///stack/{name}.yaml"

    def _at(self, method: str, name: str, line: int, column: int) -> Any:
        position = {"line": line - 1, "character": column - 1}
        return self._ask(method, textDocument={"uri": self._uri(name)}, position=position)

    def _ask(self, method: str, **params: Any) -> Any:
        self._asked += 1
        number = self._asked
        self._send({"id": number, "method": method, "params": params})
        return self._until(lambda message: message.get("id") == number and "method" not in message)["result"]

    def _until(self, wanted: Callable[[Any], bool]) -> Any:
        """The next wanted message; questions of the server are answered on the way."""
        while not wanted(message := self._receive()):
            if "method" in message and "id" in message:
                items = message.get("params", {}).get("items", ())
                settings = [_SETTINGS if item.get("section") == "yaml" else {} for item in items]
                self._send({"id": message["id"], "result": settings or None})
        return message

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server ended"
        return json.loads(self._process.stdout.read(length))
