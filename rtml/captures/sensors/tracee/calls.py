"""Which kind of event a probe of Tracee is: system calls, hooks, packets, derived events."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import KIND_OF

__all__ = ["KINDS_OF_TRACEE", "kind_of_probe", "returns"]

_MORE = {
    "fork": "sched_process_fork",
    "write": "write pwrite64 writev pwritev vfs_write vfs_writev __kernel_write magic_write file_modification"
    " security_path_truncate",
    "create": "security_inode_mknod",
    "link": "security_inode_symlink security_inode_link security_path_link",
    "chmod": "chmod_common security_path_chmod",
    "mmap_exec": "security_mmap_file shared_object_loaded",
    "module_load": "do_init_module module_load",
    "bpf": "security_bpf",
    "connect": "net_tcp_connect",
    "setns": "switch_task_ns",
    "dns": "net_packet_dns net_packet_dns_request net_packet_dns_response",
}
KINDS_OF_TRACEE = {**KIND_OF, **{name: kind for kind, names in _MORE.items() for name in names.split()}}
"""Name of an event to kind; every other event is kind ``syscall``."""

_NO_CALL = r"^(?:security_|net_|sched_|cgroup_|container_|existing_|switch_task|do_init_module|cap_capable)"


def kind_of_probe(call: pl.Expr) -> pl.Expr:
    """Return the kind of an event by its name.

    Examples
    --------
    >>> calls = ["openat", "sched_process_exec", "net_packet_dns", "net_packet_tcp", "New rule"]
    >>> pl.DataFrame({"c": calls}).select(kind_of_probe(pl.col("c")))["c"].to_list()
    ['open', 'exec', 'dns', 'syscall', 'syscall']
    """
    return call.replace_strict(KINDS_OF_TRACEE, default="syscall", return_dtype=pl.String)


def returns(call: pl.Expr) -> pl.Expr:
    """Say whether an event has the result of a call; those at hooks and of packets have none of their own.

    Examples
    --------
    >>> calls = ["openat", "vfs_write", "security_file_open", "net_packet_tcp"]
    >>> pl.DataFrame({"c": calls}).select(returns(pl.col("c")))["c"].to_list()
    [True, True, False, False]
    """
    return ~call.str.contains(_NO_CALL)
