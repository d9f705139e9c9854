"""Which call a hook of Tetragon is: system calls, functions of the kernel, hooks of security modules."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import KIND_OF

__all__ = ["call_of", "kind_of_hook"]

_ENTRY = r"^(?:__(?:x64|ia32|arm64|se|do|s390x)_(?:compat_)?sys_|sys_(?:enter_|exit_)?)"
_FUNCTIONS = {
    "write": "write pwrite64 writev pwritev security_path_truncate path_truncate vfs_write ksys_write",
    "open": "fd_install do_sys_open do_sys_openat2 do_filp_open file_open",
    "connect": "tcp_connect tcp_v4_connect tcp_v6_connect socket_connect inet_stream_connect",
    "accept": "inet_csk_accept socket_accept",
    "bind": "socket_bind inet_bind",
    "listen": "inet_csk_listen_start socket_listen inet_listen",
    "mmap_exec": "security_mmap_file mmap_file",
    "module_load": "do_init_module security_kernel_module_request kernel_module_request load_module",
    "unlink": "inode_unlink path_unlink security_path_unlink",
    "rename": "inode_rename path_rename security_path_rename",
    "chmod": "path_chmod security_path_chmod",
    "mount": "sb_mount path_mount",
    "bpf": "bpf_check security_bpf_prog security_bpf",
    "capset": "security_capset",
    "ptrace": "security_ptrace_access_check ptrace_access_check",
    "kill": "security_task_kill task_kill",
}
_KINDS = {**KIND_OF, **{name: kind for kind, names in _FUNCTIONS.items() for name in names.split()}}


def call_of(function: pl.Expr) -> pl.Expr:
    """Return the name of a call without what the kernel puts before it.

    Examples
    --------
    >>> names = ["__x64_sys_openat", "sys_enter_execve", "tcp_connect", "sys_write"]
    >>> pl.DataFrame({"f": names}).select(call_of(pl.col("f")))["f"].to_list()
    ['openat', 'execve', 'tcp_connect', 'write']
    """
    return function.str.replace(_ENTRY, "")


def kind_of_hook(call: pl.Expr) -> pl.Expr:
    """Return the kind of a call; a probe of exec is ``syscall``: the exec itself is an event of its own.

    Examples
    --------
    >>> calls = ["openat", "tcp_connect", "execve", "getpid", None]
    >>> pl.DataFrame({"c": calls}).select(kind_of_hook(pl.col("c")))["c"].to_list()
    ['open', 'connect', 'syscall', 'syscall', 'syscall']
    """
    kinds = {name: "syscall" if kind in ("exec", "exit", "fork") else kind for name, kind in _KINDS.items()}
    return call.replace_strict(kinds, default="syscall", return_dtype=pl.String)
