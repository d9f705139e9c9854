"""Findings of several sides judged in one matching: each as if it had been judged by itself."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rtml.evaluation.cells import tree_flags
from rtml.experiment.selftest.ground import Ground


@pytest.mark.parametrize("seed", [0, 1])
def test_each_is_judged_as_by_itself(seed: int):
    ground, draws = Ground(seed), np.random.default_rng(seed)
    track, alone = ground.track(), ground.track()
    flags = [
        tree_flags(track.trees[pl.Series(draws.permutation(track.trees.height)[:n])], track.every, "random")
        for n in (0, 1, 11, 200)
    ]
    change = ground.model.findings.with_columns(
        type=pl.lit("Change:Runtime/WorkloadChanged"),
        containers=pl.lit(["c0", "c1"]),
        container_id=pl.lit(None, pl.String),
    )
    frames = [*flags, ground.rules.findings, change, ground.model.findings]
    track.judge_together(frames)
    for findings in frames:
        (ours, matched), (theirs, by_itself) = track.judged(findings), alone.judged(findings)
        assert ours.equals(theirs)
        assert matched.hits.equals(by_itself.hits) and matched.claims.equals(by_itself.claims)
        assert matched.hits.schema == by_itself.hits.schema and matched.changes == by_itself.changes
    assert any(track.judged(findings)[1].changes for findings in frames)
