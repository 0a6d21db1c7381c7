"""What storage costs, and what deleting saves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from voiceform.kinds.retention.prices import PriceFileError, Prices, default_prices, read_price_file
from voiceform.kinds.userfiles import Places

PRICES = Prices("2026-01-01", "USD", Decimal("0.0005"), 10_000)


@pytest.mark.parametrize(
    ("everything", "deleted", "saved"),
    [
        (9_000, 9_000, "0"),
        (10_000, 5_000, "0"),
        (12_000, 1_000, "0.5"),
        (12_000, 12_000, "1"),
        (1_010_000, 500_000, "250"),
    ],
)
def test_the_free_minutes_cost_nothing_and_save_nothing(everything: int, deleted: int, saved: str) -> None:
    assert PRICES.saving(everything, deleted) == Decimal(saved)


def test_the_shipped_figures_have_a_date() -> None:
    prices = default_prices()
    assert prices.storage_per_minute_month == Decimal("0.0005")
    assert Prices.read(prices.document()) == prices


@pytest.mark.parametrize(
    "text",
    [
        "as_of: 2026-02-01\ncurrency: eur\nstorage_per_minute_month: 0.001\nfree_minutes: 5\n",
        '{"as_of": "2026-02-01", "currency": "EUR", "storage_per_minute_month": "0.001", "free_minutes": 5}',
    ],
)
def test_a_price_file_stands_beside_the_configuration(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.yaml").write_text(text)
    prices = read_price_file("prices.yaml", beside=str(tmp_path / "voiceform.yaml"), places=Places(tmp_path))
    assert prices == Prices("2026-02-01", "EUR", Decimal("0.001"), 5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("storage_per_minute_month: 1", "as_of"),
        ("as_of: someday\nstorage_per_minute_month: 1", "as_of is not a date"),
        ("as_of: 2026-01-01\nstorage_per_minute_month: cheap", "not a price"),
        ("as_of: 2026-01-01\nstorage_per_minute_month: -1", "not a price"),
        ("as_of: 2026-01-01\nstorage_per_minute_month: NaN", "not a price"),
        ("as_of: 2026-01-01\nstorage_per_minute_month: 1\nfree_minutes: -1", "free_minutes"),
        ("as_of: 2026-01-01\nstorage_per_minute_month: 1\ncurrency: Dollar", "currency"),
        ("as_of: 2026-01-01\nstorage_per_minute_month: 1\nfree_minuts: 1", "1 of its keys"),
        ("- 1", "no keys"),
        ("{", "not YAML"),
        ("root:x:0:0:root:/root:/bin/bash", "not"),
    ],
)
def test_what_is_no_price_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "prices").write_text(text)
    with pytest.raises(PriceFileError) as caught:
        read_price_file("prices", beside=str(tmp_path / "voiceform.yaml"), places=Places(tmp_path))
    assert reason in str(caught.value)
    for secret in ("/bin/bash", "someday", "free_minuts", "cheap", "Dollar"):
        assert secret not in str(caught.value), "what stands in a file is not repeated"
