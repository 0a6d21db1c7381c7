"""Long files in little space: gzip, as `zcat` and `gunzip` read it, in which every flipped bit shows.

    1f 8b 08 04  0 0 0 0  0  ff   24 00   "VF" 20 00   SHA-256   deflated content   CRC-32   length

Gzip alone notices a change of its content, and not one of what stands around it or fills up its last byte. So
the head holds, as the extra field "VF", the SHA-256 of everything behind the head.
"""

from __future__ import annotations

import hashlib
import zlib

LONG = 1_000_000
"""Bytes from which on a file is packed; shorter ones are plain, for whoever wants to look at them."""

LARGEST = 2**30
"""Bytes that a packed file may hold: a few of its own can stand for very many."""

_GZIP = b"\x1f\x8b"
_HEAD = _GZIP + b"\x08\x04\x00\x00\x00\x00\x00\xff\x24\x00VF\x20\x00"
_PLAIN_HEAD = 10
_DIGEST = 32
_FAST = 1
_AS_GZIP = 31


def packed(content: bytes | bytearray) -> bytes:
    """`content` as a file has it: packed from LONG bytes on."""
    if len(content) < LONG:
        return bytes(content)
    body = memoryview(zlib.compress(content, _FAST, _AS_GZIP))[_PLAIN_HEAD:]
    return b"".join((_HEAD, hashlib.sha256(body).digest(), body))


def unpacked(content: bytes, most: int = LARGEST) -> bytes:
    """What `packed` was given. ValueError, with a sentence for people, for what is packed and not whole, or
    is longer than `most` bytes."""
    if not content.startswith(_GZIP):
        return content
    start = len(_HEAD) + _DIGEST
    body = memoryview(content)[start:]
    if not content.startswith(_HEAD) or content[len(_HEAD) : start] != hashlib.sha256(body).digest():
        raise ValueError("it is packed, and damaged or packed by another program: unpack it first")
    reader = zlib.decompressobj(_AS_GZIP)
    try:
        found = reader.decompress(content, most)
    except zlib.error:
        raise ValueError("it is packed in a way that nobody can read") from None
    if not reader.eof or reader.unused_data:
        raise ValueError(f"it is packed, and not whole or longer than {most:,} bytes")
    return found
