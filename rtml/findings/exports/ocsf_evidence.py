"""Processes, containers and events of a finding as objects of OCSF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtml.findings.exports.places import address, digest, domain_of
from rtml.findings.exports.rows import Row, given
from rtml.text import basename

__all__ = ["container", "device", "evidences", "process", "user"]

_SHA256 = 3


def evidences(row: Row) -> list[dict[str, Any]]:
    """Return one object per event that a finding shows; where it shows none, what its columns say.

    Examples
    --------
    >>> row = {"container_id": None, "container_name": None,
    ...        "events": [{"kind": "connect", "dst_ip": "10.0.0.7", "dst_port": 99}]}
    >>> evidences(row)[0]["dst_endpoint"]
    {'ip': '10.0.0.7', 'port': 99}
    """
    return [_evidence(row, event) for event in row["events"]] or [_whole(row)]


def _evidence(row: Row, event: Mapping[str, Any]) -> dict[str, Any]:
    place = address(event)
    name = domain_of({"events": [{"domain": event.get("domain")}]})
    there = given(ip=place.address, port=place.port) if place else given(hostname=name)
    known = ("kind", "host", "seq", "result", "request", "output", "cwd")
    return given(
        process=_process(event, container(row)),
        user=user(event.get("user") or row.get("actor")),
        file=_file(event.get("path_to") or event.get("path")),
        dst_endpoint=there,
        query={"hostname": name} if name and event.get("kind") == "dns" else None,
        data=given(**{key: event.get(key) for key in known}) or {"kind": "unknown"},
    )


def _whole(row: Row) -> dict[str, Any]:
    about = given(output=row["output"], destinations=row["destinations"], files=row["files"])
    return given(process=process(row), user=user(row["actor"]), data=about or {"title": row["title"]})


def process(row: Row) -> dict[str, Any] | None:
    """Return the process of a finding with its ancestors, each the parent of the one before."""
    above = None
    for parent in reversed(row["parents"]):
        above = _process(parent, None, above) or above
    return _process(row, container(row), above)


def _process(
    about: Mapping[str, Any], where: dict[str, Any] | None, parent: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return a process; OCSF wants a number, so one without is none."""
    if about.get("pid") is None:
        return None
    exe = about.get("exe")
    return given(
        pid=about["pid"],
        name=basename(exe) if exe else None,
        path=exe,
        cmd_line=about.get("cmdline"),
        file=_file(exe, digest(about.get("exe_sha256"))),
        user=user(about.get("user")),
        working_directory=about.get("cwd"),
        container=where,
        parent_process=parent,
    )


def _file(path: str | None, sha256: str | None = None) -> dict[str, Any] | None:
    if not path:
        return None
    hashes = [{"algorithm_id": _SHA256, "algorithm": "SHA-256", "value": sha256}] if sha256 else None
    return given(name=basename(path), path=path, type_id=1, type="Regular File", hashes=hashes)


def user(name: str | None) -> dict[str, Any] | None:
    """Return a user by number or by name."""
    return ({"uid": name} if name.isdigit() else {"name": name}) if name else None


def container(row: Row) -> dict[str, Any] | None:
    """Return the container of a finding with its image."""
    if not (row["container_id"] or row["container_name"]):
        return None
    name, tag = row["repository"], row["tag"]
    uid = row["image_digest"] or row["image"]
    image = given(uid=uid, name=name, tag=tag) if uid else None
    return given(uid=row["container_id"], name=row["container_name"], image=image)


def device(row: Row) -> dict[str, Any] | None:
    """Return the node."""
    return {"hostname": row["host"], "type_id": 1, "type": "Server"} if row["host"] else None
