"""Why trees alarm: parts of the combination add up, and a counterfactual is what would have been."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rtml import features
from rtml.captures import Capture
from rtml.detectors import CONTRIBUTIONS
from rtml.models import Model, Scored
from rtml.models.combining import combine
from rtml.models.explaining.combined import combined_reasons
from rtml.models.explaining.counterfactual import MOST, counterfactuals
from rtml.models.explaining.taking_back import Deeds
from rtml.models.explaining.wording import many
from rtml.models.reasons import counterfactuals_of
from rtml.peers import peer_groups
from rtml.schema import COMBINED
from tests.models.conftest import INTRUSION, event, minute, shop

TREE = ["container_id", "window", "process_id"]


def said(rng: np.random.Generator, rows: int, names: list[str]) -> pl.DataFrame:
    """Return contributions to some of the rows, with shares that add up to 1."""
    shares = rng.dirichlet(np.ones(len(names)), rows)
    table = [
        {"row": row, "feature": name, "value": float(row), "usual": 0.0, "share": shares[row, place]}
        for row in range(rows)
        if rng.random() < 0.8
        for place, name in enumerate(names)
    ]
    return pl.DataFrame(table, schema=CONTRIBUTIONS)


@pytest.mark.parametrize("seed", range(5))
def test_parts_add_up_to_what_was_combined(seed: int):
    rng, rows = np.random.default_rng(seed), 60
    margins = {name: rng.normal(2.0, 9.0, rows) for name in ("one", "two", "three")}
    for values in margins.values():
        values[rng.random(rows) < 0.2] = np.nan
    found = combined_reasons(margins, {name: said(rng, rows, ["a.x", "a.y", "b.z"]) for name in margins})
    sums = np.zeros(rows)
    np.add.at(sums, found["row"].to_numpy(), found["part"].to_numpy())
    np.testing.assert_allclose(sums, np.nan_to_num(combine(margins)), atol=1e-9, rtol=0)
    raising = found.filter(pl.col("share") > 0)
    assert (raising["part"] > 0).all()
    assert found.filter(pl.col("part") <= 0)["feature"].is_in(["one", "two", "three"]).all()
    assert raising.group_by("row").agg(pl.col("share").sum())["share"].to_list() == pytest.approx(
        [1.0] * raising["row"].n_unique()
    )


def test_parts_of_a_models_combination_add_up_to_its_scores(model: Model, scored: Scored):
    rows, groups = scored.trees, peer_groups(scored.trees)
    margins, reasons = {}, {}
    for name in model.description.combined:
        told = scored.tree_scores.filter(pl.col("detector") == name)["score"].to_numpy()
        margins[name] = model.calibrations[name].margins(told, groups)
        reasons[name] = model.detectors[name].explain(rows)
    found = combined_reasons(margins, reasons)
    sums = found.group_by("row").agg(pl.col("part").sum()).sort("row")["part"].to_numpy()
    combined = scored.tree_scores.filter(pl.col("detector") == COMBINED)["score"].to_numpy()
    np.testing.assert_allclose(sums, combined, atol=1e-9, rtol=0)


def test_findings_of_the_combination_name_features_and_compare_them(scored: Scored):
    found = scored.findings.filter(pl.col("container_id") == INTRUSION[0])
    assert COMBINED in found["detector"].to_list()
    for row in found.filter(pl.col("detector") == COMBINED).rows(named=True):
        assert row["contributions"][0]["feature"] in scored.trees.columns
        assert row["compared"].startswith("usually ") and ", now " in row["compared"]


def test_every_feature_of_ours_has_words():
    for family in features.FAMILIES.own:
        for name in features.FAMILIES[family].columns:
            assert name not in many(name), name


TOOL = {"pid": 900, "ppid": 1, "exe": "/dev/shm/.kit"}
FURTHER = [
    event("app-1", 60 * 35 + 56, "connect", dst_ip="203.0.113.9", dst_port=4445, **TOOL),
    event("app-1", 60 * 35 + 57, "connect", dst_ip="198.51.100.7", dst_port=22, **TOOL),
]


def featured(capture: Capture, model: Model, without: list[int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return features and surprises of trees from events without some."""
    return features.windows_and_surprises(
        capture.events().filter(~pl.col("seq").is_in(without)),
        model.baseline,
        ["destinations"],
        processes=capture.processes(),
        start=minute(INTRUSION[1]),
        unit="tree",
    )


def test_a_tree_without_an_event_is_what_it_would_have_been(model: Model, tmp_path: Path):
    capture = shop(tmp_path / "capture", *FURTHER)
    rows, events = featured(capture, model, [])
    ours = events.filter(pl.col("key").str.contains("203.0.113.9 4444"))
    tree = {"container_id": INTRUSION[0], "process_id": ours["root_id"][0], "window": ours["window"][0]}
    here = pl.all_horizontal(pl.col(name) == value for name, value in tree.items())
    pairs = (
        events.drop("process_id")
        .rename({"root_id": "process_id"})
        .filter(here)
        .sort("conditional", "bits", "key", descending=[False, True, False])
    )
    names = [name for name in rows.columns if name.endswith(("bits_beyond", "never_seen"))]
    deeds, gone = Deeds(rows.filter(here).select(names).row(0, named=True), pairs.to_dicts()), []
    for _ in range(3):
        conditional, key = deeds.take_back()
        gone += pairs.filter((pl.col("conditional") == conditional) & (pl.col("key") == key))["seq"].to_list()
        left = featured(capture, model, gone)[0].filter(here).select(names)
        really = left.row(0, named=True) if left.height else dict.fromkeys(names, 0.0)
        assert deeds.features == pytest.approx(really, abs=2e-3)


def test_a_counterfactual_silences_the_alarm(model: Model, scored: Scored):
    raised = scored.tree_scores.filter((pl.col("detector") == "surprise") & pl.col("alarm"))
    rows = scored.trees.join(raised, on=TREE, how="semi", nulls_equal=True, maintain_order="left")
    found = counterfactuals_of(model, "surprise", rows, scored.surprises, 20.0)
    assert found.height and found["counterfactual"].str.starts_with("usual if it had not ").all()
    told = scored.findings.filter(pl.col("detector") == "surprise")["counterfactual"].drop_nulls()
    assert set(told) <= set(found["counterfactual"])
    assert (found["counterfactual"].str.count_matches(" and not ") < MOST).all()


def test_what_does_not_alarm_or_never_falls_silent_has_no_counterfactual(scored: Scored):
    for answer in (True, False):
        found = counterfactuals(
            scored.trees, scored.surprises, lambda rows, answer=answer: np.full(rows.height, answer)
        )
        assert found.is_empty()
        assert found.columns == [*TREE, "counterfactual"]


def test_no_alarms_ask_nobody(scored: Scored):
    def never(rows: pl.DataFrame) -> np.ndarray:
        raise AssertionError("asked")

    assert counterfactuals(scored.trees.clear(), scored.surprises, never).is_empty()
