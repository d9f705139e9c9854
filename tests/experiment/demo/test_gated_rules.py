"""The gate in an experiment: both numbers are told, and the chosen one counts."""

from __future__ import annotations

import polars as pl

from rtml.experiment import Outcome
from rtml.experiment.contenders import rule_side
from rtml.experiment.printing import _rules
from rtml.models.windows import container_windows
from rtml.rules.chosen import Chosen
from rtml.times import MINUTE


def test_ungated_is_the_default_and_both_numbers_are_printed(demo: Outcome):
    table = demo.rules.table
    hits, gated = table["hits"].sum(), table["gated"].sum()
    assert demo.experiment.rules.gate == "none"
    assert 0 < gated < hits
    assert f"{gated:,} of {hits:,} hits pass our gate" in _rules(demo)


def test_the_gated_side_has_fewer_findings_of_the_same_rules(demo: Outcome):
    assert demo.model.trees is not None
    windows = pl.concat(
        [container_windows(demo.model.trees), demo.scored.windows.with_columns(part=pl.lit("test"))]
    )
    gated = rule_side(
        demo.capture, Chosen(level="low", gate="ours"), windows, demo.split, MINUTE, 1.0, lambda hits: hits
    )
    ungated = {side.name: side for side in demo.rules.sides}
    (default,) = [side for side in gated.sides if side.name == "rules, default"]
    both = default.findings, ungated["rules, default"].findings
    assert 0 < both[0].height < both[1].height
    assert set(both[0]["finding_id"]) < set(both[1]["finding_id"])
    assert gated.table["hits"].equals(demo.rules.table["hits"])
