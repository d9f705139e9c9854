"""OCSF Detection Finding (class 2004), version 1.5.0 and newer, with ``anomaly_analyses`` for models.

A rule's finding names its rule; a model's says what was observed, against which baseline (`analyses`), and is
marked by ``analytic.type_id`` 4. The profiles are *host* and *container*. No security service is posed as:
the product is rtml. Reference: https://schema.ocsf.io/1.5.0/classes/detection_finding
"""

from __future__ import annotations

from typing import Any

from rtml.findings.exports.analyses import analyses
from rtml.findings.exports.contract import Origin, by_line
from rtml.findings.exports.ocsf_evidence import container, device, evidences, process, user
from rtml.findings.exports.places import account_of, in_kubernetes
from rtml.findings.exports.rows import Row, given, instant_ms
from rtml.findings.levels import level_name
from rtml.findings.reasons import in_short
from rtml.version import VERSION

__all__ = ["OCSF", "detection_finding"]

_SEVERITY = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_RULE, _LEARNING = 1, 4


def detection_finding(row: Row, origin: Origin) -> dict[str, Any]:
    """Return one finding as an event of class 2004.

    Examples
    --------
    >>> import polars as pl
    >>> from rtml.findings.exports.rows import rows_of
    >>> findings = pl.DataFrame({"severity": [8.0], "source": ["model"]})
    >>> event = detection_finding(next(rows_of(findings)), Origin())
    >>> event["type_uid"], event["severity"], event["finding_info"]["analytic"]["type_id"]
    (200401, 'High', 4)
    """
    level = level_name(row["severity"])
    return given(
        activity_id=1,
        activity_name="Create",
        category_uid=2,
        category_name="Findings",
        class_uid=2004,
        class_name="Detection Finding",
        type_uid=200401,
        type_name="Detection Finding: Create",
        time=instant_ms(row["last_seen"]),
        start_time=instant_ms(row["first_seen"]),
        end_time=instant_ms(row["last_seen"]),
        count=row["count"],
        severity_id=_SEVERITY[level],
        severity=level.capitalize(),
        status_id=1,
        status="New",
        is_alert=True,
        message=f"{'[SAMPLE] ' if row['sample'] else ''}{row['title']}",
        metadata=_metadata(row),
        finding_info=_finding_info(row),
        anomaly_analyses=analyses(row) if row["model"] else None,
        evidences=evidences(row),
        resources=_resources(row),
        actor=_actor(row),
        device=device(row),
        remediation={"desc": str(row["advice"])},
        unmapped=_unmapped(row, origin),
    )


def _actor(row: Row) -> dict[str, Any] | None:
    """Return who did it; the attribute comes with the profile of hosts, events name users without one."""
    return given(process=process(row), user=user(row["user"] or row["actor"])) if row["host"] else None


def _metadata(row: Row) -> dict[str, Any]:
    # Without a host there is no device, and the profile would promise one.
    profiles = ["container", "host"] if row["host"] else ["container"]
    return given(
        version="1.5.0",
        product={"name": "rtml", "vendor_name": "rtml", "version": VERSION},
        profiles=profiles,
        uid=row["finding_id"],
        event_code=row["type"],
        labels=["sample"] if row["sample"] else None,
    )


def _finding_info(row: Row) -> dict[str, Any]:
    analytic = {"name": row["detector"], "type_id": _LEARNING, "type": "Learning (ML/DL)"}
    rule = {"name": row["title"], "type_id": _RULE, "type": "Rule"}
    return given(
        uid=row["finding_id"],
        title=row["title"],
        desc=in_short(row) or row["output"],
        types=[row["type"]],
        analytic=analytic if row["model"] else rule,
        attacks=[_attack(one) for one in row["techniques"]],
        first_seen_time=instant_ms(row["first_seen"]),
        last_seen_time=instant_ms(row["last_seen"]),
        created_time=instant_ms(row["first_seen"]),
        modified_time=instant_ms(row["last_seen"]),
        data_sources=[row["source"]] if row["source"] else None,
        related_events_count=len(row["evidence"]) or None,
    )


def _attack(technique: str) -> dict[str, Any]:
    parent = technique.partition(".")[0]
    sub = {"uid": technique} if parent != technique else None
    return given(technique={"uid": parent}, sub_technique=sub)


def _resources(row: Row) -> list[dict[str, Any]]:
    """Return what is affected: container, pod, workload, cluster."""
    of_container = container(row)
    place = {"namespace": row["namespace"]}
    named: tuple[tuple[str, str | None, str | None, dict[str, Any]] | None, ...] = (
        ("Container", row["container_id"], row["container_name"], place) if of_container else None,
        ("Kubernetes Pod", None, row["pod"], place),
        ("Kubernetes Workload" if in_kubernetes(row) else "Workload", None, row["workload"], place),
        ("Kubernetes Cluster", None, row["cluster"], {}),
    )
    return [
        given(type=kind, uid=uid, name=name, **where)
        for kind, uid, name, where in filter(None, named)
        if uid or name
    ]


def _unmapped(row: Row, origin: Origin) -> dict[str, Any]:
    """Return what OCSF has no place for, and what a model was set to."""
    names = (
        "source",
        "detector",
        "score",
        "p_value",
        "budget",
        "guess",
        "compared",
        "counterfactual",
        "maturity",
    )
    facts = {name: row[name] for name in names}
    return given(
        **facts,
        containers=row["containers"],
        again=row["again"],
        account=account_of(row, origin.account),
        output=row["output"],
    )


OCSF = by_line("ocsf", detection_finding)
