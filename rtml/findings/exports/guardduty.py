"""GuardDuty's finding JSON, for tools that read it: schema 2.0, as ``GetFindings`` and EventBridge carry it.

The resource is ``EKSCluster`` where Kubernetes is named, ``Container`` where only a container is, else
``Instance``. It poses as nobody: ``serviceName`` is rtml, the ARN is of no service of AWS, a model's type
always says AnomalousBehavior or Change.
"""

from __future__ import annotations

from typing import Any

from rtml.findings.exports.contract import Origin, by_line, compact
from rtml.findings.exports.guardduty_runtime import action, anomaly, runtime_details
from rtml.findings.exports.places import account_of, in_kubernetes
from rtml.findings.exports.rows import Row, given, zulu
from rtml.findings.reasons import because, in_short

__all__ = ["GUARDDUTY", "guardduty"]

_WORKLOAD = "workloads"


def guardduty(row: Row, origin: Origin) -> dict[str, Any]:
    """Return one finding as GuardDuty would write it.

    Examples
    --------
    >>> import polars as pl
    >>> from rtml.findings.exports.rows import rows_of
    >>> findings = pl.DataFrame({"container_id": ["c1"], "type": ["X:Runtime/Y"]})
    >>> one = guardduty(next(rows_of(findings)), Origin())
    >>> one["resource"]["resourceType"], one["type"], one["service"]["serviceName"]
    ('Container', 'X:Runtime/Y', 'rtml')
    """
    account, sample = account_of(row, origin.account), "[SAMPLE] " if row["sample"] else ""
    return given(
        schemaVersion="2.0",
        accountId=account,
        region=origin.region,
        partition="aws",
        id=row["finding_id"],
        arn=f"arn:aws:rtml:{origin.region}:{account}:finding/{row['finding_id']}",
        type=row["type"],
        title=f"{sample}{row['title']}"[:256],
        description=_description(row),
        severity=row["severity"],
        createdAt=zulu(row["first_seen"]),
        updatedAt=zulu(row["last_seen"]),
        resource=_resource(row, account, origin.region),
        service=_service(row),
    )


def _description(row: Row) -> str:
    what = row["output"] or in_short(row) or row["title"]
    return f"{what} {row['advice']}"


def _service(row: Row) -> dict[str, Any]:
    told = given(
        sample=row["sample"] or None,
        source=row["source"],
        detector=row["detector"],
        pValue=row["p_value"],
        budget=row["budget"],
        techniques=row["techniques"],
        reasons=because(row),
        maturity=row["maturity"],
        remediation=vars(row["advice"]),
    )
    return given(
        serviceName="rtml",
        detectorId=row["detector"][:300],
        featureName="RuntimeMonitoring" if ":Runtime/" in row["type"] else "EksAuditLogs",
        archived=False,
        count=min(row["count"], 2**31 - 1),
        eventFirstSeen=zulu(row["first_seen"]),
        eventLastSeen=zulu(row["last_seen"]),
        resourceRole="TARGET",
        action=action(row),
        runtimeDetails=runtime_details(row),
        detection=anomaly(row) if row["model"] else None,
        additionalInfo={"type": "default", "value": compact(told)},
    )


def _resource(row: Row, account: str, region: str) -> dict[str, Any]:
    inside = _container(row)
    instance = given(instanceId=row["host"])
    if in_kubernetes(row):
        cluster = row["cluster"] or "unknown"
        arn = f"arn:aws:eks:{region}:{account}:cluster/{cluster}"
        return given(
            resourceType="EKSCluster",
            eksClusterDetails={"name": cluster, "arn": arn},
            kubernetesDetails=_kubernetes(row, inside),
            instanceDetails=instance,
        )
    if inside:
        return given(resourceType="Container", containerDetails=inside, instanceDetails=instance)
    return given(resourceType="Instance", instanceDetails=instance)


def _kubernetes(row: Row, inside: dict[str, Any]) -> dict[str, Any]:
    kind = "pods" if row["pod"] and not row["workload"] else _WORKLOAD
    return given(
        kubernetesUserDetails=given(username=row["actor"]),
        kubernetesWorkloadDetails=given(
            name=row["workload"] or row["pod"],
            type=kind if row["workload"] or row["pod"] else None,
            namespace=row["namespace"],
            serviceAccountName=row["service_account"],
            containers=[inside] if inside else None,
        ),
    )


def _container(row: Row) -> dict[str, Any]:
    if not (row["container_id"] or row["container_name"]):
        return {}
    image = row["image"] or ""
    prefix = image.rpartition("/")[0]
    return given(id=row["container_id"], name=row["container_name"], image=image, imagePrefix=prefix)


GUARDDUTY = by_line("guardduty", guardduty)
