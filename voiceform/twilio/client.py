"""The client: one method per operation of the API."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from voiceform.twilio.calls import CallOperations
from voiceform.twilio.conferences import ConferenceOperations
from voiceform.twilio.participants import ParticipantOperations
from voiceform.twilio.queues import QueueOperations
from voiceform.twilio.recordings import RecordingOperations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from random import Random

    from voiceform.model.clock import Clock
    from voiceform.model.runtime import Runtime
    from voiceform.twilio.credentials import Credentials
    from voiceform.twilio.transport import Transport


class Client(
    CallOperations, RecordingOperations, ConferenceOperations, ParticipantOperations, QueueOperations
):
    """The Twilio Voice API for one account.

    Methods are named after the API's operationIds and take keywords named after its parameters. They raise
    the errors of `voiceform.twilio.errors`. Safe for many threads; a context manager that closes it.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.transport = transport

    @property
    def account_sid(self) -> str:
        """The account that everything is about."""
        return self.transport.account_sid

    @property
    def max_in_flight(self) -> int:
        """How many requests are under way at a time at most."""
        return self.transport.throttle.maximum

    @property
    def runtime(self) -> Runtime:
        """Where the threads of its clock run."""
        return self.transport.runtime

    def connect_ahead(self) -> None:
        """Open one of the connections that many requests will need, while there is nothing to send yet. An
        error is met again, and told, by the request."""
        self.transport.connect_ahead()

    def stop(self) -> None:
        """Let nothing more begin and end all waiting: whoever asks for more gets a StoppedError. What is
        under way goes on. Safe from any thread and from a signal's handler."""
        self.transport.stop()

    def cancel(self) -> None:
        """As `stop`, and close the connections of what is under way: reads and deletions end with a
        StoppedError, other writes with the error of a lost answer."""
        self.transport.cancel()

    def close(self) -> None:
        """Close the connections; nothing can be sent any more."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_client(
    credentials: Credentials,
    base_url: str,
    *,
    read_only: bool,
    clock: Clock,
    max_in_flight: int = 8,
    account_ceiling: int | None = None,
    random: Random | None = None,
    timeout: timedelta | None = None,
    may_send: Callable[[], None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Client:
    """A client with a transport of its own; see Transport for the arguments. `timeout` is for one operation
    with all its attempts (two minutes)."""
    from voiceform.twilio.transport import Transport
    from voiceform.twilio.wire import Timeouts

    return Client(
        Transport(
            credentials,
            base_url,
            read_only=read_only,
            clock=clock,
            max_in_flight=max_in_flight,
            account_ceiling=account_ceiling,
            random=random,
            timeouts=None if timeout is None else Timeouts(total=timeout.total_seconds()),
            may_send=may_send,
            environ=environ,
        )
    )
