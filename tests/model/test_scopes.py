"""What kinds declare of their changes: one name means one thing, and what nobody declared is the gravest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.declared import VOCABULARY
from voiceform.model.safety import Safety
from voiceform.model.scopes import Effect, Limit, Vocabulary, deletion


def test_one_name_stands_for_one_scope() -> None:
    queue = deletion("queue")
    assert Vocabulary.of([queue, deletion("queue")], {}).scopes == {"delete:queue": queue}
    with pytest.raises(ValueError, match="delete:queue is declared twice"):
        Vocabulary.of([queue, replace(queue, limit=Limit("max_queues", 1))], {})


def test_what_nobody_declared_is_taken_for_the_gravest() -> None:
    found = VOCABULARY.scope("sweep:everything")
    assert found.effect is Effect.DESTROY
    assert Safety(max_deletes=3).limit(found) == ("max_deletes", 3)


def test_every_kind_can_forget_what_is_gone() -> None:
    names = {"delete:queue", "delete:conference", "delete:call", "delete:retention"}
    assert names <= VOCABULARY.scopes.keys()
    assert all(VOCABULARY.scopes[name].effect is Effect.DESTROY for name in names)


def test_whatever_happens_in_a_run_is_limited() -> None:
    assert [scope.name for scope in VOCABULARY.scopes.values() if Safety().limit(scope) is None] == []


def test_a_limit_is_what_the_configuration_says_or_else_what_the_kind_says() -> None:
    call = VOCABULARY.scope("call")
    assert Safety().limit(call) == ("max_calls", 25)
    assert Safety.of({"max_deletes": 2, "max_calls": 0}) == Safety(max_deletes=2, limits={"max_calls": 0})
    assert Safety.of({"max_calls": 0}).limit(call) == ("max_calls", 0)


@pytest.mark.parametrize(
    ("name", "one", "several"),
    [("call", "1 call", "2 calls"), ("delete:call-record", "1 call record", "2 call records")],
)
def test_one_is_told_from_several(name: str, one: str, several: str) -> None:
    scope = VOCABULARY.scope(name)
    assert (scope.amount(1), scope.amount(2), scope.several) == (one, several, several.removeprefix("2 "))
