"""Tuning: what is proposed, what it saves, and which attacks it would lose."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import polars as pl
import yaml

from rtml.findings.suppression.archiving import suppress
from rtml.findings.suppression.files import read_suppressions
from rtml.findings.tuning import Proposal, propose, silenced
from rtml.rules.falco.loading import load_falco
from rtml.schema import FINDINGS, conform
from tests.test_cli import REPOSITORY, rtml


def findings(*rows: dict[str, object]) -> pl.DataFrame:
    base = {"type": "X:Runtime/Y", "detector": "rules", "workload": "web", "exe": "/bin/a", "count": 1}
    return conform(pl.DataFrame([{**base, **row} for row in rows], schema=dict(FINDINGS)), FINDINGS)


def priced(table: pl.DataFrame, attacks: dict[int, str]) -> list[Proposal]:
    """Judge by position: rows of ``attacks`` find these, all others are one false unit each."""

    def cost(stays: pl.Series) -> tuple[int, frozenset[str]]:
        left = [i for i, keep in enumerate(stays) if keep]
        return sum(i not in attacks for i in left), frozenset(attacks[i] for i in left if i in attacks)

    return propose(table, pl.Series([i not in attacks for i in range(table.height)], dtype=pl.Boolean), cost)


def test_what_saves_most_and_loses_nothing_comes_first():
    table = findings(*[{"exe": "/bin/a"}] * 2, *[{"exe": "/bin/b"}] * 5, {"exe": "/bin/b"}, {"exe": "/bin/c"})
    proposals = priced(table, {7: "attack"})
    told = [(one.change["exe"], one.saved, one.lost, one.free) for one in proposals]
    assert told == [("/bin/a", 2, (), True), ("/bin/c", 1, (), True), ("/bin/b", 5, ("attack",), False)]


def test_an_attack_that_another_finding_still_shows_is_not_lost():
    table = findings({"exe": "/bin/a"}, {"exe": "/bin/a"}, {"exe": "/bin/z"})
    assert priced(table, {1: "attack", 2: "attack"})[0].lost == ()


def test_a_proposal_silences_what_its_suppression_archives(tmp_path: Path):
    hostile = '/tmp/*?\x1b"]: {'
    table = findings({"exe": hostile}, {"exe": "/tmp/x"}, *({"exe": f"/tmp/gen-{i}.sh"} for i in range(4)))
    for one in priced(table, {}):
        rule = {"name": "n", "owner": "o", "reason": "r", "expires": "2199-01-01", "where": one.change}
        (tmp_path / "s.yml").write_text(yaml.safe_dump([rule]))
        archived = suppress(table, read_suppressions(tmp_path / "s.yml")).archived
        assert archived["exe"].to_list() == table.filter(silenced(table, [one]))["exe"].to_list()
        assert archived.height == one.saved == one.silenced


def test_paths_that_differ_in_numbers_alone_are_one_pattern_and_others_are_not():
    table = findings(*({"exe": f"/tmp/gen-{i}.sh"} for i in range(4)), {"exe": "/usr/bin/python3"})
    assert [one.change["exe"] for one in priced(table, {})] == [
        {"matches": "/tmp/gen-*.sh"},
        "/usr/bin/python3",
    ]


def test_what_names_no_place_and_what_is_not_false_is_not_proposed():
    assert priced(findings({"workload": None, "exe": None}), {}) == []
    assert priced(findings({}), {0: "attack"}) == [] and priced(findings(), {}) == []


def alert(engine: str, rule: str, exe: str, **facts: object) -> dict[str, object]:
    reason = [{"feature": rule, "value": 1.0, "usual": None, "share": None}]
    event = [{"kind": "alert", "exe": exe}]
    return {
        "detector": engine,
        "contributions": reason,
        "exe": exe,
        "events": event,
        "image": "reg:5000/web:1",
        "namespace": "shop",
        **facts,
    }


def of(kind: str, proposals: list[Proposal]) -> list[Proposal]:
    return [one for one in proposals if one.kind == kind]


def test_an_exception_of_falco_is_read_by_falcos_reader(tmp_path: Path):
    table = findings(alert("falco", "Shell", "/bin/sh"), alert("falco", "Shell", "/bin/sh"))
    one = of("falco", priced(table, {}))[0]
    assert one.saved == 2 and one.change["exceptions"][0]["values"] == [["/bin/sh", "reg:5000/web"]]
    rule = {
        "rule": "Shell",
        "desc": "d",
        "condition": "evt.type = execve and proc.name = sh",
        "output": "o",
        "priority": "NOTICE",
    }
    (tmp_path / "a.yaml").write_text(yaml.safe_dump([rule]))
    (tmp_path / "b.yaml").write_text(yaml.safe_dump([one.change]))
    rules, skipped = load_falco([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert len(rules) == 1 and not skipped
    assert "/bin/sh" in str(rules[0].condition) and "reg:5000/web" in str(rules[0].condition)


def test_a_filter_of_tetragon_matches_that_program_only():
    table = findings(alert("tetragon", "policy", "/opt/a+b (1)"), {})
    change = of("tetragon", priced(table, {}))[0].change
    assert change["policy_names"] == ["policy"] and change["namespace"] == ["shop"]
    pattern = change["binary_regex"][0]
    assert re.search(pattern, "/opt/a+b (1)") and not re.search(pattern, "/opt/aab (1)x")


def test_merged_alerts_save_nothing_for_certain_and_may_lose_an_attack():
    two = [{"kind": "alert", "exe": "/bin/sh"}, {"kind": "alert", "exe": "/bin/nc"}]
    table = findings(
        alert("falco", "Shell", "/bin/sh", events=two, count=2),
        alert("falco", "Shell", "/bin/sh", events=two, count=9),
    )
    one = of("falco", priced(table, {1: "attack"}))[0]
    assert (one.saved, one.lost, one.silenced) == (0, ("attack",), 0)


def test_the_command_proposes_prices_and_writes(tmp_path: Path):
    place, labels = "datasets/lab-v1/capture", tmp_path / "labels.parquet"
    shutil.copy(REPOSITORY / "datasets/lab-v1/labels.parquet", labels)
    rtml("rules", place, "--out", tmp_path / "rules.parquet")
    asked = ("findings", "tune", tmp_path / "rules.parquet", "--labels", labels, "--capture", place)
    done = rtml(*asked, "--out", tmp_path / "tuned", "--owner", "me", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["saved_together"] > 0.5 * told["false"] and told["lost_together"] == 0 < told["attacks"]
    rules = read_suppressions(tmp_path / "tuned/suppressions.yml")
    assert {rule.owner for rule in rules} == {"me"}
    kept = suppress(pl.read_parquet(tmp_path / "rules.parquet"), rules).kept
    kept.write_parquet(tmp_path / "kept.parquet")
    again = rtml("findings", "tune", tmp_path / "kept.parquet", *asked[3:], "--json")
    after = json.loads(again.stdout)
    assert after["attacks"] == told["attacks"] and after["false"] == told["false"] - told["saved_together"]
    assert (tmp_path / "labels.looks.jsonl").read_text().count("\n") == 2, "looks at labels are counted"
    assert rtml(*asked, "--out", tmp_path / "tuned").returncode == 1, "nothing is written over"
    rules_findings = pl.read_parquet(tmp_path / "rules.parquet")
    other = rules_findings.head(1).with_columns(container_id=pl.lit("f" * 64), finding_id=pl.lit("other"))
    pl.concat([rules_findings, other]).write_parquet(tmp_path / "more.parquet")
    told = json.loads(rtml("findings", "tune", tmp_path / "more.parquet", *asked[3:], "--json").stdout)
    assert [note.partition(" findings ")[2][:42] for note in told["not_judged"]] == [
        "name containers that the capture does not "
    ]
    other.write_parquet(tmp_path / "other.parquet")
    refused = rtml("findings", "tune", tmp_path / "other.parquet", *asked[3:])
    assert refused.returncode == 1 and "give the capture that they were made from" in refused.stderr
