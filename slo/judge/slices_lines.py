"""Bytes of a slices file as they come -> whole lines of text, so that a file is never held as a whole."""

from __future__ import annotations

import io
from collections import deque
from typing import TYPE_CHECKING

from slo.errors import SlicesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BOM = b"\xef\xbb\xbf"


def whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes but for a byte order mark, cut only at line feeds; the first line, the header, comes alone."""
    held, find, started = bytearray(), bytearray.find, False
    for piece in pieces:
        before = len(held)
        held += piece
        end = find(held, b"\n", before) + 1
        if end:
            yield bytes(held[:end]).removeprefix(b"" if started else _BOM)
            del held[:end]
            find, started = bytearray.rfind, True
    if held:
        yield bytes(held).removeprefix(b"" if started else _BOM)


class Lines:
    """The lines of the chunks that were put in, then those of further chunks, should a row go on there."""

    def __init__(self, file: str, chunks: Iterator[bytes], newline: str) -> None:
        """`newline` as in `io.StringIO`: for CSV any kind of line end counts (""), for NDJSON the line feed alone."""
        self.file, self.chunks, self.newline = file, chunks, newline
        self.passed = 0
        self._waiting: deque[str] = deque()
        self._broken: SlicesError | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while not self._waiting:
            if self._broken is not None:
                raise self._broken
            self.put(next(self.chunks))
        return self._waiting.popleft()

    @property
    def pending(self) -> bool:
        """Whether what was put in is not yet taken."""
        return bool(self._waiting) or self._broken is not None

    def put(self, chunk: bytes) -> None:
        """Lines before one that is not UTF-8 are still given, so that the first bad row is the one that is told."""
        try:
            text = chunk.decode()
        except UnicodeDecodeError as error:
            good = chunk.rfind(b"\n", 0, error.start) + 1
            line = self.passed + chunk.count(b"\n", 0, good) + 1
            self._broken = SlicesError(self.file, line, "not UTF-8; save the file as UTF-8")
            text = chunk[:good].decode()
        self._waiting.extend(io.StringIO(text, newline=self.newline))
        self.skip(chunk)

    def skip(self, chunk: bytes) -> None:
        """Somebody else has read it."""
        self.passed += chunk.count(b"\n")
