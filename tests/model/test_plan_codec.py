"""Plan documents: valid by the published schema, read back whole, and sealed by their digest."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from tests.render.strategies import plans
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.plan import ConfigSource, Mode, Plan, StateVersion, Summary
from voiceform.model.plan_codec import document_digest, plan_from_document, plan_to_document, sealed

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
EMPTY = Plan(
    plan_id="p1",
    created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    account_sid=None,
    config=ConfigSource("sha256:0", ()),
    state=StateVersion(None, 0),
    mode=Mode.NORMAL,
    complete=True,
    summary=Summary(),
)


def _objects(schema: object) -> list[dict[str, object]]:
    """Every subschema that lists properties."""
    if isinstance(schema, list):
        return [found for item in schema for found in _objects(item)]
    if not isinstance(schema, dict):
        return []
    here = [schema] if isinstance(schema.get("properties"), dict) and "type" in schema else []
    return here + [found for item in schema.values() for found in _objects(item)]


def test_schema_is_valid_and_closed_at_every_level() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    objects = _objects(SCHEMA)
    assert len(objects) >= 9
    for part in objects:
        assert part["additionalProperties"] is False
        assert part["title"]
        assert part["description"]


@settings(max_examples=40)
@given(plans())
def test_every_plan_is_valid_and_comes_back(plan: Plan) -> None:
    written = json.dumps(plan_to_document(plan), ensure_ascii=False)
    document = json.loads(written)
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    assert plan_from_document(document, plan.vocabulary) == sealed(plan, None)
    assert document["digest"] == document_digest(document)


@settings(max_examples=40)
@given(plans())
def test_digest_depends_on_content_alone(plan: Plan) -> None:
    document = plan_to_document(plan)
    shuffled = dict(reversed(document.items()))
    assert document_digest(shuffled) == document["digest"]
    edited = {**document, "state": {"lineage": None, "serial": plan.state.serial + 1}}
    assert document_digest(edited) != document["digest"]


@pytest.mark.parametrize("place", [(), ("config",), ("state",), ("summary",)])
def test_unknown_member_is_refused(place: tuple[str, ...]) -> None:
    document = plan_to_document(EMPTY)
    target = document
    for key in place:
        target = target[key]
    target["surprise"] = 1
    assert any("surprise" in error.message for error in VALIDATOR.iter_errors(document))


@pytest.mark.parametrize("version", ["1.1", "2.0", 1.0, None])
def test_other_format_versions_are_refused(version: object) -> None:
    document = {**plan_to_document(EMPTY), "format_version": version}
    assert not VALIDATOR.is_valid(document)


def test_instants_keep_microseconds_and_become_utc() -> None:
    local = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert instant_to_text(local) == "2026-03-29T00:30:00.123456Z"
    assert instant_from_text("2026-03-29T00:30:00.123456Z") == local
    with pytest.raises(ValueError, match="no time zone"):
        instant_from_text("2026-03-29T00:30:00")
