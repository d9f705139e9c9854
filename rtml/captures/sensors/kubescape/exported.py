r"""Alerts of the node-agent as it writes them to a CSV file and to syslog: the same as in labels.

A rule is told by its name alone there, what was done by a sentence, the process without its tree; CSV names
no node. Syslog's structured data names the container; the pod stands in the place of the host. The agent's
tables of malware have no time and are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from rtml.captures.sensors.beth.csv_rows import header_of, load, rows_of
from rtml.captures.sensors.heads import ISO, host_of
from rtml.captures.sensors.kubescape.labels import LABELLED
from rtml.captures.sensors.records.format import Format
from rtml.captures.sensors.records.tables import Table
from rtml.captures.sensors.records.text_blocks import text_blocks

__all__ = ["exported", "is_exported"]

_CSV = b"Rule Name,Alert Message,"
_SYSLOG = re.compile(rb' \[kubecop@\d+ (?:rule|malware_name)=\\*"')
_NAMES = {
    "R0001": "unexpected process launched",
    "R0002": "unexpected file access",
    "R0003": "unexpected system call",
    "R0004": "unexpected capability used",
    "R0005": "unexpected domain request",
    "R0006": "unexpected service account token access",
    "R0010": "unexpected sensitive file access",
    "R0011": "unexpected egress network traffic",
    "R1000": "exec from malicious source",
    "R1001": "exec binary not in base image",
    "R1002": "kernel module load",
    "R1003": "malicious ssh connection",
    "R1004": "exec from mount",
    "R1005": "fileless execution",
    "R1006": "unshare system call usage",
    "R1008": "crypto mining domain communication",
}
"""Rules that tell a kind, and what they are called; any other is told by its sentence."""
_RULES = {name: rule for rule, name in _NAMES.items()}
_COLUMNS = {
    "rule_name": "Rule Name",
    "message": "Alert Message",
    "pod_name": "Pod Name",
    "container_name": "Container Name",
    "namespace": "Namespace",
    "container_id": "Container ID",
    "pid": "PID",
    "comm": "Comm",
    "uid": "UID",
    "ppid": "PPID",
    "at": "Timestamp",
}
_PARAMETERS = "malware_name comm uid namespace pod_name container_name container_id".split()
_GO_TIME = r"^(\S+) (\S+) ([+-]\d\d)(\d\d)\b.*$"
_VALUE = r'"((?:[^"\\]|\\.)*)"'
_ALERT = rf'<\d+>1 ({ISO}|-) \S+ \S+ (\S+) \S+ (\[kubecop@(?:[^\]"]|"(?:[^"\\]|\\.)*")*\]) ?(.*)$'
_BEFORE = r"^(.*?)(?:\d+ )?<\d+>1 "
"""What the writer of Go's library wrote before an alert; the alert's own head has the pod for a host."""
_STRANGE = "not an alert of Kubescape's node-agent"


def is_exported(head: bytes) -> bool:
    """Say whether a file that begins so is the agent's table, or what it wrote to syslog."""
    return head.startswith(_CSV) or _SYSLOG.search(head) is not None


def exported(path: Path, format: Format) -> Iterator[Table]:
    """Yield the alerts of a table or of syslog, in the columns of alerts with labels."""
    if _header(path)[:2] == [*_COLUMNS.values()][:2]:
        yield _of_csv(path)
        return
    for block in text_blocks(path, format.writers):
        if block.problem is None:
            yield _of_syslog(block.first, block.raw)
        else:
            text = block.raw.decode("utf-8", "backslashreplace")
            yield _table(_empty(), [(block.first, block.problem, text)])


def _header(path: Path) -> list[str]:
    return header_of(load(path)[0].text.encode())


def _of_csv(path: Path) -> Table:
    text, problem = load(path)
    rows = rows_of(path, text, _COLUMNS.values())
    there = set(rows.table.columns)
    told = rows.table.select(
        "line",
        *(
            (pl.col(column) if column in there else pl.lit(None, pl.String)).alias(name)
            for name, column in _COLUMNS.items()
        ),
    )
    at = pl.col("at").str.replace(_GO_TIME, "${1}T${2}${3}:${4}")
    last = rows.table.height + rows.rejects.height + 2
    cut = [] if problem is None else [(last, problem, "")]
    return _table(
        told.with_columns(at=at), [*rows.rejects.select("line", "reason", "text").iter_rows(), *cut]
    )


def _of_syslog(first: int, raw: bytes) -> Table:
    lines = pl.Series("text", raw.decode("utf-8", "backslashreplace").split("\n"))
    numbered = lines.str.strip_chars(" \t\r\0").to_frame().with_row_index("line", offset=first)
    numbered = numbered.with_columns(pl.col("line").cast(pl.Int64)).filter(pl.col("text") != "")
    parts = pl.col("text").str.extract_groups(_ALERT)
    told = numbered.with_columns(
        host=host_of(pl.col("text").str.extract(_BEFORE)),
        at=parts.struct[0],
        pid=parts.struct[1],
        said=parts.struct[2],
        message=parts.struct[3],
    )
    known, bad = told.filter(pl.col("said").is_not_null()), told.filter(pl.col("said").is_null())
    named = known.with_columns(
        rule_name=_parameter("rule"), **{name: _parameter(name) for name in _PARAMETERS}
    )
    return _table(named.drop("text", "said"), [*bad.select("line", pl.lit(_STRANGE), "text").iter_rows()])


def _parameter(name: str) -> pl.Expr:
    value = pl.col("said").str.extract(rf" {name}={_VALUE}")
    return value.str.replace_all(r'\\(["\\\]])', "${1}")


def _table(told: pl.DataFrame, refused: list[tuple[int, str, str]]) -> Table:
    """Return alerts in the columns of those with labels (`rtml.captures.sensors.kubescape.labels`)."""
    nothing = pl.lit(None, pl.String)
    rows = told.with_columns(nothing.alias(name) for name in _wanted() if name not in told.columns)
    name = pl.col("rule_name")
    known = name.str.to_lowercase().replace_strict(_RULES, default=None, return_dtype=pl.String)
    is_file = pl.col("malware_name").is_not_null()
    labelled = rows.with_columns(
        rule=pl.when(is_file).then(pl.lit("KubescapeMalwareDetected")).otherwise(pl.lit(_OURS)),
        base=pl.struct("message").struct.json_encode(),
        rule_id=pl.coalesce(known, "rule_name", pl.lit("")),
    ).select(
        "line",
        "rule",
        "base",
        pl.lit(1).alias("generation"),
        *(pl.col(label.removeprefix("label.")).alias(label) for label in LABELLED if "." in label),
        *(nothing.alias(column) for column in ("k8s", "process", "event")),
    )
    bad = pl.DataFrame(refused, schema=_REFUSED, orient="row").with_columns(pl.col("text").str.slice(0, 200))
    shown = rows.select("line", text=pl.concat_str(pl.exclude("line"), separator=" ", ignore_nulls=True))
    return Table(labelled.join(shown, on="line", how="left", maintain_order="left"), bad)


_OURS = "KubescapeRuleViolated"
_REFUSED = pl.Schema({"line": pl.Int64(), "reason": pl.String(), "text": pl.String()})


def _wanted() -> list[str]:
    labels = [label.removeprefix("label.") for label in LABELLED if "." in label]
    return [*dict.fromkeys([*labels, "message", "malware_name"])]


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={"line": pl.Int64()})
