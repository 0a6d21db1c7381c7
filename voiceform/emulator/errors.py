"""The errors of the API: one exception, and the catalogue of codes with their HTTP status.

Codes are those of Twilio's error dictionary (https://www.twilio.com/docs/api/errors).
"""

from __future__ import annotations

import logging
import sqlite3

MORE_INFO = "https://www.twilio.com/docs/errors/"


class ApiError(Exception):
    """An answer of the API that is not a success: ``{code, message, more_info, status}``."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, object]:
        """The JSON object that Twilio answers."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"{MORE_INFO}{self.code}",
            "status": self.status,
        }


class ControlError(Exception):
    """A request to the unofficial corner that cannot be carried out; the message says where and why."""


def tell_failure(method: str, path: str, error: Exception) -> None:
    """Say on the log that a request failed within the emulator: why, where its file cannot be used, and where
    it is a defect the traceback too."""
    log = logging.getLogger("voiceform.emulator")
    if isinstance(error, sqlite3.Error):
        log.error("%s %s failed: the file of --db cannot be used: %s; make room for it", method, path, error)
    else:
        log.error("the emulator failed at %s %s", method, path, exc_info=error)


def bad_request(code: int, message: str) -> ApiError:
    """A refusal with HTTP 400: nothing has been done."""
    return ApiError(400, code, message)


def invalid_parameter(name: str, value: str, expected: str) -> ApiError:
    """A parameter whose value cannot be read (400, code 20001)."""
    return bad_request(20001, f"Invalid value '{value}' for parameter {name}: {expected}")


def not_found(path: str) -> ApiError:
    """404 with code 20404, the same for foreign, malformed and unknown SIDs."""
    return ApiError(404, 20404, f"The requested resource {path} was not found")


def method_not_allowed() -> ApiError:
    """405 with code 20004."""
    return ApiError(405, 20004, "Method not allowed")


def unauthorized() -> ApiError:
    """401 with code 20003."""
    return ApiError(401, 20003, "Authenticate")


def too_many_requests() -> ApiError:
    """429 with code 20429: too many requests in flight; the request was not processed."""
    return ApiError(429, 20429, "Too Many Requests")


def not_complete(status: int) -> ApiError:
    """Code 20009; its HTTP status is not documented."""
    return ApiError(status, 20009, "Cannot delete this resource before it is complete")


#: The code that comes with a status when a fault rule names none.
CODE_OF_STATUS = {
    400: 20001,
    401: 20003,
    403: 20403,
    404: 20404,
    405: 20004,
    409: 20409,
    413: 20413,
    422: 20422,
    429: 20429,
    500: 20500,
    503: 20503,
}
