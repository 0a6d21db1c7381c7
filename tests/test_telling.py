"""A number is found however it is told, and not in what merely has its digits."""

from __future__ import annotations

import pytest

from tests.telling import tells_of_alice


@pytest.mark.parametrize(
    "told",
    [
        "+15558675310",
        "sip:15558675310@x",
        "(555) 867-5310",
        "%2B15558675310",
        "•5310",
        "to 5310",
        '"5310"',
    ],
)
def test_told(told: str) -> None:
    assert tells_of_alice(f"a {told} b")


@pytest.mark.parametrize(
    "by_chance", ["CAa5310", "pytest-5310/x", "127.0.0.1:45310", "1.7958855310928e+09", "0.5310 s", "53100"]
)
def test_by_chance(by_chance: str) -> None:
    assert not tells_of_alice(f"a {by_chance} b")
