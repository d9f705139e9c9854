"""Usage per account, cluster and month; hosts that nobody watches; money by dated prices."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from rtml.captures.manifest import Input, Manifest
from rtml.captures.processes import PROCESSES
from rtml.captures.write import write_capture
from rtml.errors import MissingFileError, UsageError
from rtml.schema import REJECTS, conform
from rtml.usage.account import SCORED, usage_of
from rtml.usage.inventory import INVENTORY, read_inventory
from rtml.usage.prices import SHIPPED, read_prices
from rtml.usage.seen import captures_in, seen

START = dt.datetime(2026, 11, 30, 22, 0, tzinfo=dt.UTC)


def capture(
    place: Path, rows: list[tuple[int, str | None, str | None, str, str | None]], size: int = 0
) -> str:
    """Write a capture of (minutes after the start, account, cluster, host, container)."""
    events = pl.DataFrame(
        [
            {
                "time": START + dt.timedelta(minutes=at),
                "account": account,
                "cluster": cluster,
                "host": host,
                "container_id": container,
                "kind": "exec",
                "seq": number,
            }
            for number, (at, account, cluster, host, container) in enumerate(rows)
        ],
        infer_schema_length=None,
    )
    inputs = [Input(name="log", bytes=size, sha256="")]
    manifest = Manifest(sensor="x", events=len(rows), inputs=inputs)
    write_capture(place, manifest, conform(events), PROCESSES.to_frame(), pl.DataFrame(schema=REJECTS))
    return str(place)


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """Two captures of two accounts, over the end of a month; one hour is in both."""
    first = [
        (0, "1", "a", "n1", "c1"),
        (10, "1", "a", "n1", "c2"),
        (70, "1", "a", "n1", "c1"),
        (130, "1", "a", "n1", "c1"),
        (131, None, None, "n9", None),
    ]
    second = [(20, "1", "a", "n1", "c1"), (30, "1", "b", "n2", "c3"), (40, "2", "a", "n1", "c1")]
    return [capture(tmp_path / "c/one", first, 500), capture(tmp_path / "c/two", second, 90)]


def table(paths: list[str], **more: object) -> dict[tuple[str, str, str], dict[str, object]]:
    rows = usage_of(seen(paths), read_prices(), **more).to_dicts()
    return {(row["account"], row["cluster"], row["month"]): row for row in rows}


def test_events_hosts_and_containers_are_counted_by_whom_and_month(two: list[str]):
    found = table(two)
    assert list(found) == [
        ("1", "a", "2026-11"),
        ("1", "a", "2026-12"),
        ("1", "b", "2026-11"),
        ("2", "a", "2026-11"),
        ("unknown", "unknown", "2026-12"),
    ]
    november = found["1", "a", "2026-11"]
    names = ("events", "bytes", "containers", "container_hours", "hosts", "host_hours")
    assert [november[name] for name in names] == [4, 330, 2, 3, 1, 2]  # the hour that both saw counts once
    assert november["uncovered_hosts"] is None
    assert november["scoring_seconds"] is None
    assert found["unknown", "unknown", "2026-12"]["containers"] == 0
    assert sum(int(row["events"]) for row in found.values()) == 8
    assert sum(int(row["bytes"]) for row in found.values()) == 590


def test_the_order_of_captures_changes_nothing(two: list[str]):
    assert table(two) == table(two[::-1])


def test_listed_hosts_have_their_vcpus_and_are_missed(two: list[str]):
    rows = [("n1", "1", "a", 8.0), ("n7", "1", "a", 4.0), ("n8", "3", "z", None), ("n2", "1", "b", None)]
    found = table(two, hosts=pl.DataFrame(rows, INVENTORY, orient="row"), vcpus=2.0)
    assert (found["1", "a", "2026-11"]["vcpu_hours"], found["1", "a", "2026-11"]["uncovered_hosts"]) == (
        16,
        1,
    )
    assert found["1", "b", "2026-11"]["vcpu_hours"] == 2.0
    assert found["1", "b", "2026-12"]["uncovered_hosts"] == 1
    nobody = found["3", "z", "2026-11"]
    assert (nobody["events"], nobody["hosts"], nobody["uncovered_hosts"], nobody["guardduty"]) == (
        0,
        0,
        1,
        0.0,
    )


def test_tiers_are_of_an_account_and_shared_by_its_clusters(tmp_path: Path):
    rows = [
        (60 * hour - 22 * 60, "1", cluster, host, None)
        for hour in range(720)
        for cluster, host in ("aA", "bB")
    ]
    capture(tmp_path / "c", [(at - 29 * 24 * 60, *rest) for at, *rest in rows])
    listed = pl.DataFrame([("A", "1", "a", 450.0), ("B", "1", "b", 150.0)], INVENTORY, orient="row")
    found = table([str(tmp_path / "c")], hosts=listed)
    whole = 500 * 1.5 + 100 * 0.75
    assert found["1", "a", "2026-11"]["guardduty"] == pytest.approx(whole * 450 / 600)
    assert found["1", "b", "2026-11"]["guardduty"] == pytest.approx(whole * 150 / 600)


def test_seconds_of_scoring_go_by_the_events_of_what_was_read(two: list[str], tmp_path: Path):
    folder = [f"{tmp_path}/c/"]  # as a job was given it: the folder of both
    jobs = pl.DataFrame([([two[0]], 50.0), (folder, 80.0), (["elsewhere"], 7.0)], SCORED, orient="row")
    (tmp_path / "p.yml").write_text("{as_of: 2026-01-01, currency: EUR, source: x, compute_vcpu_hour: 36.0}")
    prices = read_prices(tmp_path / "p.yml")
    rows = usage_of(seen(two), prices, scored=jobs)
    assert rows["scoring_seconds"].sum() == pytest.approx(130.0)
    november = rows.row(0, named=True)
    assert november["scoring_seconds"] == pytest.approx(50 * 3 / 5 + 80 * 4 / 8)
    assert november["compute"] == pytest.approx(november["scoring_seconds"] / 100)
    assert november["guardduty"] is None


def test_captures_are_found_by_folder_and_pattern_each_once(two: list[str], tmp_path: Path):
    assert captures_in([str(tmp_path)]) == two
    assert captures_in([str(tmp_path / "c/*"), two[1]]) == two
    with pytest.raises(MissingFileError, match="no capture here"):
        captures_in([str(tmp_path / "d*")])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name\nx\n", "unknown column 'name'"),
        ("vcpus\n1\n", "has a column host"),
        ("host,vcpus\na,many\n", ":2: vcpus 'many' is no number"),
        ("host,vcpus\na,-1\n", "is no number of processors"),
        ("host\na\na\n", "'a' is listed twice"),
        ("host,vcpus\n,1\n", "a host without a name"),
    ],
)
def test_mistakes_in_the_list_of_hosts_are_named(tmp_path: Path, text: str, told: str):
    (tmp_path / "hosts.csv").write_text(text)
    with pytest.raises(UsageError, match=told):
        read_inventory(tmp_path / "hosts.csv")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{as_of: soon, currency: EUR, source: x}", "as_of"),
        ("{as_of: 2026-01-01, currency: EUR, source: x, price: 1}", "unknown key 'price'"),
        ("{as_of: 2026-01-01, currency: EUR, source: x, compute_vcpu_hour: -1}", "compute_vcpu_hour"),
        (
            "{as_of: 2026-01-01, currency: E, source: x, guardduty_runtime: [{price: 1}, {price: 2}]}",
            "only the last tier",
        ),
    ],
)
def test_mistakes_in_prices_are_named(tmp_path: Path, text: str, told: str):
    (tmp_path / "p.yml").write_text(text)
    with pytest.raises(UsageError, match=told):
        read_prices(tmp_path / "p.yml")


def test_shipped_prices_say_when_and_whence():
    prices = read_prices(SHIPPED)
    assert prices.source == "https://aws.amazon.com/guardduty/pricing/"
    assert [tier.price for tier in prices.guardduty_runtime] == [1.5, 0.75, 0.25]


def test_the_command_prints_both_ways(two: list[str], tmp_path: Path):
    def run(*more: str) -> str:
        command = [sys.executable, "-m", "rtml.cli", "usage", str(tmp_path / "c"), *more]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    told = json.loads(run("--json", "--vcpus", "4"))
    assert told["usage"][0]["vcpu_hours"] == 8.0
    assert told["prices"]["as_of"] == "2026-11-26"
    page = run()
    assert "as of 2026-11-26" in page
    assert "hosts that are not covered are not known" in page


def test_a_capture_without_events_is_no_row(tmp_path: Path):
    capture(tmp_path / "c", [(0, "1", "a", "n1", "c1")])
    manifest = tmp_path / "c/capture.json"
    manifest.write_text(json.dumps({"sensor": "x"}))
    for part in (tmp_path / "c/events").rglob("*.parquet"):
        part.unlink()
    assert table([str(tmp_path / "c")]) == {}


@pytest.mark.parametrize("text", ["host\nn1\rn2\n", "host\n" + "a" * 200_000 + "\n"])
def test_a_list_of_hosts_that_is_no_csv_is_named_with_its_line(tmp_path: Path, text: str):
    (tmp_path / "h.csv").write_bytes(text.encode())
    with pytest.raises(UsageError, match=r"h\.csv:\d: not CSV"):
        read_inventory(tmp_path / "h.csv")
