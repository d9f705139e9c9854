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
from rtml.rules.intelligence.patterns import alternatives
from rtml.rules.running.run import run_all
from tests.rules.conftest import capture_of


def load(folder: Path, text: str | bytes, **more):
    file = folder / "list"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    one = {"name": "n", "file": "list", "category": "command-and-control", "may_be_empty": True, **more}
    (folder / "lists.yml").write_text(json.dumps({"lists": [one]}))
    return load_intelligence([folder / "lists.yml"])


def entries(loaded) -> list[str]:
    return [value for kind in loaded.entries.values() for value in kind["entry"]]


def reasons(loaded) -> list[tuple[int, str]]:
    return loaded.rejects.select("line", "reason").rows()


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


def bundle(*patterns: object, **more: object) -> str:
    made = [{"type": "indicator", "pattern_type": "stix", "pattern": p, **more} for p in patterns]
    return json.dumps({"type": "bundle", "objects": [{"type": "identity"}, *made, 3]})


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


HOUR = 3_600 * 10**9


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


@pytest.mark.parametrize("text", ["", "[]", "{", '{"type": "bundle"}', '{"objects": []}', "[" * 99999])
def test_what_is_no_bundle_is_an_error_that_names_the_file(tmp_path: Path, text: str):
    with pytest.raises(RtmlError, match=r"list: no"):
        load(tmp_path, text, format="stix")


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
