"""The protocols, as models."""

from __future__ import annotations

from tests.models.protocols.consumption import CONSUMPTION, WHOLE_CONSUMPTION
from tests.models.protocols.contacts import CONTACTS
from tests.models.protocols.journal import JOURNAL, WHOLE_JOURNAL
from tests.models.protocols.lease import LEASE
from tests.models.protocols.ledger import LEDGER

MODELS = (LEDGER, LEASE, JOURNAL, WHOLE_JOURNAL, CONSUMPTION, WHOLE_CONSUMPTION, CONTACTS)
