"""Fields of Tetragon's events that are mapped. One key names an event's type; `typed` makes two of it."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records.fields import Fields

__all__ = ["GENERATIONS", "TYPES", "typed"]

TYPES = (
    "process_exec process_exit process_kprobe process_tracepoint process_loader process_uprobe process_usdt"
    " process_lsm process_throttle process_connect process_accept process_listen process_close process_dns"
    " rate_limit_info test"
).split()
"""Keys of events: those of the open-source API, and of records that others export."""

_KEY = rf'"({"|".join(TYPES)})"\s*:'


def typed(text: pl.Expr) -> pl.Expr:
    """Say an event's type in a key of its own: an event is then of one shape, whatever its type.

    Examples
    --------
    >>> lines = pl.DataFrame({"text": ['{"process_exec": {"process": {}}}']})
    >>> lines.select(typed(pl.col("text")))["text"].to_list()
    ['{"@type":"process_exec","@event": {"process": {}}}']
    """
    return text.str.replace(_KEY, '"@type":"${1}","@event":')


def _text(*names: str) -> pl.Struct:
    return pl.Struct(dict.fromkeys(names, pl.String()))


_ENDS = ("family", "protocol", "saddr", "daddr", "sport", "dport")
_PATH = _text("path", "flags", "permission")
_ARGUMENT = pl.Struct(
    {
        **dict.fromkeys(("string_arg", "int_arg", "long_arg", "uint_arg", "size_arg", "label"), pl.String()),
        "path_arg": _PATH,
        "file_arg": _PATH,
        "linux_binprm_arg": _PATH,
        "sock_arg": _text(*_ENDS),
        "skb_arg": _text(*_ENDS),
        "sockaddr_arg": _text("family", "addr", "port"),
        "module_arg": _text("name"),
    }
)
_RETURN = _text("int_arg", "long_arg", "size_arg")
_ANCESTOR = _text("exec_id", "pid", "uid", "binary", "arguments", "start_time", "parent_exec_id", "docker")
_PROCESS = "exec_id pid tid uid cwd binary arguments flags start_time docker parent_exec_id".split()
_PLACE = {
    "namespace": "pod/namespace",
    "pod": "pod/name",
    "pod_workload": "pod/workload",
    "container": "pod/container/id",
    "container_name": "pod/container/name",
    "image": "pod/container/image/name",
    "image_id": "pod/container/image/id",
    "container_start": "pod/container/start_time",
}
_OWN = """
function_name status signal subsys event symbol ima_hash policy_name cgroup type
source_ip source_port destination_ip destination_port ip port protocol
number_of_dropped_process_events
""".split()


def _fields(event: str, kind: str) -> Fields:
    """Return where everything is, if events stand under ``event`` and their type under ``kind``."""
    return {
        "node_name": "node_name",
        "time": "time",
        "aggregated": "aggregation_info/count",
        "@type": kind,
        **{f"process.{name}": f"{event}/process/{name}" for name in _PROCESS},
        **{f"process.{name}": f"{event}/process/{path}" for name, path in _PLACE.items()},
        **{f"parent.{name}": f"{event}/parent/{name}" for name in _PROCESS if name not in ("tid", "cwd")},
        "parent.container": f"{event}/parent/pod/container/id",
        "ancestors": (f"{event}/ancestors", pl.List(_ANCESTOR)),
        "args": (f"{event}/args", pl.List(_ARGUMENT)),
        "data": (f"{event}/data", pl.List(_ARGUMENT)),
        **{f"return.{name}": f"{event}/return/{name}" for name in ("int_arg", "long_arg", "size_arg")},
        **{name: f"{event}/{name}" for name in _OWN},
        "object": f"{event}/path",
        "bytes_sent": f"{event}/stats/bytes_sent",
        "bytes_received": f"{event}/stats/bytes_received",
        "dns_query": f"{event}/dns/query",
        "dns_names": (f"{event}/dns/names", pl.List(pl.String())),
        "dns_ips": (f"{event}/dns/ips", pl.List(pl.String())),
        "dns_response": f"{event}/dns/response",
    }


GENERATIONS = (
    _fields("@event", "@type"),
    _fields("payload/@event", "payload/@type"),
    _fields("payload", "type"),
)
"""As Tetragon exports; as collectors wrap it: the export's object, or the event alone, as ``payload``."""
