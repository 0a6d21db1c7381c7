"""The page that a browser shows at ``/_emulator/``: one document, nothing is loaded from elsewhere.

Its data comes from ``GET /_emulator/snapshot`` and is put into the page as text only; the browser is told to
refuse anything else.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from voiceform.emulator.faults import KINDS
from voiceform.emulator.messages import Response
from voiceform.emulator.routing import OPERATIONS

if TYPE_CHECKING:
    from jinja2 import Environment

_PACKAGE, _ASSETS = "voiceform.emulator.control", "assets"


def templates() -> Environment:
    """How the template is read: what it prints is escaped, and a name that nobody gave is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(_PACKAGE, _ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )


def page_values() -> dict[str, object]:
    """What the template is filled with."""
    from markupsafe import Markup

    style, script = _asset("inspector.css"), _asset("inspector.js")
    return {
        "style": Markup(style),  # noqa: S704 - a file of the package
        "script": Markup(script),  # noqa: S704 - a file of the package
        "operations": OPERATIONS,
        "kinds": KINDS,
    }


@cache
def _page() -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """The document and its headers; the same for every server."""
    document = templates().get_template("inspector.html").render(page_values())
    style, script = _hash(_asset("inspector.css")), _hash(_asset("inspector.js"))
    policy = (
        f"default-src 'none'; style-src {style}; script-src {script}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return document.encode(), tuple((name.encode(), value.encode()) for name, value in headers.items())


def page() -> Response:
    """The page, with a Content-Security-Policy that allows its style and its script by their hashes."""
    document, headers = _page()
    return Response(200, document, b"text/html; charset=utf-8", list(headers))


def _asset(name: str) -> str:
    return (files(_PACKAGE) / _ASSETS / name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    """How a Content-Security-Policy names an inline element: by what stands between its tags."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
