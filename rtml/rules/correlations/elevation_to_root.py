"""A process that was not root becomes root, other than through the ordinary ways."""

from __future__ import annotations

import polars as pl

from rtml.asof import asof
from rtml.captures.store import Capture
from rtml.rules.correlations.contract import Step, correlation
from rtml.rules.correlations.programs import ordinary
from rtml.rules.correlations.sequence import ORDER, completed, observed

__all__ = ["ELEVATION_TO_ROOT", "ORDINARY", "find"]

ORDINARY = (
    "sudo",
    "su",
    "doas",
    "login",
    "sshd",
    "sshd-session",
    "cron",
    "crond",
    "atd",
    "runuser",
    "gosu",
    "su-exec",
    "setpriv",
    "pkexec",
    "passwd",
    "chsh",
    "chfn",
    "newgrp",
    "gpasswd",
    "chage",
    "expiry",
    "mount",
    "umount",
    "ping",
    "ping6",
    "fusermount",
    "fusermount3",
    "unix_chkpwd",
    "polkit-agent-helper-1",
    "dbus-daemon-launch-helper",
    "newuidmap",
    "newgidmap",
    "ssh-keysign",
)
"""Setuid programs of ordinary distributions, and services whose work is to change users."""


def find(capture: Capture) -> pl.LazyFrame:
    """Execs and changes of user after which a process is root that was not root before.

    Before: the process itself as it was seen last, else its parent at that time. Root: user or
    effective user 0. Ordinary programs (`ORDINARY`) in the system's folders do not count, neither
    as what runs nor as what ran before. Fails when the sensor reports neither the effective user
    nor the change (a setuid shell that keeps its real user).
    """
    columns = ["euid", "outcome", "parent_id", "program", "uid"]
    rows = observed(capture, ["exec", "setuid"], columns).filter(pl.col("outcome") >= 0)
    root = (pl.col("uid") == 0) | (pl.col("euid") == 0).fill_null(False)
    before = _timeline(capture, rows)
    with_process = _latest(rows.filter(root), before, "process_id", "process")
    with_parent = _latest(with_process, before, "parent_id", "parent")
    former, by = pl.coalesce("process_uid", "parent_uid"), pl.coalesce("process_program", "parent_program")
    risen = with_parent.filter(
        (former > 0) & ~ordinary(pl.col("program"), ORDINARY) & ~ordinary(by, ORDINARY)
    )
    program = pl.col("program").fill_null("?")
    return completed(risen, pl.format("{} was user {}", program, former))


def _timeline(capture: Capture, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Who each process was, and when: its beginning and images, and the events themselves."""
    images = capture.processes().select(
        "process_id",
        "uid",
        time="since",
        program=pl.coalesce("exe", "/" + pl.col("comm")),
        order=pl.coalesce("image_seq", -1),
    )
    seen = rows.select("process_id", "uid", "time", "program", order="seq")
    return pl.concat([images, seen]).drop_nulls(["process_id", "uid"]).sort("time", "order")


def _latest(rows: pl.LazyFrame, before: pl.LazyFrame, key: str, name: str) -> pl.LazyFrame:
    names = {"process_id": key, "uid": f"{name}_uid", "program": f"{name}_program"}
    past = before.select("time", *names).rename(names)
    return asof(rows.sort(ORDER), past, on="time", by=key, allow_exact_matches=False)


ELEVATION_TO_ROOT = correlation("elevation_to_root", steps=(Step(("exec", "setuid"), ("uid",)),), find=find)
