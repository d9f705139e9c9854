"""All 46 finding types of GuardDuty: something stands for each, and the command line finds it.

Each type's example runs in a container of its own, in one capture on disk, through one run of the
real command line: examples of rules and correlations are those beside them, those of lists use the
shipped test lists, those of domain reputation a model that the command line has just trained.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.rules.correlations import Correlation
from rtml.rules.correlations.examples import examples_of
from rtml.rules.language.contract import Rule
from rtml.rules.reputation.categories import CATEGORIES
from rtml.rules.reputation.model import Model
from rtml.rules.running.catalogue import catalogue, coverage
from rtml.rules.running.run import load_all
from tests.rules.conftest import START
from tests.rules.test_intelligence_command import FIRES
from tests.rules.test_reputation import good_names, random_names
from tests.rules.written import written
from tests.test_cli import rtml

RULES = load_all()[0]
TYPES = list(catalogue())
EACH = pytest.mark.parametrize(("number", "kind"), list(enumerate(TYPES, 1)))
CORRELATED = [kind for kind, facts in catalogue().items() if facts.get("gate") == "correlated"]


def story(kind: str) -> list[dict[str, Any]]:
    """Events that are an example of a finding type, correlations first."""
    if kind in FIRES:
        return FIRES[kind]
    found = sorted(
        (rule for rule in RULES if rule.finding_type == kind),
        key=lambda rule: not isinstance(rule, Correlation),
    )
    if isinstance(found[0], Correlation):
        return [dict(event) for event in examples_of(found[0])[0].events]
    return lineage_of(found[0])


def lineage_of(rule: Rule) -> list[dict[str, Any]]:
    """The first example of a rule, after the programs that it says came before."""
    event = {"kind": rule.kinds[0], **rule.examples["match"][0]}
    parent = {"exe": event.pop("parent_image", None), "cmdline": event.pop("parent_cmdline", None)}
    before = [{"exe": exe} for exe in reversed(event.pop("ancestors", []))]
    if any(parent.values()):
        before.append(parent)
    return [*({"kind": "exec", **one} for one in before), event]


def placed(rows: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """Give a story its own container, workload, processes and place in time."""
    begin = START + dt.timedelta(hours=2 * number)
    moved = []
    for i, row in enumerate(rows):
        row = {"process_id": 1, "host": "h", **row}
        at = row["time"] - START if "time" in row else dt.timedelta(seconds=i)
        own = {
            name: number * 1000 + row[name]
            for name in ("process_id", "parent_id")
            if row.get(name) is not None
        }
        moved.append(
            {
                **row,
                **own,
                "time": begin + at,
                "seq": number * 1000 + i,
                "container_id": f"c{number}",
                "workload": f"w{number}",
            }
        )
    return moved


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    (folder / "good.txt").write_text("\n".join(good_names(1200)))
    words = []
    for number, category in enumerate(CATEGORIES):
        (folder / category).mkdir()
        for family in range(2):
            names = random_names(150, "abcdefghijklmnopqrstuvwxyz"[number::2], 10 * number + family)
            (folder / category / f"f{family}_x.txt").write_text("\n".join(names))
        words += ["--bad", f"{category}={folder / category}"]
    done = rtml(
        "reputation",
        "train",
        "--benign",
        folder / "good.txt",
        *words,
        "--false-rate",
        "0.01",
        "--out",
        folder / "model",
    )
    assert done.returncode == 0, done.stderr
    return folder / "model"


def low_names(model: Path) -> dict[str, str]:
    """A name of low reputation in each category, by finding type."""
    files = sorted(model.parent.glob("*/f*_x.txt"))
    names = [name for file in files for name in file.read_text("utf-8").split()]
    low = Model.load(model).low(pl.Series(names))
    return {
        kind.finding_type: low.filter(pl.col("category") == name)["value"][0]
        for name, kind in CATEGORIES.items()
    }


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Path:
    asked = {
        kind: [{"kind": "dns", "exe": "/usr/bin/curl", "direction": "outbound", "domain": name}]
        for kind, name in low_names(model).items()
    }
    rows = [
        row
        for number, kind in enumerate(TYPES, 1)
        for row in placed(asked[kind] if kind in asked else story(kind), number)
    ]
    return written(tmp_path_factory.mktemp("types"), rows)


def found(capture: Path, model: Path, gate: str) -> pl.DataFrame:
    out = capture.parent / f"{gate}.parquet"
    done = rtml("rules", capture, "--intel", "test", "--reputation", model, "--gate", gate, "--out", out)
    assert done.returncode == 0, done.stderr
    return pl.read_parquet(out)


@pytest.fixture(scope="module")
def ungated(capture: Path, model: Path) -> pl.DataFrame:
    return found(capture, model, "none")


@pytest.fixture(scope="module")
def gated(capture: Path, model: Path) -> pl.DataFrame:
    return found(capture, model, "ours")


def types_in(findings: pl.DataFrame, number: int) -> set[str]:
    return set(findings.filter(pl.col("container_id") == f"c{number}")["type"])


@pytest.mark.parametrize("kind", TYPES)
def test_something_stands_for_every_type(kind: str):
    row = coverage(RULES).row(by_predicate=pl.col("type") == kind, named=True)
    assert row["by"], "no rule, correlation, list or model"


@EACH
def test_the_command_line_finds_every_type_in_its_example(number, kind, ungated):
    assert kind in types_in(ungated, number)


@EACH
def test_what_is_new_passes_our_gate_and_what_must_be_correlated_does_not_alone(number, kind, ungated, gated):
    alone = types_in(ungated, number) == {kind}
    assert (kind in types_in(gated, number)) is not (kind in CORRELATED and alone)


def test_the_catalogue_is_whole():
    assert len(TYPES) == 46
    severities = pl.Series([facts["severity"] for facts in catalogue().values()])
    counts = dict(severities.value_counts().rows())
    assert counts == {"high": 21, "medium": 18, "low": 4, "variable": 3}
    assert sum("gate" in facts for facts in catalogue().values()) == 14
    assert len(CORRELATED) == 3


def test_the_command_lists_the_types():
    done = rtml("rules", "--types", "--json")
    rows = json.loads(done.stdout)
    assert [row["type"] for row in rows] == TYPES
    assert all(row["by"] for row in rows)
    assert "46 of 46 types" in rtml("rules", "--types").stdout


def test_no_capture_and_no_question_is_wrong_use():
    done = rtml("rules")
    assert done.returncode == 2
    assert "--types" in done.stderr
