"""Ends of connections, packets and questions of the DNS, from the arguments of Tracee's events."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.records.seldom import of_some
from rtml.captures.sensors.records.values import domain_name, said
from rtml.captures.sensors.results import result_of_query

__all__ = ["with_names", "with_network"]

_DIRECTIONS = {"connect": "outbound", "accept": "inbound"}
_PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
_DNS_PORT = 53
_NAMED = ("arg.proto_dns", "arg.dns_questions", "arg.dns_response")
_ON_NETWORK = (
    *(f"arg.{name}" for name in ("local_addr", "remote_addr", "addr", "dest_addr", "metadata")),
    *(f"arg.{name}" for name in ("src", "dst", "src_port", "dst_port", "proto_tcp", "proto_udp")),
)
"""Arguments, of which every event has one that says anything of the network."""


def with_network(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with protocol, direction, addresses and socket path by ``kind, call`` and arguments.

    ``local_addr`` is ours; any other address is the peer's, but of what is bound.
    """
    told = pl.col("kind").is_in([*_DIRECTIONS, "dns"]) | pl.col("call").str.starts_with("net_")
    there = pl.any_horizontal(pl.col(_ON_NETWORK).is_not_null(), told.fill_null(False))
    return of_some(rows, there, _network())


def _network() -> dict[str, pl.Expr]:
    kind = pl.col("kind")
    local, other = _ends("local_addr"), _ends("remote_addr", "addr", "dest_addr")
    packet = {
        side: (address(_of(side, f"{side}_ip")), port(_of(f"{side}_port", f"{side}_port", f"{side}Port")))
        for side in ("src", "dst")
    }
    accepted, bound = kind == "accept", kind.is_in(["bind", "listen"])
    source, target = [], []
    for i in (0, 1):
        near = pl.when(accepted).then(other[i]).when(bound).then(pl.coalesce(local[i], other[i]))
        source.append(pl.coalesce(packet["src"][i], near.otherwise(local[i])))
        far = pl.when(accepted).then(local[i]).when(~bound).then(other[i])
        target.append(pl.coalesce(packet["dst"][i], far))
    unix = pl.coalesce(other[2], local[2])
    by_name = pl.col("call").str.extract(r"^net_(?:packet_|flow_)?(tcp|udp|icmpv6|icmp)")
    carried = pl.col("arg.metadata").struct.field("protocol")
    return {
        "protocol": pl.coalesce(
            pl.when(unix.is_not_null()).then(pl.lit("unix")),
            by_name,
            carried.replace_strict(_PROTOCOLS, default=None, return_dtype=pl.String),
        ),
        "direction": pl.coalesce(
            kind.replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String),
            pl.when((kind == "dns") & (target[1] == _DNS_PORT)).then(pl.lit("outbound")),
            pl.when((kind == "dns") & (source[1] == _DNS_PORT)).then(pl.lit("inbound")),
        ),
        "src_ip": source[0],
        "src_port": source[1],
        "dst_ip": target[0],
        "dst_port": target[1],
        "socket_path": unix,
    }


def _ends(*names: str) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return address, port and socket path of the first of these arguments that is there."""
    ends = [pl.col(f"arg.{name}").struct for name in names]
    ip = pl.coalesce(*(end.field(field) for end in ends for field in ("sin_addr", "sin6_addr")))
    number = pl.coalesce(*(end.field(field) for end in ends for field in ("sin_port", "sin6_port")))
    return address(ip), port(number), said(pl.coalesce(*(end.field("sun_path") for end in ends)))


def _of(plain: str, meta: str, header: str | None = None) -> pl.Expr:
    """Return what a packet says of one end: in an argument, its description, or its header."""
    described = pl.col("arg.metadata").struct.field(meta)
    headers = [pl.col(f"arg.proto_{name}").struct.field(header) for name in ("tcp", "udp")] if header else []
    return pl.coalesce(f"arg.{plain}", described, *headers)


def with_names(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with name, type and answers of DNS packets; of several questions the first.

    ``answered``: what the answer says of success (`rtml.captures.sensors.results.result_of_query`).
    """
    return of_some(rows, pl.any_horizontal(pl.col(_NAMED).is_not_null()), _names())


def _names() -> dict[str, pl.Expr]:
    whole, asked = pl.col("arg.proto_dns").struct, pl.col("arg.dns_questions").list.first().struct
    answered = pl.col("arg.dns_response").list.first().struct
    first, about = whole.field("questions").list.first().struct, answered.field("query_data").struct
    one = pl.element().struct
    records = whole.field("answers").list.eval(pl.coalesce(said(one.field("IP")), said(one.field("CNAME"))))
    listed = answered.field("dns_answer").list.eval(said(one.field("answer")))
    answers = pl.coalesce(records, listed).list.drop_nulls()
    domain = said(pl.coalesce(first.field("name"), asked.field("query"), about.field("query")))
    return {
        "domain": domain_name(domain),
        "query_type": said(
            pl.coalesce(first.field("type"), asked.field("query_type"), about.field("query_type"))
        ),
        "answers": pl.when(answers.list.len() > 0).then(answers),
        "answered": pl.when(whole.field("QR") == "1").then(result_of_query(whole.field("responseCode"))),
    }
