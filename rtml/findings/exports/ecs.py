"""ECS, Elastic Common Schema 8.11: ``event.kind: alert``, one document per line, ``_id`` is the finding's.

What ECS has no field for stands below ``rtml.``, so that it can never clash with a later version.
"""

from __future__ import annotations

from typing import Any

from rtml.findings.exports.contract import Origin, by_line
from rtml.findings.exports.places import account_of, address_of, digest, domain_of, in_kubernetes, transport
from rtml.findings.exports.rows import Row, given, zulu
from rtml.findings.reasons import because, in_short
from rtml.text import basename
from rtml.version import VERSION

__all__ = ["ECS", "ecs"]


def ecs(row: Row, origin: Origin) -> dict[str, Any]:
    """Return one finding as a document.

    Examples
    --------
    >>> import polars as pl
    >>> from rtml.findings.exports.rows import rows_of
    >>> one = ecs(next(rows_of(pl.DataFrame({"techniques": [["T1059.004"]], "severity": [8.0]}))), Origin())
    >>> one["event"]["kind"], one["threat"]["technique"]["subtechnique"]["id"], one["event"]["severity"]
    ('alert', ['T1059.004'], 80)
    """
    return given(
        **{"@timestamp": zulu(row["last_seen"]), "ecs": {"version": "8.11.0"}},
        message=f"{'[SAMPLE] ' if row['sample'] else ''}{row['title']}",
        tags=["rtml", "anomaly" if row["model"] else "rule", *(["sample"] if row["sample"] else [])],
        event=_event(row),
        rule=_rule(row),
        observer={"vendor": "rtml", "product": "rtml", "version": VERSION},
        host=given(name=row["host"], hostname=row["host"]),
        container=_container(row),
        orchestrator=_orchestrator(row),
        cloud={"account": {"id": account_of(row, origin.account)}} if row["account"] else None,
        process=_process(row),
        user=_user(row["user"] or row["actor"]),
        file=given(path=row["files"][0], name=basename(row["files"][0])) if row["files"] else None,
        **_network(row),
        threat=_threat(row["techniques"]),
        rtml=_own(row),
    )


def _event(row: Row) -> dict[str, Any]:
    return given(
        kind="alert",
        category=["intrusion_detection"],
        type=["info"],
        module="rtml",
        dataset="rtml.findings",
        provider=row["detector"],
        id=row["finding_id"],
        severity=round(row["severity"] * 10),
        risk_score=round(row["severity"] * 10, 1),
        start=zulu(row["first_seen"]),
        end=zulu(row["last_seen"]),
        reason=in_short(row),
        original=row["output"],
    )


def _rule(row: Row) -> dict[str, Any]:
    """Return the rule; a model has none, its detector stands in `event.provider`."""
    ruleset = "model" if row["model"] else row["detector"]
    name = row["type"] if row["model"] else row["title"]
    return {"name": name, "category": row["type"], "ruleset": ruleset, "description": str(row["advice"])}


def _container(row: Row) -> dict[str, Any]:
    name, tag = row["repository"], row["tag"]
    hashes = {"all": [row["image_digest"]]} if row["image_digest"] else None
    image = given(name=name, tag=[tag] if tag else None, hash=hashes)
    return given(id=row["container_id"], name=row["container_name"], image=image)


def _orchestrator(row: Row) -> dict[str, Any]:
    if not in_kubernetes(row):
        return {}
    above = given(type="workload", name=None) if row["workload"] and row["pod"] else None
    resource = given(
        name=row["pod"] or row["workload"],
        type="pod" if row["pod"] else "workload" if row["workload"] else None,
        parent=above,
    )
    cluster = given(name=row["cluster"])
    return given(type="kubernetes", cluster=cluster, namespace=row["namespace"], resource=resource)


def _process(row: Row) -> dict[str, Any]:
    above = None
    for parent in reversed(row["parents"]):
        above = given(**_named(parent), parent=above)
    hashes = given(sha256=digest(row["exe_sha256"]))
    cwd = next((event["cwd"] for event in row["events"] if event.get("cwd")), None)
    return given(**_named(row), hash=hashes, working_directory=cwd, parent=above)


def _named(about: Row) -> dict[str, Any]:
    exe = about.get("exe")
    name = basename(exe) if exe else None
    return given(pid=about.get("pid"), executable=exe, name=name, command_line=about.get("cmdline"))


def _user(name: str | None) -> dict[str, Any]:
    return ({"id": name} if name.isdigit() else {"name": name}) if name else {}


def _network(row: Row) -> dict[str, Any]:
    place, name = address_of(row), domain_of(row)
    protocols = (transport(event.get("protocol")) for event in row["events"])
    there = given(ip=place.address, address=place.address, port=place.port) if place else {}
    return given(
        destination=given(**there, domain=name),
        network=given(transport=next(filter(None, protocols), None)),
        dns=given(question=given(name=name)) if name else None,
    )


def _threat(techniques: list[str]) -> dict[str, Any]:
    if not techniques:
        return {}
    parents = sorted({one.partition(".")[0] for one in techniques})
    subs = [one for one in techniques if "." in one]
    technique = given(id=parents, subtechnique=given(id=subs))
    return {"framework": "MITRE ATT&CK", "technique": technique}


def _own(row: Row) -> dict[str, Any]:
    names = (
        "source",
        "detector",
        "score",
        "p_value",
        "budget",
        "count",
        "compared",
        "counterfactual",
        "maturity",
    )
    return given(
        **{name: row[name] for name in names},
        guess=row["guess"],
        workload=row["workload"],
        containers=row["containers"],
        again=row["again"],
        destinations=row["destinations"],
        files=row["files"],
        reasons=because(row),
        remediation=vars(row["advice"]),
    )


ECS = by_line("ecs", ecs)
