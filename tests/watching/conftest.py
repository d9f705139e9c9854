"""Shops of three sensors, each learnt once."""

from __future__ import annotations

import pytest

from tests.watching.shops import Shop, open_shop
from tests.watching.writing import WRITERS


@pytest.fixture(scope="package", params=WRITERS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop of each sensor."""
    return open_shop(request.param, tmp_path_factory.mktemp(request.param) / "shop")


@pytest.fixture(scope="package")
def falco(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One shop, for what does not depend on the sensor."""
    return open_shop("falco", tmp_path_factory.mktemp("falco-alone") / "shop")
