"""What a format cannot say: listed with every import and export, never dropped in silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slo.estate.spec import Estate


@dataclass(frozen=True, slots=True)
class Loss:
    """`path` names the thing: `components.api.objectives.latency`, of an import as in the file; `where` is then `file:line`."""

    path: str
    code: str
    text: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where + ': ' if self.where else ''}{self.path + ': ' if self.path else ''}{self.text} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Written:
    """A document in another format, and what of the estate is not in it."""

    text: str
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """An estate from another format, and what of the documents is not in it."""

    estate: Estate
    losses: tuple[Loss, ...] = ()
