"""Containers are read to their last byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.answers import mp3, wav
from voiceform.emulator.recordings import media
from voiceform.kinds.retention.storage.audio import NotTheAudioError, checked

SID = "RE" + "1" * 32


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


WHOLE = {
    "wav": [wav(3), media.wav(SID, 1, 3), media.wav(SID, 2, 3)],
    "mp3": [mp3(3), media.mp3(SID, 3), mp3(3) + b"TAG" + bytes(125)],
}


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=40)
@given(size=st.integers(1, 5000), number=st.integers(0, 2))
def test_what_is_whole_passes_unchanged_however_it_is_cut_into_pieces(
    kind: str, size: int, number: int
) -> None:
    data = WHOLE[kind][number]
    assert b"".join(checked(pieces(data, size), kind, 3)) == data


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=80)
@given(data=st.data())
def test_cut_anywhere_it_is_refused(kind: str, data: st.DataObject) -> None:
    whole = WHOLE[kind][0]
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        list(checked(pieces(whole[:cut], 1000), kind, 3))
    except NotTheAudioError:
        return
    assert kind == "mp3"
    assert cut % 104 == 0
    assert cut // 104 * 576 / 22_050 >= 3 * 0.99 - 1


@settings(max_examples=200)
@given(body=st.binary(max_size=400), kind=st.sampled_from(["wav", "mp3"]), head=st.booleans())
def test_noise_never_passes_and_never_crashes(body: bytes, kind: str, head: bool) -> None:
    start = (wav(1)[:44] if kind == "wav" else mp3(1)[:208]) if head else b""
    with pytest.raises(NotTheAudioError):
        list(checked([start + body], kind, 60))


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize(("duration", "good"), [(3, True), (4, True), (2, True), (5, False), (60, False)])
def test_the_length_must_hold_the_duration(kind: str, duration: int, good: bool) -> None:
    """Seconds are whole, so one may be missing; a hundredth is left to clocks."""
    try:
        list(checked([WHOLE[kind][0]], kind, duration))
    except NotTheAudioError:
        assert not good
    else:
        assert good


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def fmt(coding: int, bits: int, channels: int = 1, rate: int = 8000, more: bytes = b"") -> bytes:
    block = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", coding, channels, rate, rate * block, block, bits) + more)


@pytest.mark.parametrize(
    "data",
    [
        riff(fmt(7, 8), chunk(b"fact", bytes(4)), chunk(b"data", bytes(16_001))),
        riff(fmt(6, 8, 2), chunk(b"data", bytes(32_000)), chunk(b"LIST", b"INFOISFTabc")),
        riff(
            fmt(0xFFFE, 16, more=struct.pack("<HHIH", 22, 16, 4, 1) + bytes(14)),
            chunk(b"data", bytes(32_000)),
        ),
        riff(chunk(b"LIST", b"x"), fmt(1, 24, rate=48_000), chunk(b"data", bytes(288_000))),
    ],
)
def test_wavs_of_other_programs(data: bytes) -> None:
    assert b"".join(checked(pieces(data, 777), "wav", 2)) == data


@pytest.mark.parametrize(
    "data",
    [
        riff(chunk(b"data", bytes(32_000)), fmt(1, 16)),
        riff(fmt(1, 16)),
        riff(fmt(1, 16), chunk(b"data", bytes(16_000)), chunk(b"data", bytes(16_000))),
        riff(fmt(85, 16), chunk(b"data", bytes(32_000))),
        riff(fmt(1, 16, 0), chunk(b"data", bytes(32_000))),
        riff(fmt(1, 16, rate=1), chunk(b"data", bytes(32_000))),
        riff(chunk(b"fmt ", bytes(4)), chunk(b"data", bytes(32_000))),
        b"RIFX" + riff(fmt(1, 16), chunk(b"data", bytes(32_000)))[4:],
    ],
)
def test_headers_that_are_not_in_order(data: bytes) -> None:
    with pytest.raises(NotTheAudioError):
        list(checked([data], "wav", 2))
