"""Which call a log of KubeArmor is about: system calls, probes, hooks of security modules."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import KIND_OF
from rtml.captures.sensors.kubearmor.fields import asked

__all__ = ["call_in_resource", "call_of", "kind_of_log"]

_HOOKS = {
    "exec": "bprm_check",
    "open": "file_open file_permission",
    "create": "path_mknod",
    "unlink": "path_unlink path_rmdir inode_unlink",
    "link": "path_link path_symlink",
    "rename": "path_rename",
    "chmod": "path_chmod",
    "connect": "socket_connect tcp_connect",
    "accept": "socket_accept tcp_accept",
    "bind": "socket_bind",
    "listen": "socket_listen",
    "dns": "udp_sendmsg",
}
_KINDS = {**KIND_OF, **{name: kind for kind, names in _HOOKS.items() for name in names.split()}}
_BY_OPERATION = {"Process": "exec", "File": "open"}


def call_of(data: pl.Expr) -> pl.Expr:
    """Return the name of the call, the probe or the hook.

    Examples
    --------
    >>> data = ["syscall=SYS_OPENAT fd=-100", "lsm=SECURITY_BPRM_CHECK", "kprobe=tcp_connect domain=AF_INET"]
    >>> pl.DataFrame({"d": data}).select(call_of(pl.col("d")))["d"].to_list()
    ['openat', 'bprm_check', 'tcp_connect']
    """
    named = pl.coalesce(asked(data, name) for name in ("syscall", "lsm", "kprobe", "kfunc"))
    return named.str.to_lowercase().str.replace(r"^(?:sys|security)_", "")


def call_in_resource(resource: pl.Expr, operation: pl.Expr) -> pl.Expr:
    """Return the call that logs of 2021 name where newer ones name what it was about.

    Examples
    --------
    >>> rows = pl.DataFrame({"r": ["SYS_CLOSE", "syscall=SYS_BIND sin_port=80", "/etc/a"], "o": "Network"})
    >>> rows.select(call_in_resource(pl.col("r"), pl.col("o")))["r"].to_list()
    ['close', 'bind', None]
    """
    named = resource.str.extract(r"^(?:syscall=)?SYS_([A-Z0-9_]+)(?: |$)").str.to_lowercase()
    return pl.when(operation != "Process").then(named)


def kind_of_log(call: pl.Expr, operation: pl.Expr, domain: pl.Expr) -> pl.Expr:
    """Return the kind of a log; where no call is told, of what its operation is.

    Examples
    --------
    >>> rows = pl.DataFrame({"c": ["openat", None, "socket_sendmsg"], "o": ["File", "Process", "Network"]})
    >>> domain = pl.when(pl.col("c") == "socket_sendmsg").then(pl.lit("a.example"))
    >>> rows.select(k=kind_of_log(pl.col("c"), pl.col("o"), domain))["k"].to_list()
    ['open', 'exec', 'dns']
    """
    told = call.replace_strict(_KINDS, default="syscall", return_dtype=pl.String)
    asks = (call == "socket_sendmsg") & domain.is_not_null()
    return (
        pl.when(asks)
        .then(pl.lit("dns"))
        .when(call.is_not_null())
        .then(told)
        .otherwise(operation.replace_strict(_BY_OPERATION, default="syscall", return_dtype=pl.String))
    )
