"""What a report is made of: ready-made data, so that the page depends on no other room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rtml.evaluation.ledger import Ledger
from rtml.evaluation.timeline import Timeline

__all__ = ["Cost", "ReportInput", "Story", "TreeRow"]


@dataclass(frozen=True)
class TreeRow:
    """One process of a tree, in preorder: a child follows its parent with ``depth`` one more.

    ``mark`` is how the process is set apart: ``evidence`` (a finding names it), ``attack`` (a label
    does), ``both``, or null. ``note`` is free text such as ``written in the container 10:41:02``.

    Examples
    --------
    >>> TreeRow(1, "/bin/sh", "sh -c id", 42).mark is None
    True
    """

    depth: int
    exe: str | None
    cmdline: str | None
    pid: int | None = None
    started: str | None = None
    mark: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Story:
    """What is told of one attack: the findings that found it (with ``side``), and its process tree."""

    attack_id: str
    findings: pl.DataFrame | None = None
    tree: Sequence[TreeRow] = ()


@dataclass(frozen=True)
class Cost:
    """What something cost: processor seconds, and most memory held, in MB; null where it is not known."""

    what: str
    cpu_seconds: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True)
class ReportInput:
    """Everything on the page. Strings may be hostile; the page escapes them all.

    Parameters
    ----------
    title
        What was evaluated, such as the experiment's name.
    ledger
        See `rtml.evaluation.ledger.build_ledger`.
    capture
        Facts in print order: name to value, such as events, containers, duration, sensor.
    timelines
        By container id: see `rtml.evaluation.timeline.make_timeline`.
    stories
        One per attack, as far as there is room.
    findings
        Top findings, a `FINDINGS` frame in print order.
    causes
        One row per side and cause of its false findings: ``side, kind, cause, key, findings, containers,
        workloads, when``.
    lost
        What the sensor lost, in a sentence (`rtml.report.lost.lost_sentence`); empty: nothing.
    rejected
        Rejected lines as ``(reason, count)``.
    blind
        Kinds that the sensor cannot see.
    skipped_rules
        ``(rule file, reason)`` of rules that could not be used.
    looks
        How often these labels were looked at, in a sentence; empty: not counted.
    checked
        Which of `rtml.report.pitfalls.CHECKS` this run made itself, and passed.
    robustness
        What poisoning, loss, evasion change (`rtml.report.robustness.robustness_view`); null: not tried.
    costs
        What was measured.
    lab
        True for data from a lab: the title then says so.
    run
        Where the numbers come from, such as an MLflow run id.
    """

    title: str
    ledger: Ledger
    capture: Mapping[str, Any] = field(default_factory=dict)
    timelines: Mapping[str, Timeline] = field(default_factory=dict)
    stories: Sequence[Story] = ()
    findings: pl.DataFrame | None = None
    causes: pl.DataFrame | None = None
    lost: str = ""
    rejected: Sequence[tuple[str, int]] = ()
    blind: Sequence[str] = ()
    skipped_rules: Sequence[tuple[str, str]] = ()
    looks: str = ""
    checked: Sequence[str] = ()
    robustness: pl.DataFrame | None = None
    costs: Sequence[Cost] = ()
    lab: bool = True
    run: str | None = None
