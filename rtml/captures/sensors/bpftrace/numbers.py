"""Names of the numbers that the kernel and ``sensor.bt`` write: system calls, requests, flags, signals."""

from __future__ import annotations

import signal

__all__ = ["ACCESS", "CALL_KINDS", "FLAGS", "SIGNALS", "SYSCALLS"]

SYSCALLS = {
    101: "ptrace",
    105: "setuid",
    117: "setresuid",
    126: "capset",
    155: "pivot_root",
    161: "chroot",
    166: "umount2",
    175: "init_module",
    176: "delete_module",
    246: "kexec_load",
    250: "keyctl",
    272: "unshare",
    298: "perf_event_open",
    304: "open_by_handle_at",
    308: "setns",
    310: "process_vm_readv",
    311: "process_vm_writev",
    313: "finit_module",
    321: "bpf",
    323: "userfaultfd",
    425: "io_uring_setup",
}
"""x86-64 numbers of the calls that the sensor reports at their return, denied ones included."""

CALL_KINDS = {
    "setuid": "setuid",
    "setresuid": "setuid",
    "capset": "capset",
    "init_module": "module_load",
    "finit_module": "module_load",
    "unshare": "unshare",
    "setns": "setns",
    "bpf": "bpf",
    "process_vm_writev": "vm_write",
    "userfaultfd": "userfaultfd",
}
ACCESS = {0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR", 3: "O_ACCMODE"}
FLAGS = {
    0o100: "O_CREAT",
    0o200: "O_EXCL",
    0o1000: "O_TRUNC",
    0o2000: "O_APPEND",
    0o4000: "O_NONBLOCK",
    0o200000: "O_DIRECTORY",
    0o400000: "O_NOFOLLOW",
    0o2000000: "O_CLOEXEC",
    0o10000000: "O_PATH",
}
SIGNALS = {int(s): s.name for s in signal.Signals}
