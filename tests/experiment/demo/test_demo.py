"""The main job on the shipped capture: everything that the demo promises."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from rtml.errors import RtmlError
from rtml.experiment import Outcome, run_experiment
from rtml.experiment.config import Experiment
from rtml.experiment.printing import print_outcome
from rtml.schema import FINDINGS, POLARS


def test_the_split_is_proven_by_the_windows_themselves(demo: Outcome):
    windows = pl.read_parquet(demo.out / "windows.parquet")
    ends = windows.group_by("part").agg(
        first=pl.col("window").min(), last=pl.col("window").max() + pl.duration(seconds=60)
    )
    span = {part: (first, last) for part, first, last in ends.iter_rows()}
    assert span["train"][1] <= span["calibrate"][0]
    assert span["calibrate"][1] <= span["test"][0]


def test_every_side_is_in_the_ledger(demo: Outcome):
    sides = demo.ledger.summary["side"].to_list()
    wanted = {
        "rules, tuned",
        "rules, default",
        "isolation forest",
        "half space trees",
        "surprise",
        "combined",
        "combined + rules",
        "random",
        "flag all",
    }
    assert wanted <= set(sides)
    assert any("best single feature" in side for side in sides)


def test_numbers_are_of_this_recording(demo: Outcome):
    summary = demo.ledger.summary
    assert demo.ledger.by_attack.height == 16
    assert summary.filter(pl.col("side") == "flag all")["found"].item() == 16
    # Models learn from benign windows alone and must beat chance on attacks they never saw.
    chance = summary.filter(pl.col("side") == "random")["average_precision"].item()
    for name in ("surprise", "rarity"):
        assert summary.filter(pl.col("side") == name)["average_precision"].item() > 2 * chance


def test_findings_of_both_sides_share_one_table_with_evidence(demo: Outcome):
    findings = pl.read_parquet(demo.out / "findings.parquet")
    assert findings.schema == FINDINGS
    assert set(findings["source"]) == {"rule", "model"}
    reasons = findings.explode("contributions").unnest("contributions")
    assert reasons.group_by("finding_id", "detector").agg(pl.col("share").sum())["share"].max() < 1.001
    named = findings.select("evidence").explode("evidence").drop_nulls().unnest("evidence")
    known = demo.capture.events(["seq"]).collect()
    assert named.select("seq").join(known, on="seq", how="anti").is_empty()


def test_infrastructure_is_left_out(demo: Outcome):
    outside = set(demo.capture.infrastructure())
    assert outside
    for table in ("windows", "scores", "findings"):
        ids = pl.read_parquet(demo.out / f"{table}.parquet")["container_id"].to_list()
        assert not outside & set(ids), table


def test_the_same_experiment_gives_the_same_bits(demo: Outcome, demo_config: Experiment, tmp_path: Path):
    again = run_experiment(demo_config, tmp_path / "again", tracked=False)
    for name in ("windows", "scores", "findings"):
        one, two = (pl.read_parquet(out / f"{name}.parquet") for out in (demo.out, again.out))
        assert one.equals(two), name
    one, two = (json.loads((o / "ledger.json").read_text()) for o in (demo.out, again.out))
    assert one == two


def test_the_report_stands_alone(demo: Outcome):
    page = demo.report.read_text("utf-8")
    assert "Content-Security-Policy" in page
    without_scripts = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)\s*=\s*["\']?(?!#|data:)\w', without_scripts)
    policy = re.search(r"default-src 'none'[^\"]*", page)
    assert policy is not None and "http" not in policy.group()


def test_what_is_printed_names_the_report_and_the_run(demo: Outcome):
    console = Console(width=150, record=True, file=io.StringIO())
    print_outcome(console, demo)
    text = console.export_text()
    for word in ("capture", "proof: max(train)", "baseline", "ledger", "top finding", "report"):
        assert word in text
    assert demo.run_id is not None and demo.run_id in text


def test_an_experiment_never_writes_over_another(demo: Outcome, demo_config: Experiment):
    with pytest.raises(RtmlError, match="exists already"):
        run_experiment(demo_config, demo.out, tracked=False)


def test_training_reads_nothing_of_the_test_time(demo: Outcome, demo_config: Experiment, tmp_path: Path):
    """Cut all test events away: the model must be the same, byte for byte."""
    from rtml.captures.write import write_capture

    early = demo.capture.events().filter(pl.col("time") < pl.lit(demo.split.edges[2])).collect()
    processes = demo.capture.processes().collect()
    manifest = demo.capture.manifest.model_copy(update={"events": early.height})
    write_capture(tmp_path / "c", manifest, early, processes, pl.DataFrame())
    from rtml.captures import open_capture
    from rtml.experiment.run import learn

    assert early.schema == POLARS
    learn(demo_config, open_capture(tmp_path / "c"), demo.split).save(tmp_path / "m")
    for path in sorted((demo.out / "model").rglob("*")):
        if path.is_file() and path.name != "model.json":  # which names the capture
            other = tmp_path / "m" / path.relative_to(demo.out / "model")
            assert other.read_bytes() == path.read_bytes(), path.name
