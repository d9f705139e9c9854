"""A distilled rule finds its incident, is valid Sigma, and says what it costs elsewhere."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import rtml
from rtml.analyst import Hunt
from rtml.analyst.distilling import distil
from rtml.analyst.drafts import drafts, escaped
from rtml.errors import RtmlError
from rtml.rules import evaluate, load


def test_the_rule_of_an_incident_finds_it_again_and_costs_what_it_says(found: Hunt, tmp_path: Path):
    incident = next(one for one in found if one.row["findings"] > 2 and one.roots)
    rule = incident.to_rule()
    file = tmp_path / "rule.yml"
    file.write_text(rule.text, "utf-8")
    rules, skipped = load([file])
    hits = evaluate(found.capture, rules).hits
    ours = hits["root_id"].is_in(incident.roots)
    assert not skipped and rules and rule.here == hits.filter(ours)["root_id"].n_unique() > 0
    assert (rule.benign + rule.elsewhere == 0) == hits.filter(~ours).is_empty()
    assert rule.cost in repr(rule) and "<pre" in rule._repr_html_()


def test_what_is_usual_costs_and_the_price_is_told(found: Hunt):
    """An incident made of what a service always does: no selection is free of charge."""
    services = found.capture.events(["host", "seq", "kind", "exe", "time", "process_id"], kinds=["exec"])
    usual = services.collect().group_by("exe").len().sort("len").row(-1)[0]
    roots = found.capture.processes().collect()
    row = roots.filter((pl.col("exe") == usual) & pl.col("image_seq").is_not_null()).row(0, named=True)
    event = {
        "host": row["host"],
        "seq": row["image_seq"],
        "time": row["since"],
        "kind": "exec",
        "exe": usual,
        "cmdline": row["cmdline"],
        "rank": 0,
    }
    incident = {**found[0].row, "title": "usual"}
    rule = distil(found.capture, incident, pl.DataFrame([event]), [row["root_id"]], None)
    assert rule.elsewhere > 0 and rule.per_container_day > 0 and rule.here == 1


def test_secrets_do_not_go_into_a_rule(found: Hunt):
    event = {"host": "lab", "seq": 1, "time": None, "kind": "exec", "exe": "/bin/x", "rank": 0}
    line = {"cmdline": "x --password hunter2"}
    from rtml.analyst.distilling import _weighty

    assert _weighty(found.capture, pl.DataFrame([event | line]))["cmdline"].to_list() == [None]
    plain = _weighty(found.capture, pl.DataFrame([event | {"cmdline": "x -l"}]))
    assert plain["cmdline"].to_list() == ["x -l"]


def test_what_no_rule_can_see_is_said(found: Hunt):
    event = {
        "host": "lab",
        "seq": 1,
        "time": None,
        "kind": "exit",
        "exe": "/bin/x",
        "cmdline": None,
        "rank": 0,
    }
    with pytest.raises(RtmlError, match="no event of this incident suggests a rule"):
        distil(found.capture, found[0].row, pl.DataFrame([event]), [1], None)
    dns = event | {"kind": "dns", "domain": "never.asked.test"}
    with pytest.raises(RtmlError, match="no rule of one event finds this incident"):
        distil(found.capture, found[0].row, pl.DataFrame([dns]), [1], None)


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_a_value_means_itself(value: str):
    """Whatever a program is called, its rule is YAML and holds it, wildcards escaped."""
    draft = drafts(pl.DataFrame([{"kind": "dns", "exe": "/x", "domain": value}]))[0]
    text = yaml.safe_dump(dict(draft.selection))
    read = yaml.safe_load(text)["QueryName"]
    assert read == escaped(value)
    plain = read.replace("\\*", "*").replace("\\?", "?").replace("\\\\", "\\")
    assert "\\" in value or plain == value


def test_a_rule_of_a_capture_finds_nothing_in_benign_time(found: Hunt):
    """Over the ten gravest incidents: rules are narrow, and the price is paid outside of what was learnt."""
    rules = [found[place].to_rule() for place in range(5) if found[place].roots]
    assert sum(rule.here for rule in rules) >= len(rules) and sum(rule.benign for rule in rules) == 0
    assert callable(rtml.hunt)
