"""What an alert of the node-agent says happened, in the columns of the event table."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import kind_of, request_of
from rtml.captures.sensors.containers import container_id, digest, plain_image
from rtml.captures.sensors.contract import PROCESSES, Lost
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.kubescape.fields import told
from rtml.captures.sensors.kubescape.trees import branches, forget
from rtml.captures.sensors.openings import flag_names, writes
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.process_ids import pid_of
from rtml.captures.sensors.records.format import BESIDE, LOSS, PROBLEM
from rtml.captures.sensors.records.moments import since_1970, when
from rtml.captures.sensors.records.values import domain_name, integer, named, said
from rtml.captures.sensors.results import result_of

__all__ = ["events_of", "losses_of", "processes_of"]

_RULES = {
    "exec": "R0001 R1000 R1001 R1004 R1005",
    "open": "R0002 R0006 R0008 R0010",
    "dns": "R0005 R1008",
    "connect": "R0011 R1003 R1009",
    "accept": "R0012",
    "bpf": "R0009",
    "module_load": "R1002",
    "unshare": "R1006",
    "link": "R1010 R1012",
    "ptrace": "R1015",
}
_KINDS = {rule: kind for kind, rules in _RULES.items() for rule in rules.split()}
"""Rules of the agent that are each about one kind of event; any other alert is told by its arguments."""


_LIMIT = "AlertLimitReached"
"""What the agent posts when it posts no more for a minute; it says neither when nor how many."""


def losses_of(rows: pl.DataFrame) -> list[Lost]:
    """Return that alerts were held back; how many the agent does not count."""
    return [Lost(**row) for row in rows.select("host", start="time", end="time", count=pl.lit(0)).to_dicts()]


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe alerts; what a pipeline writes when it starts is beside, as are Alertmanager's notices."""
    placed = _placed(told(rows))
    happened = _with_process(placed)
    happened = happened.with_columns(kind=_kind(), result=result_of(integer(pl.col("retval"))))
    happened = happened.with_columns(done=pl.col("result").fill_null(0) == 0, call=_call())
    happened = happened.with_columns(flags=flag_names(said(pl.col("flag_words").list.join("|"))))
    described = happened.with_columns(*_described(), *_network())
    return described.with_columns(
        pl.when(pl.col("rule") == "init")
        .then(pl.lit("a mark that a pipeline began"))
        .when(pl.col("rule") == _LIMIT)
        .then(pl.lit(LOSS))
        .otherwise("notice")
        .alias(BESIDE),
        pl.when(pl.col("time").is_null())
        .then(pl.lit("no time of the years 1970 to 2199"))
        .when(pl.col("pid").is_null())
        .then(pl.lit("an alert about no process"))
        .alias(PROBLEM),
    )


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when and where; the time of the log line is when it was written, often much later."""
    image = pl.coalesce("k8s.image", "event.image")
    container = container_id(pl.coalesce("k8s.containerID", "tree.container", "event.container"))
    return rows.with_columns(
        time=pl.coalesce(when(pl.col("at")), since_1970(pl.col("event.at"))),
        host=pl.coalesce("node", "k8s.nodeName").fill_null("unknown"),
        cluster="k8s.clusterName",
        container_id=container,
        container_name=named(pl.coalesce("k8s.containerName", "event.name")),
        image=plain_image(named(image)),
        image_digest=digest(pl.coalesce("k8s.imageDigest", "event.digest", image)),
        namespace=named(pl.coalesce("k8s.namespace", "k8s.podNamespace")),
        pod=named(pl.col("k8s.podName")),
    ).with_columns(
        workload=pl.coalesce(
            pl.concat_str("namespace", named(pl.col("k8s.workloadName")), "container_name", separator="/"),
            workload("namespace", "pod", "container_name", "image"),
        )
    )


def _with_process(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the process that an alert is about: the one it names, in its tree; else the top of the tree."""
    numbered = rows.with_row_index("alert_at")
    place = pl.coalesce("container_id", "host")
    nodes = branches(numbered.select(pl.col("tree"), alert="alert_at", place=place))
    infected = pid_of(integer(pl.col("infected")))
    wanted = numbered.select(alert="alert_at", wanted=pl.when(infected > 0).then(infected))
    ranked = nodes.join(wanted, on="alert", how="left", maintain_order="left").filter(
        pl.col("wanted").is_null() | (pl.col("pid") == pl.col("wanted"))
    )
    one = ranked.unique("alert", keep="first", maintain_order=True).drop("wanted")
    one = one.rename({"path": "program", "cmdline": "command"})
    joined = numbered.join(one, left_on="alert_at", right_on="alert", how="left", maintain_order="left")
    return joined.with_columns(pid=pl.coalesce("pid", pl.when(infected > 0).then(infected))).drop("alert_at")


def _kind() -> pl.Expr:
    """Return the kind by the call that is named, by rule, or by what the arguments are about."""
    by_arguments = (
        pl.when(pl.col("exec").is_not_null())
        .then(pl.lit("exec"))
        .when(pl.col("oldPath").is_not_null())
        .then(pl.lit("link"))
        .when(pl.col("domain").is_not_null())
        .then(pl.lit("dns"))
        .when(pl.coalesce("ip", "address").is_not_null())
        .then(pl.lit("connect"))
        .when(pl.col("path").is_not_null())
        .then(pl.lit("open"))
    )
    by_rule = pl.col("rule").replace_strict(_KINDS, default=None, return_dtype=pl.String)
    return pl.coalesce(by_rule, kind_of(pl.col("syscall")), by_arguments, pl.lit("syscall"))


def _call() -> pl.Expr:
    """Return the call; where none is named and the kind is none, what the alert is called."""
    unnamed = pl.when(pl.col("kind") == "syscall").then(pl.coalesce("alert", "rule")).otherwise("kind")
    return pl.coalesce("syscall", unnamed)


def _described() -> list[pl.Expr]:
    kind = pl.col("kind")
    executed = kind == "exec"
    started = executed & pl.col("done")
    program, file = pl.coalesce("exec", "path"), pl.coalesce("path", "named.path", _joined())
    opened = kind == "open"
    words = said(pl.col("words").list.drop_nulls().list.join(" "))
    return [
        pl.when(started).then(pl.coalesce(program, "program")).otherwise("program").alias("exe"),
        pl.when(executed).then(pl.coalesce(words, "command")).otherwise("command").alias("cmdline"),
        pl.when(kind == "link")
        .then("oldPath")
        .when(kind == "module_load")
        .then("module")
        .when(executed)
        .then(pl.when(~pl.col("done")).then(program))
        .otherwise(file)
        .alias("path"),
        pl.when(kind == "link").then("newPath").alias("path_to"),
        pl.when(opened).then(writes(pl.col("flags")) & pl.col("done")).alias("wrote"),
        request_of(pl.col("call"), kind).alias("request"),
    ]


def _joined() -> pl.Expr:
    """Return the path of a file that is told as folder and name."""
    return pl.concat_str(pl.col("named.directory").str.strip_suffix("/"), "named.file", separator="/")


def _network() -> list[pl.Expr]:
    kind, away = pl.col("kind"), pl.col("kind").is_in(["connect", "dns"])
    came = kind == "accept"
    ip = address(pl.coalesce("ip", "address", "named.address"))
    domain = domain_name(pl.coalesce("domain", "named.domain"))
    protocol = pl.coalesce("proto", "protocol", "named.protocol").str.to_lowercase()
    direction = pl.when(away).then(pl.lit("outbound")).when(came).then(pl.lit("inbound"))
    # Of what came in the agent tells the peer's address and the port that it came to.
    return [
        pl.when(came).then(ip).alias("src_ip"),
        pl.when(away).then(ip).alias("dst_ip"),
        pl.when(away | came).then(port(pl.coalesce("port", "named.port"))).alias("dst_port"),
        pl.when(away | came).then(protocol.str.extract(r"^(tcp|udp)")).alias("protocol"),
        direction.alias("direction"),
        pl.when(kind == "dns").then(said(domain)).alias("domain"),
        pl.when((kind == "dns") & (pl.col("addresses").list.len() > 0)).then("addresses").alias("answers"),
    ]


def processes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the processes of all trees: those round an alert did nothing that was reported."""
    alerts = rows.with_row_index("alert_at")
    place = pl.coalesce("container_id", "host")
    nodes = branches(alerts.select("tree", alert="alert_at", place=place))
    forget()
    where = alerts.select("host", "container_id", alert="alert_at")
    known = nodes.join(where, on="alert", how="left", maintain_order="left").rename({"path": "exe"})
    fuller = known.drop_nulls("process_id").sort(
        pl.col("parent_id").is_null(), pl.col("exe").is_null(), maintain_order=True
    )
    once = fuller.unique("process_id", keep="first", maintain_order=True)
    return once.select(PROCESSES.names()).cast(PROCESSES)
