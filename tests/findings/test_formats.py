"""Every registered alert format meets every law of `rtml.testing`."""

from __future__ import annotations

import pytest

from rtml.findings.formats import FORMATS, Format
from rtml.testing import FORMAT_LAWS, check_format

AT = "2026-01-01T00:00:00.123456789Z"
POD = {
    "name": "web-1",
    "namespace": "shop",
    "container": {"id": "containerd://c1", "image": {"name": "web:1"}},
}
ALERTS = {
    "falco": [
        {"rule": "Shell", "time": AT, "priority": "Error", "output_fields": {"container.id": "c1"}},
        {
            "rule": "Shell",
            "time": 1_767_225_600_000_000_001,
            "priority": "Notice",
            "tags": ["T1059", "mitre_execution", "x"],
            "output_fields": {"container.id": "c1", "container.image.repository": "web"},
        },
    ],
    "tetragon": [
        {"process_kprobe": {"policy_name": "sh", "tags": ["T1059"], "process": {"pod": POD}}, "time": AT}
    ],
    "tracee": [
        {
            "timestamp": 1_767_225_600_000_000_001,
            "eventName": "dropped",
            "containerId": "c1",
            "metadata": {"Properties": {"Severity": 3, "Category": "persistence", "external_id": "T1036"}},
        },
        {
            "timestamp": AT,
            "name": "dropped",
            "workload": {"container": {"id": "c1", "image": {"name": "web:1"}}, "pod": {"name": "web-1"}},
            "threat": {"severity": "high", "mitre": {"technique": {"id": "T1036"}, "tactic": {"name": "x"}}},
        },
    ],
}


@pytest.mark.parametrize("name", FORMATS.own)
@pytest.mark.parametrize("law", FORMAT_LAWS, ids=lambda law: law.__name__)
def test_law(law, name):
    for record in ALERTS[name]:
        law(FORMATS[name], record)


def test_a_breach_says_who_broke_which_law_and_how():
    naive = Format("falco", lambda record: {"rule": record["rule"]})
    with pytest.raises(
        AssertionError, match=r'^alert format falco breaks the law "Read of an alert.*by `alert`'
    ):
        check_format(naive, ALERTS["falco"])
    with pytest.raises(AssertionError, match="no alert to be checked with"):
        check_format(naive, [])
