"""Shops of three sensors, each learnt once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.watching.shops import Shop, open_shop
from tests.watching.writing import WRITERS


@pytest.fixture(scope="package")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Shop]:
    """Open the shop of a sensor, once."""
    return cache(lambda sensor: open_shop(sensor, tmp_path_factory.mktemp(sensor) / "shop"))


@pytest.fixture(scope="package", params=WRITERS)
def shop(request: pytest.FixtureRequest, opened: Callable[[str], Shop]) -> Shop:
    """A shop of each sensor."""
    return opened(request.param)


@pytest.fixture(scope="package")
def falco(opened: Callable[[str], Shop]) -> Shop:
    """One shop, for what does not depend on the sensor."""
    return opened("falco")
