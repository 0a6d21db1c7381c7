"""The protocols, as models."""

from __future__ import annotations

from dataclasses import replace

from tests.models.protocols.consumption import CONSUMPTION, WHOLE_CONSUMPTION, consumption
from tests.models.protocols.contacts import CONTACTS, contacts
from tests.models.protocols.journal import JOURNAL, WHOLE_JOURNAL
from tests.models.protocols.lease import LEASE, lease
from tests.models.protocols.ledger import LEDGER, ledger

MODELS = (LEDGER, LEASE, JOURNAL, WHOLE_JOURNAL, CONSUMPTION, WHOLE_CONSUMPTION, CONTACTS)
"""Of two processes each, with few accidents: small enough for walks, and for mutants."""

WIDE = (
    ledger(3, deaths=2, faults=2),
    lease(3, pauses=1),
    lease(2, pauses=3, deaths=2, breaks=2),
    contacts(3),
    contacts(2, pauses=3, deaths=2, faults=2, tries=2),
    consumption(3),
    consumption(2, stops=2, deaths=2, hands=2, expiries=3),
    replace(JOURNAL, fields={**JOURNAL.fields, "deaths": 4}),
)
"""With a third process, or more that goes wrong."""
