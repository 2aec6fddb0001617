from __future__ import annotations

import struct
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.store import codec
from slo.errors import StoreError
from slo.estate.calendar import Calendar
from slo.judge.period import Since
from slo.judge.windows import Frame, Sums
from tests.support.minutes import table

if TYPE_CHECKING:
    from collections.abc import Callable

INT64 = st.integers(-(2**63), 2**63 - 1)
COUNT = st.integers(0, 10**12) | st.integers(0, 300) | INT64
SLOT = st.tuples(COUNT, COUNT, st.booleans(), st.booleans())
BLOBS: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
    "frame": (codec.encode_frame(Frame.empty(7, 3)), lambda blob: codec.decode_frame(7, blob)),
    "hour": (codec.encode_hour(np.full((3, 40), 77)), codec.decode_hour),
    "checkpoint": (codec.encode_checkpoint(Sums.empty(7, (5, 60), 3)), codec.decode_checkpoint),
}


def frame_of(slots: list[tuple[int, int, bool, bool]]) -> Frame:
    frame = Frame.empty(7, len(slots))
    for n, (total, bad, measured, coarse) in enumerate(slots):
        frame.counts[:, n] = (total, bad, measured)
        frame.coarse[n] = coarse
    return frame


@given(st.lists(SLOT, max_size=40))
def test_a_frame_comes_back_exactly(slots: list[tuple[int, int, bool, bool]]) -> None:
    frame = frame_of(slots)
    back = codec.decode_frame(7, codec.encode_frame(frame))
    assert (back.minute, back.counts.tolist(), back.coarse.tolist()) == (7, frame.counts.tolist(), frame.coarse.tolist())
    assert (back.counts.dtype.name, back.coarse.dtype.name) == ("int64", "bool")


@given(st.lists(st.tuples(COUNT, COUNT, COUNT), max_size=40))
def test_an_hour_comes_back_exactly(slots: list[tuple[int, int, int]]) -> None:
    counts = np.array(slots, np.int64).reshape(-1, 3).T
    assert codec.decode_hour(codec.encode_hour(counts)).tolist() == counts.tolist()


@given(st.integers(0, 2**40), st.lists(st.integers(1, 10**6), max_size=9, unique=True), st.integers(0, 9), st.data())
def test_a_checkpoint_comes_back_exactly(at: int, lengths: list[int], slots: int, data: st.DataObject) -> None:
    sums = Sums.empty(at, lengths, slots)
    size = sums.counts.size
    sums.counts = np.array(data.draw(st.lists(COUNT, min_size=size, max_size=size)), np.int64).reshape(sums.counts.shape)
    if slots:
        sums.first[0], sums.newest[-1] = at - 5, at
    assert table(codec.decode_checkpoint(codec.encode_checkpoint(sums))) == table(sums)


OLD_CHECKPOINT = (
    "0102b4a9d88c010000006881ba010000000002000000050000003c00000001060000000a010564023c04040000004081ba0104040000006781ba01"
)
"""As the release before calendar windows wrote it."""


def test_a_checkpoint_with_calendar_windows_comes_back_exactly() -> None:
    berlin = Calendar(1, "M", "Europe/Berlin", datetime(2026, 1, 21, 12, 30))  # noqa: DTZ001  # local time, as declared
    sums = Sums.empty(29_000_040, (5, 43200, Since(Calendar(1, "Q")), Since(berlin, 4)), 3)
    sums.counts += np.arange(3)
    blob = codec.encode_checkpoint(sums)
    assert table(codec.decode_checkpoint(blob)) == table(sums)
    assert blob[0] == 2


def test_a_checkpoint_of_rolling_windows_is_what_older_programs_wrote() -> None:
    sums = Sums.empty(29_000_040, (5, 60), 1)
    sums.counts[:, :, 0] = [[10, 1, 5], [100, 2, 60]]
    sums.first[0], sums.newest[0] = 29_000_000, 29_000_039
    assert table(codec.decode_checkpoint(bytes.fromhex(OLD_CHECKPOINT))) == table(sums)
    assert codec.encode_checkpoint(sums).hex() == OLD_CHECKPOINT


def test_what_is_decoded_can_be_changed() -> None:
    sums = codec.decode_checkpoint(BLOBS["checkpoint"][0])
    sums.counts += 1
    sums.first[0] = 5
    assert sums.window(5, 0).total == 1


def test_a_thousand_slots_take_little_room() -> None:
    random = np.random.default_rng(1)
    total = random.poisson(20_000, 1000)
    frame = Frame(7, np.stack([total, random.binomial(total, 0.001), np.ones(1000, np.int64)]), np.zeros(1000, bool))
    assert len(codec.encode_frame(frame)) < 3000


@pytest.mark.parametrize("kind", BLOBS)
def test_a_blob_with_any_byte_changed_or_cut_off_is_refused(kind: str) -> None:
    blob, decode = BLOBS[kind]
    for at in range(len(blob)):
        with pytest.raises(StoreError, match=f"a stored {kind}"):
            decode(blob[:at] + bytes([blob[at] ^ 0x10]) + blob[at + 1 :])
        with pytest.raises(StoreError, match=f"a stored {kind} is damaged: restore"):
            decode(blob[:at])


@pytest.mark.parametrize("kind", BLOBS)
def test_a_newer_format_says_that_a_newer_program_is_needed(kind: str) -> None:
    blob, decode = BLOBS[kind]
    newest = 2 if kind == "checkpoint" else 1
    told = f"a stored {kind} has format {newest + 1}, this program reads up to {newest}: run a newer sloop"
    with pytest.raises(StoreError, match=told):
        decode(bytes([newest + 1]) + blob[1:])


@pytest.mark.parametrize("kind", BLOBS)
def test_a_blob_of_another_kind_is_refused(kind: str) -> None:
    for other in BLOBS.keys() - {kind}:
        with pytest.raises(StoreError, match="damaged"):
            BLOBS[kind][1](BLOBS[other][0])


def decoded(blob: bytes) -> list[int] | None:
    try:
        return list(codec.decode_hour(blob).shape)
    except StoreError:
        return None


@given(st.binary(max_size=60))
def test_a_body_that_lies_under_a_right_checksum_is_refused_and_nothing_else(body: bytes) -> None:
    blob = struct.pack("<BBI", 1, 1, zlib.crc32(body)) + body
    assert decoded(blob) in (None, [3, int.from_bytes(body[:4], "little")])


def test_a_length_beyond_reason_is_refused_before_room_is_made_for_it() -> None:
    body = struct.pack("<IBI", 2**32 - 1, 0, 0)
    assert decoded(struct.pack("<BBI", 1, 1, zlib.crc32(body)) + body) is None


def test_numbers_that_deflate_to_exactly_their_own_length_come_back() -> None:
    random = np.random.default_rng(3)
    ties = 0
    for noisy in range(99):
        counts = np.zeros((3, 33), np.int64)
        counts.reshape(-1)[:noisy] = random.integers(0, 256, noisy)
        planes = counts.astype(np.uint8).tobytes()
        ties += len(zlib.compress(planes, 1)) == len(planes)
        assert codec.decode_hour(codec.encode_hour(counts)).tolist() == counts.tolist()
    assert ties
