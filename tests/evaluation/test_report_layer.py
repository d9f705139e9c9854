"""The ATT&CK Navigator layer: the documented fields of format 4.5, and who found which technique."""

import json
import re

import polars as pl
import pytest

from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.report.techniques import LAYER, attack_layer, technique_matrix, write_layer
from rtml.schema import FINDINGS, LABELS, empty
from tests.evaluation.frames import make_finding

# LAYERFORMATv4_5.md of mitre-attack/attack-navigator: every field with its type; "!" = required.
LAYER_FIELDS = {
    "versions": dict,
    "name!": str,
    "description": str,
    "domain!": str,
    "customDataURL": str,
    "filters": dict,
    "sorting": int,
    "layout": dict,
    "hideDisabled": bool,
    "techniques": list,
    "gradient": dict,
    "legendItems": list,
    "showTacticRowBackground": bool,
    "tacticRowBackground": str,
    "selectTechniquesAcrossTactics": bool,
    "selectSubtechniquesWithParent": bool,
    "selectVisibleTechniques": bool,
    "metadata": list,
    "links": list,
}
PARTS = {
    "versions": {"attack": str, "navigator!": str, "layer!": str},
    "layout": {
        "layout": str,
        "showID": bool,
        "showName": bool,
        "showAggregateScores": bool,
        "countUnscored": bool,
        "aggregateFunction": str,
        "expandedSubtechniques": str,
    },
    "gradient": {"colors!": list, "minValue!": (int, float), "maxValue!": (int, float)},
}
TECHNIQUE = {
    "techniqueID!": str,
    "tactic": str,
    "comment": str,
    "enabled": bool,
    "score": (int, float),
    "color": str,
    "metadata": list,
    "links": list,
    "showSubtechniques": bool,
}


def fits(given, fields):
    """Check names and types against documented ones."""
    known = {name.rstrip("!"): kind for name, kind in fields.items()}
    assert set(given) <= set(known), set(given) - set(known)
    assert {name[:-1] for name in fields if name.endswith("!")} <= set(given)
    assert all(isinstance(value, known[name]) for name, value in given.items())


def valid(layer):
    """Hold a whole layer against the format."""
    fits(layer, LAYER_FIELDS)
    for name, fields in PARTS.items():
        fits(layer[name], fields)
    assert layer["versions"]["layer"] == "4.5" and layer["domain"] == "enterprise-attack"
    assert layer["gradient"]["maxValue"] > layer["gradient"]["minValue"]
    for item in layer["legendItems"]:
        fits(item, {"label!": str, "color!": str})
    for technique in layer["techniques"]:
        fits(technique, TECHNIQUE)
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", technique["techniqueID"])
        assert re.fullmatch("#[0-9a-f]{6}", technique["color"]) and 0 <= technique["score"] <= 100
        for item in technique["metadata"]:
            fits(item, {"name!": str, "value!": str})


@pytest.fixture
def ledger(windows, labels, processes):
    """Rules find a1 (of T1059.004, twice there), a model a3 (T1046); nobody finds the others."""
    named = labels.with_columns(
        technique=pl.Series(["T1059.004", "T1059.004", "T1046", "T1105", None, "<b>no id</b>\x1b"])
    )
    rules = Side("rules", "rules", make_finding("c0", first=12, process_id=10))
    model = Side("forest", "model", make_finding("c1", first=22, process_id=30, source="model"))
    return build_ledger([rules, model], make_track(windows, named, processes))


def test_the_layer_has_documented_fields_only(ledger, tmp_path):
    file = write_layer(ledger, tmp_path, "a\x1b<name>")
    layer = json.loads(file.read_text("ascii"))
    valid(layer)
    assert file.name == LAYER and layer["name"] == "a\\x1b<name>"


def test_a_technique_tells_who_found_it(ledger):
    layer = attack_layer(ledger)
    by_id = {technique["techniqueID"]: technique for technique in layer["techniques"]}
    assert {name: row["score"] for name, row in by_id.items()} == {"T1046": 100, "T1059.004": 50, "T1105": 0}
    assert by_id["T1105"]["comment"] == "0 of 1 found: missed by all"
    assert "models only" in by_id["T1046"]["comment"] and "rules only" in by_id["T1059.004"]["comment"]
    assert {"name": "rules", "value": "1 of 2"} in by_id["T1059.004"]["metadata"]
    assert len({row["color"] for row in by_id.values()}) == 3
    assert "2 without a technique" in layer["description"]


def test_the_matrix_counts_by_side_and_keeps_what_has_no_technique(ledger):
    rows = {row[:2]: row[3:] for row in technique_matrix(ledger).rows()}
    assert rows["T1059.004", "rules"] == (1, 2) and rows["T1046", "forest"] == (1, 1)
    assert rows["not stated", "rules"] == (0, 1)


def test_a_run_without_attacks_has_an_empty_layer(windows):
    quiet = build_ledger([Side("rules", "rules", empty(FINDINGS))], make_track(windows, empty(LABELS)))
    layer = attack_layer(quiet)
    valid(layer)
    assert layer["techniques"] == []
