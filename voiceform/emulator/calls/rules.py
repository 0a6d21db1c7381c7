"""What may be done with calls. Checks come in the order of the real service: To, then what to do, then
From.
"""

from __future__ import annotations

import re

from voiceform.emulator import timeline
from voiceform.emulator.calls import life
from voiceform.emulator.calls.numbers import NOT_VERIFIED, REFUSED_FROM, REFUSED_TO, normalize
from voiceform.emulator.calls.options import METHODS, RECORDING_EVENTS, dial_options, fallback_options
from voiceform.emulator.clock import SECOND
from voiceform.emulator.errors import bad_request, invalid_parameter, not_complete
from voiceform.emulator.messages import Params
from voiceform.emulator.params import INVALID_CALLBACK, boolean, choice, integer, url
from voiceform.emulator.sids import is_sid
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

TWIML_LENGTH = 4000
_SIP_USER = re.compile(r"[A-Za-z0-9._+-]{1,128}", re.ASCII)


def create(world: World, account: str, params: Params) -> Row:
    """Place a call."""
    to = read_to(params)
    check_instructions(params)
    caller = read_from(world, params, to)
    options = dial_options(world, params, RECORDING_EVENTS, "AsyncAmd") | fallback_options(params)
    if not boolean(params, "AsyncAmd"):
        options["amd_callback"] = None
    if params.one("ApplicationSid"):
        # The application has callbacks of its own.
        options |= {"status_callback": None, "fallback": None}
    options["url"] = params.one("Url") or None
    # With both, the URL wins and the TwiML is ignored.
    options["twiml"] = None if params.one("Url") else params.one("Twiml")
    return life.place(world, account, to, caller, options)


def update(world: World, call: Row, params: Params) -> None:
    """End a call or give it other TwiML. Raises 21220 where its status does not allow that."""
    status = choice(params, "Status", ("canceled", "completed"))
    address = url(params, "Url", 21205, "Url is not a valid URL: {value}")
    twiml = params.one("Twiml")
    choice(params, "Method", METHODS, 21209)
    more = fallback_options(params) if params.one("FallbackUrl") else {}
    limit = integer(params, "TimeLimit", 1, 86_400)
    callback = url(params, "StatusCallback", INVALID_CALLBACK)
    if callback and address:  # "required to set the Url in the same statement"
        method = choice(params, "StatusCallbackMethod", METHODS, 21209) or "POST"
        more |= {"status_callback": callback, "status_method": method}
    if status is None and address is None and twiml is None and limit is None:
        return
    if call["status"] not in life.LIVE or (status is None and call["status"] != "in-progress"):
        raise bad_request(21220, "Call is not in-progress. Cannot redirect.")
    if limit is not None:
        life.limit(world, call, limit)
    if status is None and (address or twiml):
        check_twiml(twiml)
        life.redirect(world, call, None if address else twiml, {**more, "url": address})
    elif status is None:
        return
    elif call["status"] != "in-progress":
        life.end(world, call, "canceled")
    elif status == "completed":
        life.end(world, call, "completed")


def delete(world: World, call: Row) -> None:
    """Forget a finished call (20009 otherwise); its recordings stay."""
    grace = world.switches.call_delete_grace * SECOND
    if call["status"] in life.LIVE or (grace and world.now < (call["end_time"] or call["updated"]) + grace):
        raise not_complete(world.switches.not_complete_status)
    timeline.cancel(world, call["sid"])
    world.store.run("DELETE FROM calls WHERE sid = ?", call["sid"])


def read_to(params: Params) -> str:
    """The number to call (21201, 21211 and the magic numbers)."""
    text = params.one("To")
    if not text:
        raise bad_request(21201, "No 'To' number is specified")
    number = normalize(text)
    if number is None:
        raise bad_request(21211, f"The phone number you are attempting to call, {text}, is not valid.")
    if number in REFUSED_TO:
        code, message = REFUSED_TO[number]
        raise bad_request(code, message.format(number=number))
    return number


def read_from(world: World, params: Params, to: str) -> str:
    """The number that calls (21213, 21212, 21210, and 21211 when it calls itself)."""
    text = params.one("From")
    if not text:
        raise bad_request(21213, "No 'From' number is specified")
    number = normalize(text)
    if number is None and to.startswith("sip") and _SIP_USER.fullmatch(text):
        return text  # "the username portion of a SIP address" may call one
    if number is None or (to.startswith("+") and not number.startswith("+")):
        # https://www.twilio.com/docs/voice/api/call-resource: a telephone number is called from one
        raise bad_request(21212, f"The 'From' number {text} is not a valid phone number")
    verified = world.settings.verified_numbers
    if number in REFUSED_FROM or (verified and number not in verified):
        code, message = REFUSED_FROM.get(number, NOT_VERIFIED)
        raise bad_request(code, message.format(number=number))
    if number == to:
        raise bad_request(
            21211, f"The phone number you are attempting to call, {to}, is the number that calls."
        )
    return number


def check_instructions(params: Params) -> None:
    """One of Url, Twiml and ApplicationSid says what the call is for (21205, 21218)."""
    application = params.one("ApplicationSid")
    if application and not is_sid(application, "AP"):
        raise bad_request(21218, f"Invalid ApplicationSid: {application}")
    address = url(params, "Url", 21205, "Url is not a valid URL: {value}")
    twiml = params.one("Twiml")
    if not (address or twiml or application):
        raise bad_request(21205, "Url parameter is required.")
    check_twiml(twiml)


def check_twiml(twiml: str | None) -> None:
    """TwiML in a parameter has at most 4000 characters; whether it makes sense shows when it is needed."""
    if twiml is not None and len(twiml) > TWIML_LENGTH:
        raise invalid_parameter("Twiml", twiml[:20] + "...", f"must have at most {TWIML_LENGTH} characters")
