"""What a stack tells of itself and of its account at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voiceform.stack.parts import Parts

if TYPE_CHECKING:
    from voiceform.kinds.conference.rooms import RoomsNow
    from voiceform.kinds.queue.waiting import QueueNow, QueuesNow
    from voiceform.kinds.retention.listing import Recordings
    from voiceform.stack.standing import Status
    from voiceform.twilio.resources import QueueMember


class Looks:
    """Looking around; only reads, which the client of the API enforces."""

    parts: Parts

    def status(self) -> Status:
        """How the stack stands: account, state, locks, the last run, calls and occurrences, holds, and what
        goes on in the account. Raises nothing for what cannot be read: that is told in `unread`."""
        from voiceform.stack.standing import status

        return status(self.parts)

    def recordings(self, rule: str | None = None, *, due: bool = False, held: bool = False) -> Recordings:
        """The recordings of the account, each with the rule or holds that decide and when it is due; those
        that `rule` decides, that are `due`, or that any hold is about (`held`). Iterate over what is
        returned: a million recordings are never in memory.

        Without `held` only what is due is asked for holds, as a plan does. UsageError for a rule that there
        is not.
        """
        from voiceform.stack.recordings import recordings

        return recordings(self.parts, rule, due=due, held=held)

    def queues(self, name: str | None = None) -> QueuesNow:
        """Who waits now: every queue of the account, managed or not, or those that `name` means (an address,
        a key, a friendly name, a SID). UsageError when it means none."""
        from voiceform.stack.looking import queues

        return queues(self.parts, name)

    def queue_members(self, name: str) -> tuple[QueueNow, tuple[QueueMember, ...]]:
        """One queue, and the calls that wait in it, the front first."""
        from voiceform.stack.looking import members

        return members(self.parts, name)

    def rooms(self, name: str | None = None) -> RoomsNow:
        """The live rooms of the account, managed or not, and who is in them; or those that `name` means."""
        from voiceform.stack.looking import rooms

        return rooms(self.parts, name)
