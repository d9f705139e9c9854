"""Files that feeds publish, as they are: what they list is guarded, what is none is named with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from rtml.errors import RtmlError, UsageError
from rtml.rules.intelligence import load_intelligence
from tests.test_cli import rtml

URLHAUS_HOSTS = "# Terms\r\n#\r\n127.0.0.1\tbad.example\r\n127.0.0.1\twww.bad.example\r\n"
URLHAUS_CSV = (
    '# id,dateadded,url,url_status\r\n"1","2026-01-01 00:00:00","http://192.0.2.9/a.sh","online"\r\n'
    '"2","2026-01-01 00:00:00","https://bad.example/b","offline"\r\n'
)
FEODO_CSV = (
    '# Feodo\r\n#\r\n"first_seen_utc","dst_ip","dst_port","c2_status"\r\n'
    '"2026-01-01","192.0.2.5","443","online"\r\n"2026-01-01","2001:db8::5","80","offline"\r\n'
    "# END 2 entries"
)
FEODO_JSON = json.dumps(
    [
        {"ip_address": "192.0.2.5", "port": 443, "status": "online", "hostname": None},
        {"ip_address": "192.0.2.6", "port": 80, "hostname": "x.example"},
        {"ip_address": None},
    ],
    indent=1,
)
DROP = (
    '{"cidr":"192.0.2.0/24","sblid":"SBL1","rir":"x"}\r\n{"cidr":"2001:db8::/32","sblid":"SBL2"}\n'
    '{"type":"metadata","timestamp":1,"size":9}\n'
)
THREATFOX_JSON = json.dumps(
    {"1": [{"ioc_value": "192.0.2.7:443", "ioc_type": "ip:port"}], "2": [{"ioc_value": "a.example"}]}
)
ABUSE_PLAIN = "192.0.2.1\n2001:db8::1\n\n198.51.100.4\n"
ABUSE_JSON = json.dumps({"meta": {"generatedAt": "x"}, "data": [{"ipAddress": "192.0.2.1", "score": 100}]})
MISP_CSV = (
    "uuid,event_id,category,type,value,comment,to_ids,date\n"
    'u1,1,"Network activity","ip-dst","192.0.2.1","",1,20260101\n'
    'u2,1,"Network activity","ip-dst|port","192.0.2.2|443","a, ""b""",1,20260101\n'
    'u3,1,"Network activity","domain","BAD.example","two\nlines \u2028 here",1,20260101\n'
    'u4,1,"Network activity","domain|ip","c.example|192.0.2.3","",1,20260101\n'
)
ODD = (
    "*.bücher.example\nBÜCHER.example.\n192.0.2.1:4444\n[2001:db8::1]:443\n[2001:db8::2]\n192.0.2.300:1\n"
    "192.0.2.1:99999999\n2001:db8::3\n10.0.0.0/8 ; rfc1918\n"
)
FEEDS: dict[str, tuple[str, dict, list[str], list[int]]] = {
    "URLhaus, hosts": (URLHAUS_HOSTS, {}, ["bad.example", "www.bad.example"], []),
    "Feodo, CSV": (FEODO_CSV, {"format": "csv", "column": "dst_ip"}, ["192.0.2.5", "2001:db8::5"], []),
    "Feodo, JSON": (FEODO_JSON, {"format": "json"}, ["192.0.2.5", "192.0.2.6"], [3]),
    "Spamhaus DROP": (DROP, {"format": "json"}, ["192.0.2.0/24", "2001:db8::/32"], []),
    "ThreatFox, JSON": (THREATFOX_JSON, {"format": "json"}, ["192.0.2.7", "a.example"], []),
    "AbuseIPDB, plain": (ABUSE_PLAIN, {}, ["192.0.2.1", "198.51.100.4", "2001:db8::1"], []),
    "AbuseIPDB, JSON": (ABUSE_JSON, {"format": "json"}, ["192.0.2.1"], []),
    "MISP, CSV": (
        MISP_CSV,
        {"format": "csv", "column": "value"},
        ["192.0.2.1", "192.0.2.2", "bad.example"],
        [6],
    ),
    "odd spellings": (
        ODD,
        {},
        ["*.xn--bcher-kva.example", "10.0.0.0/8", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"],
        [6, 7],
    ),
}


def load(folder: Path, content: bytes, **more):
    (folder / "list").write_bytes(content)
    one = {"name": "n", "file": "list", "category": "command-and-control", **more}
    (folder / "lists.yml").write_text(json.dumps({"lists": [one]}))
    return load_intelligence([folder / "lists.yml"])


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize(
    "written",
    [
        str.encode,
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\r\n", "\n").replace("\n", "\r\n").encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: text.encode("utf-16"),
    ],
    ids=["plain", "mark", "crlf", "gzip", "utf-16"],
)
def test_a_feed_is_read_as_it_is_published(tmp_path: Path, name: str, written):
    text, more, wanted, refused = FEEDS[name]
    loaded = load(tmp_path, written(text), **more)
    have = sorted(value for kind in loaded.entries.values() for value in kind["entry"])
    assert have == wanted
    assert loaded.rejects["line"].to_list() == refused


def test_a_feed_of_urls_guards_nothing_and_says_why(tmp_path: Path):
    with pytest.raises(UsageError, match="2 refused, the first in line 2: a URL, not a name"):
        load(tmp_path, URLHAUS_CSV.encode(), format="csv", column="url")


def test_the_command_line_ends_with_2_and_names_the_way_out(tmp_path: Path, lab_capture: Path):
    (tmp_path / "list").write_text("one two\n")
    description = {"name": "ours", "file": "list", "category": "tor"}
    (tmp_path / "lists.yml").write_text(json.dumps({"lists": [description]}))
    done = rtml("rules", lab_capture, "--pack", "none", "--intel", tmp_path / "lists.yml")
    told = " ".join(done.stderr.split())
    assert done.returncode == 2 and "'ours' guards nothing" in told and "may_be_empty: true" in told
    (tmp_path / "lists.yml").write_text(json.dumps({"lists": [{**description, "may_be_empty": True}]}))
    done = rtml("rules", lab_capture, "--pack", "none", "--intel", tmp_path / "lists.yml")
    assert done.returncode == 0 and "guards nothing" in " ".join(done.stdout.split())


@pytest.fixture
def lab_capture() -> Path:
    from tests.conftest import LAB

    return LAB / "capture"


@pytest.mark.parametrize("text", ["", "7", "plain text", '"a"', "[]", "{}", "[" * 100_000])
def test_what_holds_no_objects_is_an_error_that_names_the_file(tmp_path: Path, text: str):
    with pytest.raises(RtmlError, match="list"):
        load(tmp_path, text.encode(), format="json")


def test_a_key_that_no_object_has_is_named(tmp_path: Path):
    with pytest.raises(RtmlError, match="no key 'ip_adress'; did you mean 'ip_address'"):
        load(tmp_path, FEODO_JSON.encode(), format="json", column="ip_adress")


def test_one_bad_line_of_json_never_loses_the_good_ones(tmp_path: Path):
    loaded = load(
        tmp_path, b'{"ip": "192.0.2.1"}\n{"ip": \n7\n{"ip": 9}\n{"ip": "192.0.2.2"}\n', format="json"
    )
    assert loaded.entries["address"]["entry"].to_list() == ["192.0.2.1", "192.0.2.2"]
    assert loaded.rejects["line"].to_list() == [2, 3, 4]
