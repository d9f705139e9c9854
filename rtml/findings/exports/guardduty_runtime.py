"""What happened, in GuardDuty's words: action, process with lineage and context, anomaly."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from rtml.findings.exports.places import address, digest, domain_of, transport
from rtml.findings.exports.rows import Row, given
from rtml.text import basename

__all__ = ["action", "anomaly", "runtime_details"]

_FILES = {
    "DockerSocketAccessed": "socketPath",
    "NewLibraryLoaded": "libraryPath",
    "RuncContainerEscape": "runcBinaryPath",
    "CGroupsReleaseAgentModified": "releaseAgentPath",
    "MaliciousFileExecuted": "threatFilePath",
    "ContainerMountsHostDirectory": "mountTarget",
    "KernelModuleLoaded": "moduleFilePath",
}
"""What the file of a finding is called, by the name in its type; of all others ``filePath``."""


def action(row: Row) -> dict[str, Any] | None:
    """Return the action of a finding: a call of the API, a connection, a query; None for what a process did.

    Examples
    --------
    >>> action({"type": "X:Runtime/Y", "events": [{"dst_ip": "::1", "dst_port": 9, "protocol": "tcp"}]})
    {'actionType': 'NETWORK_CONNECTION', 'networkConnectionAction': {'connectionDirection': 'OUTBOUND',
     'protocol': 'TCP', 'remoteIpDetails': {'ipAddressV6': '::1'}, 'remotePortDetails': {'port': 9},
     'blocked': False}}
    """
    if ":Kubernetes/" in row["type"]:
        return {"actionType": "KUBERNETES_API_CALL", "kubernetesApiCallAction": _call(row)}
    for event in row["events"]:
        place = address(event)
        if place is not None:
            version = ipaddress.ip_address(place.address).version
            protocol = transport(event.get("protocol"))
            connection = given(
                connectionDirection="OUTBOUND",
                protocol=protocol.upper() if protocol else None,
                remoteIpDetails={f"ipAddressV{version}": place.address},
                remotePortDetails=given(port=place.port),
                blocked=False,
            )
            return {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": connection}
    name = domain_of(row)
    return (
        {"actionType": "DNS_REQUEST", "dnsRequestAction": {"domain": name, "blocked": False}}
        if name
        else None
    )


def _call(row: Row) -> dict[str, Any]:
    """Return the first call of the API that a finding shows; `rtml.findings.context` wrote it down."""
    requests = (event["request"] for event in row["events"] if event.get("request"))
    words = next(requests, "").split(" ")
    verb, resource, name, code = [*words, *[""] * 4][:4]
    kind, _, sub = resource.partition("/")
    namespace, slash, object_name = name.rpartition("/")
    return given(
        verb=verb,
        resource=kind,
        subresource=sub,
        namespace=namespace or row["namespace"],
        resourceName=object_name if slash or name else None,
        statusCode=int(code) if re.fullmatch("[0-9]{3}", code) else None,
    )


def runtime_details(row: Row) -> dict[str, Any] | None:
    """Return process, lineage and context; None where nothing is known of a process."""
    lineage = [_ancestor(parent) for parent in row["parents"]]
    process = given(**_named(row), executableSha256=digest(row["exe_sha256"]), **_user(row["user"]))
    if not process:
        return None
    uuid = str(row["process_id"]) if row["process_id"] is not None else None
    cwd = next((event["cwd"] for event in row["events"] if event.get("cwd")), None)
    whole = given(**process, uuid=uuid, pwd=cwd, lineage=lineage)
    return given(process=whole, context=_context(row))


def _named(about: Mapping[str, Any]) -> dict[str, Any]:
    exe = about.get("exe")
    return given(name=basename(exe) if exe else None, executablePath=exe, pid=_int32(about.get("pid")))


def _ancestor(parent: Mapping[str, Any]) -> dict[str, Any]:
    return _named(parent)


def _user(name: str | None) -> dict[str, Any]:
    """Return a user as name and number, whichever is known."""
    number = _int32(int(name)) if name and name.isdigit() and len(name) < 19 else None
    return given(userId=number, user=None if number is not None else name)


def _int32(value: int | None) -> int | None:
    return value if value is not None and -(2**31) <= value < 2**31 else None


def _context(row: Row) -> dict[str, Any]:
    name = row["type"].rpartition("/")[2]
    key = next((key for word, key in _FILES.items() if word in name), "filePath")
    tool = basename(row["exe"]) if row["exe"] and "SuspiciousTool" in name else None
    first = row["files"][0] if row["files"] else None
    return given(
        **{key: first}, relatedFilePaths=row["files"][1:], commandLineExample=row["cmdline"], toolName=tool
    )


def anomaly(row: Row) -> dict[str, Any]:
    """Return what was unusual, and what is usual instead, by feature: GuardDuty's ``anomaly``."""
    group = row["workload"] or row["container_name"] or "unknown"
    unusual = {
        part["feature"]: _observed("RARE", part["value"]) for part in row["contributions"] if part["feature"]
    }
    usual = {
        part["feature"]: [_observed("AVERAGE", part["usual"])]
        for part in row["contributions"]
        if part["feature"] and part["usual"] is not None
    }
    return {
        "anomaly": given(
            unusual={"behavior": {group: unusual}} if unusual else None,
            profiles={group: usual} if usual else None,
        )
    }


def _observed(kind: str, value: float | None) -> dict[str, Any]:
    number = [] if value is None else [f"{value:g}"]
    return {"profileType": "FREQUENCY", "profileSubtype": kind, "observations": {"text": number}}
