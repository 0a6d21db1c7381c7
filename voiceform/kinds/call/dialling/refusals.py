"""What a refused createCall says about: the person called, or us and the way.

Only what is wrong with the number itself settles its call: `failed`. Everything else (the account, the
number that calls, the answer, a proxy, a code that nobody documented) would be the same for the next one on
the list; such a call stays `deferred` and is tried again within its grace, and the rest of the list is not
burnt.
"""

from __future__ import annotations

from voiceform.twilio.errors import ApiError, ForeignAnswerError

_ABOUT_THE_CALLEE = frozenset(
    {
        13223,  # Dial: invalid phone number format
        13224,  # Dial: Twilio does not support calling this number, or it is invalid
        13225,  # Dial: this number may not be called
        13226,  # Dial: invalid country code
        13227,  # Dial: no international permission for its country
        21201,  # no number to call
        21211,  # the number to call is not valid
        21214,  # it cannot be reached
        21215,  # the account may not call its country (geographic permissions)
        21216,  # the account may not call it (block list)
        21217,  # it does not look valid
        21219,  # a trial account may call verified numbers only
    }
)
"""From Twilio's error dictionary, https://www.twilio.com/docs/api/errors."""


def is_about_the_callee(error: ApiError) -> bool:
    """Whether the refusal is this number's alone, so that the others on the list may be called."""
    return error.code in _ABOUT_THE_CALLEE and not isinstance(error, ForeignAnswerError)
