"""The parts of the section, by the names that addresses, plans and states have for them."""

from __future__ import annotations

KIND = "retention"
RECORDINGS = "recordings"
CALL_RECORDS = "call_records"
HOLDS = "holds"
COPIES = "copies"
"""Archived recordings, which an erasure deletes."""

ADDED = "holds/added"
"""The document of the state that has the holds which were added by command."""
