from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.config.reading import good
from voiceform.config.writer import configuration_text

ACCOUNT = f"AC{'0' * 32}"
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=64)
HARD = st.text(alphabet="0 \x1f\x85\u2028\ufeff\n\t'\"\\#:-é🎧${}", min_size=1, max_size=64)


@settings(max_examples=300)
@given(st.lists(NAMES | HARD, min_size=1, max_size=3))
@example(["${HOME}", "$${HOME}", "no", "010", "+15558675310", "1e3", "null", "09:00", "<<", "=", " x ", ""])
def test_whatever_the_account_calls_its_queues_reads_back_the_same(names: list[str]) -> None:
    queues = {f"q{index}": {"friendly_name": name, "max_size": 5} for index, name in enumerate(names)}
    text = configuration_text(ACCOUNT, {"queues": queues, "conferences": {}})
    assert good(text, environ={"HOME": "wrong"}) == {"version": 1, "account": ACCOUNT, "queues": queues}
