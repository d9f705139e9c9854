"""An attack in the learning time must not become normal: outliers are listed and not learnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml import features
from rtml.captures import Capture
from rtml.features.source import open_source
from rtml.models import Model
from rtml.models.learning import (
    OUTLIERS,
    container_days,
    container_time,
    material,
    novelty,
    outliers_of,
    without,
)
from rtml.splits import Split
from rtml.testing.events import START as BEGIN
from rtml.times import Window
from tests.models.conftest import (
    CALIBRATE,
    FAMILIES,
    LEARN,
    event,
    hash_of,
    judged,
    kept,
    learnt,
    minute,
    shop,
)

TOOL = "/dev/shm/.kit"
UNTIL = 34
"""Calibration ends: with fewer than fifty trees nobody can say which stand far outside."""
TWICE = 37
"""A minute of the test, in which the tool is brought again, to another container."""


def absurd(container: str, number: float, pid: int = 700) -> list[dict[str, Any]]:
    tool = {"pid": pid, "ppid": 1, "exe": TOOL}
    begin = 60 * number
    return [
        event(container, begin + 1, "exec", **tool),
        event(container, begin + 2, "connect", dst_ip="203.0.113.9", dst_port=4444, **tool),
        event(container, begin + 3, "dns", domain="c2.example.net", **tool),
    ]


@pytest.fixture(scope="module", params=[(16, "train"), (25, "calibrate")], ids=lambda p: p[1])
def poisoned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model that was shown one absurd tree while it learnt, what it judged, and in which part."""
    number, part = request.param
    folder = tmp_path_factory.mktemp(part)
    capture = shop(folder / "c", *absurd("web-1", number + 0.2), *absurd("web-2", TWICE + 0.2, 800))
    model = learnt(capture, until=UNTIL)
    return model, judged(model, capture), number, part


def test_it_is_listed_for_people(poisoned: Any):
    model, _, number, part = poisoned
    (found,) = model.outliers.rows(named=True)
    assert model.outliers.schema == OUTLIERS
    assert (found["part"], found["container_id"], found["workload"]) == (part, "web-1", "web")
    assert (found["process_id"], found["title"]) == (hash_of("web-1", 700), ".kit")
    assert (found["first_seen"], found["last_seen"]) == (minute(number), minute(number + 1))
    assert found["bits"] > 25
    assert model.description.notes["outliers"] == 1


def test_what_it_did_stays_never_seen(poisoned: Any):
    """The workload's baseline has neither its program nor its address, so that the next one is found."""
    model, scored, *_ = poisoned
    counts = model.baseline.counts
    assert not counts.filter(pl.col("key").str.contains(r"203\.0\.113|\.kit|c2\.example")).height
    again = scored.surprises.filter(pl.col("root_id") == hash_of("web-2", 800))
    assert again.height >= 4 and not again["seen"].any()
    alarming = scored.tree_scores.filter(pl.col("alarm"))
    assert {"surprise", "half_space_trees", "combined"} <= set(
        alarming.filter(pl.col("process_id") == hash_of("web-2", 800))["detector"]
    )


def test_detectors_and_baseline_are_those_of_a_clean_shop(poisoned: Any, tmp_path: Path):
    """Online ones, too, which else learn whatever they see: file by file, byte by byte."""
    model, *_ = poisoned
    ours = kept(model, tmp_path / "ours")
    clean = kept(learnt(shop(tmp_path / "c"), until=UNTIL), tmp_path / "clean")
    for part in ("detectors", "baseline"):
        files = {path.relative_to(clean) for path in (clean / part).rglob("*") if path.is_file()}
        assert files == {path.relative_to(ours) for path in (ours / part).rglob("*") if path.is_file()}
        for file in sorted(files):
            assert (ours / file).read_bytes() == (clean / file).read_bytes(), file


def test_thresholds_are_those_of_the_others(poisoned: Any):
    model, *_ = poisoned
    assert model.trees is not None
    kinds = model.trees.filter(pl.col("part") == "calibrate").select("container_id", "process_id").n_unique()
    outside = poisoned[3] == "calibrate"
    for name, calibration in model.calibrations.items():
        assert len(calibration.pooled) == kinds - outside, name
        assert calibration.threshold(1.0).outliers == 0


def test_where_somebody_vouches_it_is_learnt_and_counts(poisoned: Any, tmp_path: Path):
    """Whoever says that nothing is an attack gets what he says: nothing is set aside."""
    model, _, number, part = poisoned
    capture = shop(tmp_path / "c", *absurd("web-1", number + 0.2), *absurd("web-2", TWICE + 0.2, 800))
    vouched = learnt(capture, until=UNTIL, vouched=True)
    assert vouched.outliers is not None and vouched.outliers.is_empty()
    assert vouched.description.notes["vouched"] and not model.description.notes["vouched"]
    assert vouched.baseline.counts.filter(pl.col("key").str.contains(r"\.kit")).height
    for name, calibration in vouched.calibrations.items():
        held = len(calibration.pooled) - len(model.calibrations[name].pooled)
        assert held == (part == "calibrate") and calibration.outliers == 0, name


def test_a_clean_shop_has_no_outliers(model: Model):
    assert model.outliers is not None and model.outliers.schema == OUTLIERS
    assert model.outliers.is_empty() and model.description.notes["outliers"] == 0


def test_material_says_what_baselines_know(capture: Capture):
    """Later events are compared with both times."""
    made = material(capture, Split(minute(LEARN), minute(CALIBRATE)), Window.of("60s"), FAMILIES, 3)
    early = features.learn(capture, families=FAMILIES, end=minute(LEARN))
    both = features.learn(capture, families=FAMILIES, end=minute(CALIBRATE))
    assert made.later.counts["count"].sum() == both.counts["count"].sum() > early.counts["count"].sum()
    assert made.held["window"].min() == minute(LEARN) > made.learnt["window"].max()


def rows(bits: list[float]) -> pl.DataFrame:
    """Return one window of one tree each."""
    return pl.DataFrame(
        {
            "container_id": [f"c{n % 5}" for n in range(len(bits))],
            "host": "h",
            "workload": "web",
            "window": [BEGIN] * len(bits),
            "process_id": range(len(bits)),
            "a.bits_beyond": bits,
        }
    ).cast({"window": pl.Datetime("ns", "UTC")})


def outliers(table: pl.DataFrame) -> pl.DataFrame:
    return outliers_of(table, open_source(features.source_of(pl.DataFrame()).events), "train", MINUTE)


MINUTE = Window.of("60s")


def test_the_strangest_comes_first_and_many_alike_are_no_outliers():
    calm = [n % 7 / 7 for n in range(500)]
    found = outliers(rows([*calm, 90.0, 200.0]))
    assert found.select("process_id", "bits").rows() == [(501, 200.0), (500, 90.0)]
    assert outliers(rows([*calm, *[90.0] * 400])).is_empty(), "what half of them do is what is done here"
    assert outliers(rows(calm)).is_empty() and outliers(rows([0.0] * 100)).is_empty()
    assert outliers(rows([])).schema == OUTLIERS


def test_bits_of_a_tree_are_of_its_strangest_window():
    table = rows([0.1] * 200 + [300.0])
    later = table.tail(1).with_columns(
        pl.lit(1.0).alias("a.bits_beyond"), pl.col("window").dt.offset_by("5m")
    )
    (found,) = outliers(pl.concat([table, later])).rows(named=True)
    assert found["bits"] == 300.0
    assert (found["last_seen"] - found["first_seen"]).total_seconds() == 360


def test_novelty_is_what_families_have_beyond_chance():
    table = pl.DataFrame(
        {"a.bits_beyond": [1.0, None], "b.bits_beyond": [2.0, 5.0], "b.bits_max": [9.0, 9.0]}
    )
    assert novelty(table).to_list() == [3.0, 5.0]
    assert novelty(pl.DataFrame({"activity.all": [3.0, 4.0]})).to_list() == [0.0, 0.0]


def test_days_are_of_containers_not_of_trees():
    """Ten trees in one minute of five containers: five minutes."""
    table = rows([0.0] * 10)
    assert container_days(table, MINUTE) == {"web": pytest.approx(5 / 1440)}
    assert container_time(table, MINUTE).select("container_id", "days").rows() == [
        (f"c{n}", pytest.approx(1 / 1440)) for n in range(5)
    ]


def test_trees_of_no_process_can_be_left_out_too():
    table = rows([1.0, 2.0]).with_columns(process_id=pl.Series([None, 1], dtype=pl.Int64))
    nobody = OUTLIERS.to_frame().vstack(
        pl.DataFrame([{"container_id": "c0", "process_id": None}], schema=OUTLIERS)
    )
    assert without(table, nobody)["process_id"].to_list() == [1]
