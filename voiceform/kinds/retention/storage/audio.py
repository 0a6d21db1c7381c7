"""Whether what came as a recording's audio is that audio, told while it passes by.

A copy is proof only if it is the recording: a log-in page, an error document or the first half of a file are
bytes as well. So the container is read to its last byte: a WAV's lengths must be those of what came, an MP3
must be one frame after another, and the sound must be as long as the recording's description says. (Libraries
for audio files read the first frames and reckon the rest, and want a file that can be searched.)
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from voiceform.model.errors import VoiceformError

AUDIO_TYPES: Mapping[str, frozenset[str]] = {
    "wav": frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/x-pn-wav", "audio/vnd.wave"}),
    "mp3": frozenset({"audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mpeg", "audio/x-mpeg-3"}),
}
"""What a service may call a format."""

ENCRYPTED_TYPES = AUDIO_TYPES["wav"] | {"application/octet-stream", "binary/octet-stream"}

_DETAILS = (
    frozenset({"encryption_public_key_sid", "encryption_cek", "encryption_iv"}),
    frozenset({"public_key_sid", "encrypted_cek", "iv"}),
)
"""What decryption needs, as the API names it, and as Twilio's pages do."""

_ROUNDING_SECONDS = 1.0
"""`duration` is in whole seconds, and nobody says in which direction they were rounded."""
_DRIFT = 0.01
"""The clock of a call and that of its sound differ by far less; an encoder drops less than this, too."""
_LEAST_BYTES_A_SECOND = 8_000
"""The thinnest telephone sound: 8 kHz, one byte a sample. An encrypted recording is as long as its WAV."""

_BLOCK = 64 * 1024
_LONGEST_TAG = 1_000_000
_PCM, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_MP3_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_MP3_KBITS = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


class NotTheAudioError(VoiceformError):
    """What came is not the recording's audio, or not all of it."""


class _Stream:
    """Bytes that come in pieces, read by length."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def some(self, most: int) -> bytes:
        """Up to `most` bytes, empty only at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        taken, self._rest = self._rest[:most], self._rest[most:]
        return bytes(taken)

    def upto(self, length: int) -> bytes:
        """`length` bytes, fewer only at the end."""
        found = self.some(length)
        while len(found) < length:
            more = self.some(length - len(found))
            if not more:
                break
            found += more
        return found

    def through(self, length: int, what: str) -> Iterator[bytes]:
        """`length` bytes in blocks; NotTheAudioError when the end comes before."""
        left = length
        while left:
            block = self.some(min(left, _BLOCK))
            if not block:
                raise NotTheAudioError(f"{what} announces {length:,} bytes and {length - left:,} came")
            left -= len(block)
            yield block


@dataclass(slots=True)
class _Sound:
    """How much sound a container holds, as far as it was read."""

    seconds: float = 0.0


def checked(pieces: Iterable[bytes], kind: str, duration: int | None) -> Iterator[bytes]:
    """The bytes of `pieces`, unchanged; NotTheAudioError at the latest in place of their end.

    `kind` is wav or mp3, `duration` the length in seconds that the description of the recording tells.
    """
    if duration is None or duration < 0:
        raise NotTheAudioError(
            "the recording's duration is not known, so nobody can tell whether the audio is whole"
        )
    sound = _Sound()
    walk: Callable[[_Stream, _Sound], Iterator[bytes]] = _wav if kind == "wav" else _mp3
    yield from walk(_Stream(pieces), sound)
    if sound.seconds <= 0:
        raise NotTheAudioError("the audio has no sound in it: it is zero seconds long")
    if sound.seconds < duration * (1 - _DRIFT) - _ROUNDING_SECONDS:
        raise NotTheAudioError(
            f"the audio is {sound.seconds:,.1f} seconds long, the recording {duration:,} seconds"
        )


def checked_encrypted(pieces: Iterable[bytes], duration: int | None) -> Iterator[bytes]:
    """The bytes of an encrypted recording, of which only the length can be weighed, and that they are no
    page and no document; NotTheAudioError as `checked`."""
    if duration is None or duration < 0:
        raise NotTheAudioError(
            "the recording's duration is not known, so nobody can tell whether the audio is whole"
        )
    size = 0
    for piece in pieces:
        if not size and (said := _readable(piece)):
            raise NotTheAudioError(f"it is {said}, not an encrypted recording")
        size += len(piece)
        yield piece
    least = _LEAST_BYTES_A_SECOND * (duration * (1 - _DRIFT) - _ROUNDING_SECONDS)
    if size < max(least, 1):
        raise NotTheAudioError(f"{size:,} bytes cannot hold an encrypted recording of {duration:,} seconds")


def details_complaint(details: Mapping[str, Any]) -> str | None:
    """What an encrypted recording's details lack, without which nobody could ever hear its copy; None when
    they are whole."""
    for names in _DETAILS:
        if all(isinstance(details.get(name), str) and details[name] for name in names):
            return None
    return "it is encrypted, and its description does not hold what decrypting it needs"


def _readable(start: bytes) -> str | None:
    """What the first bytes are when a person could read them."""
    head = start[:64].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return "an HTML page"
    if head.startswith(b"<"):
        return "XML"
    if head.startswith((b"{", b"[")) and head.isascii():
        return "JSON"
    return "text" if head and head.isascii() and head.decode().isprintable() else None


def _wav(stream: _Stream, sound: _Sound) -> Iterator[bytes]:
    head = stream.upto(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise NotTheAudioError(f"it is {_readable(head) or 'no WAV'}, not a WAV")
    yield head
    left = int.from_bytes(head[4:8], "little") - 4
    byte_rate = 0
    data: int | None = None
    while left > 0:
        start = stream.upto(min(8, left))
        if len(start) < 8:
            raise NotTheAudioError("the WAV ends before its header says so")
        yield start
        name, length = start[:4], int.from_bytes(start[4:], "little")
        left -= 8 + length
        if left < 0:
            raise NotTheAudioError("the lengths in the WAV's header contradict each other")
        if name == b"fmt ":
            chunk = b"".join(stream.through(min(length, _BLOCK), "the WAV's header"))
            byte_rate = _byte_rate(chunk)
            yield chunk
            length -= len(chunk)
        if name == b"data":
            if not byte_rate or data is not None:
                raise NotTheAudioError("the WAV's header is not in order")
            data = length
        padding = min(length % 2, left)  # the last chunk does not always have it
        left -= padding
        yield from stream.through(length + padding, "the WAV's header")
    if stream.some(1):
        raise NotTheAudioError("more bytes came than the WAV's header announces")
    sound.seconds = (data or 0) / byte_rate if byte_rate else 0.0


def _byte_rate(chunk: bytes) -> int:
    """Bytes of one second of sound; NotTheAudioError for a coding that is not a telephone's or contradicts
    itself."""
    if len(chunk) < 16:
        raise NotTheAudioError("the WAV's header is too short")
    coding, channels, rate, byte_rate, block, bits = struct.unpack("<HHIIHH", chunk[:16])
    if coding == _EXTENSIBLE and len(chunk) >= 26:
        coding = int.from_bytes(chunk[24:26], "little")
    known = coding == _PCM or (coding in (_A_LAW, _MU_LAW) and bits == 8)
    plausible = 1 <= channels <= 8 and 4_000 <= rate <= 384_000 and bits in (8, 16, 24, 32)
    if not known or not plausible or block * 8 != channels * bits or byte_rate != rate * block:
        raise NotTheAudioError("the WAV's header describes no sound that a telephone records")
    return int(byte_rate)


def _mp3(stream: _Stream, sound: _Sound) -> Iterator[bytes]:
    head = stream.upto(4)
    if head[:3] == b"ID3":
        head += stream.upto(6)
        yield head
        yield from stream.through(_tag_length(head), "the MP3's tag")
        head = stream.upto(4)
    first: tuple[int, int] | None = None
    while head:
        if first is not None and head[:3] == b"TAG":
            tail = head + stream.upto(125)
            if len(tail) != 128:
                raise NotTheAudioError("the MP3 does not end with its tag")
            yield tail
            return
        frame = _frame(head)
        if frame is None or (first or frame[:2]) != frame[:2]:
            if first is None:
                raise NotTheAudioError(f"it is {_readable(head) or 'something else'}, not an MP3")
            raise NotTheAudioError(f"after {sound.seconds:,.1f} seconds it is no MP3 any more")
        first = first or frame[:2]
        version, rate, length = frame
        yield head
        yield from stream.through(length - 4, "a frame of the MP3")
        sound.seconds += (1152 if version == 3 else 576) / rate
        head = stream.upto(4)


def _tag_length(head: bytes) -> int:
    """The length of the rest of an ID3v2 tag, which is written in bytes of seven bits."""
    size = 0
    for byte in head[6:10]:
        size = size << 7 | (byte & 0x7F)
    if len(head) < 10 or max(head[6:10]) > 0x7F or size > _LONGEST_TAG:
        raise NotTheAudioError("the MP3's tag cannot be read")
    return size + (10 if head[5] & 0x10 else 0)


def _frame(head: bytes) -> tuple[int, int, int] | None:
    """Version (3, 2, or 0 for 2.5), samples a second and length in bytes of a layer III frame; None for what
    does not begin one."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, rates = head[1] >> 3 & 3, _MP3_RATES.get(head[1] >> 3 & 3)
    bits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if rates is None or rate == 3 or not 1 <= bits <= 14:
        return None
    kbits = _MP3_KBITS[version == 3][bits - 1]
    samples = 144 if version == 3 else 72
    return version, rates[rate], samples * kbits * 1000 // rates[rate] + padding
