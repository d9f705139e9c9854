"""Every type that comes of a list, through the real command line, on a capture of a few events."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from rtml.rules.intelligence.categories import categories
from tests.rules.written import written
from tests.test_cli import rtml

BAD_FILE = hashlib.sha256(b"rtml test: malicious file").hexdigest()
OWN_FILE = hashlib.sha256(b"rtml test: own list").hexdigest()
CONNECT = {"kind": "connect", "direction": "outbound", "exe": "/usr/bin/curl", "dst_port": 443}
ACCEPT = {"kind": "accept", "direction": "inbound", "exe": "/usr/bin/tor"}
DNS = {"kind": "dns", "direction": "outbound", "exe": "/usr/bin/curl"}
FIRES = {
    "CryptoCurrency:Runtime/BitcoinTool.B": [{**CONNECT, "dst_ip": "198.51.100.20"}],
    "Backdoor:Runtime/C&CActivity.B": [{**CONNECT, "dst_ip": "2001:db8:c2::1:2"}],
    "UnauthorizedAccess:Runtime/TorClient": [{**CONNECT, "dst_ip": "192.0.2.70"}],
    "UnauthorizedAccess:Runtime/TorRelay": [
        {**ACCEPT, "src_ip": "192.0.2.71"},
        {**CONNECT, "dst_ip": "192.0.2.72"},
    ],
    "Trojan:Runtime/BlackholeTraffic": [{**CONNECT, "dst_ip": "198.51.100.53"}],
    "Trojan:Runtime/DropPoint": [{**CONNECT, "dst_ip": "203.0.113.7"}],
    "CryptoCurrency:Runtime/BitcoinTool.B!DNS": [{**DNS, "domain": "crypto.guarddutyc2activityb.com"}],
    "Backdoor:Runtime/C&CActivity.B!DNS": [{**DNS, "domain": "C2.GuardDutyC2ActivityB.com."}],
    "Trojan:Runtime/BlackholeTraffic!DNS": [
        {**DNS, "domain": "gone.test.example", "answers": ["10.0.0.1", "2001:db8:dead::9"]}
    ],
    "Trojan:Runtime/DropPoint!DNS": [{**DNS, "domain": "a.b.drop.example"}],
    "Trojan:Runtime/DGADomainRequest.C!DNS": [{**DNS, "domain": "guarddutydgaactivity.com"}],
    "Trojan:Runtime/DriveBySourceTraffic!DNS": [{**DNS, "domain": "www.driveby.example"}],
    "Trojan:Runtime/PhishingDomainRequest!DNS": [{**DNS, "domain": "login.phish.example"}],
    "Execution:Runtime/MaliciousFileExecuted": [
        {"kind": "exec", "exe": "/tmp/x", "exe_sha256": BAD_FILE.upper()}
    ],
    "Execution:Runtime/MaliciousFileExecuted.Custom": [
        {"kind": "exec", "exe": "/tmp/y", "exe_sha256": OWN_FILE}
    ],
}
QUIET = [
    {**CONNECT, "dst_ip": "192.0.2.5"},
    {**ACCEPT, "src_ip": "192.0.2.4"},
    {**CONNECT, "dst_ip": "198.51.100.5"},
    {**DNS, "domain": "notc2.example"},
    {**DNS, "domain": "x.trusted.c2.example"},
    {"kind": "exec", "exe": "/bin/ls"},
    {**CONNECT, "dst_ip": "not an address"},
    {**DNS, "domain": None},
]


def run(capture: Path, *more: object, out: Path | None = None) -> dict:
    saved = ["--out", out] if out else []
    done = rtml("rules", capture, "--pack", "none", "--intel", "test", "--json", *more, *saved)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_type_of_a_list_fires_and_the_quiet_events_do_not(tmp_path: Path):
    rows = []
    for number, (kind, events) in enumerate(FIRES.items()):
        rows += [{**event, "container_id": kind, "process_id": number + 1} for event in events]
    rows += [{**event, "container_id": "quiet", "process_id": 99} for event in QUIET]
    out = tmp_path / "f.parquet"
    told = run(written(tmp_path, rows), out=out)
    found = pl.read_parquet(out)
    for kind, events in FIRES.items():
        mine = found.filter((pl.col("container_id") == kind) & (pl.col("type") == kind))
        assert mine.height == 1, kind
        assert mine["count"].item() == len(events)
        reasons = [each["feature"] for each in mine["contributions"].item()]
        assert len(reasons) == len(events)
        assert all(each.startswith("Test: ") for each in reasons), "the evidence names the list"
    assert "quiet" not in set(found["container_id"])
    silenced = {(row["rule"], row["by"], row["events"]) for row in told["silenced"]}
    assert silenced == {
        ("intel:Test: command and control:address", "trusted: Test: trusted", 1),
        ("intel:Test: command and control:domain", "trusted: Test: trusted", 1),
    }
    by_rule = {row["rule"]: row for row in told["rules"]}
    assert by_rule["intel:Test: command and control:address"]["suppressed"] == 1
    assert all(row["could_match"] for row in told["rules"]), told["rules"]


def test_the_types_of_the_categories_are_those_that_are_tested_here():
    types = {kind for one in categories().values() for kind in one.types.values()}
    assert types == set(FIRES)


def test_the_entry_and_what_was_seen_are_in_the_evidence(tmp_path: Path):
    out = tmp_path / "f.parquet"
    run(written(tmp_path, [{**CONNECT, "dst_ip": "198.51.100.9"}]), out=out)
    (finding,) = pl.read_parquet(out).to_dicts()
    assert finding["contributions"][0]["feature"] == (
        "Test: command and control (connection) (rule by rtml contributors): 198.51.100.0/28 (198.51.100.9)"
    )
    assert finding["evidence"] == [{"host": "h", "seq": 0}]
    assert (finding["severity"], finding["techniques"]) == (8.0, ["T1071"])


def test_a_resolvers_copy_is_counted_and_dropped_only_beside_its_original(tmp_path: Path):
    query = {**DNS, "domain": "c2.example"}
    copy = {**query, "exe": "/coredns", "container_id": "dns", "process_id": 2}
    told = run(written(tmp_path / "both", [query, copy]), out=tmp_path / "both.parquet")
    assert pl.read_parquet(tmp_path / "both.parquet")["container_id"].to_list() == ["c1"]
    assert told["silenced"] == [
        {"rule": "intel:Test: command and control:domain", "by": "the resolver's copy", "events": 1}
    ]
    told = run(written(tmp_path / "alone", [copy]), out=tmp_path / "alone.parquet")
    assert pl.read_parquet(tmp_path / "alone.parquet")["container_id"].to_list() == ["dns"]
    assert told["silenced"] == []


def test_a_capture_without_hashes_could_not_match(tmp_path: Path):
    told = run(written(tmp_path, [{"kind": "exec", "exe": "/bin/ls"}], ("dns", "connect")))
    why = {row["rule"]: row["why_not"] for row in told["rules"]}
    assert why["intel:Test: malicious file:sha256"] == "always null here: exe_sha256"
    assert why["intel:Test: phishing:domain"] == "the sensor cannot see dns events"


def test_suppression_archives_beside_the_findings(tmp_path: Path):
    capture = written(tmp_path, [{**CONNECT, "dst_ip": f"198.51.100.{n}"} for n in (1, 2, 20)])
    rule = (
        "- {{name: n, owner: me, reason: why, expires: {year}-01-01,"
        " where: {{type: 'Backdoor:*', severity: {{greater: 7}}}}}}"
    ).replace("type: 'Backdoor:*'", "type: {{matches: 'Backdoor:*'}}")
    for year, kept in ((2199, 1), (2001, 2)):
        (tmp_path / "quiet.yml").write_text(rule.format(year=year))
        out = tmp_path / f"{year}.parquet"
        told = run(capture, "--suppress", tmp_path / "quiet.yml", out=out)
        archived = pl.read_parquet(tmp_path / f"{year}.suppressed.parquet")
        assert (pl.read_parquet(out).height, archived.height) == (kept, 2 - kept)
        counted = {row["rule"]: (row["hits"], row["suppressed"]) for row in told["rules"]}
        assert counted["intel:Test: command and control:address"] == (2, 2 if kept == 1 else 0)
        assert counted["intel:Test: cryptocurrency:address"] == (1, 0)
    shown = rtml("rules", capture, "--intel", "test", "--suppress", tmp_path / "quiet.yml").stdout
    assert "expired 'n' (me) on 2001-01-02" in " ".join(shown.split())


@pytest.mark.parametrize("damage", ["folder", "binary", "latin"])
def test_a_list_that_is_none_is_one_clear_line(tmp_path: Path, damage: str):
    capture = written(tmp_path, [CONNECT])
    file = tmp_path / "list.txt"
    file.mkdir() if damage == "folder" else file.write_bytes(
        b"\x7fELF\x00" if damage == "binary" else b"# caf\xe9\n"
    )
    (tmp_path / "lists.yml").write_text("lists: [{name: n, file: list.txt, category: dga}]")
    done = rtml("rules", capture, "--intel", tmp_path / "lists.yml")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1 and str(file) in done.stderr
