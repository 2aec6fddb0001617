"""List prices as dated data: exact dollars, each with the list that it was copied from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, get_args

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PriceName = Literal[
    "metric-request",
    "api-request",
    "custom-metric",
    "container-insights-metric",
    "metric-stream-update",
    "alarm-metric",
    "alarm-metric-high-resolution",
    "composite-alarm",
    "dashboard",
    "logs-ingested",
    "logs-scanned",
    "trace-recorded",
    "trace-scanned",
    "sns-publish",
    "sns-http-delivery",
]


@dataclass(frozen=True, slots=True)
class Price:
    """`dollars` for every `per` of `unit`; an account has `free` of them a month. `confirmed`: a list was at hand."""

    dollars: Decimal
    unit: str
    date: date
    source: str
    per: int = 1
    free: int = 0
    confirmed: bool = True

    def of(self, amount: Fraction | int) -> Fraction:
        """Dollars as if nothing were free: what is free is shared with everything else in the account."""
        return Fraction(self.dollars) * amount / self.per

    def beyond_free(self, amount: int) -> Fraction:
        """Dollars as if nothing else in the account used what is free."""
        return self.of(max(0, amount - self.free))


@dataclass(frozen=True, slots=True)
class PriceList:
    region: str
    prices: Mapping[PriceName, Price]

    @property
    def date(self) -> date:
        """Of the oldest price."""
        return min(price.date for price in self.prices.values())

    def __getitem__(self, name: PriceName) -> Price:
        return self.prices[name]


def parse(data: bytes) -> PriceList:
    """TypeError or KeyError for a field too many or too few: the list is part of the program, so that is a bug."""
    document = yaml.safe_load(data)
    rows: Mapping[str, Any] = document["prices"]
    names: tuple[PriceName, ...] = get_args(PriceName)
    if set(rows) != set(names):
        raise KeyError(*sorted(set(rows) ^ set(names)))
    return PriceList(document["region"], {n: Price(**{**rows[n], "dollars": Decimal(rows[n]["dollars"])}) for n in names})


def format_dollars(amount: Fraction) -> str:
    """To the cent, half to even: `-$1,234.50`. What is not nothing but less than half a cent is `<$0.01`."""
    cents = round(abs(amount) * 100)
    if cents == 0:
        return "<$0.01" if amount else "$0.00"
    return f"{'-' if amount < 0 else ''}${cents // 100:,}.{cents % 100:02}"
