"""Settings are searched, and parts left out, before the test: its labels stay closed, tries are counted."""

from __future__ import annotations

import json

import polars as pl
import pytest

from rtml.captures import open_captures
from rtml.errors import RtmlError, UsageError
from rtml.experiment.ablation import WHOLE, ablate, ablate_on_test
from rtml.experiment.config import Experiment, load_experiment
from rtml.experiment.rehearsal import _before_test, rehearsal
from rtml.experiment.sweep import configurations, sweep, values_of, write_sweep
from rtml.models import training
from tests.experiment.shops import small_experiment
from tests.models.conftest import attack_again, minute


@pytest.fixture(scope="module")
def experiment(tmp_path_factory) -> Experiment:
    return small_experiment(tmp_path_factory.mktemp("shop"))


def written(experiment: Experiment, folder, **values):
    file = folder / "shop.yml"
    file.write_text(json.dumps(experiment.model_dump(mode="json", exclude_defaults=True) | values))
    return file


def test_the_rehearsal_holds_nothing_of_the_test_and_foreign_trees_in_its_own(experiment):
    with rehearsal(experiment) as stage:
        test = experiment.split.of(open_captures(experiment.capture)).edges[2]
        assert stage.capture.manifest.end < test and stage.split.edges[3] == test
        homes = stage.capture.containers().select("container_id", "workload")
        placed = stage.labels.join(homes, on="container_id")
        assert placed.height >= 2 and (placed["workload"] == placed["name"]).all()
        assert placed["start"].min() >= stage.split.edges[2] and "lab" not in placed["workload"]
        events = stage.capture.events().filter(pl.col("process_id").is_in(placed["process_id"].to_list()))
        assert events.collect()["process_id"].n_unique() == placed.height


def test_labels_that_are_opened_meanwhile_end_the_search(experiment):
    with pytest.raises(RtmlError, match="were opened"), rehearsal(experiment):
        experiment.labels.read_bytes()


def test_a_sweep_chooses_counts_and_writes_an_experiment_that_reads_again(experiment, tmp_path):
    file = written(experiment, tmp_path, tried=5)
    base, tried = configurations(file, [], ["blocks=2,3", "families=[lineage],[lineage, destinations]"])
    assert len(tried) == 4
    looks = experiment.labels.with_suffix(".looks.jsonl")
    result = sweep(base, tried)
    assert result.tried == 4 and result.chosen.tried == 9 and not looks.exists()
    best = result.table.row(0, named=True)
    assert best["rank"] == 1 and best["chosen"] and best["side"] == "combined"
    again = load_experiment(write_sweep(result, tmp_path / "out"))
    assert again == result.chosen and pl.read_parquet(tmp_path / "out" / "sweep.parquet").height == 12


@pytest.mark.parametrize(
    "vary", ["blocks", "=1", "blocks=", "seed=1,2", "labels=x", "split.test=0.7", "blocks=[1"]
)
def test_what_cannot_be_searched_is_refused(vary):
    with pytest.raises(UsageError):
        values_of(vary)


def test_unknown_keys_and_too_many_combinations_are_refused_before_any_work(experiment, tmp_path):
    file = written(experiment, tmp_path)
    with pytest.raises(UsageError, match="did you mean 'blocks'"):
        configurations(file, [], ["blokcs=2,3"])
    many = ",".join(map(str, range(2, 50)))
    with pytest.raises(UsageError, match="more than 1,000"):
        configurations(file, [], [f"blocks={many}", f"detectors.surprise.x={many}"])
    with pytest.raises(UsageError, match="each key once"):
        configurations(file, [], ["blocks=2", "blocks=3"])


def test_values_keep_their_kind():
    assert values_of("combine=[],null")[1] == ["[]", "null"]
    assert values_of("window=30s,60s")[1] == ["30s", "60s"]
    assert values_of("x='1',1,1")[1] == ['"1"', "1"]


def test_an_ablation_leaves_each_family_and_each_detector_out(experiment):
    table = ablate(experiment)
    assert table["without"].to_list() == [
        WHOLE, "family lineage", "family destinations", "detector surprise", "detector half_space_trees",
    ]  # fmt: skip
    assert table.row(0, named=True)["lost"] == 0 and (table["side"] == "combined").all()
    assert (table["found"][0] - table["found"] == table["lost"]).all()


def test_early_attacks_are_left_out_of_the_rehearsal(tmp_path):
    early = attack_again("app-1", 25)
    experiment = small_experiment(
        tmp_path, *early, split={"calibrate": minute(20), "test": minute(30), "early_attacks": "leave out"}
    )
    labels = pl.read_parquet(experiment.labels)
    more = labels.with_columns(
        attack_id=pl.lit("early"), start=pl.lit(minute(25.8)).cast(labels.schema["start"]),
        end=pl.lit(minute(25.9)).cast(labels.schema["end"]),
    )  # fmt: skip
    pl.concat([labels, more]).write_parquet(experiment.labels)
    with rehearsal(experiment) as stage:
        programs = stage.capture.events(["exe"]).collect()["exe"].cast(pl.String).unique().to_list()
    assert "/dev/shm/.kit" not in programs and "/bin/ls" in programs


def test_an_ablation_on_the_test_is_counted_as_looks(tmp_path):
    one = small_experiment(tmp_path, detectors={"surprise": {}})
    table = ablate_on_test(one, tmp_path / "out", tracked=False)
    assert table["without"].to_list() == [WHOLE, "family lineage", "family destinations"]
    assert len(one.labels.with_suffix(".looks.jsonl").read_text().splitlines()) == 3
    assert (table["of"] == 1).all() and (tmp_path / "out" / "ablation.parquet").is_file()


def test_what_is_held_out_is_not_rehearsed_on(tmp_path):
    early = attack_again("app-1", 25)
    held = small_experiment(
        tmp_path, *early, split={"calibrate": minute(20), "test": minute(30), "early_attacks": "keep"},
        hold_out={"workload": "web", "technique": ["T1105"]},
    )  # fmt: skip
    labels = pl.read_parquet(held.labels)
    moved = labels.with_columns(
        attack_id=pl.lit("early"), start=pl.lit(minute(25.8)).cast(labels.schema["start"]),
        end=pl.lit(minute(25.9)).cast(labels.schema["end"]),
    )  # fmt: skip
    pl.concat([labels, moved]).write_parquet(held.labels)
    capture = open_captures(held.capture)
    events = _before_test(capture, held.split.of(capture), held).select(
        pl.col("exe", "container_id").cast(pl.String)
    )
    assert not events["container_id"].str.starts_with("web").any()
    assert "/dev/shm/.kit" not in events["exe"].to_list() and events.height


def test_a_workload_that_is_held_out_and_does_not_exist_is_refused(tmp_path):
    wrong = small_experiment(tmp_path, hold_out={"workload": "wep"})
    with pytest.raises(UsageError, match="no container is of workload 'wep'"), rehearsal(wrong):
        pass


def test_features_are_made_once_for_all_detectors(experiment, monkeypatch: pytest.MonkeyPatch):
    calls = []
    usual = training.material
    monkeypatch.setattr(training, "material", lambda *parts: calls.append(parts) or usual(*parts))
    base = experiment.model_copy(update={"families": ["lineage"]})
    tried = {str(n): base.model_copy(update={"seed": n}) for n in range(2)}
    tried["blocks"] = base.model_copy(update={"blocks": 2})
    sweep(base, tried)
    assert len(calls) == 2
