"""Attacks planted in an invented cluster: thieves are told from everybody, at the price that was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.k8s_audit import drawn, judged
from benchmarks.k8s_cluster import CLUSTER


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    return judged(*drawn(0, folder, ["surprise"]), "surprise")


def test_every_thief_is_found_with_the_type_of_what_was_done(rows: list[dict[str, object]]):
    thieves = [row for row in rows if row.get("thief")]
    assert len(thieves) == len(CLUSTER["attacks"])
    assert all(row["found"] and row["typed"] and row["rank"] == 0 for row in thieves)


def test_who_grants_what_nobody_grants_is_found_from_an_own_machine(rows: list[dict[str, object]]):
    quiet = {str(row["attack"]): row["found"] for row in rows if row.get("thief") is False}
    granting = {"bind-cluster-admin", "create-admin-clusterrole", "hostpath-volume", "privileged-pod"}
    assert all(quiet[name] for name in granting)
    assert not quiet["steal-serviceaccount-token"], "an exec by who often execs: if this is found, say so"


def test_the_price_is_not_above_what_was_asked(rows: list[dict[str, object]]):
    assert rows[-1]["false"] <= 5, "one a day was asked, in five user-days"
