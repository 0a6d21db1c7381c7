"""The document `meta`: which state this is (lineage) and how often it changed (serial).

A plan fits only the lineage and serial that it was made from. The serial grows when a run begins, when it
finishes, and with every command that changes the state by hand; a reader that compares it before and after
has seen one consistent state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from voiceform.model.errors import StateError
from voiceform.model.plan import StateVersion
from voiceform.model.runtime import Runtime
from voiceform.model.store import Document, DocumentReader, DocumentStore, Write
from voiceform.state.documents import check_document
from voiceform.state.home import Home

KEY = "meta"
FORMAT = 1
"""The newest layout of the state that this program can read and write."""


@dataclass(frozen=True, slots=True)
class Meta:
    """The content of `meta`. `unfinished` are the ids of runs that began and have not finished; `account_sid`
    and `home` are those of the first run; `version` is for compare-and-swap, None before it is stored.
    `given` is the highest serial that plans may carry, where it is above `serial`: a run was withdrawn.
    `secret` keys what is printed about the state's plans (plan_codec.review_digest); it is printed nowhere
    but by `state pull`."""

    lineage: str
    serial: int = 0
    given: int = 0
    unfinished: tuple[str, ...] = ()
    account_sid: str | None = None
    home: Home | None = None
    version: str | None = None
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def from_document(cls, document: Document, version: str | None) -> Meta:
        """The meta that a checked document describes."""
        unfinished = tuple(document.get("unfinished", ()))
        origin = document.get("origin")
        return cls(
            lineage=document["lineage"],
            serial=document["serial"],
            given=document.get("given", 0),
            unfinished=unfinished,
            account_sid=document.get("account_sid"),
            home=None if origin is None else Home(origin, document.get("region")),
            version=version,
            secret=document.get("secret"),
        )

    def document(self) -> Document:
        """The document to store."""
        document: Document = {"format": FORMAT, "lineage": self.lineage, "serial": self.serial}
        if self.given > self.serial:
            document["given"] = self.given
        if self.unfinished:
            document["unfinished"] = list(self.unfinished)
        if self.secret is not None:
            document["secret"] = self.secret
        if self.account_sid is not None:
            document["account_sid"] = self.account_sid
        if self.home is not None:
            document["origin"] = self.home.origin
            if self.home.region is not None:
                document["region"] = self.home.region
        return document

    def next(self) -> Meta:
        """This meta with the next serial: one that no plan was ever made from."""
        return replace(self, serial=max(self.serial, self.given) + 1)

    def bumped(self) -> Write:
        """The write that makes the serial grow; put it into the batch that changes the state."""
        return Write(KEY, self.next().document(), self.version)


def new_meta(runtime: Runtime, make_lineage: Callable[[], str] | None = None) -> Meta:
    """The meta of a state that begins, with a lineage that no other state has."""
    lineage = str(runtime.uuid()) if make_lineage is None else make_lineage()
    return Meta(lineage, secret=runtime.token(32))


def secret_of(reader: DocumentReader) -> str | None:
    """The secret of the state; None when nothing was ever written."""
    meta = read_meta(reader)
    return None if meta is None else meta.secret


def read_meta(reader: DocumentReader) -> Meta | None:
    """What the state says about itself; None when nothing was ever written. StateError for a newer format."""
    entry = reader.get(KEY)
    if entry is None:
        return None
    check_format(entry.document.get("format"))
    check_document("meta", KEY, entry.document)
    return Meta.from_document(entry.document, entry.version)


def required_meta(reader: DocumentReader) -> Meta:
    """What a state that was written says about itself. StateError also when it says nothing."""
    meta = read_meta(reader)
    if meta is None:
        raise StateError("the state lost its `meta` document", hint="restore the state from a backup")
    return meta


def check_format(found: object) -> None:
    """Raise StateError when `found` is a format that only a later program knows."""
    if isinstance(found, int) and found > FORMAT:
        raise StateError(
            f"this state has format {found}, which is newer than this voiceform knows ({FORMAT})",
            hint="nothing was changed; upgrade voiceform",
        )


def state_version(reader: DocumentReader) -> StateVersion:
    """Lineage and serial as plans carry them; None and 0 for a state that was never written.

    Plans read this before the resources, so that a run that ends in between makes them stale.
    """
    meta = read_meta(reader)
    return StateVersion(None, 0) if meta is None else StateVersion(meta.lineage, meta.serial)


def bump_serial(store: DocumentStore, *, make_lineage: Callable[[], str] | None = None) -> Meta:
    """Make the serial grow and return the new meta. StateConflictError when somebody else was faster."""
    meta = read_meta(store) or new_meta(store.runtime, make_lineage)
    version = store.write((meta.bumped(),))[0]
    return replace(meta.next(), version=version)


def record_home(store: DocumentStore, account_sid: str, base_url: str) -> None:
    """Make the serial grow; what is recorded first says whose the state is, and where that account is."""
    meta = read_meta(store) or new_meta(store.runtime)
    known = replace(
        meta,
        account_sid=meta.account_sid or account_sid,
        home=meta.home or Home.of(base_url),
        secret=meta.secret or store.runtime.token(32),
    )
    store.write((known.bumped(),))


def require_home(reader: DocumentReader, account_sid: str, base_url: str) -> None:
    """Raise StateError when this state records another account, or the same one at another origin or in
    another region: everything would seem to be gone."""
    meta = read_meta(reader)
    if meta is not None and meta.account_sid not in (None, account_sid):
        raise StateError(
            f"this state records account {meta.account_sid}, the credentials are for {account_sid}",
            hint="use that account's credentials, or another --state for this account",
        )
    here = Home.of(base_url)
    if meta is not None and meta.home not in (None, here):
        raise StateError(
            f"this state records what is at {meta.home}, and the API in use is {here}",
            hint="correct --base-url, VOICEFORM_BASE_URL or TWILIO_REGION, or use another --state for this"
            " one; where the account really moved: voiceform state origin --accept",
        )


def accept_home(store: DocumentStore, base_url: str) -> Home:
    """Record that the account's data is found at `base_url` from now on, and make the serial grow.
    StateError for an empty state."""
    meta = read_meta(store)
    if meta is None:
        raise StateError("the state is empty", hint="the first apply records where the account is")
    moved = replace(meta, home=Home.of(base_url))
    store.write((moved.bumped(),))
    return Home.of(base_url)
