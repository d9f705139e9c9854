"""Findings of groups that are hardly known say so, and are less grave for what was to be expected."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from rtml.baselines import Baseline
from rtml.baselines.counting import COUNTS
from rtml.cli import app
from rtml.findings.incidents import incidents
from rtml.models.calibration import Calibration
from rtml.models.explaining import explain
from rtml.models.explaining.known import KNOWN, NEVER, known
from tests.findings.test_explain import START, alarms, processes, surprises


def seen(
    workload: str, key: str, count: int, minutes: float, family: str = "lineage.child"
) -> dict[str, object]:
    last = START + dt.timedelta(minutes=minutes)
    row = {"family": family, "workload": workload, "repository": "shop/base", "key": key, "count": count}
    return {**row, "container": f"{workload}-1", "first_seen": START, "last_seen": last}


BASELINE = Baseline(
    pl.DataFrame(
        [
            seen("web", "ls", 46, 12.0),
            seen("web", "vi", 4, 0.5),
            seen("web", "10.0.0.1", 950, 12.0, "destinations.address"),
            seen("app", "python", 9000, 600.0),
        ],
        COUNTS,
    )
)
CALIBRATION = Calibration.fit(np.arange(400.0), ["app"] * 400, {"app": 1.0})


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return known(BASELINE, CALIBRATION, 1.0)


def test_of_each_family_and_group_it_is_said_how_much_is_new_and_what_is_borrowed(table: pl.DataFrame):
    said = {(group, family): (expected, text) for group, family, expected, text in table.iter_rows()}
    assert table.schema == KNOWN and set(said) == {
        (group, family)
        for group, families in (("web", ("lineage", "destinations", "")), ("app", ("lineage", "")))
        for family in families
    }
    expected, text = said["web", "lineage"]
    half = ((1.96 * (2 * 16 - 16 / 12) ** 0.5 / 50) ** 2 + (3 / 12) ** 2) ** 0.5
    assert expected == pytest.approx(0.08 + half)
    assert text == (
        f"this group was seen for 12 container-minutes: 8.0 % (0 % – {100 * expected:.0f} %) of its next"
        " child processes are expected to be new; it is judged by the history of repository shop/base too,"
        " 100 % of its threshold is that of all groups"
    )
    assert "0.4 % (0 % – 25 %) of what it does next is expected" in said["web", ""][1]
    assert said["app", "lineage"] == said["app", ""] == (0.0, None), "it is mature"


def test_the_weight_of_a_groups_own_threshold_grows_with_its_time():
    scores, groups = np.arange(400.0), ["web"] * 200 + ["app"] * 200
    shares = [
        Calibration.fit(scores, groups, {"web": days, "app": 1.0}).borrowed("web")
        for days in (0.01, 0.1, 10.0)
    ]
    assert 1.0 > shares[0] > shares[1] > shares[2] > 0.0


def found(table: pl.DataFrame | None, **changes: object) -> dict[str, object]:
    rows = surprises({"key": "/usr/bin/curl"}, {"key": "/bin/ls", "seen": True, "bits": 2.0})
    (row,) = explain(alarms(changes), rows, processes(), maturity=table).to_dicts()
    return row


def test_a_finding_carries_what_is_said_of_the_family_that_contributed_most(table: pl.DataFrame):
    assert found(table)["maturity"].startswith("this group was seen for 12 container-minutes: 8.0 %")
    assert found(table, workload="app")["maturity"] is None
    assert found(table, workload="shop")["maturity"] == NEVER
    assert found(None)["maturity"] is None


def test_what_was_to_be_expected_is_less_grave(table: pl.DataFrame):
    plain, web, app, shop = (
        found(*given[:1], **given[1])["severity"]
        for given in ((None, {}), (table, {}), (table, {"workload": "app"}), (table, {"workload": "shop"}))
    )
    expected = table.filter(pl.col("peers") == "web", pl.col("family") == "lineage")["expected"][0]
    assert app == plain, "half of its pairs are new, and it is mature"
    assert plain - web == pytest.approx(0.5 * expected, abs=0.011)
    assert plain - shop == pytest.approx(0.5, abs=0.011)


def test_a_family_that_a_group_never_used_is_judged_as_all_it_did(table: pl.DataFrame):
    rows = surprises({"family": "calls", "conditional": "calls.request", "key": "ptrace PTRACE_ATTACH"})
    (row,) = explain(alarms(), rows, processes(), maturity=table).to_dicts()
    assert "of what it does next is expected" in row["maturity"]


def test_incidents_and_show_say_it(table: pl.DataFrame, tmp_path):
    rows = explain(alarms(), surprises({}), processes(), maturity=table)
    assert incidents(rows)["maturity"].to_list() == rows["maturity"].to_list()
    rows.write_parquet(tmp_path / "f.parquet")
    done = CliRunner().invoke(app, ["findings", "show", str(tmp_path / "f.parquet")])
    said = " ".join(done.output.split())
    assert done.exit_code == 0 and "seen for 12 container-minutes" in said, done.output
