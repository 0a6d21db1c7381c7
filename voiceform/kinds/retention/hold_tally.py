"""How many rows meet each hold, or might."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from voiceform.kinds.retention.hold_index import Group, HoldIndex, Met
from voiceform.kinds.retention.matching.legs import Calls
from voiceform.kinds.retention.matching.match import Row
from voiceform.kinds.retention.matching.truth import Truth, some
from voiceform.kinds.retention.policy import Hold


class HoldTally:
    """Counts, per name, rows by the answer of its holds; of those of one name to meet one is enough."""

    def __init__(self, holds: Iterable[Hold]) -> None:
        self._index = HoldIndex(holds)
        self._each: Counter[tuple[str, Truth]] = Counter()
        self._alike: Counter[tuple[Group, Truth]] = Counter()
        """Of holds that all say the same: counted once for each row, and not once for each hold."""

    def add(self, row: Row, calls: Calls) -> None:
        """Count one row. Raises what `calls` does."""
        met = self._index.meeting(row, calls)
        if met is None:
            return
        if not met.some and all(group.alone for group, _ in met.rest):
            self._alike.update(met.rest)
        else:
            self._each.update(self._by_name(met))

    def _by_name(self, met: Met) -> Iterable[tuple[str, Truth]]:
        answers: dict[str, Truth] = {}
        for place, truth in met.each():
            name = self._index.holds[place].name
            answers[name] = some((answers.get(name, truth), truth))
        return answers.items()

    def counts(self) -> Counter[tuple[str, Truth]]:
        """Rows by name and answer."""
        found = Counter(self._each)
        for (group, truth), count in self._alike.items():
            for name in group.names:
                found[name, truth] += count
        return found
