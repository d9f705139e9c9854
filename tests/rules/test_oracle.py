"""Generated rules on generated events: the Polars fold and the plain oracle must always agree."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaRule

from rtml.rules.language.contract import Rule
from rtml.rules.language.examples import matches
from rtml.rules.sigma.assembling import parse
from tests.rules.oracle import holds
from tests.rules.sigma_text import document

COLUMNS = {
    "Image": "exe",
    "CommandLine": "cmdline",
    "CurrentDirectory": "cwd",
    "SourcePort": "src_port",
    "SourceIp": "src_ip",
}
TEXT = st.text(alphabet="aAbBéÉ/_%'\"\n .$^(", max_size=6)
GLOB = st.text(alphabet="aAb/_%'\"\n*?\\.", min_size=1, max_size=5)
FIELDS = st.sampled_from(["Image", "CommandLine", "CurrentDirectory"])
MODIFIERS = st.sampled_from(
    ["", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|contains|cased"]
)
VALUES = st.lists(GLOB, min_size=1, max_size=3)
TEXT_ITEM = st.builds(lambda f, m, v: {f + m: v}, FIELDS, MODIFIERS, VALUES)
OTHER_ITEM = st.sampled_from(
    [
        {"CommandLine": None},
        {"Image|exists": True},
        {"Image|exists": False},
        {"CommandLine|re": "[ab]/?$"},
        {"CommandLine|re": "^A|_%"},
        {"SourcePort": [22, 443]},
        {"SourcePort|gte": 443},
        {"SourcePort|lt": 443},
        {"SourceIp|cidr": "10.0.0.0/9"},
        {"SourceIp|cidr": ["fd00::/8", "192.0.2.7/32"]},
    ]
)
ITEM = TEXT_ITEM | OTHER_ITEM
CONDITION = st.sampled_from(
    ["s and not t", "s or t", "s and t", "not s", "not (s and t)", "1 of them", "all of them"]
)
EVENT = st.fixed_dictionaries(
    {
        "Image": TEXT | st.none(),
        "CommandLine": TEXT | st.none(),
        "CurrentDirectory": TEXT | st.none(),
        "SourcePort": st.sampled_from([22, 443, 444, None]),
        "SourceIp": st.sampled_from(["10.1.2.3", "10.128.0.0", "fd12::1", "192.0.2.7", None]),
    }
)


def _rule(detection: dict[str, Any]) -> tuple[Rule, Any]:
    text = yaml.safe_dump(document(detection, "network_connection"), allow_unicode=True)
    text = text.replace("category: network_connection", "category: network_listen")
    (rule,) = parse(text, "generated.yml")
    assert isinstance(rule, Rule), rule
    return rule, SigmaRule.from_yaml(text).detection.parsed_condition[0].parsed


@settings(max_examples=250, deadline=None)
@given(ITEM, ITEM, CONDITION, st.lists(EVENT, min_size=1, max_size=12))
def test_fold_agrees_with_oracle(first, second, condition, events):
    rule, tree = _rule({"s": first, "t": second, "condition": condition})
    rows = [{COLUMNS[name]: value for name, value in event.items()} for event in events]
    assert matches(rule, rows) == [holds(tree, event) for event in events]


def test_oracle_knows_the_difference():
    rule, tree = _rule({"s": {"CommandLine|contains": "A_%"}, "condition": "s"})
    for text, expected in (("xa_%y", True), ("xab%y", False)):
        assert holds(tree, {"CommandLine": text}) is expected
        assert matches(rule, [{"cmdline": text}]) == [expected]
