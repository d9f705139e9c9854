"""Destinations by hand."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.features import learn, windows
from rtml.features.entropy import miller_madow
from rtml.testing.events import events


def calls(*rows: tuple[str, int], **more):
    base = {"kind": "connect", "exe": "/usr/bin/python3"}
    return events({**base, "dst_ip": ip, "dst_port": port, **more} for ip, port in rows)


def first(table, history=None):
    return windows(table, history, ["destinations"]).row(0, named=True)


@pytest.fixture(scope="module")
def history():
    return learn(calls(*[("10.0.0.1", 6379), ("10.0.0.2", 443)] * 30))


def test_entropy_by_hand():
    # 3 + 1 connections: plug-in 0.8113 bits, correction (2 - 1) / (2 * 4 * ln 2) = 0.1803.
    row = first(calls(("10.0.0.1", 1), ("10.0.0.1", 1), ("10.0.0.1", 2), ("10.0.0.2", 1)))
    assert row["destinations.entropy"] == pytest.approx(0.8113 + 0.1803, abs=1e-3)
    assert row["destinations.fanout"] == 2


def test_entropy_uses_the_counts_of_aggregating_sensors():
    table = events(
        [
            {"kind": "connect", "dst_ip": "10.0.0.1", "count": 3},
            {"kind": "connect", "dst_ip": "10.0.0.2", "count": 1},
        ]
    )
    assert first(table)["destinations.entropy"] == pytest.approx(0.9916, abs=1e-3)


def test_one_address_has_no_entropy():
    assert first(calls(("10.0.0.1", 1), ("10.0.0.1", 2)))["destinations.entropy"] == 0


def test_entropy_is_bounded_by_the_number_of_observations():
    assert pl.DataFrame({"c": [1] * 8}).select(miller_madow(pl.col("c"))).item() == 3
    assert pl.DataFrame({"c": []}, {"c": pl.Int64}).select(miller_madow(pl.col("c"))).item() == 0


def test_new_destinations_are_counted_per_workload(history):
    table = calls(("10.0.0.1", 6379), ("10.0.0.1", 22), ("1.2.3.4", 443), ("1.2.3.4", 443))
    assert first(table, history)["destinations.new"] == 2
    foreign = events(
        [
            {
                "kind": "connect",
                "dst_ip": "10.0.0.1",
                "dst_port": 6379,
                "container_id": "app-1",
                "workload": "app",
            }
        ]
    )
    assert first(foreign, history)["destinations.new"] == 1


def test_port_rarity_survives_a_new_address(history):
    moved, odd = calls(("10.0.7.7", 6379)), calls(("10.0.0.1", 4444))
    assert first(moved, history)["destinations.port_bits_max"] < 1.5
    assert first(odd, history)["destinations.port_bits_max"] > 4


def test_the_metadata_service_is_a_scope_of_its_own(history):
    private = first(calls(("10.9.9.9", 443)), history)["destinations.port_bits_max"]
    metadata = first(calls(("169.254.169.254", 443)), history)["destinations.port_bits_max"]
    assert private + 3 < metadata


def test_local_sockets_are_no_destinations():
    row = first(events([{"kind": "connect", "socket_path": "/run/docker.sock"}]))
    assert row["destinations.fanout"] == row["destinations.entropy"] == 0


def test_a_new_name_is_surprising():
    history = learn(events([{"kind": "dns", "domain": "cache.shop", "exe": "/bin/app"}] * 50))
    usual = events([{"kind": "dns", "domain": "CACHE.shop.", "exe": "/bin/app"}])
    odd = events([{"kind": "dns", "domain": "x.evil.example", "exe": "/bin/app"}])
    assert first(usual, history)["destinations.domain_bits_max"] < 0.5
    assert first(odd, history)["destinations.domain_bits_max"] > 3
