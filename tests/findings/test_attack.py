"""ATT&CK versions: what the table promises, and the export that uses it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.errors import UsageError
from rtml.findings.attack import VERSIONS, renumbered, with_attack
from rtml.rules.running.run import load_all
from rtml.schema import FINDINGS, conform
from tests.test_cli import rtml

IDS = sorted({*renumbered("v19"), *renumbered("v18"), "T1059.004", "T1562.009", "S\x1b[2J"})


def findings(*techniques: list[str] | None) -> pl.DataFrame:
    rows = {"finding_id": [str(i) for i in range(len(techniques))], "techniques": techniques}
    return conform(pl.DataFrame(rows, schema_overrides={"techniques": pl.List(pl.String)}), FINDINGS)


def test_no_id_of_one_version_remains_in_the_other():
    old, new = set(renumbered("v19")), set(renumbered("v18"))
    assert not old & new, "an id that exists in both would be ambiguous"
    assert set(renumbered("v19").values()) <= new
    assert set(renumbered("v18").values()) <= old


def test_there_and_back_again_is_the_same_where_it_can_be():
    forth = renumbered("v19")
    merged = {"T1562", "T1562.006"}  # became one with T1562.001
    for old, new in forth.items():
        assert (renumbered("v18")[new] == old) is (old not in merged)


@given(st.lists(st.lists(st.sampled_from(IDS)) | st.none(), max_size=5), st.sampled_from(VERSIONS))
def test_conversion_is_idempotent_and_keeps_rows(rows: list[list[str] | None], version: str):
    table = findings(*rows)
    once = with_attack(table, version)
    assert once.schema == table.schema
    assert once.drop("techniques").equals(table.drop("techniques"))
    assert with_attack(once, version).equals(once)
    assert once["techniques"].is_null().equals(table["techniques"].is_null())
    left = {name for row in once["techniques"].drop_nulls().to_list() for name in row}
    assert not left & set(renumbered(version))


def test_unknown_versions_are_wrong_use():
    with pytest.raises(UsageError, match="unknown ATT&CK version 'v17'"):
        with_attack(findings(["T1562"]), "v17")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), ["T1070.003", "T1562.004", "T1685"]),
        (("--attack", "v18"), ["T1070.003", "T1562.001", "T1562.004"]),
        (("--attack", "v19"), ["T1070.003", "T1685", "T1686"]),
    ],
)
def test_the_export_speaks_both(tmp_path: Path, words: tuple[str, ...], wanted: list[str]):
    file = tmp_path / "f.parquet"
    whole = {name: [None] for name in FINDINGS} | {
        "finding_id": ["f"],
        "source": ["rule"],
        "detector": ["rules"],
        "type": ["A:Runtime/B"],
        "container_id": ["c"],
        "techniques": [["T1070.003", "T1562.004", "T1685"]],
    }
    rows = conform(pl.DataFrame(whole), FINDINGS).with_columns(
        pl.lit("2026-01-01").str.to_datetime(time_unit="ns", time_zone="UTC").alias(name)
        for name in ("first_seen", "last_seen")
    )
    rows.write_parquet(file)
    done = rtml("findings", "export", file, *words)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["techniques"] == wanted
    assert pl.read_parquet(file).equals(rows), "the findings themselves keep what was written"


def test_our_own_rules_are_of_one_version():
    ids = {technique for rule in load_all()[0] for technique in rule.techniques}
    assert ids
    assert not ids & set(renumbered("v18"))
