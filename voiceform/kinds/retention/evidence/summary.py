"""The closing figures of one evidence file, added up from its lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voiceform.kinds.retention.evidence.chain import FORMAT_VERSION
from voiceform.kinds.retention.figures import begun_minutes

OBJECTS = ("recording", "call-record", "copy", "document")
"""The events that are about one object each."""

PLANNED = ("rule", "erasure")
"""The events that say what was planned under one heading."""

_OF_ERASURE = {
    "recordings": "recording",
    "call_records": "call-record",
    "copies": "copy",
    "state": "document",
}

REMOVED = frozenset({"deleted", "already-gone", "found-gone"})
"""The statuses of what is no longer there."""


@dataclass(slots=True)
class RuleFigures:
    """What became of the objects under one rule."""

    event: str
    policy: Mapping[str, Any] | None = None
    planned: Mapping[str, Any] | None = None
    statuses: Counter[str] = field(default_factory=Counter)
    minutes: int = 0
    archived: int = 0
    archived_bytes: int = 0


@dataclass(slots=True)
class Summary:
    """Figures of one evidence file. `months` counts what is gone, by the month in which it was made."""

    file: str
    account_sid: str
    who: str
    command: tuple[str, ...] = ()
    lines: int = 0
    opened_at: str | None = None
    closed_at: str | None = None
    rules: dict[str, RuleFigures] = field(default_factory=dict)
    months: Counter[str] = field(default_factory=Counter)

    def count(self, line: Mapping[str, Any]) -> None:
        """Take one line into account."""
        self.lines += 1
        event = line["event"]
        if event == "opened":
            self.opened_at = line["at"]
        elif event == "closed":
            self.closed_at = line["at"]
        elif event == "rule":
            what = "recording" if line["rule"].startswith("retention.recordings.") else "call-record"
            self.rules[line["rule"]] = RuleFigures(what, line["policy"], line["planned"])
        elif event == "erasure":
            policy = {name: line[name] for name in ("person", "reason", "planned", "left")}
            what = _OF_ERASURE[line["rule"].rpartition(".")[2]]
            self.rules[line["rule"]] = RuleFigures(what, policy)
        elif event in OBJECTS:
            self._object(line, event)

    def totals(self) -> dict[str, int]:
        """How many objects ended in each way, sorted by the name of the way."""
        total: Counter[str] = Counter()
        for figures in self.rules.values():
            total.update(figures.statuses)
        return dict(sorted(total.items()))

    def document(self, head: str) -> dict[str, Any]:
        """The summary as JSON (schemas/evidence.schema.json); `head` is the hash of the last line."""
        return {
            "format_version": FORMAT_VERSION,
            "file": self.file,
            "account_sid": self.account_sid,
            "who": self.who,
            "command": list(self.command),
            "opened_at": self.opened_at,
            "closed_at": self.closed_at,
            "lines": self.lines,
            "head": head,
            "totals": self.totals(),
            "rules": [
                {
                    "rule": name,
                    "objects": figures.event,
                    "policy": figures.policy,
                    "planned": figures.planned,
                    "statuses": dict(sorted(figures.statuses.items())),
                    "minutes": figures.minutes,
                    "archived": figures.archived,
                    "archived_bytes": figures.archived_bytes,
                }
                for name, figures in sorted(self.rules.items())
            ],
            "months": dict(sorted(self.months.items())),
        }

    def text(self, head: str) -> str:
        """The summary as text of a file."""
        return json.dumps(self.document(head), indent=2) + "\n"

    def _object(self, line: Mapping[str, Any], event: str) -> None:
        figures = self.rules.setdefault(line["rule"], RuleFigures(event))
        status = line["status"]
        figures.statuses[status] += 1
        archive = line.get("archive")
        if archive:
            figures.archived += 1
            figures.archived_bytes += archive["bytes"] or 0
        if status in REMOVED:
            figures.minutes += begun_minutes(line.get("duration"))
            if line.get("created"):
                self.months[line["created"][:7]] += 1
