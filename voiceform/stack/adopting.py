"""From an account to a configuration and to recorded state: export and import; the account is only read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from voiceform.config.sources import DEFAULT_FILE
from voiceform.engine.exporting import Exported, export_account
from voiceform.engine.importer import import_object
from voiceform.engine.targets import Selection
from voiceform.model.address import Address
from voiceform.stack.parts import Parts
from voiceform.state.meta import require_home

if TYPE_CHECKING:
    from voiceform.model.resource import Recorded


def exported(parts: Parts, file: Path | None, selection: Selection) -> Exported:
    """What declares the account, as the text of `file`."""
    account = parts.account_for(None)
    with parts.opened_store() as store, parts.reader(account) as reader:
        require_home(store, account.sid, account.origin)
        return export_account(
            reader, parts.kinds(), parts.resources(store), parts.folder / (file or DEFAULT_FILE), selection
        )


def imported(parts: Parts, address: str, sid: str) -> Recorded:
    """Record the live object `sid` as the declared `address`."""
    configuration = parts.load()
    account = parts.account_for(configuration.account)
    with (
        parts.opened_store() as store,
        parts.locked(store, "import") as lease,
        parts.reader(account) as reader,
    ):
        require_home(store, account.sid, account.origin)
        target = Address.parse(address)
        import_object(target, sid, configuration, parts.kinds(), reader, lease.store)
        return parts.resources(lease.store)[target]
