"""What stands for a person where no number may stand: a keyed hash, which nobody can compute without the key.

The key is the secret of the state, which is made with it and stays in it. A bare hash of a number would be
found by trying all numbers, which takes seconds.
"""

from __future__ import annotations

import hmac

from voiceform.model.errors import StateError
from voiceform.model.numbers import is_phone_number, person
from voiceform.model.store import DocumentReader

_META = "meta"


class Pseudonyms:
    """The pseudonyms of one state: the same person has the same one in every spelling."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    @classmethod
    def of_state(cls, reader: DocumentReader) -> Pseudonyms:
        """Those of the state that is read. StateError when it has no secret."""
        stored = reader.get(_META)
        secret = None if stored is None else stored.document.get("secret")
        if not isinstance(secret, str):
            raise StateError(
                "the state has no secret, so nobody can be told from anybody without their number",
                hint="an apply makes one in a new state; else restore the state from a backup",
            )
        return cls(secret)

    def of(self, party: str) -> str:
        """64 hexadecimal digits for whom `party` means; for a text that means nobody, for the text."""
        return self._of(person(party) or party)

    def of_recorded(self, party: str) -> str:
        """As `of`, for a party as it is recorded (model/numbers.py:normal_number): in a number there is
        nothing to be read, which takes ten times as long."""
        return self._of(party) if is_phone_number(party) else self.of(party)

    def _of(self, who: str) -> str:
        return hmac.digest(self._key, f"person:{who}".encode(), "sha256").hex()
