"""What of a person is no object of the account: copies in archives, and what the state knows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import ClassVar

from voiceform.kinds.base import Done, Session
from voiceform.kinds.forgetting import Keeper
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.kinds.retention.call_lookup import CallBook
from voiceform.kinds.retention.deletion.outcomes import DeletionOutcomes, Ending
from voiceform.kinds.retention.erasure.details import Erasing
from voiceform.kinds.retention.erasure.whom import HashedPerson
from voiceform.kinds.retention.evidence.writer import Remarks, Scribe
from voiceform.kinds.retention.holds import HoldBook
from voiceform.kinds.retention.storage.archive import ArchiveError
from voiceform.kinds.retention.storage.copies import Copies
from voiceform.model.errors import TwilioError
from voiceform.model.plan import Change
from voiceform.model.run import Status
from voiceform.model.wording import counted

_FOUND = "found so after a run that died"


class Things(ABC):
    """Destroys things by their names, one after another; settles a run that died in the midst of it."""

    event: ClassVar[str]
    """What evidence calls one."""

    def __init__(self, change: Change, erasing: Erasing, session: Session) -> None:
        self.change = change
        self.erasing = erasing
        self.session = session
        self.scribe = Scribe(change, erasing.evidence, session)
        self.whom = HashedPerson(erasing.person, Pseudonyms.of_state(session.store))

    @abstractmethod
    def names(self) -> Sequence[str]:
        """What was planned."""

    @abstractmethod
    def is_there(self, name: str) -> bool:
        """Whether it is there still."""

    @abstractmethod
    def run(self) -> Done:
        """Destroy, and say how the change ended."""

    def begin(self) -> None:
        """See Scribe.erasure."""
        self.scribe.erasure(self.erasing.person, len(self.names()), self.erasing.left)

    def left(self) -> Iterable[str]:
        """What was planned, until the run is to end."""
        return takewhile(lambda _: self.session.may_go_on(), self.names())

    def settle(self) -> Done:
        """Take down what a dead run had destroyed and not told."""
        known = self.scribe.evidence.taken_down(self.session.run_id)
        gone = 0
        for name in self.names():
            if name not in known:
                if self.is_there(name):
                    continue
                self.scribe.thing(self.event, name, Ending.FOUND_GONE, Remarks(_FOUND))
            gone += 1
        self.scribe.evidence.flush()
        return Done(
            Status.FAILED,
            message=f"the run died after {gone:,} of {len(self.names()):,} were gone",
            hint="what is left is planned anew",
        )


class CopyDeletion(Things):
    """Deletes archived copies, each unless a hold is about the recording that it is of."""

    event = "copy"

    def __init__(self, change: Change, erasing: Erasing, session: Session) -> None:
        super().__init__(change, erasing, session)
        self.holds = HoldBook(session.store, CallBook(session.client))
        self.outcomes = DeletionOutcomes("archived recording", session.clock.runtime)
        self._archives: dict[str, Copies] = {}

    def names(self) -> Sequence[str]:
        """`URL KEY` each."""
        return self.erasing.copies

    def is_there(self, name: str) -> bool:
        """As the archive lists it."""
        copies, stem = self._find(name)
        return copies.there(stem)

    def run(self) -> Done:
        """Delete them; what fails stays, and is told."""
        self.begin()
        for name in self.left():
            self.scribe.evidence.ensure_open()
            try:
                self._delete(name)
            except (ArchiveError, TwilioError) as error:
                self.outcomes.failed(error.what, error.hint, fatal=False)
                self._take_down(name, Ending.FAILED, error.what)
        self.scribe.evidence.flush()
        stopped = not self.session.may_go_on()
        return self.outcomes.done(self.change, len(self.names()), stopped=stopped)

    def _delete(self, name: str) -> None:
        copies, stem = self._find(name)
        found = copies.read(stem)
        holds = self.holds.keeping(found) if found is not None else ()
        if holds:
            self.outcomes.held(holds)
            self._take_down(name, Ending.HELD, f"kept by the hold {', '.join(holds)}")
            return
        ending = Ending.DELETED if copies.delete(stem) else Ending.GONE
        self.outcomes.count(ending)
        self._take_down(name, ending)

    def _take_down(self, name: str, ending: Ending, reason: str | None = None) -> None:
        self.scribe.thing(self.event, name, ending, Remarks(reason))

    def _find(self, name: str) -> tuple[Copies, str]:
        url, _, stem = name.rpartition(" ")
        if url not in self._archives:
            self._archives[url] = Copies(url)
        return self._archives[url], stem


class Forgetting(Things):
    """Lets each part of the state forget the person, so that nothing in it holds their number."""

    event = "document"

    def __init__(self, change: Change, erasing: Erasing, session: Session, keepers: Sequence[Keeper]) -> None:
        super().__init__(change, erasing, session)
        self._keepers = {keeper.name: keeper for keeper in keepers}

    def names(self) -> Sequence[str]:
        """The name of a keeper, and the name that it gave."""
        return self.erasing.documents

    def is_there(self, name: str) -> bool:
        """Whether the person is in it still."""
        keeper, _, thing = name.partition(" ")
        return self._keepers[keeper].remembers(self.session.store, thing, self.whom)

    def run(self) -> Done:
        """Forget; errors of the state end the run."""
        self.begin()
        counts: Counter[str] = Counter()
        ended = 0
        for name in self.left():
            self.scribe.evidence.ensure_open()
            keeper, _, thing = name.partition(" ")
            count = self._keepers[keeper].forget(self.session.store, thing, self.whom)
            counts[self._keepers[keeper].thing] += count
            ended += 1
            self.scribe.thing(self.event, name, Ending.DELETED if count else Ending.GONE)
        self.scribe.evidence.flush()
        if ended < len(self.names()):
            rest = counted(len(self.names()) - ended, "document")
            return Done(Status.FAILED, message=f"stopped: {rest} not begun", hint="erase again")
        told = [f"{thing}: {count:,}" for thing, count in counts.items()]
        return Done(Status.APPLIED, message=", ".join(told) or None)
