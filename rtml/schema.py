"""The tables: events, labels, findings. The one place that names their columns and types.

`EVENTS` is one wide, sparse Arrow table. Absent is null, never ``""`` or 0. Times are UTC
nanoseconds. Names that repeat (exe, image, container, address) are dictionary-encoded, in Polars
they arrive as ``Categorical``: cast to ``String`` before string functions, best after ``unique()``.
"""

from __future__ import annotations

from typing import TypeVar

import polars as pl
import pyarrow as pa

from rtml.conforming import conformed, nothing

__all__ = [
    "COMBINED",
    "EVENT",
    "EVENTS",
    "FINDINGS",
    "IDENTITY",
    "KINDS",
    "BUDGETS",
    "INFRASTRUCTURE",
    "SETTINGS",
    "LABELS",
    "POLARS",
    "REJECTS",
    "SCORES",
    "TREE_SCORES",
    "WORLD_WRITABLE",
    "conform",
    "empty",
    "feature_columns",
]

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

KINDS = (
    "exec",
    "fork",
    "exit",
    "open",
    "create",
    "write",
    "rename",
    "link",
    "unlink",
    "chmod",
    "mount",
    "connect",
    "accept",
    "bind",
    "listen",
    "dns",
    "ptrace",
    "vm_write",
    "memfd",
    "mmap_exec",
    "setuid",
    "capset",
    "module_load",
    "bpf",
    "userfaultfd",
    "unshare",
    "setns",
    "kill",
    "dup",
    "syscall",
    "audit",
)
"""Every ``kind`` an event can have. What a sensor sees beyond these is kind ``syscall``."""

WORLD_WRITABLE = ("/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/", "/run/lock/", "/var/lock/")
"""Folders that every user of an ordinary image can write to; programs seldom start there."""

_NAME = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ns", "UTC")
_TEXT = pa.string()

_GROUPS: dict[pa.DataType, str] = {
    _NAME: (
        "kind sensor account cluster host container_id container_name image image_digest namespace"
        " pod workload service_account exe comm tty protocol direction src_ip dst_ip query_type"
    ),
    _TIME: "time started exe_written",
    _TEXT: "cmdline cwd path path_to flags socket_path domain request exe_sha256",
    pa.int64(): "seq process_id parent_id target_id bytes_in bytes_out count",
    pa.int32(): "result pid ppid uid euid mode src_port dst_port target_pid",
    pa.bool_(): "wrote exe_memory",
    pa.list_(pa.string()): "answers",
}
_TYPES = {name: kind for kind, names in _GROUPS.items() for name in names.split()}
_ORDER = (
    "time seq kind result sensor"
    " account cluster host container_id container_name image image_digest namespace pod workload"
    " service_account"
    " pid ppid process_id parent_id started exe comm cmdline cwd uid euid tty"
    " path path_to flags mode wrote"
    " protocol direction src_ip src_port dst_ip dst_port socket_path bytes_in bytes_out"
    " domain query_type answers"
    " target_pid target_id request"
    " exe_sha256 exe_written exe_memory"
    " count"
).split()

EVENTS = pa.schema([(name, _TYPES[name]) for name in _ORDER])
"""The event table, in column order (see ``docs/how-it-works.md`` for the meaning of each)."""


def _polars_type(kind: pa.DataType) -> pl.DataType | type[pl.DataType]:
    if kind == _NAME:
        return pl.Categorical()
    if kind == _TIME:
        return pl.Datetime("ns", "UTC")
    plain: dict[pa.DataType, type[pl.DataType]] = {
        pa.string(): pl.String,
        pa.int64(): pl.Int64,
        pa.int32(): pl.Int32,
        pa.bool_(): pl.Boolean,
    }
    return plain.get(kind, pl.List(pl.String))


POLARS = pl.Schema({field.name: _polars_type(field.type) for field in EVENTS})
"""`EVENTS` as Polars types."""

IDENTITY = (
    "account",
    "cluster",
    "host",
    "container_id",
    "container_name",
    "image",
    "image_digest",
    "namespace",
    "pod",
    "workload",
    "service_account",
)
"""The columns that say where something happened; windows and findings carry them too."""

REJECTS = pl.Schema({"file": pl.String(), "line": pl.Int64(), "reason": pl.String(), "text": pl.String()})
"""Input that could not be read: where, why, and its first 200 characters."""

_UTC = pl.Datetime("ns", "UTC")

INFRASTRUCTURE = "infrastructure"
"""Role of containers that belong to the platform: their windows are not judged."""

LABELS = pl.Schema(
    {
        "attack_id": pl.String(),
        "technique": pl.String(),
        "name": pl.String(),
        "host": pl.String(),
        "container_id": pl.String(),
        "start": _UTC,
        "end": _UTC,
        "process_id": pl.Int64(),
        "provenance": pl.String(),
        "grade": pl.Int64(),
        "entry": pl.String(),
    }
)
"""One row per attack. ``process_id`` is the root process of the attack, null when unknown; ``grade`` how hard
it is to tell from work (1 loud to 5 spread) and ``entry`` its way in (exec, rce, service, rollout), null
where nobody says."""

_WHOLE = dict.fromkeys(("seq", "result", "pid", "dst_port"), pl.Int64())
_SHOWN = (
    "host seq kind result pid user exe exe_sha256 cmdline cwd path path_to dst_ip dst_port protocol domain"
    " request output"
).split()
EVENT = {"time": _UTC, **{name: _WHOLE.get(name, pl.String()) for name in _SHOWN}}
"""What a finding shows of an event; ``output`` is what another engine wrote of it."""

FINDINGS = pl.Schema(
    {
        "finding_id": pl.String(),
        "source": pl.String(),
        "detector": pl.String(),
        "type": pl.String(),
        "severity": pl.Float64(),
        "score": pl.Float64(),
        "p_value": pl.Float64(),
        "first_seen": _UTC,
        "last_seen": _UTC,
        "count": pl.Int64(),
        **dict.fromkeys(IDENTITY, pl.String()),
        "process_id": pl.Int64(),
        "title": pl.String(),
        "techniques": pl.List(pl.String),
        "contributions": pl.List(
            pl.Struct(
                {"feature": pl.String(), "value": pl.Float64(), "usual": pl.Float64(), "share": pl.Float64()}
            )
        ),
        "evidence": pl.List(pl.Struct({"host": pl.String(), "seq": pl.Int64()})),
        "actor": pl.String(),
        "containers": pl.List(pl.String),
        "compared": pl.String(),
        "counterfactual": pl.String(),
        "maturity": pl.String(),
        "budget": pl.Float64(),
        **{name: EVENT[name] for name in ("pid", "user", "exe", "exe_sha256", "cmdline", "output")},
        "parents": pl.List(pl.Struct({name: EVENT[name] for name in ("pid", "exe", "cmdline")})),
        "destinations": pl.List(pl.String),
        "files": pl.List(pl.String),
        "events": pl.List(pl.Struct(EVENT)),
        "sample": pl.Boolean(),
        "again": pl.List(
            pl.Struct({"container_id": pl.String(), "process_id": pl.Int64(), "first_seen": _UTC})
        ),
    }
)
"""Findings of rules and of models, in one shape. ``process_id`` is the lineage root.

``actor`` is who called the Kubernetes API, null for what happened in a container. ``containers`` are those of
a finding about a workload, whose ``container_id`` is null. ``compared`` says how a model's finding compares
with its peers ("usually 3 destinations, now 57"), ``counterfactual`` what it need not have done to be usual
("usual if it had not read /etc/shadow"), ``maturity`` how little was known of its peer group ("this group
was seen for 12 container-minutes: 8 % (5 % – 13 %) of its next paths are expected to be new"); null where
there is nothing to say. ``again``: trees of its peers in other containers that showed the same within the
hour, and nothing else that is as strange; they have no finding of their own.

``budget``: false findings per container-day that the alarm was set to. The rest lets a finding stand alone
(`rtml.findings.context`), of the process of its weightiest event: who it was, its ``parents``, the nearest
first, what it reached, and the content of the first ``events``. ``sample``: invented, to try a connection."""


SCORES = pl.Schema(
    {
        "detector": pl.String(),
        "container_id": pl.String(),
        "window": _UTC,
        "workload": pl.String(),
        "complete": pl.Boolean(),
        "score": pl.Float64(),
        "p_value": pl.Float64(),
        "margin": pl.Float64(),
        "alarm": pl.Boolean(),
    }
)
"""One row per detector, container and window, that of its strangest tree; ``score`` null: no opinion (never
a silent 0).

``margin`` is what windows are ranked by. Rules have no p-value, and their margin is their score."""


COMBINED = "combined"
"""What the combination of several detectors is called among them; no detector may have that name."""


BUDGETS = (0.5, 1.0, 3.0, 10.0, 30.0)
"""False findings per container-day at which sides are compared."""

SETTINGS = tuple(sorted({*BUDGETS, *(budget / 2 for budget in BUDGETS)}))
"""Budgets that sides are set to: these, and the half of each that one of two sides may spend."""

TREE_SCORES = pl.Schema({**SCORES, "process_id": pl.Int64(), "budget": pl.Float64()})
"""One row per detector, window and process tree; ``process_id`` is its lineage root, null where none is
known. ``budget``: the least false findings per container-day, of those that sides are compared at, for
which it alarms; null: for none of them."""


def conform(frame: Frame, schema: pl.Schema = POLARS) -> Frame:
    """Give a frame exactly the columns and types of ``schema``; what it lacks becomes null.

    Examples
    --------
    >>> conform(pl.DataFrame({"seq": [1]})).height, conform(pl.DataFrame({"seq": [1]})).width
    (1, 52)
    """
    return conformed(frame, schema)


def empty(schema: pl.Schema = POLARS) -> pl.DataFrame:
    """Return a frame of no rows with the columns of ``schema``."""
    return nothing(schema)


def feature_columns(windows: pl.DataFrame) -> list[str]:
    """Return the feature columns of a windows frame: Float64, named ``family.feature``, sorted.

    Sorted, because what is drawn at random for each column must not depend on the frame's order.

    Examples
    --------
    >>> feature_columns(pl.DataFrame({"events": [1], "b.y": [0.5], "a.x": [1.0], "host": ["h"]}))
    ['a.x', 'b.y']
    """
    return sorted(name for name, kind in windows.schema.items() if "." in name and kind == pl.Float64)
