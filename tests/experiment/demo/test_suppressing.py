"""``rtml score --suppress``: the job archives, counts, and knows which rules it was run with."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.experiment import Outcome
from rtml.job.running import run_job
from tests.conftest import LAB

RULE = """
- name: forest
  owner: someone@example.org
  reason: too loud here
  expires: {year}-01-01
  where: {{detector: isolation_forest}}
"""


def test_suppressed_findings_are_archived_in_the_result(demo: Outcome, tmp_path: Path):
    job = [str(LAB / "capture")], demo.out / "model"
    plain = run_job(*job, tmp_path / "plain")
    all_of_them = pl.read_parquet(tmp_path / "plain" / "findings.parquet")
    rules = {year: tmp_path / f"{year}.yml" for year in (2001, 2199)}
    for year, file in rules.items():
        file.write_text(RULE.format(year=year))
    done = run_job(*job, tmp_path / "quiet", suppress=rules[2199])
    kept, archived = (
        pl.read_parquet(tmp_path / "quiet" / f"{name}.parquet") for name in ("findings", "suppressed")
    )
    assert archived.height == done["archived"] > 0
    assert set(archived["detector"]) == {"isolation_forest"}
    assert sorted([*kept["finding_id"], *archived["finding_id"]]) == sorted(all_of_them["finding_id"])
    assert done["findings"] == kept.height and plain["archived"] == 0
    assert not (tmp_path / "plain" / "suppressed.parquet").exists()
    assert run_job(*job, tmp_path / "quiet", suppress=rules[2199]) == done
    expired = run_job(*job, tmp_path / "quiet", suppress=rules[2001])  # rules are applied anew by every run
    assert expired["findings"] == all_of_them.height
    assert expired["archived"] == 0 and expired["suppressions"][0]["matched"] == archived.height
