"""Audio for recordings: as long as their duration, different for every SID, so that copies can be told apart
by their checksum.
"""

from __future__ import annotations

import hashlib
import io
import math
import struct
import wave
from random import Random

RATE = 8000
#: MPEG-2 layer III, 32 kbit/s, 22,050 Hz, mono: 104 bytes and 576 samples a frame, of which zeros after the
#: header are silence.
_FRAME = bytes((0xFF, 0xF3, 0x40, 0xC4)) + bytes(100)
_FRAME_SECONDS = 576 / 22_050
#: No call is longer.
_LONGEST = 24 * 3600


def wav(sid: str, channels: int, seconds: int) -> bytes:
    """A tone whose pitch follows from the SID: 16 bits, 8 kHz."""
    seed = int.from_bytes(hashlib.sha256(sid.encode()).digest()[:4])
    pitch = 200 + seed % 1_000_003 / 1_000
    step = 2 * math.pi * pitch / RATE
    samples = [round(9000 * math.sin(step * index)) for index in range(RATE)]
    second = b"".join(struct.pack("<h", sample) * channels for sample in samples)
    target = io.BytesIO()
    with wave.open(target, "wb") as audio:
        audio.setnchannels(channels)
        audio.setsampwidth(2)
        audio.setframerate(RATE)
        audio.writeframes(second * min(seconds, _LONGEST))
    return target.getvalue()


def encrypted(sid: str, seconds: int) -> bytes:
    """As many bytes as a mono WAV of that length has; no key opens them."""
    return Random(sid).randbytes(2 * RATE * min(seconds, _LONGEST) + 16)


def mp3(sid: str, seconds: int) -> bytes:
    """Silence with the SID as its title."""
    text = b"\x00" + sid.encode()
    title = b"TIT2" + struct.pack(">I", len(text)) + b"\x00\x00" + text
    # ID3v2 writes its length in bytes of seven bits.
    length = bytes((len(title) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    frames = math.ceil(min(seconds, _LONGEST) / _FRAME_SECONDS)
    return b"ID3\x03\x00\x00" + length + title + _FRAME * frames
