"""Sigma's correlations: each type, each condition, groups, borders of the timespan, names over files."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from rtml.rules.language.contract import Rule
from rtml.rules.language.over_rules import OverRules
from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.findings import findings_of
from rtml.rules.sigma.loading import load
from tests.rules.conftest import capture_of
from tests.rules.sigma_over import OPERATORS, base, over, run, written


def hits(
    folder: Path, documents: list[dict[str, Any]], events: list[dict[str, Any]]
) -> list[tuple[int, str]]:
    rules, skipped = load(written(folder, rules=documents))
    assert skipped == []
    found = evaluate(capture_of(events), rules)
    titles = {rule.id: rule.title for rule in rules}
    assert set(found.table["rule"]) == set(titles)
    return sorted((row["seq"], titles[row["rule"]]) for row in found.hits.iter_rows(named=True))


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("burst", range(1, 7))
def test_a_burst_is_compared_as_a_whole(tmp_path: Path, operator: str, burst: int):
    documents = [base("id"), over("event_count", ["id"], {operator: 3})]
    found = hits(tmp_path / "r", documents, [run("id", i) for i in range(burst)])
    assert bool(found) == OPERATORS[operator](burst, 3)
    documents[1] = over("value_count", ["id"], {operator: 3, "field": "CommandLine"})
    values = [run("id", i, cmdline=f"id {i // 2}") for i in range(burst * 2)]
    assert bool(hits(tmp_path / "v", documents, values)) == OPERATORS[operator](burst, 3)


def test_a_range(tmp_path: Path):
    documents = [base("id"), over("event_count", ["id"], {"gt": 2, "lte": 4})]
    counts = [n for n in range(1, 8) if hits(tmp_path, documents, [run("id", i) for i in range(n)])]
    assert counts == [3, 4]


def test_a_hit_is_the_event_that_completes_the_count_and_each_after_it(tmp_path: Path):
    documents = [base("id"), over("event_count", "id", {"gte": 3})]
    events = [run("id", at) for at in (0, 1, 2, 3, 60)] + [run("ls", 4)]
    assert hits(tmp_path, documents, events) == [(2, "Many event_count"), (3, "Many event_count")]


@pytest.mark.parametrize(("last", "found"), [(10, True), (10.000001, False)])
def test_the_border_of_the_timespan_belongs_to_it(tmp_path: Path, last: float, found: bool):
    events = [run("id", 0), run("ls", last)]
    for kind in ("event_count", "temporal", "temporal_ordered"):
        condition = {"gte": 2} if kind == "event_count" else None
        documents = [base("id"), base("ls"), over(kind, ["id", "ls"], condition)]
        assert bool(hits(tmp_path, documents, events)) == found, kind
    values = [run("id", 0, cmdline="a"), run("id", last, cmdline="b")]
    documents = [base("id"), over("value_count", ["id"], {"gte": 2, "field": "CommandLine"})]
    assert bool(hits(tmp_path, documents, values)) == found


def test_two_groups_do_not_add_up(tmp_path: Path):
    events = [run("id", i, container_id=f"c{i % 2}", uid=i % 2) for i in range(4)]
    for fields, found in (([], True), (["ContainerId"], False), (["ContainerId", "UserId"], False)):
        documents = [base("id"), over("event_count", ["id"], {"gte": 3}, **{"group-by": fields})]
        assert bool(hits(tmp_path, documents, events)) == found, fields


def test_keys_that_look_like_two_keys_joined_stay_apart(tmp_path: Path):
    pairs = [("a", "b\x1fc"), ("a\x1fb", "c"), ("a, CurrentDirectory b", "c")]
    events = [run("id", i, cmdline=line, cwd=cwd) for i, (line, cwd) in enumerate(pairs)]
    fields = {"group-by": ["CommandLine", "CurrentDirectory"]}
    assert hits(tmp_path, [base("id"), over("event_count", ["id"], {"gte": 2}, **fields)], events) == []


def test_an_absent_key_is_no_group_and_an_absent_value_no_value(tmp_path: Path):
    events = [run("id", i, cmdline="x" if i == 9 else None) for i in range(10)]
    grouped = [base("id"), over("event_count", ["id"], {"gte": 2}, **{"group-by": ["CommandLine"]})]
    assert hits(tmp_path, grouped, events) == []
    valued = [base("id"), over("value_count", ["id"], {"gte": 2, "field": "CommandLine"})]
    assert hits(tmp_path, valued, events) == []


def test_events_counted_by_the_sensor_count_as_many(tmp_path: Path):
    documents = [base("id"), over("event_count", ["id"], {"gte": 5})]
    assert hits(tmp_path, documents, [run("id", 0, count=5)]) == [(0, "Many event_count")]


def test_an_event_of_two_rules_counts_once_and_does_not_follow_itself(tmp_path: Path):
    bases = [base("id"), base("again", "id")]
    rules = ["id", "again"]
    assert hits(tmp_path, [*bases, over("event_count", rules, {"gte": 2})], [run("id", 0)]) == []
    assert hits(tmp_path, [*bases, over("temporal", rules)], [run("id", 0)]) == [(0, "Many temporal")]
    ordered = [*bases, over("temporal_ordered", rules)]
    assert hits(tmp_path, ordered, [run("id", 0)]) == []
    assert hits(tmp_path, ordered, [run("id", 0), run("id", 1)]) == [(1, "Many temporal_ordered")]


def test_only_the_order_of_the_rules_will_do(tmp_path: Path):
    bases = [base(name) for name in ("id", "ls", "ps")]
    documents = [*bases, over("temporal_ordered", ["id", "ls", "ps"])]
    for order, found in (("id ls ps", True), ("id ps ls", False), ("ls id ls ps", True), ("ps ls id", False)):
        events = [run(program, i) for i, program in enumerate(order.split())]
        assert bool(hits(tmp_path, documents, events)) == found, order
        random.Random(1).shuffle(events)
        assert bool(hits(tmp_path, documents, events)) == found, f"{order}, events in no order"


def test_two_of_three_rules(tmp_path: Path):
    bases = [base(name) for name in ("id", "ls", "ps")]
    documents = [*bases, over("temporal", ["id", "ls", "ps"], {"gte": 2})]
    assert hits(tmp_path, documents, [run("id", 0), run("id", 1)]) == []
    assert hits(tmp_path, documents, [run("id", 0), run("ps", 1)]) == [(1, "Many temporal")]


def test_aliases_join_fields_of_different_names(tmp_path: Path):
    connect = base("out")
    connect["logsource"]["category"] = "network_connection"
    connect["detection"] = {"s": {"DestinationPort": 443}, "condition": "s"}
    lookup = base("asked")
    lookup["logsource"]["category"] = "dns_query"
    lookup["detection"] = {"s": {"QueryName|endswith": ".example"}, "condition": "s"}
    aliases = {"peer": {"asked": "DestinationIp", "out": "DestinationIp"}, "who": {"asked": "ProcessId"}}
    documents = [
        connect,
        lookup,
        over("temporal", ["asked", "out"], aliases=aliases, **{"group-by": ["peer"]}),
    ]
    question = {"kind": "dns", "domain": "a.example", "dst_ip": "10.0.0.1"}
    calls = [{"kind": "connect", "dst_ip": ip, "dst_port": 443} for ip in ("10.0.0.2", "10.0.0.1")]
    assert hits(tmp_path, documents, [question, *calls]) == [(2, "Many temporal")]
    documents[2]["correlation"]["group-by"] = ["who"]
    rules, skipped = load(written(tmp_path, rules=documents))
    assert rules == [] and "its alias 'who' has no field for the rule 'One out'" in skipped[0].reason


def test_a_base_rule_alarms_only_where_all_correlations_let_it(tmp_path: Path):
    events = [run("id", 0)]
    plain, generating = (over("event_count", ["id"], {"gte": 2}, generate=g) for g in (False, True))
    assert hits(tmp_path, [base("id"), generating], events) == [(0, "One id")]
    assert hits(tmp_path, [base("id"), plain], events) == []
    assert hits(tmp_path, [base("id"), generating, {**plain, "title": "Other"}], events) == []


def test_rules_and_correlations_over_files_in_any_order_by_name_or_id(tmp_path: Path):
    number = "0b1f8a56-6d0c-4c55-9d8a-3f0a7c1d2e31"
    correlation = over("event_count", ["id", number.upper()], {"gte": 2})
    for first, second in (("a", "b"), ("b", "a")):
        files = {first: [base("id"), base("ls", id=number)], second: [correlation]}
        rules, skipped = load(written(tmp_path, **files))
        assert skipped == []
        (rule,) = rules
        assert isinstance(rule, OverRules) and [part.rule.title for part in rule.parts] == [
            "One id",
            "One ls",
        ]


def test_a_name_means_the_rule_of_the_same_file_else_it_must_be_the_only_one(tmp_path: Path):
    mine = [base("id", "whoami"), over("event_count", ["id"], {"gte": 2})]
    rules, skipped = load(written(tmp_path, a=[base("id")], b=mine))
    assert [rule.title for rule in rules] == ["One id", "Many event_count"] and skipped == []
    rules, skipped = load(written(tmp_path, a=[base("id")], b=mine[:1], c=mine[1:]))
    assert rules == [] and "2 rules are named 'id'" in skipped[0].reason and len(skipped) == 3


@pytest.mark.parametrize(
    ("outer", "reason"),
    [
        (over("event_count", ["id", "gone"], {"gte": 2}), "no rule in these files is named 'gone'"),
        (over("event_count", ["id"], {"gte": 2}, **{"group-by": ["Imag"]}), "did you mean 'Image'"),
        (over("value_count", ["id"], {"gte": 2, "field": "Nonsense"}), "field 'Nonsense' is not mapped"),
        (over("value_sum", ["id"], {"gte": 2, "field": "User"}), "field 'User' holds no numbers"),
        (over("value_avg", ["id"], {"gte": 2, "field": "CommandLine"}), "it has no sum, mean or percentile"),
        (over("value_median", ["id"], {"lt": 2, "field": "Interactive"}), "'Interactive' holds no numbers"),
        (over("value_sum", ["id"], {"lt": 2, "field": ["UserId", "ProcessId"]}), "names several fields"),
        (over("value_avg", ["id"], {"lt": 2}), "without field reference"),
        (over("value_percentile", ["id"], {"gte": 2, "field": "UserId"}), "from 0 to 100, not None"),
        (
            over("value_percentile", ["id"], {"gte": 2, "field": "UserId", "percentile": 101}),
            "from 0 to 100, not 101",
        ),
        (over("temporal", ["id"], "id and not id"), "contradicts itself"),
        (over("temporal", ["id"], "not id"), "holds where nothing happened"),
        (over("temporal", ["id"], "id and (gone or id"), "Failed to parse extended condition"),
        (over("temporal", ["id"], "id and ls"), "not defined in rules list: ls"),
        (over("event_count", ["id"], "id"), "only be used with temporal"),
        (over("temporal_ordered", ["id"], "not id"), "an order is a chain of and"),
        (over("temporal_ordered", ["id"], {"gte": 3}), "some of its rules only"),
        (over("event_count", ["id"], {"gte": "many"}), "no valid Sigma correlation condition count"),
        (over("event_count", ["id"], {"gte": 1, "lt": "x"}), "compares with no number"),
        (over("event_count", ["id"], {"gte": 1}, timespan="1x"), "Timespan '1x' is invalid"),
        (over("nonsense", ["id"], {"gte": 1}), "no valid Sigma correlation type"),
        ({"title": "x", "correlation": 5}, ""),
        (over("event_count", [], {"gte": 1}), "it names no rules"),
    ],
)
def test_what_is_not_supported_takes_its_parts_with_it(tmp_path: Path, outer: dict[str, Any], reason: str):
    rules, skipped = load(written(tmp_path, a=[base("id"), base("ls")], b=[outer]))
    named = outer["correlation"] != 5 and outer["correlation"]["rules"] != []
    assert [rule.title for rule in rules] == (["One ls"] if named else ["One id", "One ls"])
    assert reason in skipped[0].reason
    assert not named or "'One id' is a part of correlation" in skipped[1].reason


def test_the_account_says_why_it_could_not_match(tmp_path: Path):
    fields = {"group-by": ["ContainerName"]}
    documents = [base("id"), over("event_count", ["id"], {"gte": 1}, **fields)]
    rules, _ = load(written(tmp_path, a=documents))
    row = evaluate(capture_of([run("id", 0)]), rules).table.row(0, named=True)
    assert not row["could_match"] and "always null here: container_name" in row["why_not"]
    row = evaluate(capture_of([{"kind": "open", "path": "/x"}]), rules).table.row(0, named=True)
    assert not row["could_match"] and "the capture has no exec events" in row["why_not"]
    assert row["level"] == "high" and row["title"] == "Many event_count"


def test_what_it_does_not_say_it_takes_from_its_rules(tmp_path: Path):
    silent = over("event_count", ["id"], {"gte": 1})
    del silent["level"]
    (rule,), _ = load(written(tmp_path, a=[base("id", tags=["attack.t1033"]), silent]))
    assert isinstance(rule, Rule) and (rule.level, rule.techniques) == ("low", ("T1033",))


def test_requests_of_the_audit_log_are_counted_where_no_container_is(tmp_path: Path):
    document = base("asked")
    document["logsource"] = {"product": "kubernetes", "service": "audit"}
    document["detection"] = {"s": {"verb": "list"}, "condition": "s"}
    rules, skipped = load(written(tmp_path, a=[document, over("event_count", ["asked"], {"gte": 2})]))
    assert skipped == [] and rules[0].kinds == ("audit",)
    table = evaluate(capture_of([run("id", 0)]), rules).table
    assert table["why_not"].item() == "its rule 'One asked': the capture has no audit events"


def test_a_correlation_beside_a_broken_document_still_holds_its_parts(tmp_path: Path):
    broken: Any = ["no", "mapping"]
    documents = [broken, over("event_count", ["id"], {"gte": 2})]
    rules, skipped = load(written(tmp_path, a=[base("id")], b=documents))
    assert [rule.title for rule in rules] == ["Many event_count"] and len(skipped) == 1


def test_the_finding_is_the_correlations_and_names_the_group(tmp_path: Path):
    documents = [base("id"), over("event_count", ["id"], {"gte": 3}, **{"group-by": ["ContainerId"]})]
    rules, _ = load(written(tmp_path, a=documents))
    four = [run("id", i, container_id="c1") for i in range(4)]
    found = findings_of(evaluate(capture_of([*four, run("id", 0, container_id="c2")]), rules).hits, rules)
    assert found["title"].to_list() == ["Many event_count"] and found["container_id"].to_list() == ["c1"]
    assert "ContainerId c1" in str(found["contributions"].to_list())
