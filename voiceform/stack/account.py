"""The account that a stack is about: how to sign in, and where its API is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from voiceform.model.errors import UsageError
from voiceform.twilio.credentials import Credentials, base_url


@dataclass(frozen=True, slots=True)
class Account:
    """A Twilio account: how to sign in to it, and the origin of the API that knows it.

    `Account.from_environment()` reads the variables of Twilio's own tools; `Account.with_token(...)` and
    `Account.with_key(...)` take what a program has from elsewhere. What is secret is never shown.
    """

    credentials: Credentials
    origin: str

    @property
    def sid(self) -> str:
        """The account SID."""
        return self.credentials.account_sid

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        base_url: str | None = None,
        insecure_http: bool = False,
    ) -> Self:
        """The account of TWILIO_ACCOUNT_SID, with TWILIO_API_KEY and TWILIO_API_SECRET if both are set, else
        with TWILIO_AUTH_TOKEN; in TWILIO_REGION by TWILIO_EDGE, or at VOICEFORM_BASE_URL.

        `base_url` stands for the last; `http` leads to this very machine only, unless `insecure_http`.
        CredentialsError names what is missing; UsageError for an origin that cannot be used.
        """
        environ = os.environ if environ is None else environ
        credentials = Credentials.from_environment(environ)
        return cls(credentials, origin_of(environ, base_url, insecure_http=insecure_http))

    @classmethod
    def with_token(
        cls, account_sid: str, auth_token: str, *, base_url: str | None = None, insecure_http: bool = False
    ) -> Self:
        """An account and its auth token; at api.twilio.com, or at `base_url`."""
        return cls(
            Credentials(account_sid, account_sid, auth_token, "the auth token"),
            origin_of({}, base_url, insecure_http=insecure_http),
        )

    @classmethod
    def with_key(
        cls,
        account_sid: str,
        key: str,
        secret: str,
        *,
        base_url: str | None = None,
        insecure_http: bool = False,
    ) -> Self:
        """An account and one of its API keys; at api.twilio.com, or at `base_url`."""
        return cls(
            Credentials(account_sid, key, secret, "the API key"),
            origin_of({}, base_url, insecure_http=insecure_http),
        )


def origin_of(environ: Mapping[str, str], override: str | None, *, insecure_http: bool) -> str:
    """The origin of the API: `override`, VOICEFORM_BASE_URL, or Twilio's own in the region of the
    environment. UsageError; also for an empty one, which could be meant as any."""
    named = override if override is not None else environ.get("VOICEFORM_BASE_URL")
    if named == "":
        raise UsageError(
            "the base URL is empty, which could be meant as any",
            where="--base-url or VOICEFORM_BASE_URL",
            hint="name the origin, or unset it for the Twilio API",
        )
    return base_url(
        region=environ.get("TWILIO_REGION"),
        edge=environ.get("TWILIO_EDGE"),
        override=named,
        insecure_http=insecure_http,
    )
