"""Files of lists: three formats, every bad line with its number and reason, clear errors."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rtml.errors import RtmlError, UsageError
from rtml.rules.chosen import Chosen
from rtml.rules.intelligence import load_intelligence
from rtml.rules.intelligence.categories import USES, categories
from rtml.rules.intelligence.files import read_list_text
from rtml.rules.intelligence.matching import SILENCED
from rtml.rules.running.run import run_all
from tests.rules.conftest import capture_of
from tests.rules.intelligence_files import bundle, entries, load, reasons


def test_plain_lines_and_why_some_are_none(tmp_path: Path):
    text = (
        "\ufeff# head\r\n192.0.2.1 # one\r\n\r\n; note\n// note\n2001:DB8::/32\nA.Example.\n"
        "192.0.2.1\n1.2.3.4 a.example\nhttp://a.example/x\ncom\n1.2.3.4/33\n::g\n10.0.0.0/0\n"
        "d41d8cd98f00b204e9800998ecf8427e\na@b.example\n-\n1.2.3\n" + "x" * 64 + ".example\n"
    )
    loaded = load(tmp_path, text)
    assert entries(loaded) == ["192.0.2.1", "2001:db8::/32", "a.example"]
    assert reasons(loaded) == [
        (9, "more than one word"),
        (10, "a URL, not a name"),
        (11, "one label: a whole top-level domain"),
        (12, "not an address or network"),
        (13, "not an address or network"),
        (14, "a network of all addresses"),
        (15, "an MD5, not a SHA-256"),
        (16, "a mail address, not a name"),
        (17, "not an address, network, domain name or SHA-256"),
        (18, "not an address or network"),
        (19, "not an address, network, domain name or SHA-256"),
    ]
    assert loaded.rejects["text"][1] == "http://a.example/x"
    assert loaded.rejects["file"].unique().to_list() == [str(tmp_path / "list")]


def test_lines_of_a_hosts_file_stand_for_their_names(tmp_path: Path):
    text = (
        "127.0.0.1\tlocalhost localhost.localdomain\r\n::1 ip6-localhost\r\n255.255.255.255 broadcasthost\r\n"
        "127.0.0.1\ta.example\r\n0.0.0.0   b.example\tc.example # two\r\n:: d.example\r\n0.0.0.0 0.0.0.0\r\n"
        "192.0.2.9 e.example\r\n"
    )
    loaded = load(tmp_path, text)
    assert entries(loaded) == ["a.example", "b.example", "c.example", "d.example"]
    assert reasons(loaded) == [(8, "more than one word")]


def test_a_list_without_an_entry_says_that_it_guards_nothing(tmp_path: Path):
    for text, why in {
        "# nothing today\n": "the file holds none",
        "one two\nhttp://a.example/\n": "2 refused, the first in line 1: more than one word",
        "b c\n": "1 refused",
    }.items():
        line, reason = reasons(load(tmp_path, text))[0]
        assert (line, "guards nothing" in reason) == (0, True)
        with pytest.raises(UsageError, match=f"list 'n' guards nothing.*{why}.*may_be_empty"):
            load(tmp_path, text, may_be_empty=False)


@pytest.mark.parametrize("more", [{"trusted": True, "category": None}, {"format": "stix"}, {"format": "csv"}])
def test_every_list_that_guards_nothing_ends_with_a_usage_error(tmp_path: Path, more: dict):
    text = bundle("[url:value = 'http://a.example']") if more.get("format") == "stix" else "no entry\n"
    with pytest.raises(UsageError, match="guards nothing"):
        load(tmp_path, text, may_be_empty=False, **more)


def test_csv_whose_header_is_a_comment(tmp_path: Path):
    text = '# feed, "made today"\n# "id", "ioc", "kind"\n"1", "192.0.2.5:80", "ip:port"\n"2", "a.example"\n'
    loaded = load(tmp_path, text + '"3", "[2001:db8::5]:443", "ip:port"\n', format="csv", column="ioc")
    assert entries(loaded) == ["192.0.2.5", "2001:db8::5", "a.example"]
    both = "# id, ioc\nioc,id\nb.example,1\n"
    assert entries(load(tmp_path, both, format="csv", column="ioc")) == ["b.example"]


def test_entries_that_a_category_has_no_use_for_are_refused(tmp_path: Path):
    loaded = load(tmp_path, "192.0.2.1\nx.example\n" + "a" * 64, category="dga")
    assert entries(loaded) == ["x.example"]
    assert [line for line, _ in reasons(loaded)] == [1, 3]


def test_csv_by_name_and_by_number(tmp_path: Path):
    text = '# made today\nwhen,what\n1,"a.example"\n2\n"3",\n4,b.example\n'
    loaded = load(tmp_path, text, format="csv", column="what")
    assert entries(loaded) == ["a.example", "b.example"]
    assert reasons(loaded) == [(4, "nothing in column what"), (5, "nothing in column what")]
    assert entries(load(tmp_path, "x;y,c.example\n", format="csv", column=2)) == ["c.example"]
    with pytest.raises(RtmlError, match="list: no column 'wat'; did you mean 'what'"):
        load(tmp_path, text, format="csv", column="wat")
    with pytest.raises(RtmlError, match="list: line 1: not CSV"):
        load(tmp_path, 'a,"b\n', format="csv")


def test_files_that_are_no_lists(tmp_path: Path):
    with pytest.raises(RtmlError, match="larger than"):
        (tmp_path / "huge").write_text("x" * 11)
        read_list_text(tmp_path / "huge", most=10)
    for data, reason in ((b"a\nb\x00", "null byte in line 2"), (b"a\n\xff", r"not UTF-8 \(line 2\)")):
        with pytest.raises(RtmlError, match=reason):
            load(tmp_path, data)
    with pytest.raises(RtmlError, match="No such file"):
        load(tmp_path, "", file="absent")
    with pytest.raises(RtmlError, match="is a folder"):
        load(tmp_path, "", file=".")


WRONG = {
    "did you mean 'category'": {"categry": "dga"},
    "did you mean 'phishing'": {"category": "fishing"},
    "did you mean 'high'": {"severity": "hihg"},
    "needs a category": {"category": None},
    "'plain', 'csv', 'json' or 'stix'": {"format": "xml"},
}


@pytest.mark.parametrize("reason", WRONG)
def test_a_wrong_description_says_what_is_wrong(tmp_path: Path, reason: str):
    with pytest.raises(UsageError, match=reason) as error:
        load(tmp_path, "", **WRONG[reason])
    assert "lists.yml: list 1" in str(error.value)


@pytest.mark.parametrize("text", ["", "lists: []", "[", "lists: {}", "x: 1"])
def test_a_description_of_nothing_is_refused(tmp_path: Path, text: str):
    (tmp_path / "lists.yml").write_text(text)
    with pytest.raises(UsageError, match="lists.yml"):
        load_intelligence([tmp_path / "lists.yml"])
    with pytest.raises(UsageError, match="two lists are called"):
        load_intelligence(["test", "test"])


def test_severity_author_and_level_reach_rules_and_findings(tmp_path: Path):
    load(tmp_path, "a.example", severity="critical", author="Ann", category="phishing")
    rows = [{"kind": "dns", "domain": "x.a.example"}]
    chosen = Chosen(pack=(), intel=(tmp_path / "lists.yml",), level="critical")
    ran = run_all(capture_of(rows), chosen)
    (finding,) = ran.findings().to_dicts()
    assert (finding["severity"], finding["title"]) == (9.0, "n (DNS query) (rule by Ann)")
    load(tmp_path, "a.example", category="phishing")
    assert run_all(capture_of(rows), chosen).rules == []


def test_callers_leave_trusted_addresses_out(tmp_path: Path):
    lists = load_intelligence(["test"])
    seen = pl.Series(["203.0.113.200", "198.51.100.5", "198.51.100.6", "192.0.2.65", None, "x"])
    assert set(lists.callers(seen).select("value", "caller").rows()) == {
        ("203.0.113.200", "MaliciousIPCaller.Custom"),
        ("198.51.100.6", "MaliciousIPCaller"),
        ("192.0.2.65", "TorIPCaller"),
    }
    assert lists.callers(pl.Series([], dtype=pl.String)).is_empty()


def test_an_empty_list_and_an_empty_capture(tmp_path: Path):
    load(tmp_path, "# nothing\n")
    chosen = Chosen(pack=(), intel=(tmp_path / "lists.yml", "test"))
    ran = run_all(capture_of([]), chosen)
    assert ran.hits.is_empty() and ran.findings().is_empty() and len(ran.rules) >= 15
    assert not ran.evaluation.table["could_match"].any()
    assert ran.silenced.schema == SILENCED


def test_every_category_means_something():
    for name, one in categories().items():
        assert one.types or one.caller, name
        assert set(one.types) <= set(USES)


BLOCKED = """||a.example^
address=/b.example/0.0.0.0
address=/c.example/
local=/d.example/
server=/e.example/
f.example CNAME .
g.example. 60 IN CNAME .
local-zone: "h.example." always_nxdomain
i[.]example
"""
NOT_BLOCKED = """@@||a.example^
||b.example^$third-party
||c.example/path^
address=/intranet.example/10.0.0.5
server=/corp.example/10.0.0.1
d.example CNAME rpz-passthru.
local-zone: "e.example" transparent
local-data: "f.example A 10.0.0.7"
"""


def test_names_are_read_as_blockers_and_resolvers_write_them(tmp_path: Path):
    assert entries(load(tmp_path, BLOCKED)) == [f"{letter}.example" for letter in "abcdefghi"]


def test_what_they_let_pass_or_send_elsewhere_is_no_entry(tmp_path: Path):
    loaded = load(tmp_path, NOT_BLOCKED, may_be_empty=True)
    assert entries(loaded) == []
    assert loaded.rejects.height == 1 + len(NOT_BLOCKED.splitlines())


@pytest.mark.parametrize(
    "value",
    [
        {
            "Event": {
                "info": "x",
                "Attribute": [{"value": "a.example"}],
                "Object": [{"Attribute": [{"value": "b.example"}]}],
            }
        },
        {"results": [{"name": "p", "indicators": [{"indicator": "a.example"}, {"indicator": "b.example"}]}]},
        [{"value": "a.example", "tags": [{"name": "x"}]}, {"reports": [{"iocs": [{"ioc": "b.example"}]}]}],
    ],
)
def test_objects_are_found_in_events_and_reports(tmp_path: Path, value: object):
    assert entries(load(tmp_path, json.dumps(value), format="json")) == ["a.example", "b.example"]
