"""Frames, hours and checkpoints as bytes and back, exactly.

A blob is version, kind, CRC-32 of the rest, slot count, and then
  frame       measured bitmap, coarse bitmap, packed total and bad
  hour        packed total, bad and measured
  checkpoint  T, window count, window lengths, packed counts, packed first, packed newest;
              in version 2 calendar windows follow the lengths, as JSON after its size
Packed = bytes per number, stored length, and the numbers as byte planes: all lowest bytes, all second bytes, and so on.
Counts of a minute are small and their high bytes alike, so the empty planes are dropped and the others deflate well.
"""

from __future__ import annotations

import json
import struct
import zlib
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from slo.errors import Damaged, StoreError
from slo.estate.calendar import Calendar
from slo.judge.period import Since
from slo.judge.windows import MEASURED, Frame, Sums

if TYPE_CHECKING:
    from slo.estate.calendar import Unit
    from slo.judge.period import Window
    from slo.judge.series import Ints
    from slo.units import Minute

VERSION = 1
_CALENDARS = 2
"""The version of checkpoints with calendar windows; without them they are as they always were."""
_FRAME, _HOUR, _CHECKPOINT = range(3)
_KINDS = ("frame", "hour", "checkpoint")
_HEAD = struct.Struct("<BBI")
_SLOTS = struct.Struct("<I")
_PACKED = struct.Struct("<BI")
_WINDOWS = struct.Struct("<qI")
_MOST_SLOTS = 1_000_000
"""No shard comes near it: a length that claims more is damage, and nothing so large is allocated."""
_WORTH_DEFLATING = 96
"""Bytes. Below it deflating costs more time than all the rest and saves nothing."""


def encode_frame(frame: Frame) -> bytes:
    bitmaps = np.packbits(frame.counts[MEASURED] != 0).tobytes() + np.packbits(frame.coarse).tobytes()
    return _seal(_FRAME, _SLOTS.pack(frame.slots) + bitmaps + _pack(frame.counts[:MEASURED]))


def decode_frame(minute: Minute, blob: bytes) -> Frame:
    """Damaged for a blob that is, or is of another kind; StoreError for one newer than this program. So in all that decode."""
    reader = _Reader(_FRAME, blob)
    slots = reader.slots()
    counts = np.empty((3, slots), np.int64)
    counts[MEASURED] = reader.bitmap(slots)
    coarse = reader.bitmap(slots).view(np.bool_)
    counts[:MEASURED] = reader.numbers(2 * slots).reshape(2, slots)
    return Frame(minute, counts, coarse)


def encode_hour(counts: Ints) -> bytes:
    """`counts` is int64[3, slots]: total, bad and the number of measured minutes."""
    return _seal(_HOUR, _SLOTS.pack(counts.shape[1]) + _pack(counts))


def decode_hour(blob: bytes) -> Ints:
    reader = _Reader(_HOUR, blob)
    slots = reader.slots()
    return reader.numbers(3 * slots).reshape(3, slots)


def encode_checkpoint(sums: Sums) -> bytes:
    lengths = [window for window in sums.windows if isinstance(window, int)]
    calendars = [window for window in sums.windows if not isinstance(window, int)]
    text = json.dumps([_told(window) for window in calendars]).encode() if calendars else b""
    head = _SLOTS.pack(sums.slots) + _WINDOWS.pack(sums.at, len(lengths)) + struct.pack(f"<{len(lengths)}I", *lengths)
    named = _SLOTS.pack(len(text)) + text if calendars else b""
    body = head + named + _pack(sums.counts) + _pack(sums.first) + _pack(sums.newest)
    return _seal(_CHECKPOINT, body, _CALENDARS if calendars else VERSION)


def decode_checkpoint(blob: bytes) -> Sums:
    reader = _Reader(_CHECKPOINT, blob)
    slots = reader.slots()
    at, windows = reader.take(_WINDOWS)
    lengths = reader.take(struct.Struct(f"<{windows}I"))
    every: tuple[Window, ...] = (*lengths, *reader.calendars()) if reader.version > VERSION else lengths
    counts = reader.numbers(len(every) * 3 * slots).reshape(len(every), 3, slots)
    return Sums(at, every, counts, reader.numbers(slots), reader.numbers(slots))


def _told(window: Since) -> list[object]:
    calendar = window.calendar
    return [calendar.count, calendar.unit, calendar.zone, calendar.start.isoformat(), window.skip]


def _since(count: int, unit: Unit, zone: str, begin: str, skip: int) -> Since:
    return Since(Calendar(count, unit, zone, datetime.fromisoformat(begin)), skip)


def _seal(kind: int, body: bytes, version: int = VERSION) -> bytes:
    return _HEAD.pack(version, kind, zlib.crc32(body)) + body


def _pack(numbers: Ints) -> bytes:
    flat = np.ascontiguousarray(numbers, "<i8").reshape(-1)
    width = _bytes_needed(flat)
    planes = flat.view(np.uint8).reshape(-1, 8)[:, :width].T.tobytes()
    if len(planes) >= _WORTH_DEFLATING:
        # A tie must go to the planes: whoever reads takes a full length for planes that were not deflated.
        planes = min(planes, zlib.compress(planes, 1), key=len)
    return _PACKED.pack(width, len(planes)) + planes


def _bytes_needed(numbers: Ints) -> int:
    """Planes above it are all zero; negative numbers need all eight."""
    if not len(numbers):
        return 0
    return 8 if numbers.min() < 0 else (int(numbers.max()).bit_length() + 7) // 8


class _Reader:
    """Takes a checked blob apart from left to right."""

    def __init__(self, kind: int, blob: bytes) -> None:
        self._what = _KINDS[kind]
        self._blob = blob
        newest = _CALENDARS if kind == _CHECKPOINT else VERSION
        if blob[:1] and blob[0] > newest:
            raise StoreError(
                f"a stored {self._what} has format {blob[0]}, this program reads up to {newest}: run a newer sloop"
            )
        self._at = 0
        self.version, found, checksum = self.take(_HEAD)
        if self.version < VERSION or found != kind or checksum != zlib.crc32(memoryview(blob)[self._at :]):
            raise self._damaged()

    def slots(self) -> int:
        (slots,) = self.take(_SLOTS)
        if slots > _MOST_SLOTS:
            raise self._damaged()
        return slots

    def calendars(self) -> list[Since]:
        (size,) = self.take(_SLOTS)
        try:
            return [_since(*told) for told in json.loads(self._bytes(size))]
        except (ValueError, TypeError):
            raise self._damaged() from None

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        try:
            values = layout.unpack_from(self._blob, self._at)
        except struct.error:
            raise self._damaged() from None
        self._at += layout.size
        return values

    def bitmap(self, slots: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
        return np.unpackbits(np.frombuffer(self._bytes((slots + 7) // 8), np.uint8), count=slots)

    def numbers(self, count: int) -> Ints:
        width, stored = self.take(_PACKED)
        planes = self._bytes(stored)
        if stored < width * count:
            planes = self._inflated(planes)
        if width > 8 or len(planes) != width * count:
            raise self._damaged()
        numbers = np.zeros((count, 8), np.uint8)
        numbers[:, :width] = np.frombuffer(planes, np.uint8).reshape(width, count).T
        return numbers.view("<i8").reshape(-1)

    def _bytes(self, size: int) -> bytes:
        part = self._blob[self._at : self._at + size]
        if len(part) != size:
            raise self._damaged()
        self._at += size
        return part

    def _inflated(self, planes: bytes) -> bytes:
        try:
            return zlib.decompress(planes)
        except zlib.error:
            raise self._damaged() from None

    def _damaged(self) -> Damaged:
        return Damaged(self._what)
