"""ASFF, AWS Security Finding Format, as ``BatchImportFindings`` takes it: one finding per line.

Resources are of type ``Container`` and ``Other``; a model's finding is an *Unusual Behavior*, never a *TTP*.
``ProductArn`` is the default product of the account: https://docs.aws.amazon.com/securityhub/latest/userguide/
"""

from __future__ import annotations

import ipaddress
from typing import Any

from rtml.findings.exports.contract import Origin, by_line
from rtml.findings.exports.places import account_of, address_of, domain_of
from rtml.findings.exports.rows import Row, given, zulu
from rtml.findings.levels import level_name
from rtml.findings.reasons import because, in_short
from rtml.text import basename

__all__ = ["ASFF", "asff"]

_LONGEST = {"title": 256, "description": 1024, "advice": 512, "field": 1024}
_PURPOSES = {
    "InitialAccess": "Initial Access",
    "Execution": "Execution",
    "Persistence": "Persistence",
    "PrivilegeEscalation": "Privilege Escalation",
    "DefenseEvasion": "Defense Evasion",
    "CredentialAccess": "Credential Access",
    "Discovery": "Discovery",
    "Backdoor": "Command and Control",
    "CommandAndControl": "Command and Control",
}
"""Threat purposes that ASFF's taxonomy has a name for, below *TTPs*."""


def asff(row: Row, origin: Origin) -> dict[str, Any]:
    """Return one finding in ASFF.

    Examples
    --------
    >>> import polars as pl
    >>> from rtml.findings.exports.rows import rows_of
    >>> rows = rows_of(pl.DataFrame({"source": ["rule", "model"], "type": ["Execution:Runtime/Shell"] * 2}))
    >>> [asff(row, Origin())["Types"][0] for row in rows]
    ['TTPs/Execution/Runtime-Shell', 'Unusual Behaviors/Container/Runtime-AnomalousBehavior.Shell']
    """
    account, sample = account_of(row, origin.account), "[SAMPLE] " if row["sample"] else ""
    return given(
        SchemaVersion="2018-10-08",
        Id=row["finding_id"],
        ProductArn=f"arn:aws:securityhub:{origin.region}:{account}:product/{account}/default",
        ProductName="rtml",
        CompanyName="rtml",
        Region=origin.region,
        GeneratorId=f"rtml/{row['detector']}"[:512],
        AwsAccountId=account,
        Types=[_type(row)],
        FirstObservedAt=zulu(row["first_seen"]),
        LastObservedAt=zulu(row["last_seen"]),
        CreatedAt=zulu(row["first_seen"]),
        UpdatedAt=zulu(row["last_seen"]),
        Severity=_severity(row["severity"]),
        Title=f"{sample}{row['title']}"[: _LONGEST["title"]],
        Description=(in_short(row) or row["output"] or row["title"])[: _LONGEST["description"]],
        Remediation={"Recommendation": {"Text": str(row["advice"])[: _LONGEST["advice"]]}},
        ProductFields=_fields(row),
        Resources=_resources(row, account),
        Process=_process(row),
        Network=_network(row),
        RecordState="ACTIVE",
        Workflow={"Status": "NEW"},
        Sample=row["sample"],
    )


def _severity(severity: float) -> dict[str, Any]:
    """Return label and number as Security Hub pairs them: nothing but 0 is informational."""
    level = level_name(severity)
    normalized = 0 if level == "informational" else int(severity * 10)
    return {"Label": level.upper(), "Original": f"{severity:g}", "Normalized": normalized}


def _type(row: Row) -> str:
    purpose, _, rest = row["type"].partition(":")
    name = (rest or purpose).replace("/", "-")
    if row["model"]:
        return f"Unusual Behaviors/Container/{name}"
    return f"TTPs/{_PURPOSES[purpose]}/{name}" if purpose in _PURPOSES else f"TTPs/{purpose}-{name}"


def _fields(row: Row) -> dict[str, str]:
    """Return what ASFF has no place for, at most 50 texts."""
    advice = row["advice"]
    facts = given(
        type=row["type"],
        source=row["source"],
        detector=row["detector"],
        techniques=",".join(row["techniques"]),
        cmdline=row["cmdline"],
        user=row["user"],
        actor=row["actor"],
        parents=" < ".join(parent["exe"] or "?" for parent in row["parents"]),
        count=row["count"],
        score=row["score"],
        pValue=row["p_value"],
        budget=row["budget"],
        reasons="; ".join(because(row)[:5]),
        maturity=row["maturity"],
        check=advice.check,
        contain=advice.contain,
        silence=advice.silence,
    )
    return {f"rtml/{name}": str(value)[: _LONGEST["field"]] for name, value in facts.items()}


def _resources(row: Row, account: str) -> list[dict[str, Any]]:
    details = given(
        Name=row["container_name"], ImageName=row["image"], ImageId=row["image_digest"], ContainerRuntime=None
    )
    names = ("host", "cluster", "namespace", "pod", "workload", "service_account")
    places = given(**{name: row[name] for name in names})
    inside = row["container_id"] or row["container_name"]
    found = [{"Type": "Container", "Id": inside, "Details": given(Container=details)}] if inside else []
    if places or not found:
        about = {name: value[: _LONGEST["field"]] for name, value in places.items()}
        uid = row["workload"] or row["pod"] or row["host"] or row["actor"] or account
        found.append({"Type": "Other", "Id": uid, "Details": given(Other=about)})
    return [given(**one) for one in found]


def _process(row: Row) -> dict[str, Any]:
    exe = row["exe"]
    above = row["parents"][0]["pid"] if row["parents"] else None
    whole = [n if n is not None and 0 <= n < 2**31 else None for n in (row["pid"], above)]
    name = basename(exe)[:64] if exe else None
    return given(Name=name, Path=exe[:512] if exe else None, Pid=whole[0], ParentPid=whole[1])


def _network(row: Row) -> dict[str, Any]:
    place, name = address_of(row), domain_of(row)
    if place is None:
        return given(DestinationDomain=name[:128], Direction="OUT") if name else {}
    version = ipaddress.ip_address(place.address).version
    there = {f"DestinationIpV{version}": place.address}
    return given(
        **there, DestinationPort=place.port, DestinationDomain=name[:128] if name else None, Direction="OUT"
    )


ASFF = by_line("asff", asff)
