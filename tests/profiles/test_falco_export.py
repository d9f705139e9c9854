"""The exported Falco rule, run by our own Falco front end over the lab."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.features.programs import PROGRAM
from rtml.profiles.behaviour import behaviour_of
from rtml.profiles.falco import falco
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.contract import Rule
from rtml.rules.language.examples import matches
from rtml.rules.running.evaluate import evaluate
from tests.profiles.test_exports import HOSTILE, hostile

__all__ = ["hostile"]


def rules_of(folder: Path, baseline: Baseline, workload: str, *more: str) -> list[Rule]:
    files = [folder / f"{number}.yaml" for number in range(1 + len(more))]
    for file, text in zip(files, [falco(behaviour_of(baseline, workload)), *more], strict=True):
        file.write_text(text)
    rules, skipped = load_falco(files)
    assert skipped == []
    return rules


@pytest.mark.parametrize("workload", ["app", "cache", "job", "web"])
def test_it_fires_on_every_new_program_and_on_no_known_one(
    lab: Capture, calm: Baseline, tmp_path: Path, workload: str
):
    rules = rules_of(tmp_path, calm, workload)
    assert [rule.title for rule in rules] == [f"Program not learnt ({workload})"]
    hits = evaluate(lab, rules).hits
    known = calm.of("binaries.program").filter(pl.col("workload") == workload)["key"]
    started = lab.events(["seq", "exe", "comm", "workload", "result"], kinds=["exec"]).filter(
        pl.col("workload").cast(pl.String) == workload, pl.col("result").fill_null(0) >= 0
    )
    named = started.with_columns(
        bare=pl.when(pl.col("exe").is_null()).then(pl.col("comm").cast(pl.String)),
        exe=pl.col("exe").cast(pl.String),
    ).with_columns(program=PROGRAM)
    fresh = named.filter(~pl.col("program").is_in(known.unique().to_list())).collect()
    assert fresh.height > 0
    assert sorted(hits["seq"]) == sorted(fresh["seq"])


def test_calm_time_is_silent(lab: Capture, calm: Baseline, tmp_path: Path):
    until = calm.counts.select(pl.col("first_seen").max()).item()
    for workload in ("app", "cache", "client", "job", "web"):
        hits = evaluate(lab, rules_of(tmp_path, calm, workload)).hits
        assert hits.filter(pl.col("time") <= until).is_empty()


NEW = {"kind": "exec", "exe": "/usr/bin/nc", "comm": "nc", "workload": "job"}


def test_what_is_appended_lets_more_pass(calm: Baseline, tmp_path: Path):
    text = falco(behaviour_of(calm, "job"))
    (rule,) = rules_of(tmp_path, calm, "job")
    assert matches(rule, [NEW, {**NEW, "workload": "web"}, {**NEW, "workload": None, "pod": "job-x"}]) == [
        True,
        False,
        True,
    ]
    listed = "- list: rtml_job_programs\n  items: [/usr/bin/nc]\n  override: {items: append}\n"
    assert matches(rules_of(tmp_path, calm, "job", listed)[0], [NEW]) == [False]
    excepted = (
        "- rule: Program not learnt (job)\n"
        '  exceptions: [{name: learnt_patterns, values: [["/usr/*/nc"]]}]\n'
        "  override: {exceptions: append}\n"
    )
    assert matches(rules_of(tmp_path, calm, "job", excepted)[0], [NEW]) == [False]
    told = [line[4:] for line in text.splitlines() if line.startswith("#   ")]
    (shown,) = rules_of(tmp_path, calm, "job", "\n".join(told) + "\n")
    paths = ["/usr/bin/new", "/opt/a/bin/tool", "/usr/bin/nc"]
    assert matches(shown, [{**NEW, "exe": path} for path in paths]) == [False, False, True], (
        "as its head says"
    )


def test_hostile_names_neither_break_the_rule_nor_open_it(hostile: Baseline, tmp_path: Path):
    (rule,) = rules_of(tmp_path, hostile, HOSTILE)
    base = {**NEW, "workload": HOSTILE}
    paths = ['/tmp/a" or (evt.num>0', "/tmp/x r, /** rwix", "/bin/\u22ef", "/opt/y: &a *b", "/usr/bin/nc"]
    events = [{**base, "exe": path} for path in paths]
    assert matches(rule, [*events, {**base, "exe": None, "comm": "sh"}]) == [False] * 4 + [True, True]


def test_a_group_without_a_workload_is_scoped_by_its_image(calm: Baseline, tmp_path: Path):
    nameless = Baseline(calm.counts.with_columns(workload=pl.lit(None, pl.String)))
    (rule,) = rules_of(tmp_path, nameless, "rtml/base")
    ours = {**NEW, "workload": None, "image": "rtml/base:2"}
    assert matches(rule, [ours, {**ours, "image": "other/base:1"}]) == [True, False]
