"""Reads what the pure rooms may not read themselves: estate files, slices files, and the data files in the packages."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from slo.catalog.catalog import Catalog
from slo.errors import SpecError, UnreadableFile
from slo.estate.load import load
from slo.estate.nodes import MAX_BYTES
from slo.prices import price_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from slo.errors import Problem
    from slo.estate.spec import Estate
    from slo.prices.price_list import PriceList

SPEC_SUFFIXES = {".yaml", ".yml", ".json"}
SCHEMA_SUFFIX = ".schema.json"


def read_catalog() -> Catalog:
    """The kinds and the default policy that ship with the program."""
    kinds = sorted((f for f in files("slo.catalog").iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    policy = files("slo.policies").joinpath("default.yaml").read_bytes()
    return Catalog.of(((f.name, f.read_bytes()) for f in kinds), policy)


def read_prices() -> PriceList:
    """The list prices that ship with the program."""
    return price_list.parse(files("slo.prices").joinpath("us-east-1.yaml").read_bytes())


def packaged_spec(name: str) -> bytes:
    return files("slo.specs").joinpath(f"{name}.yaml").read_bytes()


def read_estate(paths: Iterable[Path], catalog: Catalog) -> tuple[Estate, tuple[Problem, ...]]:
    """The estate and its warnings. SpecError with every problem when there is an error."""
    loaded = load(tuple(read_specs(paths)), catalog)
    if loaded.estate is None:
        raise SpecError(loaded.problems)
    return loaded.estate, loaded.problems


def read_specs(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each file; folders are read recursively. One byte over the limit is read, so that it is refused."""
    for path in paths:
        found = sorted(_specs_in(path)) if path.is_dir() else [path]
        if not found:
            raise UnreadableFile(f"{path}: no .yaml, .yml or .json file in this folder")
        for file in found:
            yield str(file), read_bytes(file, MAX_BYTES + 1)


def _specs_in(folder: Path) -> Iterator[Path]:
    """A schema that lies beside an estate for the editor is none."""
    found = (f for f in folder.rglob("*") if f.suffix in SPEC_SUFFIXES and f.is_file())
    return (f for f in found if not f.name.endswith(SCHEMA_SUFFIX))


def read_bytes(file: Path, limit: int = -1) -> bytes:
    """UnreadableFile when it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(limit)
    except OSError as error:
        raise UnreadableFile(f"{file}: {error.strerror or error}") from None


def read_pieces(file: Path, size: int) -> Iterator[bytes]:
    """Piece by piece, so that a large file is never held as a whole. UnreadableFile when it cannot be read."""
    try:
        with file.open("rb") as stream:
            while piece := stream.read(size):
                yield piece
    except OSError as error:
        raise UnreadableFile(f"{file}: {error.strerror or error}") from None


def create_files(files: Mapping[Path, bytes]) -> None:
    """Never over another file, but one with the same bytes is as good. UnreadableFile before anything is written."""
    missing = [file for file, data in files.items() if not (file.exists() and read_bytes(file) == data)]
    for file in missing:
        if file.exists():
            raise UnreadableFile(f"{file}: is there already and is not overwritten; move it away or name another file")
    for file in missing:
        write_file(file, files[file])


def write_file(file: Path, data: bytes) -> None:
    """Its folder is made when it is missing. UnreadableFile when it cannot be written."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    except OSError as error:
        raise UnreadableFile(f"{file}: {error.strerror or error}") from None
