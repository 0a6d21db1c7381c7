"""Fixtures of the tests with hostile answers."""

from __future__ import annotations

from tests.twilio.conftest import client, clock, server

__all__ = ["client", "clock", "server"]
