"""Seeds: objects put into the data without the rules of the API, all or none of them.

``{account_sid, queues: [...], conferences: [...], calls: [...], recordings: [...], generate: {...}}``, fields
as in the API. Without ``account_sid``, and without ``--auth``, every account sees what is seeded.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

from voiceform.emulator.control.fields import Fields
from voiceform.emulator.control.generate import generate
from voiceform.emulator.errors import ControlError
from voiceform.emulator.world import World


def seed(world: World, document: object) -> dict[str, object]:
    """Add what the seed holds; how many objects of each kind there are of it. Raises ``ControlError`` and
    adds nothing.
    """
    fields = Fields(document, "")
    world.tick()
    account = fields.sid("account_sid", "AC") or world.settings.account
    added: Counter[str] = Counter()
    try:
        with world.store.transaction():
            for queue in fields.items("queues"):
                _queue(world, account, queue)
                added["queues"] += 1
            made = fields.nested("generate")
            if made is not None:
                added.update(generate(world, account, made))
            fields.done()
    except sqlite3.IntegrityError as error:
        raise ControlError(f"the seed collides with what is there: {error}") from None
    return dict(added)


def _queue(world: World, account: str, fields: Fields) -> None:
    created = fields.instant("date_created")
    created = world.now if created is None else created
    updated = fields.instant("date_updated")
    name = fields.text("friendly_name")
    if not name:
        raise ControlError(f"{fields.where}.friendly_name: is required")
    world.store.insert(
        "queues",
        sid=fields.sid("sid", "QU") or world.sid("QU"),
        account=fields.sid("account_sid", "AC") or account,
        created=created,
        updated=created if updated is None else updated,
        friendly_name=name,
        max_size=fields.count("max_size", world.switches.default_max_size, 1),
        current_size=fields.count("current_size", 0),
        average_wait_time=fields.count("average_wait_time", 0),
    )
    fields.done()
