"""What a line of sysdig says happened: Falco's fields, without an alert around them."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.falco.events import events_of as falco_events_of
from rtml.captures.sensors.falco.fields import FIELDS as FALCO_FIELDS
from rtml.captures.sensors.records.format import BESIDE
from rtml.captures.sensors.records.values import with_said
from rtml.captures.sensors.sysdig.enters import with_enters
from rtml.captures.sensors.sysdig.info import returned, with_descriptor

__all__ = ["FIELDS", "events_of"]

_OF_ALERTS = ("rule", "priority", "source", "time", "hostname", "evt.time")

FIELDS = {
    **{name: name for name in FALCO_FIELDS},
    **{name: f"alert/{name}" for name in _OF_ALERTS},
    "hostname": "evt.hostname",
    "rawtime": "evt.rawtime",
    "outputtime": "evt.outputtime",
    "evt.time": "evt.time",
    "info": "evt.info",
}
"""Column, as Falco's events have it, to where sysdig writes it: on the top."""

_NO_CALLS = """
switch container drop page_fault signaldeliver procinfo cpu_hotplug notification infra tracer scapevent
sysdigevent
mesos k8s asyncevent pluginevent useradded userdeleted groupadded groupdeleted
""".split()


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe lines; what the kernel or sysdig tell that nobody called is beside."""
    clean = with_said(rows)
    told = falco_events_of(with_enters(with_descriptor(clean.with_columns(**_as_falco()))))
    by_type = pl.format("{}, no call of a process", pl.col("evt.type").str.slice(0, 20))
    lost = pl.when(pl.col("evt.type") == "drop").then(pl.lit("a drop that says no number"))
    nobody = pl.when(pl.col("evt.type").is_in(_NO_CALLS)).then(pl.coalesce(lost, by_type))
    return told.with_columns(pl.coalesce(nobody, BESIDE).alias(BESIDE))


def _as_falco() -> dict[str, pl.Expr]:
    """Return columns that sysdig's own format leaves out, as its other fields tell them."""
    arguments = pl.coalesce("evt.args", "info")
    transport = arguments.str.extract(r"\(<[46]([tu])>")
    names = {"t": "tcp", "u": "udp"}
    return {
        "evt.time": pl.coalesce("rawtime", "outputtime", "evt.time"),
        "evt.args": arguments,
        "evt.rawres": pl.coalesce("evt.rawres", returned(arguments)),
        "evt.arg.flags": pl.coalesce("evt.arg.flags", arguments.str.extract(r"(?:^| )flags=(\d+\([^)]*\))")),
        "proc.vpid": pl.coalesce("proc.vpid", arguments.str.extract(r"(?:^| )vpid=(\d+)")),
        "proc.pid": pl.coalesce("proc.pid", "thread.tid"),
        "proc.exepath": pl.coalesce("proc.exepath", "proc.exe", "proc.name"),
        "fd.l4proto": pl.coalesce(
            "fd.l4proto", transport.replace_strict(names, default=None, return_dtype=pl.String)
        ),
    }
