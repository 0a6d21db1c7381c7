"""A client for the tests: plain HTTP over a real socket, every answer checked against the published
description.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import requests
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

ACCOUNT = "AC" + "1" * 32
OTHER_ACCOUNT = "AC" + "2" * 32
TOKEN = "a token"
TO = "+15558675310"
FROM = "+15017122661"
TWIML = "<Response><Pause length='20'/></Response>"
DESCRIPTION = Path(__file__).parents[2] / "schemas" / "openapi.yaml"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@cache
def description() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    return document


@cache
def _registry() -> Registry[Any]:
    resource = DRAFT202012.create_resource(description())
    registry: Registry[Any] = Registry().with_resource("urn:api", resource)
    return registry


def validator(*pointer: str) -> Draft202012Validator:
    path = "/".join(part.replace("~", "~0").replace("/", "~1") for part in pointer)
    return Draft202012Validator({"$ref": f"urn:api#/{path}"}, registry=_registry())


def operation_path(path: str) -> str | None:
    """The template of the description that a path of the service fits, literal segments first."""
    for template in sorted(description()["paths"], key=lambda text: text.count("{")):
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch("/2010-04-01" + pattern, path):
            return str(template)
    return None


def check(response: requests.Response) -> None:
    """The answer is one that the description knows for this operation, headers included."""
    assert response.headers["Twilio-Request-Id"].startswith("RQ")
    assert int(response.headers["Twilio-Concurrent-Requests"]) >= 1
    assert float(response.headers["Twilio-Request-Duration"]) >= 0
    if response.status_code >= 400:
        validator("components", "schemas", "Error").validate(response.json())
        assert response.json()["status"] == response.status_code
        return
    template = operation_path(str(response.request.path_url).partition("?")[0])
    assert template is not None
    method = str(response.request.method).lower()
    known = description()["paths"][template][method]["responses"]
    assert str(response.status_code) in known
    content = known[str(response.status_code)].get("content", {})
    if "application/json" not in content:
        return
    assert response.headers["Content-Type"] == "application/json"
    name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    validator("components", "schemas", name).validate(response.json())


class Api(requests.Session):
    """The API of one account; paths are relative to the account."""

    def __init__(self, origin: str, account: str = ACCOUNT, token: str = TOKEN) -> None:
        super().__init__()
        self.trust_env = False
        self.auth = (account, token)
        self.origin = origin
        self.base = f"{origin}/2010-04-01/Accounts/{account}/"

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        absolute = (
            url if url.startswith("http") else self.origin + url if url.startswith("/") else self.base + url
        )
        response = super().request(method, absolute, *args, **options)
        check(response)
        return response

    def call(self, **fields: Any) -> dict[str, Any]:
        response = self.post("Calls.json", {"To": TO, "From": FROM, "Twiml": TWIML, **fields})
        assert response.status_code == 201, response.text
        return dict(response.json())

    def refused_call(self, **fields: Any) -> int:
        response = self.post("Calls.json", {"To": TO, "From": FROM, "Twiml": TWIML, **fields})
        assert response.status_code == 400, response.text
        return int(response.json()["code"])

    def add(self, room: str, **fields: Any) -> dict[str, Any]:
        response = self.post(f"Conferences/{room}/Participants.json", {"To": TO, "From": FROM, **fields})
        assert response.status_code == 201, response.text
        return dict(response.json())

    def show(self, path: str) -> dict[str, Any]:
        response = self.get(path)
        assert response.status_code == 200, response.text
        return dict(response.json())

    def walk(self, path: str, key: str) -> list[dict[str, Any]]:
        """All rows of a list, page after page."""
        rows: list[dict[str, Any]] = []
        following: str | None = path
        while following:
            page = self.show(following)
            rows += page[key]
            following = page.get("next_page_uri")
        return rows


def error(response: requests.Response) -> tuple[int, int]:
    return response.status_code, response.json()["code"]
