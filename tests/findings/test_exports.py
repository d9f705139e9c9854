"""The laws of every export format: valid by somebody else's word, whatever a finding holds."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rtml.errors import UsageError, lookup
from rtml.findings.exports import EXPORTS, HERE, Origin
from rtml.findings.reading import read_findings
from rtml.findings.reasons import because
from rtml.rules.catalogue import catalogue
from rtml.schema import FINDINGS
from tests.findings.odd_findings import (
    AT,
    EVERYTHING,
    HOSTILE,
    MODEL,
    ODD,
    POSING,
    RULE,
    SECRETS,
    USUAL,
    table,
)
from tests.findings.validators import VALIDATORS

NAMES = sorted(EXPORTS)
LOSSLESS = ("jsonl", "parquet")
PER_FINDING = [name for name in NAMES if name != "navigator"]


def written(name: str, findings: pl.DataFrame, origin: Origin = HERE) -> bytes:
    return EXPORTS[name].write(findings, origin)


def test_every_format_has_a_validator_and_every_validator_a_format():
    assert sorted(VALIDATORS) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("row", [*USUAL, *ODD], ids=lambda row: str(row.get("finding_id"))[:20])
def test_one_finding_of_any_shape_is_valid(name: str, row: dict[str, object]):
    VALIDATORS[name](written(name, table(row)))


@pytest.mark.parametrize("name", NAMES)
def test_no_findings_are_a_valid_document(name: str):
    documents = VALIDATORS[name](written(name, FINDINGS.to_frame()))
    assert name == "navigator" or documents == []


@pytest.mark.parametrize("name", PER_FINDING)
def test_every_finding_is_there_once(name: str):
    assert len(VALIDATORS[name](written(name, EVERYTHING))) == EVERYTHING.height


@pytest.mark.parametrize("name", NAMES)
def test_the_same_findings_are_the_same_bytes(name: str):
    assert written(name, EVERYTHING) == written(name, EVERYTHING.clone())


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (*LOSSLESS, "navigator")])
def test_ids_are_stable_and_those_of_the_findings(name: str):
    whole = written(name, table(RULE, MODEL)).decode()
    later = written(name, table({**RULE, "last_seen": AT.replace(hour=9), "count": 9})).decode()
    assert "f-rule" in whole and "f-model" in whole and "f-rule" in later


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LOSSLESS])
def test_no_control_character_leaves(name: str):
    text = written(name, EVERYTHING).decode()
    assert all(c.isprintable() or c in "\r\n" for c in text)
    assert all(c.isprintable() or c in "\n" for c in _decoded(name, text))


def _decoded(name: str, text: str) -> str:
    """Return what a reader of the JSON sees."""
    if name in ("csv", "cef"):
        return text.replace("\r\n", "\n")
    whole = (
        [json.loads(text)] if name in ("stix", "navigator") else [json.loads(t) for t in text.splitlines()]
    )
    return json.dumps(whole, ensure_ascii=False).replace("\\n", "")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LOSSLESS])
def test_no_secret_of_a_command_line_leaves(name: str):
    text = written(name, table(RULE, MODEL)).decode()
    assert not [secret for secret in SECRETS if secret in text]
    assert name == "navigator" or "*****" in text


@pytest.mark.parametrize("name", [name for name in PER_FINDING if name not in LOSSLESS])
def test_what_a_model_says_never_poses_as_a_rule(name: str):
    text = written(name, table(POSING)).decode()
    posing = [
        kind for kind in catalogue() if kind in text or kind.replace("/", "-").partition(":")[2] in text
    ]
    assert not posing and "AnomalousBehavior" in text
    rule = written(name, table({**POSING, "source": "rule"})).decode()
    assert rule != text and "AnomalousBehavior" not in rule


def test_a_layer_counts_no_guess_as_found():
    layer = VALIDATORS["navigator"](written("navigator", table(MODEL)))
    assert [(one["techniqueID"], one["score"]) for one in layer["techniques"]] == [("T1003.008", 0)]


@pytest.mark.parametrize("name", [name for name in PER_FINDING if name not in LOSSLESS])
def test_numbers_are_round_and_times_are_right(name: str):
    text = written(name, table(RULE, MODEL)).decode()
    assert "0000000000004" not in text and "333333333" not in text
    moments = ("2026-11-24T03:14:01", str(int(AT.timestamp() * 1000)))
    assert any(moment in text for moment in moments)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in (*LOSSLESS, "navigator")])
def test_whoever_reads_it_knows_what_to_do(name: str):
    text = written(name, table(RULE)).decode()
    for word in ("Where does the shell", "web", "203.0.113.9"):
        assert word in text, word


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LOSSLESS])
def test_samples_say_so(name: str):
    sample, real = (written(name, table({**RULE, "sample": yes})).decode().lower() for yes in (True, None))
    if name == "csv":
        sample, real = (text.partition("\r\n")[2] for text in (sample, real))
    assert "sample" in sample and "sample" not in real.replace('"sample":false', "")


def test_models_are_explained_in_ocsf():
    event = VALIDATORS["ocsf"](written("ocsf", table(MODEL)))[0]
    analysis = event["anomaly_analyses"][0]
    assert {"name": "web", "type": "Workload"} in analysis["analysis_targets"]
    assert analysis["anomalies"][0]["observations"][0]["value"] == "9.5"
    assert analysis["anomalies"][0]["observed_pattern"] == "usually 3 files, now 57; 30% of the score"
    assert analysis["baselines"][0]["observations"] == [{"value": "1.25"}]
    assert event["unmapped"]["budget"] == 3.0 and event["finding_info"]["analytic"]["type_id"] == 4
    rule = VALIDATORS["ocsf"](written("ocsf", table(RULE)))[0]
    assert "anomaly_analyses" not in rule and rule["finding_info"]["analytic"]["type_id"] == 1


def test_the_resource_of_guardduty_is_what_is_known():
    findings = VALIDATORS["guardduty"](written("guardduty", table(*USUAL)))
    kinds = [finding["resource"]["resourceType"] for finding in findings]
    assert kinds == ["EKSCluster", "EKSCluster", "EKSCluster", "Instance", "Container"]
    runtime = findings[0]["service"]["runtimeDetails"]
    assert [one["name"] for one in runtime["process"]["lineage"]] == ["php", "nginx"]
    assert runtime["context"]["filePath"] == "/etc/shadow" and runtime["process"]["userId"] == 0
    assert findings[0]["service"]["action"]["networkConnectionAction"]["remotePortDetails"] == {"port": 4444}


def test_accounts_and_regions_are_those_asked_for_unless_the_finding_knows_better():
    here = Origin(account="999999999999", region="eu-west-1")
    own, other = VALIDATORS["asff"](written("asff", table(RULE, {**RULE, "account": None}), here))
    assert (own["AwsAccountId"], other["AwsAccountId"]) == ("123456789012", "999999999999")
    assert other["ProductArn"] == "arn:aws:securityhub:eu-west-1:999999999999:product/999999999999/default"


def test_cef_gives_back_what_was_said():
    row = VALIDATORS["cef"](written("cef", table({**RULE, "title": "a|b\\c=d", "workload": "w=1 x=2"})))[0]
    assert row["name"] == "a|b\\c=d" and row["cs3"] == "w=1 x=2" and row["dst"] == "203.0.113.9"


def test_a_formula_is_a_text_for_a_spreadsheet():
    row = VALIDATORS["csv"](written("csv", table({**RULE, "title": HOSTILE[0], "workload": "-1+1"})))[0]
    assert row["title"].startswith("'=HYPERLINK") and row["workload"] == "'-1+1"


@pytest.mark.parametrize("name", LOSSLESS)
def test_the_table_comes_back_as_it_was(name: str):
    findings = table(*USUAL)
    from rtml.findings.jsonl import from_jsonl

    content = written(name, findings)
    back = (
        from_jsonl(content.decode())
        if name == "jsonl"
        else pl.DataFrame(VALIDATORS[name](content), schema=FINDINGS)
    )
    assert back.equals(findings)


def test_an_unknown_format_is_named_with_the_nearest():
    with pytest.raises(UsageError, match="unknown export format 'ocfs'; did you mean 'ocsf'"):
        lookup(EXPORTS, "ocfs", "export format")


NOTHINGS = {
    "contributions": [None, {"feature": None, "value": 1.0}, {"feature": "a.b", "value": 2.0}],
    "techniques": [None, "T1059"],
    "parents": [None, {"pid": 1, "exe": "/bin/sh", "cmdline": None}],
    "files": [None],
    "events": [None, RULE["events"][0]],
    "evidence": [None],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_findings_whose_lists_hold_nothing_is_written(tmp_path: Path, name: str):
    """Whoever wrote it; a reason without a name is none."""
    table({**MODEL, **NOTHINGS}).write_parquet(tmp_path / "f.parquet")
    findings = read_findings(tmp_path / "f.parquet")
    assert because(findings.row(0, named=True)) == ["a.b: 2"]
    assert VALIDATORS[name](written(name, findings))
