"""Attack sequences: what joins, what must never join, and that order and files do not matter."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from rtml.cli import app
from rtml.findings.sequences.correlating import SEQUENCES, SEVERITY, correlate
from rtml.findings.sequences.signals import SEQUENCE_TYPE, parameters
from rtml.schema import FINDINGS, conform, empty

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TYPES = (
    "Execution:Runtime/ReverseShell",
    "Impact:Runtime/CryptoMinerExecuted",
    "CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed",
    "Persistence:Runtime/SuspiciousCommand",
    "Execution:Runtime/NewBinaryExecuted",
)
_NUMBERS = itertools.count()


def finding(hours: float = 0, kind: str = TYPES[0], **more: Any) -> dict[str, Any]:
    at = START + dt.timedelta(hours=hours)
    return {
        "finding_id": f"f{next(_NUMBERS):05}",
        "source": "rule",
        "detector": "rules",
        "type": kind,
        "severity": 8.0,
        "first_seen": at,
        "last_seen": at,
        "count": 1,
        "title": kind,
        **more,
    }


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    kept = {name: kind for name, kind in FINDINGS.items() if any(name in row for row in rows)}
    return conform(pl.DataFrame(list(rows), schema_overrides=kept), FINDINGS)


def members(sequences: pl.DataFrame) -> list[set[str]]:
    return [{one["finding_id"] for one in row} for row in sequences["signals"]]


def together(*rows: dict[str, Any]) -> bool:
    """Whether all of them are one sequence."""
    return members(correlate(table(*rows))) == [{row["finding_id"] for row in rows}]


def pod(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"cluster": "k", "namespace": "web", "pod": name, **more}


def test_no_findings_no_sequences():
    assert correlate(empty(FINDINGS)).schema == SEQUENCES
    assert correlate(empty(FINDINGS)).is_empty()


def test_a_chain_over_audit_and_runtime_is_one_finding_with_its_stages_in_order():
    rows = [
        finding(3, TYPES[1], **pod(container_id="c1", host="n1")),
        finding(0, "PrivilegeEscalation:Kubernetes/PrivilegedContainer", actor="mallory", **pod()),
        finding(1, TYPES[0], container_id="c1", host="n1"),
        finding(2, TYPES[2], actor="mallory", cluster="k", severity=5.0),
    ]
    found = correlate(table(*rows))
    assert found.height == 1
    row = found.row(0, named=True)
    assert (row["type"], row["severity"], row["count"]) == (SEQUENCE_TYPE, SEVERITY, 4)
    assert [stage["tactic"] for stage in row["stages"]] == [
        "privilege-escalation",
        "execution",
        "credential-access",
        "impact",
    ]
    assert [one["finding_id"] for one in row["signals"]] == [rows[i]["finding_id"] for i in (1, 2, 3, 0)]
    assert row["actors"] == ["mallory"]
    assert row["resources"] == ["container c1", "pod web/a"]
    assert (row["container_id"], row["pod"], row["cluster"]) == ("c1", "a", "k")


@pytest.mark.parametrize(
    "second",
    [
        {"kind": TYPES[4]},  # the same tactic by another type
        {"kind": TYPES[0]},  # the same type
        {"kind": TYPES[1], "severity": 1.0},  # mere activity
        {"kind": "Behavior:Kubernetes/ObjectCreated"},  # no tactic
        {"kind": SEQUENCE_TYPE},
    ],
    ids=str,
)
def test_one_tactic_or_one_type_is_no_sequence(second: dict[str, Any]):
    assert correlate(table(finding(**pod()), finding(1, **second, **pod()))).is_empty()


def test_a_day_is_the_limit():
    assert together(finding(0, **pod()), finding(24, TYPES[1], **pod()))
    late = finding(24, TYPES[1], **pod())
    late["first_seen"] += dt.timedelta(microseconds=1)
    assert correlate(table(finding(0, **pod()), late)).is_empty()


@pytest.mark.parametrize(
    "one, two",
    [
        (pod("a"), pod("b")),
        (pod("a"), pod("a", namespace="other")),
        (pod("a"), pod("a", cluster="other")),
        (pod("a", host="n1"), pod("b", host="n1")),  # one busy node
        (pod("a", service_account="default"), pod("b", service_account="default")),
        (pod("a", workload="w"), pod("b", workload="w")),
        ({"container_id": "c1", "host": "n1"}, {"container_id": "c2", "host": "n1"}),
        ({"cluster": "k"}, {"cluster": "k"}),  # nothing is known of them but the cluster
        ({}, {}),
        (
            pod("a", actor="system:serviceaccount:kube-system:replicaset-controller"),
            pod("b", actor="system:serviceaccount:kube-system:replicaset-controller"),
        ),
        (pod("a", actor="(no name)"), pod("b", actor="(no name)")),
    ],
    ids=str,
)
def test_unrelated_things_never_join(one: dict[str, Any], two: dict[str, Any]):
    rows = [finding(0, TYPES[0], **one), finding(1, TYPES[1], **two)]
    assert correlate(table(*rows)).is_empty()


ACCOUNT = {"actor": "system:serviceaccount:web:builder", "cluster": "k"}


@pytest.mark.parametrize(
    "one, two",
    [
        (pod("a"), pod("a")),
        ({"container_id": "c1"}, {"container_id": "c1", "host": "n1"}),
        ({"actor": "mallory", "cluster": "k"}, pod("a", actor="mallory")),
        (ACCOUNT, pod("a", service_account="builder")),
        (pod("a", host="n1"), {"cluster": "k", "host": "n1"}),
        ({"actor": "ci", "workload": "w", "namespace": "web", "cluster": "k"}, pod("a", workload="w")),
    ],
    ids=str,
)
def test_related_things_join(one: dict[str, Any], two: dict[str, Any]):
    assert together(finding(0, TYPES[0], **one), finding(1, TYPES[1], **two))


def test_a_shared_account_or_host_of_two_pods_links_neither():
    for hub, of_pod in (
        (ACCOUNT, {"service_account": "builder"}),
        ({"host": "n1", "cluster": "k"}, {"host": "n1"}),
    ):
        rows = [
            finding(0, TYPES[0], **hub),
            finding(1, TYPES[1], **pod("a", **of_pod)),
            finding(2, TYPES[3], **pod("b", **of_pod)),
        ]
        assert correlate(table(*rows)).is_empty()


def test_an_actor_of_many_pods_links_none():
    many = parameters().most_pods + 1
    rows = [finding(i / 10, TYPES[0], actor="ci", **pod(f"p{i}")) for i in range(many)]
    rows.append(finding(1, TYPES[1], container_id="c0", **pod("p0")))
    (found,) = members(correlate(table(*rows)))
    assert found == {rows[0]["finding_id"], rows[-1]["finding_id"]}


def test_two_rules_that_match_one_event_are_one_act():
    same = {"evidence": [{"host": "h", "seq": 7}], **pod()}
    rows = [finding(0, TYPES[0], **same), finding(0, TYPES[1], **same)]
    assert correlate(table(*rows)).is_empty()
    assert together(*rows, finding(1, TYPES[1], evidence=[{"host": "h", "seq": 8}], **pod()))


def test_early_noise_does_not_cut_an_attack_in_two():
    noise = finding(0, TYPES[0], **pod())
    attack = [finding(23.5 + i, TYPES[i], **pod()) for i in range(4)]
    (found,) = members(correlate(table(noise, *attack)))
    assert {row["finding_id"] for row in attack} <= found


def test_two_attacks_on_one_pod_days_apart_are_two_sequences():
    rows = [finding(day * 24.0 + i, TYPES[i], **pod()) for day in (0, 3) for i in range(2)]
    assert len(members(correlate(table(*rows)))) == 2


def test_a_finding_in_two_files_counts_once_as_seen_last():
    one, two = finding(0, **pod()), finding(1, TYPES[1], **pod())
    again = {**one, "last_seen": START + dt.timedelta(hours=5), "count": 9}
    (row,) = correlate(table(one, two, again)).to_dicts()
    assert (row["count"], row["last_seen"]) == (2, again["last_seen"])


THINGS: list[dict[str, Any]] = [
    pod("a"),
    pod("b"),
    pod("a", container_id="c1"),
    {"container_id": "c1", "host": "n1"},
    {"container_id": "c2", "host": "n1"},
    {"host": "n1"},
    {"host": "n1", "cluster": "k"},
    {},
    {"actor": "mallory", "cluster": "k"},
    pod("a", actor="mallory"),
    pod("b", actor="mallory"),
    ACCOUNT,
    pod("b", service_account="builder", host="n1"),
    pod("c", workload="w"),
    {"actor": "x", "workload": "w", "namespace": "web", "cluster": "k"},
    {"actor": "\x1f\n", "cluster": ""},
]
some_findings = st.lists(
    st.builds(
        lambda hours, kind, thing: finding(hours, TYPES[kind], **THINGS[thing]),
        st.integers(0, 96),
        st.integers(0, len(TYPES) - 1),
        st.integers(0, len(THINGS) - 1),
    ),
    max_size=24,
)


@settings(max_examples=60, deadline=None)
@given(rows=some_findings, dice=st.randoms(use_true_random=False))
def test_order_and_files_change_nothing_and_no_signal_is_further_than_a_day(rows, dice):
    if not rows:
        return
    whole = correlate(table(*rows))
    mixed = list(rows)
    dice.shuffle(mixed)
    cut = dice.randint(0, len(mixed))
    parts = [table(*part) for part in (mixed[:cut], mixed[cut:]) if part]
    assert_frame_equal(correlate(pl.concat(parts)), whole)
    used = [one for signals in members(whole) for one in signals]
    assert len(used) == len(set(used)), "a signal is in one sequence only"
    for row in whole.to_dicts():
        times = [one["first_seen"] for one in row["signals"]]
        assert times == sorted(times) and times[-1] - times[0] <= dt.timedelta(hours=24)
        assert len({one["tactic"] for one in row["signals"]}) >= 2
        assert len({one["type"] for one in row["signals"]}) >= 2
        assert row["count"] == len(row["signals"])


@settings(max_examples=40, deadline=None)
@given(rows=some_findings)
def test_findings_about_something_else_change_nothing(rows):
    """A sequence is not touched by what happens to pods that share nothing with it."""
    if not rows:
        return
    other = [finding(i, TYPES[i % 4], cluster="z", namespace="z", pod="z") for i in range(4)]
    alone = members(correlate(table(*rows)))
    beside = members(correlate(table(*rows, *other)))
    assert sorted(map(sorted, beside)) == sorted(map(sorted, [*alone, {row["finding_id"] for row in other}]))


def test_the_command_leaves_archived_findings_out(tmp_path: Path):
    one, two = finding(0, **pod(), title="\x1b[2J"), finding(1, TYPES[1], **pod())
    table(one).write_parquet(tmp_path / "a.parquet")
    table(two).write_parquet(tmp_path / "b.parquet")
    table(two).with_columns(suppressed_by=pl.lit("quiet")).write_parquet(tmp_path / "c.parquet")

    def run(*names: str) -> Any:
        files = [str(tmp_path / name) for name in names]
        done = CliRunner().invoke(app, ["findings", "correlate", *files])
        assert done.exit_code == 0, done.output
        return done.output

    told = run("a.parquet", "b.parquet")
    assert "1 attack sequences" in told and "\x1b" not in told
    assert all(row["finding_id"] in told for row in (one, two))
    archived = run("a.parquet", "c.parquet")
    assert "0 attack sequences" in archived and "1 archived" in archived


def test_the_command_writes_findings_that_other_commands_read(tmp_path: Path):
    table(finding(0, **pod()), finding(1, TYPES[1], **pod())).write_parquet(tmp_path / "a.parquet")
    out = tmp_path / "sequences.parquet"
    arguments = ["findings", "correlate", str(tmp_path / "a.parquet"), "--out", str(out), "--json"]
    done = CliRunner().invoke(app, arguments)
    assert len(json.loads(done.stdout)["sequences"]) == 1
    exported = CliRunner().invoke(app, ["findings", "export", str(out)])
    assert json.loads(exported.stdout)["type"] == SEQUENCE_TYPE
