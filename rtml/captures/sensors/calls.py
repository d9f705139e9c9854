"""What system calls, and the kernel's hooks behind them, are as events: one table for all sensors."""

from __future__ import annotations

import polars as pl

__all__ = ["KIND_OF", "ON_FILES", "SELF_EVIDENT", "kind_of", "request_of"]

_NAMES = {
    "exec": "execve execveat sched_process_exec",
    "fork": "clone clone3 fork vfork",
    "exit": "exit exit_group procexit sched_process_exit",
    "open": "open openat openat2 open_by_handle_at security_file_open",
    "create": "creat",
    "connect": "connect security_socket_connect",
    "accept": "accept accept4 security_socket_accept",
    "bind": "bind security_socket_bind",
    "listen": "listen security_socket_listen",
    "kill": "kill tkill tgkill",
    "ptrace": "ptrace",
    "vm_write": "process_vm_writev",
    "memfd": "memfd_create",
    "mount": "mount umount umount2 move_mount pivot_root security_sb_mount",
    "chmod": "chmod fchmod fchmodat fchmodat2",
    "unlink": "unlink unlinkat rmdir security_inode_unlink",
    "rename": "rename renameat renameat2 security_inode_rename",
    "link": "link linkat symlink symlinkat",
    "setuid": "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid",
    "capset": "capset",
    "dup": "dup dup2 dup3",
    "setns": "setns",
    "unshare": "unshare",
    "module_load": "init_module finit_module",
    "bpf": "bpf",
    "userfaultfd": "userfaultfd",
}
KIND_OF = {name: kind for kind, names in _NAMES.items() for name in names.split()}
"""Name of a call to kind; every other call is kind ``syscall``."""

SELF_EVIDENT = ("exec", "fork", "exit", "open", "connect", "accept", "bind", "listen")
"""Kinds that say which call it was; events of all others name it (`request_of`)."""

ON_FILES = tuple("exec open create write unlink rename link chmod mount memfd module_load syscall".split())
"""Kinds of calls that may name a file: what a sensor calls a file there is a path."""


def kind_of(call: pl.Expr) -> pl.Expr:
    """Return the kind of event that a call is; null for none.

    Examples
    --------
    >>> calls = pl.DataFrame({"call": ["openat", "umount2", "getpid", None]})
    >>> calls.select(kind_of(pl.col("call")))["call"].to_list()
    ['open', 'mount', 'syscall', None]
    """
    kind = call.replace_strict(KIND_OF, default="syscall", return_dtype=pl.String)
    return pl.when(call.is_not_null()).then(kind)


def request_of(call: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """Return the name of the call where its kind does not say it.

    Examples
    --------
    >>> calls = pl.DataFrame({"call": ["openat", "umount2"], "kind": ["open", "mount"]})
    >>> calls.select(request_of(pl.col("call"), pl.col("kind")))["call"].to_list()
    [None, 'umount2']
    """
    return pl.when(~kind.is_in(SELF_EVIDENT)).then(call)
