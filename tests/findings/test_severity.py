"""How grave a finding of a model is: rarer is graver, new is graver, and it has bounds."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.findings.exports.asff import asff
from rtml.findings.exports.contract import Origin
from rtml.findings.exports.ocsf import detection_finding
from rtml.findings.exports.rows import rows_of
from rtml.models.explaining.severity import severity_of

MARGIN = st.floats(-1e6, 1e6)


def severity(*rows: tuple[float | None, bool | None, str | None], limit: float | None = 5.0) -> float:
    """Return the severity of one finding: margin, seen and key of each of its rows."""
    table = pl.DataFrame(
        [(1, *row, limit) for row in rows],
        schema={"u": pl.Int64, "margin": pl.Float64, "seen": pl.Boolean, "key": pl.String}
        | {"limit": pl.Float64},
        orient="row",
    )
    (found,) = table.select(severity_of(["u"])).to_series().unique().to_list()
    return float(found)


@given(MARGIN, MARGIN, st.booleans())
def test_it_rises_with_the_margin_within_bounds(one: float, other: float, seen: bool):
    low, high = (severity((margin, seen, "x")) for margin in sorted((one, other)))
    assert 4.0 <= low <= high <= 8.9


@pytest.mark.parametrize("beyond", [0.0, 1.0, math.log(10), 8.0])
def test_by_hand(beyond: float):
    rare = 4 + 3 * (1 - math.exp(-beyond / 4))
    assert severity((5 + beyond, True, "x")) == pytest.approx(rare, abs=0.006)
    assert severity((5 + beyond, False, "x")) == pytest.approx(rare + 1, abs=0.006)
    assert severity((5 + beyond, True, "read /etc/shadow")) == pytest.approx(rare + 0.9, abs=0.006)


def test_half_of_what_is_new_counts_half():
    assert severity((5.0, True, "x"), (5.0, False, "y")) == 4.5


def test_the_highest_margin_counts_and_one_touch_is_enough():
    assert severity((5.0, True, "x"), (9.0, True, "y")) == severity((9.0, True, "x"))
    assert severity((5.0, True, "x"), (5.0, True, "ptrace PTRACE_ATTACH")) == 4.9


def test_all_of_it_stays_below_what_is_critical():
    assert severity((1e9, False, "read /root/.ssh/id_rsa")) == 8.9


def test_what_is_not_known_adds_nothing():
    assert severity((None, True, "x")) == severity((9.0, True, "x"), limit=None) == 4.0
    assert severity((5.0, None, None)) == 4.0


@pytest.mark.parametrize(
    ("key", "touched"),
    [
        ("read /etc/shadow", True),
        ("read /home/x/.aws/credentials", True),
        ("read /var/run/secrets/kubernetes.io/token", True),
        ("169.254.169.254 80", True),
        ("write /run/docker.sock", True),
        ("memfd x", True),
        ("bpf BPF_PROG_LOAD", True),
        ("read /proc/N/environ", True),
        ("read /srv/shadow.html", False),
        ("read /etc/ssh/sshd_config", False),
        ("/usr/bin/ptrace-viewer", False),
        ("10.0.0.1 443", False),
    ],
)
def test_what_attackers_are_after(key: str, touched: bool):
    assert (severity((5.0, True, key)) > 4.0) is touched


def test_findings_are_told_apart():
    table = pl.DataFrame({"u": [1, 2], "margin": [5.0, 9.0], "limit": 5.0, "seen": True, "key": "x"})
    low, high = table.select(severity_of(["u"])).to_series().to_list()
    assert low == 4.0 < high


def test_a_level_is_guardduty_s_band_everywhere():
    """Label, number and rule say the same of one severity."""
    edges = {0.0: "informational", 1.5: "low", 3.9: "low", 4.0: "medium", 6.9: "medium", 7.0: "high"}
    edges[9.0] = "critical"
    rows = rows_of(pl.DataFrame({"severity": list(edges)}))
    for row, level in zip(rows, edges.values(), strict=True):
        severity, event = asff(row, Origin())["Severity"], detection_finding(row, Origin())
        assert (severity["Label"], event["severity"]) == (level.upper(), level.capitalize())
        least = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}[severity["Label"]]
        assert least <= severity["Normalized"] <= 100
