"""Seeds: objects put into the data without the rules of the API, all or none of them.

``schemas/seed.schema.json`` says what there is; fields are named as in the API. Without ``account_sid``, and
without ``--auth``, every account sees what is seeded.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from voiceform.emulator.control import objects
from voiceform.emulator.control.fields import Fields
from voiceform.emulator.control.generate import generate
from voiceform.emulator.control.seed_schema import checked
from voiceform.emulator.errors import ControlError
from voiceform.emulator.telephony import settle
from voiceform.emulator.world import World

_KINDS: Mapping[str, Callable[[World, str, Fields], None]] = MappingProxyType(
    {
        "queues": objects.queue,
        "calls": objects.call,
        "conferences": objects.conference,
        "recordings": objects.recording,
        "numbers": objects.number,
    }
)


def seed(world: World, document: object) -> dict[str, object]:
    """Add what the seed holds; how many objects of each kind there are in it.

    Raises ``ControlError`` with the place of the mistake, and adds nothing then.
    """
    fields = Fields(checked(document), "")
    settle(world)
    account = fields.text("account_sid") or world.settings.account
    added: Counter[str] = Counter()
    try:
        with world.store.transaction():
            for kind, add in _KINDS.items():
                for item in fields.items(kind):
                    add(world, item.text("account_sid") or account, item)
                    added[kind] += 1
            made = fields.nested("generate")
            if made is not None:
                added.update(generate(world, account, made))
    except UnicodeEncodeError:
        raise ControlError("a text of the seed holds half of a surrogate pair") from None
    except (sqlite3.IntegrityError, OverflowError) as error:
        raise ControlError(f"the seed does not fit: {error}") from None
    return dict(added)
