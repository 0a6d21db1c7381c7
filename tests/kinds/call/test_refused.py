"""Which refusals are about the person called: those that Twilio documents so, and no other."""

from __future__ import annotations

from voiceform.kinds.call.dialling.refusals import is_about_the_callee
from voiceform.twilio.errors import ApiError, AuthenticationError, ForeignAnswerError

ABOUT_THE_CALLEE = {
    *(13223, 13224, 13225, 13226, 13227),
    *(21201, 21211, 21214, 21215, 21216, 21217, 21219),
}
"""https://www.twilio.com/docs/api/errors"""


def test_only_documented_codes_burn_a_number() -> None:
    for code in (*range(13_200, 13_250), *range(21_190, 21_230), 20_003, 0, 404, -21211, 70_051, 99_999):
        for kind in (ApiError, AuthenticationError):
            refused = kind(status=400, operation="createCall", code=code)
            assert is_about_the_callee(refused) == (code in ABOUT_THE_CALLEE), code


def test_without_a_code_or_from_somebody_else_it_is_not_the_number() -> None:
    assert not is_about_the_callee(ApiError(status=400, operation="createCall"))
    for code in ABOUT_THE_CALLEE:
        assert not is_about_the_callee(ForeignAnswerError(status=400, operation="createCall", code=code))
