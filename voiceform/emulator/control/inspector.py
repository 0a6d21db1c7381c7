"""The page that a browser shows at ``/_emulator/``: one document, nothing is loaded from elsewhere.

Its data comes from ``GET /_emulator/snapshot`` and is put into the page as text only; the browser is told to
refuse anything else.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files

from voiceform.emulator.faults import KINDS
from voiceform.emulator.messages import Response
from voiceform.emulator.routing import OPERATIONS


@cache
def _page() -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """The document and its headers; the same for every server."""
    assets = files("voiceform.emulator.control") / "assets"
    style, script, frame = (
        (assets / name).read_text(encoding="utf-8").strip()
        for name in ("inspector.css", "inspector.js", "inspector.html")
    )
    parts = {
        "@style@": style,
        "@script@": script,
        "@operations@": _options(OPERATIONS),
        "@kinds@": _options(KINDS),
    }
    for mark, text in parts.items():
        frame = frame.replace(mark, text)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return frame.encode(), tuple((name.encode(), value.encode()) for name, value in headers.items())


def page() -> Response:
    """The page, with a Content-Security-Policy that allows its style and its script by their hashes."""
    document, headers = _page()
    return Response(200, document, b"text/html; charset=utf-8", list(headers))


def _options(words: tuple[str, ...]) -> str:
    return "".join(f"<option>{escape(word)}</option>" for word in words)


def _hash(text: str) -> str:
    """How a Content-Security-Policy names an inline element: by what stands between its tags."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
