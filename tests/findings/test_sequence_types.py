"""What an attack sequence is called: a cluster that is not there is not compromised."""

from __future__ import annotations

from rtml.findings.sequences import correlate
from rtml.findings.sequences.signals import HOST_SEQUENCE_TYPE, SEQUENCE_TYPE
from tests.findings.test_sequences import TYPES, finding, table


def test_where_nothing_names_kubernetes_no_cluster_is_compromised():
    rows = [finding(m, TYPES[m], container_id="c1", host="n1") for m in range(3)]
    (kind,) = correlate(table(*rows))["type"]
    assert kind == HOST_SEQUENCE_TYPE
    rows[1]["namespace"] = "web"
    assert correlate(table(*rows))["type"].to_list() == [SEQUENCE_TYPE]
