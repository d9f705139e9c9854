"""Correlations of correlations, and temporal conditions that join rules by and, or, not."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.rules.running.evaluate import evaluate
from rtml.rules.running.findings import findings_of
from rtml.rules.sigma.loading import load
from tests.rules.conftest import capture_of
from tests.rules.sigma_over import base, over, run, written

Documents = list[dict[str, Any]]


def named(name: str, *given: Any, **more: Any) -> dict[str, Any]:
    return {**over(*given, **more), "name": name, "title": name}


def hits(folder: Path, documents: Documents, events: Documents) -> list[tuple[int, str]]:
    rules, skipped = load(written(folder, rules=documents))
    assert skipped == []
    found = evaluate(capture_of(events), rules).hits
    titles = {rule.id: rule.title for rule in rules}
    return sorted((row["seq"], titles[row["rule"]]) for row in found.iter_rows(named=True))


MANY = named("many", "event_count", ["fail"], {"gte": 3}, **{"group-by": ["UserId", "CurrentDirectory"]})
THEN = named("breach", "temporal_ordered", ["many", "login"], timespan="60s", **{"group-by": ["UserId"]})


@pytest.mark.parametrize(
    ("programs", "users", "found"),
    [
        ("fail fail fail login", "1 1 1 1", [3]),
        ("fail fail login", "1 1 1", []),  # too few
        ("login fail fail fail", "1 1 1 1", []),  # the wrong way round
        ("fail fail fail login", "1 1 1 2", []),  # somebody else
        ("fail fail fail fail login login", "1 1 1 1 1 1", [4, 5]),
    ],
)
def test_many_failures_then_a_success(tmp_path: Path, programs: str, users: str, found: list[int]):
    who = zip(programs.split(), users.split(), strict=True)
    events = [run(p, i, uid=int(u), cwd="/srv") for i, (p, u) in enumerate(who)]
    for documents in itertools.permutations([base("fail"), base("login"), MANY, THEN]):
        assert hits(tmp_path, list(documents), events) == [(seq, "breach") for seq in found]


def test_the_inner_one_groups_by_its_own_fields(tmp_path: Path):
    events = [run("fail", i, uid=1, cwd=f"/{i % 2}") for i in range(4)] + [run("login", 9, uid=1)]
    assert hits(tmp_path, [base("fail"), base("login"), MANY, THEN], events) == []


@pytest.mark.parametrize("generate", [False, True])
def test_the_inner_one_alarms_by_itself_only_where_it_is_let(tmp_path: Path, generate: bool):
    outer = {**THEN, "correlation": {**THEN["correlation"], "generate": generate}}
    events = [run("fail", i, uid=1, cwd="/") for i in range(3)]
    found = hits(tmp_path, [base("fail"), base("login"), MANY, outer], events)
    assert found == ([(2, "many")] if generate else [])


def test_files_in_any_order_and_by_id(tmp_path: Path):
    number = "0b1f8a56-6d0c-4c55-9d8a-3f0a7c1d2e31"
    inner = {**MANY, "id": number}
    outer = {**THEN, "correlation": {**THEN["correlation"], "rules": [number.upper(), "login"]}}
    events = [run(p, i, uid=1, cwd="/") for i, p in enumerate(["fail"] * 3 + ["login"])]
    for a, b in (
        ([outer], [inner, base("fail"), base("login")]),
        ([base("fail"), inner], [outer, base("login")]),
    ):
        rules, skipped = load(written(tmp_path, a=a, b=b))
        assert skipped == [] and [rule.title for rule in rules] == ["breach"]
        found = evaluate(capture_of(events), rules)
        assert found.hits["seq"].to_list() == [3] and found.table["title"].to_list() == ["breach"]
        (entry,) = findings_of(found.hits, rules)["contributions"].to_list()
        assert "UserId 1" in str(entry)


def test_aliases_of_the_inner_one_are_known_to_the_outer_one(tmp_path: Path):
    connect = base("out")
    connect["logsource"]["category"] = "network_connection"
    connect["detection"] = {"s": {"DestinationPort": 443}, "condition": "s"}
    aliases = {"who": {"id": "ProcessId", "out": "ParentProcessId"}}
    inner = named("both", "temporal", ["id", "out"], aliases=aliases, **{"group-by": ["who"]})
    outer = named("twice", "event_count", ["both"], {"gte": 2}, **{"group-by": ["who"]})
    call = {"kind": "connect", "dst_ip": "10.0.0.1", "dst_port": 443}
    at = [run("id", i)["time"] for i in range(5)]
    events = [run("id", 0, pid=7), {**call, "ppid": 7, "pid": 8, "time": at[1]}]
    assert hits(tmp_path, [base("id"), connect, inner, outer], events) == []
    events += [{**call, "ppid": 7, "pid": 9, "time": at[2]}, {**call, "ppid": 8, "pid": 7, "time": at[3]}]
    assert hits(tmp_path, [base("id"), connect, inner, outer], events) == [(2, "twice")]


def test_what_is_not_run_takes_the_whole_chain_with_it(tmp_path: Path):
    wrong = named("many", "event_count", ["fail"], {"gte": 3}, **{"group-by": ["Nonsense"]})
    rules, skipped = load(written(tmp_path, a=[base("fail"), base("login"), wrong, THEN]))
    told = " | ".join(one.reason for one in skipped)
    assert rules == [] and "field 'Nonsense' is not mapped" in told
    assert "correlation 'breach': its correlation 'many' is not run" in told
    assert "'One fail' is a part of correlation 'many'" in told and "'One login' is a part of" in told


def test_what_refers_to_itself_is_refused_and_what_stands_on_it(tmp_path: Path):
    ring = [named(f"r{i}", "event_count", [f"r{(i + 1) % 3}", "id"], {"gte": 2}) for i in range(3)]
    above = named("above", "event_count", ["r0"], {"gte": 2})
    alone = named("alone", "event_count", ["alone"], {"gte": 2})
    rules, skipped = load(written(tmp_path, a=[base("id"), above, *ring, alone, base("ls")]))
    assert [rule.title for rule in rules] == ["One ls"]
    told = [one.reason for one in skipped]
    assert sum("refers to itself" in reason for reason in told) == 4
    assert any("'above': its correlation 'r0' is not run" in reason for reason in told)


def test_an_inner_one_that_could_not_match_is_told(tmp_path: Path):
    rules, _ = load(written(tmp_path, a=[base("fail"), base("login"), MANY, THEN]))
    row = evaluate(capture_of([run("login", 0, uid=1)]), rules).table.row(0, named=True)
    assert not row["could_match"] and "always null here: cwd" in row["why_not"]


def test_a_tower_takes_no_power_of_time(tmp_path: Path):
    layers: Documents = [base("id"), base("ls")]
    below = ["id", "ls"]
    for n in range(40):
        pair = [named(f"l{n}{side}", "event_count", below, {"gte": 1}) for side in "ab"]
        layers, below = [*layers, *pair], [f"l{n}a", f"l{n}b"]
    begin = time.process_time()
    rules, skipped = load(written(tmp_path, a=layers))
    assert time.process_time() - begin < 20
    assert rules == [] and any("comes to over 1,000 rules" in one.reason for one in skipped)
    line: Documents = [base("id")]
    line += [named(f"c{n}", "event_count", [f"c{n - 1}" if n else "id"], {"gte": 1}) for n in range(30)]
    assert hits(tmp_path / "line", line, [run("id", 0)]) == [(0, "c29")]


NAMES = ["id", "ls", "ps"]
BASES = [base(name) for name in NAMES]
CONDITIONS = {
    "id and (ls or ps)": lambda m: "id" in m and bool(m & {"ls", "ps"}),
    "id OR ls AND ps": lambda m: "id" in m or {"ls", "ps"} <= m,
    "id and ls and not ps": lambda m: {"id", "ls"} <= m and "ps" not in m,
    "(id or ls) and not (ps and id)": lambda m: bool(m & {"id", "ls"}) and not {"ps", "id"} <= m,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_rules_joined_are_what_loops_say(tmp_path: Path, condition: str):
    rules, skipped = load(written(tmp_path, a=[*BASES, over("temporal", None, condition)]))
    assert skipped == [] and [rule.title for rule in rules] == ["Many temporal"]

    @given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 30)), min_size=1, max_size=10))
    def holds(drawn: list[tuple[str, int]]) -> None:
        wanted = set()
        for seq, (_, at) in enumerate(drawn):
            before = [(name, t) for name, t in drawn if 0 <= at - t <= 10]
            first = min(t for _, t in before)
            whole = not any(t > at and t - first <= 10 for _, t in drawn)
            if CONDITIONS[condition]({name for name, _ in before}) and (whole or "not" not in condition):
                wanted.add(seq)
        events = [run(name, at, seq=seq) for seq, (name, at) in enumerate(drawn)]
        assert set(evaluate(capture_of(events), rules).hits["seq"]) == wanted

    holds()


@pytest.mark.parametrize(
    ("condition", "programs", "found"),
    [
        ("id and ls and ps", "id ls ps", True),
        ("id AND ls AND ps", "ls id ps", False),
        ("ps and id and ls", "ps id ls", True),
        ("id and (ls or ps)", "id ps", True),
        ("id and (ls or ps)", "ls id", False),
    ],
)
def test_an_order_is_that_of_the_condition(tmp_path: Path, condition: str, programs: str, found: bool):
    outer = over("temporal_ordered", None, condition)
    events = [run(program, i) for i, program in enumerate(programs.split())]
    assert bool(hits(tmp_path, [*BASES, outer], events)) == found


@pytest.mark.parametrize("condition", ["id and not ls", "id and (ls and ps)", "(id or ls) and (id or ps)"])
def test_an_order_that_is_none_is_refused(tmp_path: Path, condition: str):
    rules, skipped = load(written(tmp_path, a=[*BASES, over("temporal_ordered", None, condition)]))
    assert "Many temporal_ordered" not in [rule.title for rule in rules]
    assert "an order is a chain of and" in skipped[0].reason


def test_a_joined_condition_some_of_whose_rules_cannot_match_is_told(tmp_path: Path):
    asked = base("asked")
    asked["logsource"]["category"] = "dns_query"
    asked["detection"] = {"s": {"QueryName|endswith": ".example"}, "condition": "s"}
    for condition, could in (("id and asked", False), ("id or asked", True), ("id and not asked", True)):
        rules, skipped = load(written(tmp_path, a=[base("id"), asked, over("temporal", None, condition)]))
        assert skipped == []
        row = evaluate(capture_of([run("id", 0)]), rules).table.row(0, named=True)
        assert row["could_match"] == could and "no dns events" in row["why_not"], condition
        assert bool(row["hits"]) == could
