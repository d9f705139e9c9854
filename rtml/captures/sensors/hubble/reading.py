"""Hubble (JSON lines): flows of pods, wrapped as the exporter writes them or bare as older command lines do.

A flow is an event of the pod that opens it: ``connect``, or ``accept`` where only the side that was called
is known (a source outside the cluster). Flows with a query are ``dns``, of the pod that asked: an answer
says whether it failed. Other replies are beside; where Hubble does not say whether a flow is one, it is taken
for none. There are no processes, so that features of destinations and names can be told from it, nothing else
(`Sensor.blind`). A pod stands for its containers: its id is ``namespace/pod``, for want of another.
``lost_events`` are losses; the state of a node is beside.

References
----------
https://docs.cilium.io/en/stable/observability/hubble/
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import Lines, Lost, Reading, Sensor
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.pods import controller
from rtml.captures.sensors.records import BESIDE, LOSS, PROBLEM, Format, read_records
from rtml.captures.sensors.records.fields import Fields
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import domain_name, integer, named, truth, with_said
from rtml.captures.sensors.results import result_of_query
from rtml.captures.sensors.signature import has_keys
from rtml.schema import KINDS

__all__ = ["HUBBLE", "SENSOR", "read"]

_PROTOCOLS = ("TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6")
_REFUSED = {
    "DROPPED": -1,
    "ERROR": -5,
    "FORWARDED": 0,
    "REDIRECTED": 0,
    "TRACED": 0,
    "TRANSLATED": 0,
    "AUDIT": 0,
}


def _fields(flow: str) -> Fields:
    """Return where everything is, if the fields of a flow stand under ``flow``."""
    ports = {
        f"{p}.{side}": f"{flow}l4/{p}/{side}_port"
        for p in _PROTOCOLS[:3]
        for side in ("source", "destination")
    }
    return {
        "at": f"{flow}time",
        "verdict": f"{flow}verdict",
        "ip.source": f"{flow}IP/source",
        "ip.destination": f"{flow}IP/destination",
        **ports,
        **{f"{p}.type": f"{flow}l4/{p}/type" for p in _PROTOCOLS[3:]},
        **{
            f"{side}.{name}": f"{flow}{side}/{name}"
            for side in ("source", "destination")
            for name in ("namespace", "pod_name")
        },
        "node": f"{flow}node_name",
        "is_reply": f"{flow}is_reply",
        "reply": f"{flow}reply",
        "direction_said": f"{flow}traffic_direction",
        "query": f"{flow}l7/dns/query",
        "l7_type": f"{flow}l7/type",
        "rcode": f"{flow}l7/dns/rcode",
        "ips": (f"{flow}l7/dns/ips", pl.List(pl.String())),
        "qtypes": (f"{flow}l7/dns/qtypes", pl.List(pl.String())),
        "names": (f"{flow}destination_names", pl.List(pl.String())),
        "outer_node": "node_name",
        "outer_time": "time",
        "lost": "lost_events/num_events_lost",
        "lost_source": "lost_events/source",
        "state": "node_status/state_change",
    }


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe flows in the columns of the event table; an answer of the DNS is an event of who asked."""
    clean = with_said(rows).with_columns(is_reply=pl.coalesce("is_reply", "reply"))
    queried, ours = pl.col("query").is_not_null(), pl.col("source.pod_name").is_not_null()
    answered = queried & ((pl.col("l7_type") == "RESPONSE") | truth(pl.col("is_reply"))).fill_null(False)
    called = pl.col("destination.pod_name").is_not_null() & ~ours
    name = domain_name(pl.coalesce("query", pl.col("names").list.first()))
    side = {
        n: pl.when(called | answered).then(f"destination.{n}").otherwise(f"source.{n}")
        for n in ("namespace", "pod_name")
    }
    told = clean.with_columns(
        time=pl.coalesce(when(pl.col("at")), when(pl.col("outer_time"))),
        host=pl.coalesce("node", "outer_node", pl.lit("unknown")),
        kind=pl.when(queried)
        .then(pl.lit("dns"))
        .when(called)
        .then(pl.lit("accept"))
        .otherwise(pl.lit("connect")),
        direction=pl.when(called & ~queried).then(pl.lit("inbound")).otherwise(pl.lit("outbound")),
        namespace=named(side["namespace"]),
        pod=named(side["pod_name"]),
        protocol=_protocol(),
        src_ip=address(pl.when(answered).then("ip.destination").otherwise("ip.source")),
        dst_ip=address(pl.when(answered).then("ip.source").otherwise("ip.destination")),
        src_port=port(pl.when(answered).then(_port("destination")).otherwise(_port("source"))),
        dst_port=port(pl.when(answered).then(_port("source")).otherwise(_port("destination"))),
        result=pl.coalesce(
            pl.when(answered).then(result_of_query(pl.col("rcode"))),
            pl.col("verdict").replace_strict(_REFUSED, default=None, return_dtype=pl.Int32),
        ),
        domain=name,
        query_type=pl.col("qtypes").list.first(),
        answers="ips",
    )
    pod = pl.concat_str("namespace", "pod", separator="/")
    return told.with_columns(
        container_id=pod,
        container_name="pod",
        workload=pl.concat_str("namespace", controller(pl.col("pod")), separator="/"),
    ).with_columns(_what_else().alias(BESIDE), _problem().alias(PROBLEM))


def _port(side: str) -> pl.Expr:
    return pl.coalesce(f"{name}.{side}" for name in _PROTOCOLS[:3])


def _protocol() -> pl.Expr:
    parts = [
        pl.when(pl.col(f"{p}.destination").is_not_null()).then(pl.lit(p.lower())) for p in _PROTOCOLS[:3]
    ]
    parts += [pl.when(pl.col(f"{p}.type").is_not_null()).then(pl.lit("icmp")) for p in _PROTOCOLS[3:]]
    return pl.coalesce(parts)


def _what_else() -> pl.Expr:
    """Say what a record is that no pod began: an account, a state, the way back of a flow."""
    return (
        pl.when(pl.col("lost").is_not_null() | pl.col("lost_source").is_not_null())
        .then(pl.lit(LOSS))
        .when(pl.col("state").is_not_null())
        .then(pl.lit("the state of a node"))
        .when(truth(pl.col("is_reply")).fill_null(False) & (pl.col("kind") != "dns"))
        .then(pl.lit("the reply of a flow"))
    )


def _problem() -> pl.Expr:
    return (
        pl.when(pl.col("time").is_null())
        .then(pl.lit("no time of the years 1970 to 2199"))
        .when(pl.col("dst_ip").is_null() & pl.col("domain").is_null())
        .then(pl.lit("a flow to no address"))
    )


def losses_of(rows: pl.DataFrame) -> Sequence[Lost]:
    """Return what Hubble says was lost."""
    count = integer(pl.col("lost"))
    counted = pl.when(count.is_between(0, 1 << 53)).then(count).fill_null(0)
    return [Lost(**row) for row in rows.select("host", start="time", end="time", count=counted).to_dicts()]


HUBBLE = Format(
    name="hubble",
    what="an export of Hubble (JSON lines)",
    writers=("hubble", "cilium"),
    generations=(_fields("flow/"), _fields("")),
    claims=(pl.col("verdict").is_not_null() & pl.col("ip.source").is_not_null())
    | pl.any_horizontal(pl.col("query", "lost", "lost_source", "state").is_not_null()),
    events=events_of,
    lost=losses_of,
)


def read(path: Path) -> Reading:
    """Read one file of Hubble's flows."""
    return read_records(path, HUBBLE)


def _signature(head: bytes) -> bool:
    flow = has_keys(head, "verdict", "IP", "source", "destination")
    return (
        flow
        or has_keys(head, "lost_events", "num_events_lost")
        or has_keys(head, "node_status", "state_change")
    )


SENSOR = Sensor(
    name="hubble",
    read=read,
    blind=frozenset(KINDS) - {"connect", "accept", "dns"},
    identified=True,
    lines=Lines(),
    signature=_signature,
    instead="pods",
)
