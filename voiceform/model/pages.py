"""HTML pages from templates that only lay out: the one place that says what is markup.

A template lies in the folder `assets` of the package that fills it. Whatever it prints is escaped, for text
and for quoted attributes, and what a reader would not see in it is made visible. Values are redacted before
they come here (masking.py). A name that nobody gave is an error, and so is what is neither text nor number.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from voiceform.model.escape import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Environment
    from markupsafe import Markup

ASSETS = "assets"


def page(package: str, template: str, values: dict[str, object]) -> str:
    """The page of a template of `package`, filled with `values`."""
    return environment(package).get_template(template).render(values)


@cache
def environment(package: str) -> Environment:
    """How the templates of one package are read; made once, for it keeps what it has compiled.

    They may put a style or a script of the package into the page with `asset("plan.css")`, and name it in a
    Content-Security-Policy with `digest("plan.css")`; `grouped` is a filter for figures.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader(package, ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printer(),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    templates.filters["grouped"] = "{:,}".format
    templates.globals["asset"] = lambda name: _asset(package, name)
    templates.globals["digest"] = lambda name: _digest(package, name)
    return templates


def _printer() -> Callable[[object], Markup]:
    """What makes of a value what stands in a page; commands to CI runners are broken up, since pages end in
    logs too."""
    from markupsafe import Markup, escape

    def printed(value: object) -> Markup:
        if isinstance(value, Markup):  # of a macro, or a file of ours
            return value
        text = str(value)  # an undefined name complains here
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError(f"a page prints texts and whole numbers, not {type(value).__name__}")
        escaped = escape(visible(text))
        return Markup(str(escaped).replace("##", "#&#35;")) if "##" in text else escaped  # noqa: S704 - escaped

    return printed


def _asset(package: str, name: str) -> Markup:
    """A style or a script of ours; it must not hold `</`, which could end the element that it stands in."""
    from markupsafe import Markup

    return Markup(_read(package, name))  # noqa: S704 - a file of the package


def _digest(package: str, name: str) -> str:
    """What a Content-Security-Policy names an inline element by, between `'sha256-` and `'`."""
    return b64encode(hashlib.sha256(_read(package, name).encode()).digest()).decode()


def _read(package: str, name: str) -> str:
    return (files(package) / ASSETS / name).read_text(encoding="utf-8")
