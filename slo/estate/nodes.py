"""Bytes of one YAML or JSON file -> documents with lines, and every reason why a person should look at the file again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.estate import json_tree, yaml_tree
from slo.estate.problems import Log, Refused

if TYPE_CHECKING:
    from slo.estate.tree import Node

MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Contents:
    """`documents` holds what could be read, also where there are problems; `log` goes on collecting."""

    documents: tuple[Node, ...]
    log: Log


def read(file: str, data: bytes) -> Contents:
    """Never raises; time and memory are bounded whatever the bytes. JSON by the suffix `.json`, all else is YAML."""
    log = Log(file)
    try:
        text = _decode(data)
        found = (json_tree if file.lower().endswith(".json") else yaml_tree).documents(text, log)
    except Refused as refused:
        log.add(refused.line, refused.path, refused.code, refused.message)
        found = []
    return Contents(tuple(found), log)


def _decode(data: bytes) -> str:
    """A byte order mark and CRLF are fine."""
    if len(data) > MAX_BYTES:
        raise Refused(1, "", "too_large", f"the file is larger than {MAX_BYTES:,} bytes; split it")
    nul = data.find(b"\0")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(line, "", "encoding", f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
    if nul >= 0:
        raise Refused(data.count(b"\n", 0, nul) + 1, "", "encoding", f"byte {nul} is NUL; save the file as UTF-8 text")
    return text.replace("\r\n", "\n")
