"""BETH (CSV): Tracee's view of honeypot hosts, system calls in one layout, DNS in another.

Process rows carry seconds since boot and no wall clock: they are put on the Unix epoch, so that
order and distances are true and the date is not (1970). DNS rows carry real dates; the two layouts
do not share a clock. The unit that BETH watched, and labelled, is the whole honeypot host: so the
host takes the container's place (``container_id`` = ``container_name`` = host name), else every
feature would leave these events out. Its mount namespaces tell services of systemd apart, not
containers. A process is known by pid and parent's pid only. The labels ``sus`` and ``evil`` stay
outside the capture; they join by host and ``seq``, the row's number in the file from 0.

Exits and clones of mere threads are kind ``syscall`` where the file tells them apart (the layout
without ``threadId`` cannot tell an exit).

Fails when the processes of several boots of one host stand in one file: their clocks overlap.

References
----------
Highnam et al.: BETH dataset (2021), https://www.kaggle.com/datasets/katehighnam/beth-dataset
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.captures.sensors.beth.arguments import faults
from rtml.captures.sensors.beth.csv_rows import header_of, integer, load, reject, rows_of
from rtml.captures.sensors.beth.dns import DNS, dns_events
from rtml.captures.sensors.beth.kinds import described
from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.clock import is_plausible
from rtml.captures.sensors.contract import Reading, Sensor, Written
from rtml.captures.sensors.recognise import wrong_format
from rtml.errors import RtmlError
from rtml.schema import KINDS, POLARS, REJECTS

__all__ = ["SENSOR", "read"]

_PROCESS = (
    "timestamp",
    "processId",
    "parentProcessId",
    "userId",
    "processName",
    "hostName",
    "eventName",
    "returnValue",
    "args",
)


def read(path: Path) -> Reading:
    """Read one BETH file, of processes or of DNS.

    Parameters
    ----------
    path
        The CSV file; both layouts of process rows are known (with and without thread, mount
        namespace and stack).

    Returns
    -------
    Events in the order of the file; a header alone gives none. Rows with a wrong number of fields,
    an impossible time or pid, or arguments that are no list of arguments are rejects.

    Raises
    ------
    RtmlError
        No such file, an empty one, or one of another format.
    """
    text, problem = load(path)
    raw = text.text[: 1 << 16].encode()
    wanted = _layout(path, raw, header_of(raw))
    rows = rows_of(path, text, (*wanted, "threadId"))
    events, refused = (dns_events if wanted == DNS else _events)(path, rows.table)
    rejects = pl.concat([rows.rejects, refused]).sort("line")
    if problem is not None:
        end = [(str(path), rows.table.height + rows.rejects.height + 2, problem, "")]
        rejects = pl.concat([rejects, pl.DataFrame(end, schema=REJECTS, orient="row")])
    bytes_shown = pl.col(pl.String).str.replace_all(text.mark, "\\x", literal=True)  # those in `args`
    events, rejects = events.with_columns(bytes_shown), rejects.with_columns(bytes_shown)
    return Reading(events=events, rejects=rejects, records=events.height + rejects.height)


def _layout(path: Path, raw: bytes, header: list[str]) -> tuple[str, ...]:
    """Tell the two layouts apart, and files of other formats from both."""
    wanted = DNS if "DnsQuery" in header else _PROCESS
    missing = [name for name in wanted if name not in header]
    if not missing and len(set(header)) == len(header):
        return wanted
    if len(missing) > len(wanted) // 2 or raw.startswith((b"{", b"[")):
        raise wrong_format(path, "a BETH file (CSV)", raw[: 1 << 16])
    problem = f"lacks columns {', '.join(missing)}" if missing else "names a column twice"
    raise RtmlError(f"{path}: the header {problem}; a BETH file needs {', '.join(wanted)}")


def _events(path: Path, table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    if "threadId" not in table.columns:
        table = table.with_columns(threadId=pl.lit(None, pl.String))
    rows = table.with_columns(
        ns=_nanoseconds(pl.col("timestamp").cast(pl.Float64, strict=False)),
        pid=integer("processId").cast(pl.Int32, strict=False),
        fault=faults(table["args"]),
    )
    problem = (
        pl.when(~is_plausible(pl.col("ns")))
        .then(pl.format("time {} is not seconds since boot", _shown("timestamp")))
        .when(pl.col("pid").is_null() | (pl.col("pid") < 0))
        .then(pl.format("processId {} is impossible", _shown("processId")))
        .when("fault")
        .then(pl.lit("args is no list of arguments"))
    )
    judged = rows.with_columns(problem=problem)
    bad = judged.filter(pl.col("problem").is_not_null())
    refused = reject(path, bad.select(*table.columns, "problem"), pl.col("problem"))
    return _named(judged.filter(pl.col("problem").is_null())), refused


def _nanoseconds(seconds: pl.Expr) -> pl.Expr:
    """Round to the microseconds that the sensor gave; what 64 bits cannot hold is null."""
    near = pl.when(seconds.abs() < 9e9).then(seconds)
    return (near * 1e6).round().cast(pl.Int64, strict=False) * 1000


def _shown(column: str) -> pl.Expr:
    return pl.col(column).fill_null("(empty)").str.slice(0, 60)


def _named(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the rows the columns of the event table."""
    ids = {name: integer(name) for name in ("processId", "threadId", "returnValue")}
    host = pl.col("hostName").fill_null("unknown")
    events = described(rows.with_columns(**ids)).with_columns(
        time=pl.col("ns").cast(pl.Datetime("ns", "UTC")),
        seq=pl.col("line") - 2,
        sensor=pl.lit("beth"),
        host=host,
        container_id=host,
        container_name=host,
        ppid=integer("parentProcessId").cast(pl.Int32, strict=False),
        uid=integer("userId").cast(pl.Int32, strict=False),
        comm="processName",
    )
    return events.select(name for name in POLARS if name in events.columns)


def _signature(head: bytes) -> bool:
    return head.lstrip().lower().startswith((b"timestamp,processid", b"timestamp,sourceip"))


SENSOR = Sensor(
    name="beth",
    read=read,
    blind=frozenset(KINDS) - set(KIND_OF.values()) - {"syscall", "dns"},
    signature=_signature,
    written=Written("cells", head=1, nothing=("",)),
)
"""BETH files. What a sitting of Tracee was told to trace cannot be read from them."""
