"""What a line of a gadget says happened, in the columns of the event table."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.containers import container_id, digest, plain_image
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.flows import protocol_of
from rtml.captures.sensors.inspektor_gadget.gadgets import gadget_named, gadget_of, kind_of_gadget
from rtml.captures.sensors.openings import flag_names, writes
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.process_ids import pid_of
from rtml.captures.sensors.records.format import BESIDE, PROBLEM
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.seldom import of_some
from rtml.captures.sensors.records.values import domain_name, integer, named, said, user_id, with_said
from rtml.captures.sensors.results import result_of, result_of_name, result_of_query

__all__ = ["events_of"]

_TCP = {"accept": "accept", "connect": "connect", "close": "syscall"}
_PROTOCOLS = ("dst/proto_raw", "dst/proto", "proto_raw", "proto", "protocol")
_OUT = ("OUTGOING", "4")
_ANSWER = ("R", "1", "true")
_DIRECTIONS = {"connect": "outbound", "accept": "inbound", "dns": "outbound"}
_TYPES = {
    "1": "A",
    "2": "NS",
    "5": "CNAME",
    "6": "SOA",
    "12": "PTR",
    "15": "MX",
    "16": "TXT",
    "28": "AAAA",
    "33": "SRV",
}


_LONGEST_UPTIME = 17
"""Digits of nanoseconds that may count from the machine's start: of 1970 they would be a time before 1974."""


def events_of(rows: pl.DataFrame, gadget: str | None) -> pl.DataFrame:
    """Describe lines of the gadget that the file's name says, else of that which each line's keys tell."""
    clean = with_said(rows)
    of = gadget_of() if gadget is None else gadget_named(gadget)
    told = clean.with_columns(of=of).with_columns(**_who(), **_where())
    told = told.with_columns(workload=workload("namespace", "pod", "container_name", "image"), kind=_kind())
    told = told.with_columns(result=_result(), flags=_flags()).with_columns(**_what())
    told = of_some(told, _on_network(), _network())
    started = pl.col("type").is_in(["add", "ready", "debug", "info", "warn"]) & pl.col("pid").is_null()
    return told.with_columns(
        **{
            PROBLEM: pl.when(pl.col("time").is_null()).then(
                pl.when(pl.coalesce("timestamp_raw", "timestamp").is_null())
                .then(pl.lit("no time; ask the gadget for its timestamp field"))
                .otherwise(pl.lit("its time counts from the machine's start, or is none of 1970 to 2199"))
            ),
            BESIDE: pl.when(started.fill_null(False)).then(pl.lit("a message of the gadget itself")),
        }
    )


def _who() -> dict[str, pl.Expr]:
    words = said(pl.col("words").list.join(" "))
    exe = pl.coalesce(
        "exepath", pl.when(pl.col("of") == "exec").then(pl.col("words").list.first().str.extract(r"^(/\S+)"))
    )
    return {
        "time": pl.coalesce(_moment("timestamp_raw"), _moment("timestamp")),
        "pid": pid_of(integer(pl.coalesce("proc/pid", "pid"))),
        "ppid": pid_of(integer(pl.coalesce("proc/parent/pid", "ppid"))),
        "uid": user_id(pl.coalesce("proc/creds/uid", "uid")),
        "comm": pl.coalesce("proc/comm", "comm", "task"),
        "exe": exe,
        "cmdline": pl.when(pl.col("of") == "exec").then(words),
    }


def _moment(column: str) -> pl.Expr:
    """Return a time; numbers are always nanoseconds, and small ones count from the machine's start."""
    text = pl.col(column)
    since_boot = pl.when(text.str.len_bytes() <= _LONGEST_UPTIME).then(text).str.contains(r"^\d+$")
    return pl.when(~since_boot.fill_null(False)).then(when(text))


def _where() -> dict[str, pl.Expr]:
    image = named(pl.col("runtime/containerImageName"))
    return {
        "host": pl.coalesce("k8s/node", "node", pl.lit("unknown")),
        "container_id": container_id(pl.coalesce("runtime/containerId", "containerId", _namespace())),
        "container_name": named(
            pl.coalesce(
                "k8s/containerName", "k8s/container", "runtime/containerName", "containerName", "container"
            )
        ),
        "image": plain_image(image),
        "image_digest": digest(pl.coalesce("runtime/containerImageDigest", "runtime/containerImageName")),
        "namespace": named(pl.coalesce("k8s/namespace", "namespace")),
        "pod": named(pl.coalesce("k8s/podName", "k8s/pod", "pod")),
    }


def _namespace() -> pl.Expr:
    """Return what stands for a container whose id is not told: its mount namespace, where it has a name."""
    known = pl.any_horizontal(
        pl.col(
            "k8s/containerName", "k8s/container", "runtime/containerName", "containerName", "container"
        ).is_not_null()
    )
    mount = pl.coalesce("proc/mntns_id", "mntns_id", "mountnsid", "mntns")
    return pl.when(known).then("mntns:" + mount)


def _kind() -> pl.Expr:
    kind = kind_of_gadget(pl.col("of"))
    tcp = pl.coalesce("type", "operation").replace_strict(_TCP, default="connect", return_dtype=pl.String)
    inbound = (pl.col("of") == "network") & pl.col("pktType").is_in(["HOST", "INCOMING"])
    return pl.when(pl.col("of") == "tcp").then(tcp).when(inbound).then(pl.lit("accept")).otherwise(kind)


def _what() -> dict[str, pl.Expr]:
    kind, of, flags = pl.col("kind"), pl.col("of"), pl.col("flags")
    return {
        "path": pl.when(kind == "open")
        .then(pl.coalesce("fullpath", "fname", "path", "filename", "file"))
        .when(kind == "syscall")
        .then(pl.coalesce("filename", "file")),
        "mode": pl.when((kind == "open") & flags.str.contains("O_CREAT")).then(_mode()),
        "wrote": pl.when(kind == "open").then(writes(flags) & (pl.col("result").fill_null(0) == 0)),
        "request": pl.when(kind == "kill")
        .then(pl.lit("kill"))
        .when(kind == "syscall")
        .then(pl.coalesce("syscall", "cap", pl.when(of == "tcp").then("type"), "of")),
        "target_pid": pid_of(integer(pl.coalesce("target_pid", "tpid"))),
        "bytes_out": integer(pl.col("sent")),
        "bytes_in": integer(pl.col("received")),
    }


def _flags() -> pl.Expr:
    return pl.when(pl.col("kind") == "open").then(flag_names(said(pl.col("flag_names").list.join("|"))))


def _on_network() -> pl.Expr:
    kinds = pl.col("kind").is_in(["connect", "accept", "bind", "dns"])
    return kinds | pl.col("of").is_in(["tcp", "network"])


def _network() -> dict[str, pl.Expr]:
    """Return ends, protocol and query; of an accepted connection, or an answer, the peer is the source."""
    kind, of = pl.col("kind"), pl.col("of")
    here, there = _ends()
    inbound = (kind == "accept") | _answers()
    return {
        "src_ip": pl.when(inbound).then(there[0]).otherwise(here[0]),
        "src_port": pl.when(inbound).then(there[1]).otherwise(here[1]),
        "dst_ip": pl.when(kind != "bind").then(pl.when(inbound).then(here[0]).otherwise(there[0])),
        "dst_port": pl.when(kind != "bind").then(pl.when(inbound).then(here[1]).otherwise(there[1])),
        "protocol": protocol_of(pl.coalesce(*_PROTOCOLS, pl.when(of == "tcp").then(pl.lit("tcp")))),
        "direction": pl.when((kind == "dns") & _serves())
        .then(pl.lit("inbound"))
        .otherwise(kind.replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String)),
        "domain": pl.when(kind == "dns").then(domain_name(pl.col("name"))),
        "query_type": pl.when(kind == "dns").then(pl.col("qtype").replace(_TYPES)),
        "answers": pl.when((kind == "dns") & (_addresses().list.len() > 0)).then(_addresses()),
    }


def _answers() -> pl.Expr:
    """Say whether a line is an answer of the DNS: its ends are those of the question, the other way round."""
    return (pl.col("kind") == "dns") & pl.coalesce("qr", "qr_raw").is_in(_ANSWER).fill_null(False)


def _serves() -> pl.Expr:
    """Say whether a question came in, or an answer went out: who tells of it is the server."""
    way = pl.coalesce("pktType", "pkt_type", "pkt_type_raw")
    return (way.is_in(_OUT) == _answers()).fill_null(False)


def _addresses() -> pl.Expr:
    """Return addresses, of a list or of one text with commas."""
    listed = pl.col("addresses").list.join(",").str.split(",")
    return listed.list.eval(pl.element().filter(pl.element() != ""))


def _mode() -> pl.Expr:
    number = integer(pl.coalesce("mode_raw", "mode"))
    return pl.when(number.is_between(0, 0o7777)).then(number).cast(pl.Int32)


def _ends() -> tuple[tuple[pl.Expr, pl.Expr], tuple[pl.Expr, pl.Expr]]:
    """Return address and port of our end and of theirs; what is bound is ours."""
    bound = pl.col("kind") == "bind"
    ours = bound | ((pl.col("of") == "network") & (pl.col("kind") == "accept"))
    here = pl.coalesce("src/addr", "saddr", "srcIP", pl.when(bound).then("addr"), "podIP")
    here_port = pl.coalesce("src/port", "sport", "srcPort", pl.when(ours).then("port"))
    there = pl.coalesce("dst/addr", "daddr", "dstIP", "nameserver/addr", "endpoint/addr")
    there_port = pl.coalesce("dst/port", "dport", "dstPort", "nameserver/port", pl.when(~ours).then("port"))
    return (address(here), port(here_port)), (address(there), port(there_port))


def _result() -> pl.Expr:
    """Return 0 or -errno: by name, as a positive number, or as what was returned."""
    positive = integer(pl.coalesce("error_raw", "err", "error"))
    number = pl.when(positive > 0).then(-positive).otherwise(positive)
    returned = integer(pl.coalesce("ret", "retval"))
    asked = pl.when(_answers()).then(result_of_query(pl.coalesce("rcode_raw", "rcode")))
    opened = pl.when((pl.col("kind") == "open") & (integer(pl.col("fd")) >= 0)).then(0)
    told = (asked, result_of_name(pl.col("error")), result_of(number), result_of(returned), opened)
    return pl.coalesce(told).cast(pl.Int32)
