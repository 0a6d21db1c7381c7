"""Requests made up from ``schemas/openapi.yaml``, good and bad; every answer must be one that it
announces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from tests.emulator.api import ACCOUNT, DESCRIPTION, TOKEN, validator
from voiceform.emulator import Emulator

schema = schemathesis.openapi.from_path(DESCRIPTION)


@pytest.fixture(scope="module", params=["openapi", "twilio"])
def origin(request: pytest.FixtureRequest) -> Iterator[str]:
    with Emulator(profile=request.param) as running:
        running.seed(
            {
                "queues": [{"friendly_name": "a"}],
                "calls": [{}],
                "recordings": [{}],
                "conferences": [{"friendly_name": "x", "participants": [{"label": "a"}]}],
            }
        )
        yield running.url


@schema.parametrize()
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
def test_every_answer_is_announced(case: Case[Any], origin: str) -> None:
    case.call_and_validate(base_url=f"{origin}/2010-04-01", auth=(ACCOUNT, TOKEN))


def test_the_description_is_one(origin: str) -> None:
    schema.validate()
    for name in schema.raw_schema["components"]["schemas"]:
        validator("components", "schemas", name).check_schema(
            schema.raw_schema["components"]["schemas"][name]
        )
