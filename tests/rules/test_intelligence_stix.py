"""Indicators of STIX: parts of patterns, envelopes, and until when they hold."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.rules.chosen import Chosen
from rtml.rules.intelligence.patterns import alternatives
from rtml.rules.running.run import run_all
from tests.rules.conftest import capture_of
from tests.rules.intelligence_files import bundle, entries, load, reasons


def test_stix_as_misp_writes_destinations(tmp_path: Path):
    def ends(end: str, kind: str, value: str, more: str = "") -> str:
        where = f"network-traffic:{end}_ref"
        return f"[{where}.type = '{kind}' AND {where}.value = '{value}'{more}]"

    text = bundle(
        ends("dst", "ipv4-addr", "192.0.2.1"),
        ends("dst", "ipv6-addr", "2001:db8::1"),
        ends("src", "ipv4-addr", "192.0.2.2"),
        ends("dst", "ipv4-addr", "192.0.2.3", " AND network-traffic:dst_port = 80"),
        "[ipv4-addr:value ISSUBSET '198.51.100.0/24']",
    )
    loaded = load(tmp_path, text, format="stix")
    assert entries(loaded) == ["192.0.2.1", "2001:db8::1", "198.51.100.0/24"]
    assert [line for line, _ in reasons(loaded)] == [4, 5]
    assert "network-traffic:src_ref is not matched" in reasons(loaded)[0][1]


def test_stix_takes_plain_alternatives_and_refuses_the_rest_by_name(tmp_path: Path):
    sha = "ab" * 32
    loaded = load(
        tmp_path,
        format="stix",
        category="command-and-control",
        text=bundle(
            "[ipv4-addr:value = '192.0.2.1'] OR [ipv6-addr:value = '2001:db8::1/64']",
            "([domain-name:value IN ('a.example','b.example') OR (domain-name:value='c.example')])",
            "[ipv4-addr:value = '192.0.2.2' AND domain-name:value = 'd.example']",
            "[ipv4-addr:value != '192.0.2.3']",
            "[url:value = 'http://a.example']",
            "[domain-name:value = 'e.example'] REPEATS 5 TIMES",
            "[ipv4-addr:value = ",
            "",
            7,
            f"[file:hashes.'SHA-256' = '{sha}']",
            "(" * 5000,
        ),
    )
    assert entries(loaded) == ["192.0.2.1", "2001:db8::1/64", "a.example", "b.example", "c.example"]
    assert [line for line, _ in reasons(loaded)] == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    revoked = load(tmp_path, bundle("[domain-name:value = 'a.example']", revoked=True), format="stix")
    assert reasons(revoked) == [(0, "no entry of this list can be used: it guards nothing"), (2, "revoked")]
    assert entries(
        load(tmp_path, bundle(f"[file:hashes.'SHA-256' = '{sha}']"), format="stix", category="custom-file")
    ) == [sha]


def test_stix_strings_may_hold_quotes():
    assert alternatives(r"[domain-name:value = 'a\'b\\c']") == [(r"a'b\c", None)]


GOOD = "[ipv4-addr:value = '192.0.2.1']"


@pytest.mark.parametrize(
    ("pattern", "values", "bad"),
    [
        (f"{GOOD} OR [url:value = 'x']", 1, 1),
        ("[url:value = 'x' OR ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'a.example']", 2, 1),
        (
            f"({GOOD} OR ([domain-name:value = 'a.example'] AND {GOOD})) OR [domain-name:value='b.example']",
            2,
            1,
        ),
        (f"{GOOD} OR [domain-name:value = 'a.example'] REPEATS 5 TIMES", 1, 1),
        (f"({GOOD} OR {GOOD}) WITHIN 5 SECONDS", 0, 1),
        (f"{GOOD} OR {GOOD} FOLLOWEDBY {GOOD}", 0, 1),
        (f"{GOOD} AND {GOOD} OR [domain-name:value = 'a.example']", 1, 1),
        ("[NOT ipv4-addr:value = '192.0.2.1']", 0, 1),
        ("[ipv4-addr:value NOT IN ('192.0.2.1')]", 0, 1),
        ("[ipv4-addr:value LIKE '192.0.2.%']", 0, 1),
        ("[ipv4-addr:value = '192.0.2.1' OR ]", 1, 1),
        ("[domain-name:value = 'a OR b'] OR [domain-name:value = ']']", 2, 0),
        (f"{GOOD} OR", 1, 1),
        (f"{GOOD}]", 0, 1),
        ("[", 0, 1),
        ("()" * 3, 0, 1),
        ("(" * 5000 + ")" * 5000, 0, 1),
        (" OR ".join([GOOD] * 3000), 3000, 0),
    ],
)
def test_a_bad_part_of_a_pattern_never_loses_the_good_ones(pattern: str, values: int, bad: int):
    found = alternatives(pattern)
    assert (sum(v is not None for v, _ in found), sum(r is not None for _, r in found)) == (values, bad)
    assert all((value is None) != (reason is None) for value, reason in found)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda objects: {"type": "bundle", "id": "x", "objects": objects},
        lambda objects: {"more": False, "objects": objects},
        lambda objects: {"objects": objects},
        lambda objects: {"response": {"type": "bundle", "objects": objects}},
        lambda objects: [
            {"type": "bundle", "objects": objects[:1]},
            {"type": "bundle", "objects": objects[1:]},
        ],
        lambda objects: objects,
    ],
)
def test_envelopes_of_stix_are_opened(tmp_path: Path, wrap):
    objects = json.loads(bundle(GOOD, "[domain-name:value = 'a.example']", 7))["objects"]
    loaded = load(tmp_path, json.dumps(wrap(objects)), format="stix")
    assert sorted(entries(loaded)) == ["192.0.2.1", "a.example"]


@pytest.mark.parametrize(
    ("until", "hits"),
    [
        ("2026-01-01T01:00:00Z", 1),
        ("2026-01-01T03:00:00.0000000Z", 2),
        ("2026-01-01T02:00:00+01:00", 1),
        ("9999-12-31T23:59:59Z", 2),
        (None, 2),
        ("2025-01-01T00:00:00Z", 0),
    ],
)
@pytest.mark.parametrize("kind", ["address", "domain", "sha256"])
def test_what_is_no_longer_listed_when_it_happens_is_counted(tmp_path: Path, until, hits: int, kind: str):
    sha = "ab" * 32
    pattern = {
        "address": GOOD,
        "domain": "[domain-name:value = 'a.example']",
        "sha256": f"[file:hashes.'SHA-256' = '{sha}']",
    }[kind]
    event = {
        "address": {"kind": "connect", "dst_ip": "192.0.2.1"},
        "domain": {"kind": "dns", "domain": "x.a.example"},
        "sha256": {"kind": "exec", "exe_sha256": sha, "result": 0},
    }[kind]
    category = "malicious-file" if kind == "sha256" else "command-and-control"
    more = {} if until is None else {"valid_until": until}
    text = bundle(pattern, valid_from="2027-01-01T00:00:00Z", **more)
    load(tmp_path, text, format="stix", category=category)
    begin = 1_767_225_600 * 10**9
    rows = [{**event, "time": begin + n * 90 * 60 * 10**9, "seq": n} for n in range(2)]
    ran = run_all(capture_of(rows), Chosen(pack=(), intel=(tmp_path / "lists.yml",)))
    assert ran.hits.height == hits
    gone = ran.silenced.filter(pl.col("by") == "no longer listed then")
    assert gone["events"].sum() == 2 - hits


def test_an_entry_that_ended_hides_no_wider_one_and_a_longer_one_names_the_hit(tmp_path: Path):
    made = json.loads(bundle(GOOD, valid_until="2020-01-01T00:00:00Z"))
    wider = json.loads(bundle("[ipv4-addr:value = '192.0.2.0/24']", "[ipv4-addr:value = '192.0.2.0/28']"))
    made["objects"] += wider["objects"]
    load(tmp_path, json.dumps(made), format="stix")
    row = {"kind": "connect", "dst_ip": "192.0.2.1", "time": 1_767_225_600 * 10**9}
    ran = run_all(capture_of([row]), Chosen(pack=(), intel=(tmp_path / "lists.yml",)))
    assert ran.hits["entry"].to_list() == ["192.0.2.0/28 (192.0.2.1)"]
    assert ran.silenced.filter(pl.col("by") == "no longer listed then").is_empty()


def test_trust_that_ends_silences_nothing(tmp_path: Path):
    loaded = load(
        tmp_path, bundle(GOOD, valid_until="2030-01-01T00:00:00Z"), format="stix", trusted=True, category=None
    )
    assert entries(loaded) == [] and "ends to be trusted" in reasons(loaded)[1][1]
    odd = load(tmp_path, bundle(GOOD, valid_until="soon"), format="stix")
    assert "no time" in reasons(odd)[1][1]


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00Z", "1677-01-01T00:00:00Z", 1798761600, 93.5, True])
def test_one_odd_end_is_one_reject(tmp_path: Path, until: object):
    odd, good = (json.loads(bundle(GOOD, valid_until=at)) for at in (until, "2199-01-01T00:00:00Z"))
    lists = load(tmp_path, json.dumps({**odd, "objects": [*odd["objects"], *good["objects"]]}), format="stix")
    assert (lists.entries["address"].height, lists.rejects.height) == (1, 1)
    assert "valid_until" in lists.rejects["reason"][0]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type": "bundle"}', '{"objects": []}', "[" * 99999])
def test_what_is_no_bundle_is_an_error_that_names_the_file(tmp_path: Path, text: str):
    with pytest.raises(RtmlError, match=r"list: no"):
        load(tmp_path, text, format="stix")
