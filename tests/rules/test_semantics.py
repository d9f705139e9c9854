"""What Sigma means, one test per line of the reference."""

from __future__ import annotations

import pytest

from rtml.rules.language.contract import Rule
from rtml.rules.language.examples import matches
from tests.rules.sigma_text import load_one, refusal, rule


def hits(fields, *cmdlines, category="process_creation"):
    one = rule(fields, category)
    return matches(one, [{"cmdline": text} for text in cmdlines])


@pytest.mark.parametrize(
    ("fields", "yes", "no"),
    [
        ({"CommandLine": "ls -L"}, ["LS -l"], ["ls", "ls -l "]),
        ({"CommandLine": "l?"}, ["ls", "L\n"], ["l", "lss"]),
        ({"CommandLine": "a*c"}, ["ac", "a\nb\nC"], ["acx", "xac"]),
        ({"CommandLine": r"a\*c"}, ["a*c"], ["abc"]),
        ({"CommandLine": r"a\?c"}, ["a?c"], ["abc"]),
        ({"CommandLine": r"a\\*"}, ["a\\b"], ["ab"]),
        ({"CommandLine|contains": "_%."}, ["x_%.y"], ["xa%.y", "x_b.y"]),
        ({"CommandLine|contains": ["one", "two"]}, ["TWO", "one"], ["three"]),
        ({"CommandLine|contains|all": ["one", "two"]}, ["two one"], ["one", "two"]),
        ({"CommandLine|startswith": ["a", "b"]}, ["ab", "B"], ["cab"]),
        ({"CommandLine|endswith": "é"}, ["CAFÉ"], ["cafe"]),
        ({"CommandLine|contains|cased": "Aa"}, ["xAax"], ["xaax", "AA"]),
        ({"CommandLine|cased": "A*b*"}, ["Axbx"], ["axbx"]),
        ({"CommandLine|re": "a+b$"}, ["xaab"], ["aabx", "AAB"]),
        ({"CommandLine|re|i": "a+b"}, ["xAAB"], ["ac"]),
        ({"CommandLine|contains|windash": "-enc"}, ["x -enc", "x /enc"], ["enc"]),
        ({"CommandLine": "*"}, ["", "x"], [None]),
        ({"CommandLine|exists": True}, ["x"], [None]),
        ({"CommandLine|exists": False}, [None], ["x"]),
        ({"CommandLine": None}, [None], ["", "null"]),
        ({"CommandLine": ["a", None]}, [None, "A"], ["b"]),
        ({"CommandLine": 443}, ["443", "443.0"], ["4430", None, "x"]),
        ({"CommandLine": "'\"; drop\n"}, ["'\"; DROP\n"], ["'\""]),
    ],
)
def test_text(fields, yes, no):
    assert hits(fields, *yes) == [True] * len(yes)
    assert hits(fields, *no) == [False] * len(no)
    assert hits(fields, None) == [None in yes]


def test_absent_field_never_matches_and_not_makes_it_true():
    one = load_one({"s": {"Image|endswith": "/sh"}, "condition": "not s"})
    assert matches(one, [{"exe": None}, {"exe": "/bin/sh"}, {"exe": "/bin/ls"}]) == [True, False, True]


@pytest.mark.parametrize(
    ("fields", "event", "expected"),
    [
        ({"DestinationIp|cidr": "10.0.0.0/9"}, {"dst_ip": "10.127.255.255"}, True),
        ({"DestinationIp|cidr": "10.0.0.0/9"}, {"dst_ip": "10.128.0.0"}, False),
        ({"DestinationIp|cidr": "10.0.0.0/8"}, {"dst_ip": "::ffff:10.1.2.3"}, True),
        ({"DestinationIp|cidr": "fd00::/8"}, {"dst_ip": "fd00::1"}, True),
        ({"DestinationIp|cidr": "fd00::/8"}, {"dst_ip": "FE80::1"}, False),
        ({"DestinationIp|cidr": ["10.0.0.0/8", "::1/128"]}, {"dst_ip": "0:0:0:0:0:0:0:1"}, True),
        ({"DestinationIp|cidr": "10.0.0.0/8"}, {"dst_ip": "garbage"}, False),
        ({"DestinationPort": 443}, {"dst_ip": "1.1.1.1", "dst_port": 443}, True),
        ({"DestinationPort": "443"}, {"dst_ip": "1.1.1.1", "dst_port": 443}, True),
        ({"DestinationPort|gt": 1023}, {"dst_ip": "1.1.1.1", "dst_port": 1023}, False),
        ({"DestinationPort|gte": 1023}, {"dst_ip": "1.1.1.1", "dst_port": 1023}, True),
        ({"DestinationPort|lt": 1023}, {"dst_ip": "1.1.1.1"}, False),
        ({"DestinationPort|lte": 1023}, {"dst_ip": "1.1.1.1", "dst_port": 80}, True),
        ({"Initiated": "true"}, {"dst_ip": "1.1.1.1"}, True),
        ({"Initiated": True}, {"dst_ip": "1.1.1.1"}, True),
        ({"User": "root"}, {"dst_ip": "1.1.1.1", "uid": 0}, True),
        ({"User": "root"}, {"socket_path": "/run/x", "uid": 0}, False),
    ],
)
def test_network(fields, event, expected):
    assert matches(rule(fields, "network_connection"), [event]) == [expected]


def test_host_names_of_connections_are_seen_in_dns_queries():
    one = rule({"DestinationHostname|endswith": ".ngrok.io", "Initiated": "true"}, "network_connection")
    assert one.kinds == ("connect", "dns")
    events = [{"kind": "dns", "domain": "a.ngrok.io", "direction": "outbound"}]
    assert matches(one, events) == [True]


def test_list_columns_match_when_one_value_does():
    events = [{"domain": "x", "answers": a} for a in (["1.2.3.4", "10.0.0.1"], ["1.2.3.4"], None)]
    for fields in ({"QueryResults|cidr": "10.0.0.0/8"}, {"QueryResults": ["10.0.0.1", "x"]}):
        assert matches(rule(fields, "dns_query"), events) == [True, False, False]


def test_failed_execs_and_reads_are_not_process_creations_and_file_events():
    made = rule({"CommandLine|contains": "x"})
    assert matches(made, [{"cmdline": "x", "result": -2}, {"cmdline": "x", "result": 0}]) == [False, True]
    changed = rule({"TargetFilename": "/etc/a"}, "file_event")
    events = [
        {"kind": "open", "path": "/etc/a", "wrote": False},
        {"kind": "open", "path": "a", "cwd": "/etc", "wrote": True},
        {"kind": "rename", "path": "/tmp/a", "path_to": "/etc/a"},
        {"kind": "unlink", "path": "/etc/a"},
    ]
    assert matches(changed, events) == [False, True, True, False]


@pytest.mark.parametrize(
    ("fields", "category", "reason"),
    [
        ({"CommandLin": "x"}, "process_creation", "did you mean 'CommandLine'?"),
        (["a word"], "process_creation", "keywords"),
        ({"CommandLine|expand": "%admins%"}, "process_creation", "placeholder"),
        ({"CommandLine|re": "a(?=b)"}, "process_creation", "(?="),
        ({"CommandLine|re": r"(a)\1"}, "process_creation", "invalid escape"),
        ({"CommandLine|re": "(a{1000}){1000}"}, "process_creation", "size"),
        ({"CommandLine|nonsense": "x"}, "process_creation", "modifier"),
        ({"Image": "x"}, "registry_set", "registry_set"),
    ],
)
def test_refusals_say_why(fields, category, reason):
    assert reason in refusal(fields, category)


def test_metadata_of_a_rule():
    one = rule({"Image": "x"})
    assert isinstance(one, Rule)
    assert one.techniques == ("T1059.004",)
    assert one.finding_type == "Execution:Runtime/SigmaRule"
    assert one.label == "A rule (rule by Someone)"
    assert one.source == "test.yml"


def test_a_refused_regular_expression_prints_nothing(capfd):
    refusal({"CommandLine|re": "a(?=b)"})
    assert capfd.readouterr() == ("", "")
