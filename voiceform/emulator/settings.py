"""What an emulator is started with, and the switches for facts that nobody has published."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

ProfileName = Literal["twilio", "openapi"]


def is_loopback_host(host: str) -> bool:
    """Whether a host name or address is this machine's loopback interface."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Switches:
    """Behaviour that Twilio does not document; each default is the likeliest reading.

    Change them with ``POST /_emulator/switches {"name": value}`` to see whether a client copes with the other
    reading.
    """

    #: ``MaxSize`` of a queue that is created without one (older accounts: 100).
    default_max_size: int = 1000
    #: Code of the 400 for a ``MaxSize`` outside 1-5000.
    invalid_max_size_code: int = 20001
    #: Status and code when a queue that is not empty is deleted.
    queue_not_empty_status: int = 400
    queue_not_empty_code: int = 20409
    #: Treat queue names that differ only by case as the same name.
    queue_names_fold_case: bool = False
    #: Status that comes with code 20009 when a live call or recording is deleted.
    not_complete_status: int = 409
    #: For so many seconds after its end a call still cannot be deleted (20009).
    call_delete_grace: float = 0.0
    #: Whether deleting a recording that is still running is refused (20009).
    live_recording_delete_refused: bool = True
    #: ``Page=2`` without a ``PageToken``: counted as an offset, or refused with 21481.
    page_numbers: Literal["offset", "refuse"] = "offset"
    #: ``PageSize`` over 1000: refused with 20007, or cut down to 1000.
    page_size_over_maximum: Literal["refuse", "clamp"] = "refuse"
    #: A page token whose own row has been deleted: still a position, or refused with 21481.
    deleted_row_position: Literal["honour", "refuse"] = "honour"
    #: For so many seconds a new object is missing from lists; fetching it by its SID works at once.
    list_delay: float = 0.0
    #: The column by which calls and queues are listed, newest first.
    calls_ordered_by: Literal["created", "updated"] = "updated"
    queues_ordered_by: Literal["created", "updated"] = "created"
    #: Updating a conference that is over: accepted without effect, or refused (16022).
    completed_conference_update: Literal["accept", "refuse"] = "accept"
    #: A word in ``...StatusCallbackEvent`` that is no event: accepted, and nobody is ever called back (error
    #: 21626 in the debugger, https://www.twilio.com/docs/api/errors/21626), or refused with 20001.
    unknown_callback_event: Literal["accept", "refuse"] = "accept"
    #: Whether the document at the ``Url`` of a call can be had; if not (11200), ``FallbackUrl`` is asked.
    answer_url: Literal["answer", "fail"] = "answer"
    #: Status of the answer to a recording that was started.
    recording_start_status: Literal[200, 201] = 201


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """The options of ``voiceform emulator``.

    ``auth`` is ``SID:TOKEN``; without it any well-formed SID and any token are accepted. ``latency_ms`` is
    added to every API request. ``max_concurrent`` is the number of requests per account that may be in flight
    before 429. ``calls_per_second`` is the dialling speed per account. ``verified_numbers``, when given,
    are the only numbers allowed as ``From``. ``random_seed`` makes SIDs and generated data repeatable.
    ``request_timeout`` is how many seconds a request may take to arrive. A ``host`` that other machines can
    reach needs ``auth``, which then guards the unofficial corner as well.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    db: Path | None = None
    seed: Path | None = None
    profile: ProfileName = "twilio"
    auth: str | None = None
    latency_ms: float = 0.0
    max_concurrent: int | None = None
    calls_per_second: float = 1.0
    verified_numbers: tuple[str, ...] = ()
    random_seed: int | None = None
    request_timeout: float = 30.0
    switches: Switches = field(default_factory=Switches)

    def __post_init__(self) -> None:
        """Check what a command line may get wrong; raises ``ValueError`` with the reason."""
        if self.profile not in ("twilio", "openapi"):
            raise ValueError(f"profile must be twilio or openapi, not {self.profile!r}")
        if self.auth is not None and (":" not in self.auth or not self.auth.partition(":")[2]):
            raise ValueError("auth must be SID:TOKEN")
        if self.auth is None and not is_loopback_host(self.host):
            raise ValueError(f"{self.host} can be reached by other machines: give --auth SID:TOKEN")
        if self.latency_ms < 0:
            raise ValueError("latency must not be negative")
        if self.max_concurrent is not None and self.max_concurrent < 1:
            raise ValueError("max_concurrent must be at least 1")
        if self.calls_per_second <= 0:
            raise ValueError("calls_per_second must be positive")

    @property
    def account(self) -> str:
        """The account that ``auth`` names, or an empty string."""
        sid = (self.auth or "").partition(":")[0]
        return sid if sid.startswith("AC") else ""
