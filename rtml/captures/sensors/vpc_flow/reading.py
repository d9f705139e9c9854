"""VPC flow logs, text or Parquet: connections of network interfaces, which stand in the place of containers.

A flow runs one way: each record is an event of the connection, with the end that called as its source
(`rtml.captures.sensors.flows`); ``bytes_out`` or ``bytes_in`` say which way. Which end is ours is told by
``flow-direction``, else by the address that most records of an interface have, else by which is private.
``-`` is nothing. A container is the ECS container where the format names it, else the interface. NODATA is
counted and left out, SKIPDATA a loss without a number. A record is a window of up to ten minutes: features of
destinations hold, features of timing (beacons, rates) do not.

References
----------
https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from rtml.addresses import scope
from rtml.captures.sensors.contract import Lost, Reading, Sensor, Written
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.flows import called_by_source, client_and_server, kind_of_flow, protocol_of
from rtml.captures.sensors.records import BESIDE, LOSS, PROBLEM, Format, read_records
from rtml.captures.sensors.records.moments import since_1970
from rtml.captures.sensors.records.parquet import parquet_tables
from rtml.captures.sensors.records.values import integer
from rtml.captures.sensors.vpc_flow.lines import VERSION_2, flow_tables, header_of
from rtml.reading.content import first_bytes
from rtml.reading.parquet import is_parquet
from rtml.schema import KINDS

__all__ = ["SENSOR", "VPC_FLOW", "read"]

_MORE = """
vpc_id subnet_id instance_id tcp_flags pkt_srcaddr pkt_dstaddr flow_direction ecs_container_id
ecs_service_name ecs_cluster_name
""".split()


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe flows: which end called, and whether it was ours."""
    clean = rows.with_columns(pl.col(pl.String).replace("-", None))
    ends = clean.with_columns(
        src_ip=address(pl.coalesce("srcaddr", "pkt_srcaddr")),
        dst_ip=address(pl.coalesce("dstaddr", "pkt_dstaddr")),
        src_port=port(pl.col("srcport")),
        dst_port=port(pl.col("dstport")),
        container_id=pl.coalesce("ecs_container_id", "interface_id"),
    )
    told = ends.with_columns(ours=_ours_is_source(ends)).with_columns(
        called=called_by_source(integer(pl.col("tcp_flags")), pl.col("src_port"), pl.col("dst_port"))
    )
    kind, out = kind_of_flow(pl.col("called"), pl.col("ours")), pl.col("ours").fill_null(True)
    size = integer(pl.col("bytes"))
    return told.with_columns(
        **client_and_server(pl.col("called")),
        kind=kind,
        direction=pl.when(kind == "connect").then(pl.lit("outbound")).otherwise(pl.lit("inbound")),
        time=since_1970(pl.col("start")),
        result=pl.col("action").replace_strict(
            {"ACCEPT": 0, "REJECT": -13}, default=None, return_dtype=pl.Int32
        ),
        account="account_id",
        host=pl.coalesce("instance_id", "vpc_id", pl.lit("unknown")),
        cluster="ecs_cluster_name",
        workload="ecs_service_name",
        protocol=protocol_of(pl.col("protocol")),
        bytes_out=pl.when(out).then(size),
        bytes_in=pl.when(~out).then(size),
        **{
            PROBLEM: pl.when(since_1970(pl.col("start")).is_null()).then(
                pl.lit("no time of the years 1970 to 2199")
            ),
            BESIDE: pl.col("log_status").replace_strict(
                {"NODATA": "a window without traffic", "SKIPDATA": LOSS}, default=None, return_dtype=pl.String
            ),
        },
    )


def _ours_is_source(rows: pl.DataFrame) -> pl.Series:
    """Say whether the source is the interface's: by the direction, else by its most frequent address."""
    seen = pl.concat([rows.select("interface_id", ip="src_ip"), rows.select("interface_id", ip="dst_ip")])
    counted = (
        seen.drop_nulls().group_by("interface_id", "ip").len().sort("len", "ip", descending=[True, False])
    )
    most = counted.unique("interface_id", keep="first", maintain_order=True)
    most = most.filter(pl.col("len") > 1).select("interface_id", own="ip")
    known = rows.join(most, on="interface_id", how="left", maintain_order="left")
    way = pl.col("flow_direction").replace_strict(
        {"egress": True, "ingress": False}, default=None, return_dtype=pl.Boolean
    )
    by_address = (
        pl.when(pl.col("own") == pl.col("src_ip"))
        .then(True)
        .when(pl.col("own") == pl.col("dst_ip"))
        .then(False)
    )
    return known.select(pl.coalesce(way, by_address, _by_network()).alias("ours"))["ours"]


def _by_network() -> pl.Expr:
    """Say whether the source is ours where one end has a private address: that of an interface is one."""
    source, target = (scope(pl.col(end)) == "private" for end in ("src_ip", "dst_ip"))
    return pl.when(source != target).then(source)


def losses_of(rows: pl.DataFrame) -> list[Lost]:
    """Return the windows that were skipped; how many records that were, the log does not say."""
    times = rows.select("host", start="time", end=since_1970(pl.col("end")))
    return [Lost(**row, count=0) for row in times.to_dicts()]


_MESSAGE = re.compile(rb'"(?:message|log)"\s*:\s*"([^"\\\n]*)(?:\\n)?"')
"""A line in the JSON of CloudWatch or of a shipper."""
_TRIED = 5

VPC_FLOW = Format(
    name="vpc-flow",
    what="a VPC flow log (text or Parquet)",
    generations=({name: name for name in [*VERSION_2, *_MORE]},),
    claims=pl.col("start").is_not_null()
    & (pl.col("srcaddr").is_not_null() | pl.col("log_status").is_in(["NODATA", "SKIPDATA"])),
    events=events_of,
    lost=losses_of,
)


def read(path: Path) -> Reading:
    """Read one flow log (`rtml.captures.sensors.records.read_records`)."""
    return read_records(path, VPC_FLOW, parquet_tables if is_parquet(first_bytes(path, 8)) else flow_tables)


def _signature(head: bytes) -> bool:
    if is_parquet(head):
        return b'"srcaddr"' in head and b'"dstaddr"' in head
    first = head.lstrip().partition(b"\n")[0]
    lines = _MESSAGE.findall(head)[:_TRIED] if first[:1] in (b"{", b"[") else [first]
    return any(_is_flow(line.decode("utf-8", "replace").strip()) for line in lines)


def _is_flow(line: str) -> bool:
    """Tell whether a line names columns of a flow log, or is one of the default format."""
    words = line.split()
    default = len(words) == len(VERSION_2) and words[0] == "2" and words[-1] in ("OK", "NODATA", "SKIPDATA")
    return (header_of(line) is not None and "," not in line and '"' not in line) or default


SENSOR = Sensor(
    name="vpc-flow",
    read=read,
    blind=frozenset(KINDS) - {"connect", "accept"},
    signature=_signature,
    instead="network interfaces",
    untimed="a record is a window of up to ten minutes",
    written=Written("cells", " ", head=1, alone=False, nothing=("-",)),
)
