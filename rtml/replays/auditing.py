"""A second sensor beside bpftrace: the kernel's audit log by auditd, and laurel on it, of the same sitting.

Audit is one for the whole machine, and knows neither namespaces nor control groups. So the processes of a
sitting get a login uid of their own, which everything that they start inherits, and rules that ask for it: of
other programs nothing is written. It must run outside the sitting's namespaces, and where nobody else audits.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rtml.errors import RtmlError
from rtml.replays.audit_settings import write_settings
from rtml.replays.sensor import end

__all__ = ["CALLS", "PROGRAMS", "Audit", "auditing", "forget_rules", "rules", "status_of"]

PROGRAMS = {"auditd": "auditd", "auditctl": "auditd", "laurel": "laurel"}
"""Programs that it needs, and the Debian packages that have them."""

CALLS = (
    "execve execveat connect accept accept4 bind listen unlink unlinkat rename renameat2 chmod fchmodat"
    " ptrace memfd_create mount kill"
).split()
"""System calls that are asked for, whatever they are about."""

_KEY = "rtml-lab"
_FIRST_LOGIN = 4_240_000
_PATIENCE = 20.0
_OPENED = ("open", "openat")


def rules(login: int) -> list[list[str]]:
    """Return the words of each rule: calls, and openings for writing (of reading there would be too many).

    Examples
    --------
    >>> " ".join(rules(7)[1])
    'always,exit -F arch=b64 -F auid=7 -S open -F a1&3 -k rtml-lab'
    """
    head = ["always,exit", "-F", "arch=b64", "-F", f"auid={login}"]
    calls = [*head, "-S", ",".join(CALLS), "-k", _KEY]
    flags = {"open": "a1", "openat": "a2"}
    return [calls, *([*head, "-S", call, "-F", f"{flags[call]}&3", "-k", _KEY] for call in _OPENED)]


def status_of(text: str) -> dict[str, int]:
    r"""Read what ``auditctl -s`` says; lines that are no number are left out.

    Examples
    --------
    >>> status_of("enabled 0\npid 0\nlost 12\nloginuid_immutable 0 unlocked\n")
    {'enabled': 0, 'pid': 0, 'lost': 12}
    """
    pairs = [line.split() for line in text.splitlines()]
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}


@dataclass
class Audit:
    """One auditd with a laurel below it: `words` begins the sitting, `stop` ends it."""

    folder: Path
    login: int
    before: dict[str, int]
    process: subprocess.Popen[bytes]
    lost: int = 0
    logs: dict[str, Path] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Words before a command that give it, and all that comes of it, the login uid."""
        return ["sh", "-c", f'echo {self.login} > /proc/self/loginuid; exec "$@"', "sitting"]

    def stop(self) -> None:
        """Take the rules back, let auditd write out what it holds, leave audit as it was."""
        self.lost = status_of(_ctl("-s")).get("lost", 0) - self.before.get("lost", 0)
        forget_rules(self.before)
        end(self.process, signal.SIGTERM, _PATIENCE)
        found = {"auditd": self.folder / "audit.log", "laurel": self.folder / "laurel.jsonl"}
        self.logs = {name: path for name, path in found.items() if path.exists()}


@contextlib.contextmanager
def auditing(folder: Path, wanted: bool) -> Iterator[Audit | None]:
    """Audit while the block runs; null where it is not wanted.

    Raises
    ------
    RtmlError
        A program is missing, the kernel has no audit, or somebody audits already.
    """
    if not wanted:
        yield None
        return
    audit = _begin(folder)
    try:
        yield audit
    finally:
        audit.stop()


def forget_rules(before: dict[str, int] | None = None) -> None:
    """Take back rules of the lab that are there; switch audit off where it was off, or nobody listens."""
    if shutil.which("auditctl", path=_path()) is None or not _ctl("-l", "-k", _KEY).startswith("-a"):
        return
    status = before or status_of(_ctl("-s"))
    _ctl("-D", "-k", _KEY)
    if not (status.get("pid") or (before or {}).get("enabled")):
        _ctl("-e", "0")


def _begin(folder: Path) -> Audit:
    missing = sorted(
        {package for name, package in PROGRAMS.items() if shutil.which(name, path=_path()) is None}
    )
    if missing:
        raise RtmlError(
            f"recording by audit needs {', '.join(missing)}: apt-get install -y {' '.join(missing)}"
        )
    before = status_of(_ctl("-s"))
    if "pid" not in before:
        raise RtmlError(
            "recording by audit needs a kernel with CONFIG_AUDITSYSCALL: `auditctl -s` says nothing"
        )
    if before["pid"]:
        raise RtmlError(
            f"somebody audits already (pid {before['pid']}): stop that, or record without `audit`"
        )
    folder.mkdir()
    write_settings(folder, shutil.which("laurel", path=_path()) or "laurel")
    words = ["setpriv", "--pdeathsig", "KILL", "auditd", "-c", str(folder), "-n"]
    with (folder / "words").open("wb") as stream:
        process = subprocess.Popen(
            words, env=_environment(), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
    audit = Audit(folder, _FIRST_LOGIN + os.getpid() % 10_000, before, process)
    deadline = time.monotonic() + _PATIENCE
    while not status_of(_ctl("-s")).get("pid"):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            said = (folder / "words").read_text(errors="replace")[-200:]
            raise RtmlError(f"auditd did not start: {said or 'no message'}")
        time.sleep(0.1)
    _ctl("-b", "65536")
    for rule in rules(audit.login):
        _ctl("-a", *rule)
    _ctl("-e", "1")
    return audit


def _ctl(*words: str) -> str:
    done = subprocess.run(
        ["auditctl", *words],
        env=_environment(),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": _path()}
