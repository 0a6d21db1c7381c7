"""The parameters of the operations that phone somebody, named after Twilio's, and their form encoding.

A field that is None is not sent, so the service's default holds; an empty text is sent (`WaitUrl=` means
silence).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from voiceform.twilio.errors import InvalidArgumentError

Value = str | int | bool | Sequence[str] | None
Form = tuple[tuple[str, str], ...]

_LONGEST_TWIML = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCall:
    """Parameters of createCall. `timeout` (ring time) and `time_limit` (talk time) are in seconds.

    Exactly one of `url`, `twiml` and `application_sid` says what the callee hears; the service would silently
    prefer one of several. `sip_auth_password` is `${NAME}`, the variable that holds it (secrets.py). Raises
    InvalidArgumentError.
    """

    to: str = field(repr=False)
    from_: str = field(repr=False)
    url: str | None = None
    twiml: str | None = field(default=None, repr=False)
    application_sid: str | None = None
    method: str | None = None
    fallback_url: str | None = None
    fallback_method: str | None = None
    status_callback: str | None = None
    status_callback_method: str | None = None
    status_callback_event: tuple[str, ...] = ()
    send_digits: str | None = field(default=None, repr=False)
    timeout: int | None = None
    time_limit: int | None = None
    record: bool | None = None
    recording_channels: str | None = None
    recording_track: str | None = None
    recording_status_callback: str | None = None
    recording_status_callback_method: str | None = None
    recording_status_callback_event: tuple[str, ...] = ()
    recording_configuration_id: str | None = None
    trim: str | None = None
    machine_detection: str | None = None
    machine_detection_timeout: int | None = None
    machine_detection_speech_threshold: int | None = None
    machine_detection_speech_end_threshold: int | None = None
    machine_detection_silence_timeout: int | None = None
    async_amd: bool | None = None
    async_amd_status_callback: str | None = None
    async_amd_status_callback_method: str | None = None
    caller_id: str | None = field(default=None, repr=False)
    call_reason: str | None = None
    call_token: str | None = field(default=None, repr=False)
    passports: str | None = field(default=None, repr=False)
    byoc: str | None = None
    client_notification_url: str | None = None
    sip_auth_username: str | None = None
    sip_auth_password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what the service would read otherwise than it was meant."""
        answers = (self.url, self.twiml, self.application_sid)
        if sum(answer is not None for answer in answers) != 1:
            raise InvalidArgumentError(
                "a call needs exactly one of url, twiml and application_sid", hint="nothing was sent"
            )
        if self.twiml is not None and len(self.twiml) > _LONGEST_TWIML:
            raise InvalidArgumentError(
                f"the TwiML of a call has {len(self.twiml)} characters, {_LONGEST_TWIML} are allowed",
                hint="serve it from a URL instead; nothing was sent",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateParticipant:
    """Parameters of createParticipant. `timeout` and `time_limit` are in seconds.

    `label` is the only key in this API that the caller chooses: always give one, so that it can be found
    again. `sip_auth_password` as in CreateCall.
    """

    to: str = field(repr=False)
    from_: str = field(repr=False)
    label: str | None = None
    timeout: int | None = None
    time_limit: int | None = None
    muted: bool | None = None
    beep: str | None = None
    start_conference_on_enter: bool | None = None
    end_conference_on_exit: bool | None = None
    wait_url: str | None = None
    wait_method: str | None = None
    early_media: bool | None = None
    max_participants: int | None = None
    region: str | None = None
    jitter_buffer_size: str | None = None
    coaching: bool | None = None
    call_sid_to_coach: str | None = None
    status_callback: str | None = None
    status_callback_method: str | None = None
    status_callback_event: tuple[str, ...] = ()
    conference_status_callback: str | None = None
    conference_status_callback_method: str | None = None
    conference_status_callback_event: tuple[str, ...] = ()
    record: bool | None = None
    recording_channels: str | None = None
    recording_track: str | None = None
    recording_status_callback: str | None = None
    recording_status_callback_method: str | None = None
    recording_status_callback_event: tuple[str, ...] = ()
    recording_configuration_id: str | None = None
    trim: str | None = None
    conference_record: str | None = None
    conference_trim: str | None = None
    conference_recording_status_callback: str | None = None
    conference_recording_status_callback_method: str | None = None
    conference_recording_status_callback_event: tuple[str, ...] = ()
    machine_detection: str | None = None
    machine_detection_timeout: int | None = None
    machine_detection_speech_threshold: int | None = None
    machine_detection_speech_end_threshold: int | None = None
    machine_detection_silence_timeout: int | None = None
    amd_status_callback: str | None = None
    amd_status_callback_method: str | None = None
    caller_id: str | None = field(default=None, repr=False)
    caller_display_name: str | None = field(default=None, repr=False)
    call_reason: str | None = None
    call_token: str | None = field(default=None, repr=False)
    passports: str | None = field(default=None, repr=False)
    byoc: str | None = None
    client_notification_url: str | None = None
    sip_auth_username: str | None = None
    sip_auth_password: str | None = field(default=None, repr=False)
    emergency_caller_position: str | None = field(default=None, repr=False)
    emergency_caller_location: str | None = field(default=None, repr=False)
    emergency_name: str | None = field(default=None, repr=False)
    emergency_address: str | None = field(default=None, repr=False)
    emergency_zip_code: str | None = field(default=None, repr=False)
    emergency_city: str | None = field(default=None, repr=False)
    emergency_state: str | None = field(default=None, repr=False)
    emergency_country: str | None = field(default=None, repr=False)


def form_of(parameters: CreateCall | CreateParticipant) -> Form:
    """The form of a request from its parameters."""
    return encode({one.name: getattr(parameters, one.name) for one in fields(parameters)})


def encode(values: Mapping[str, Value]) -> Form:
    """Form pairs with Twilio's names: `from_` is `From`, lists repeat it, booleans are true and false.

    Values may come from JSON, where no type checker looks. Raises InvalidArgumentError for what has no form.
    """
    return tuple(
        (_wire_name(name), _wire_value(name, item))
        for name, value in values.items()
        if value is not None
        for item in (value if isinstance(value, list | tuple) else (value,))
    )


def _wire_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _wire_value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise InvalidArgumentError(
        f"{_wire_name(name)} cannot be sent as {type(value).__name__}", hint="nothing was sent"
    )
