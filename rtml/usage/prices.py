"""Prices from a dated file: tiers per vCPU and month, and what computing costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import pydantic

from rtml.errors import UsageError
from rtml.reading.faults import Amount, validated
from rtml.reading.user_yaml import read_yaml

__all__ = ["SHIPPED", "Prices", "Tier", "read_prices", "tiered"]

SHIPPED = Path(__file__).with_name("prices.yml")
"""The prices that come with rtml."""

_Price = Annotated[Amount, pydantic.Field(ge=0, allow_inf_nan=False)]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Tier(_Strict):
    """``price`` of one vCPU and month, for so many ``vcpus``; None: for all that are left."""

    price: _Price
    vcpus: Annotated[Amount, pydantic.Field(gt=0)] | None = None


class Prices(_Strict):
    """What a file says; ``as_of`` is the day at which its ``source`` was looked at."""

    as_of: dt.date
    currency: str
    source: str
    note: str = ""
    guardduty_runtime: list[Tier] = []
    compute_vcpu_hour: _Price | None = None


def read_prices(path: Path = SHIPPED) -> Prices:
    """Read a file of prices.

    Raises
    ------
    UsageError
        A key is unknown, a price is none, or a tier without an end is not the last.

    Examples
    --------
    >>> read_prices().currency
    'USD'
    """
    read = read_yaml(path, dict, "prices are a mapping of keys to values")
    prices = validated(Prices, read, str(path))
    if any(tier.vcpus is None for tier in prices.guardduty_runtime[:-1]):
        raise UsageError(f"{path}: guardduty_runtime: only the last tier may be without vcpus")
    return prices


def tiered(vcpus: float, tiers: Sequence[Tier]) -> float | None:
    """Return what so many vCPUs of a month cost; None without tiers, or beyond the last one.

    Examples
    --------
    >>> tiers = [Tier(vcpus=500, price=1.5), Tier(vcpus=4500, price=0.75), Tier(price=0.25)]
    >>> tiered(100, tiers), tiered(600, tiers), tiered(6000, tiers), tiered(1, [])
    (150.0, 825.0, 4375.0, None)
    """
    left, cost = vcpus, 0.0
    for tier in tiers:
        size = left if tier.vcpus is None else min(left, tier.vcpus)
        cost, left = cost + size * tier.price, left - size
    return cost if tiers and left <= 0 else None
