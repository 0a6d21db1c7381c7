"""What is counted of a list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.retention.policy import Ruling
from voiceform.kinds.retention.tally import Part

START = datetime(2026, 1, 1, 12, 0, 0, 999_999, tzinfo=UTC)
SID = "RE" + "ab" * 16
SIDS = [SID, SID.upper(), "CA" + SID[2:], "", "RE", SID[:-1], f"{SID}0", f"{SID[:-1]}g", f"{SID}\n{SID}"]
RIGHT = SIDS[:2]

rows = st.lists(
    st.tuples(
        st.sampled_from([*RIGHT * 4, *SIDS]),
        st.none() | st.integers(0, 3).map(lambda hour: START + timedelta(hours=hour)),
        st.sampled_from([None, 0, 1, 59, 60, 61]),
    ),
    max_size=6,
)


@given(rows)
def test_only_what_has_a_date_and_a_sid_of_its_list_is_due(
    listed: list[tuple[str, datetime | None, int | None]],
) -> None:
    part = Part("RE")
    part.due("old", *([row[at] for row in listed] for at in range(3)))  # type: ignore[arg-type]
    known = [(sid.lower(), created, length) for sid, created, length in listed if created and sid in RIGHT]
    group = part.groups["old"]
    assert group.due.sids.hex() == "".join(sid[2:] for sid, _, _ in known)
    assert list(group.due.created) == [int(created.timestamp()) for _, created, _ in known]
    assert list(group.lengths) == [length or 0 for _, _, length in known]
    assert part.kept["old", Ruling.UNDECIDED] == len(listed) - len(known)


@given(rows)
def test_every_row_is_counted(listed: list[tuple[str, datetime | None, int | None]]) -> None:
    part = Part("RE")
    part.note([created for _, created, _ in listed], [length for _, _, length in listed])
    assert part.seen == len(listed)
    assert list(part.created) == [int(created.timestamp()) for _, created, _ in listed if created]
    assert part.minutes == sum(-(-(length or 0) // 60) for _, _, length in listed)
