"""What was seen, as observable objects of STIX: processes, files, addresses, names, users."""

from __future__ import annotations

import ipaddress
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from rtml.findings.exports.places import Place, address, digest, domain_of
from rtml.findings.exports.rows import Row, given
from rtml.text import basename

__all__ = ["observables"]

_STIX = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace that STIX 2.1 prescribes for ids of observable objects."""


def observables(row: Row) -> list[dict[str, Any]]:
    """Return what a finding saw, each object once; at least one.

    Examples
    --------
    >>> row = {"user": None, "exe": None, "pid": None, "cmdline": None, "parents": [], "events": [],
    ...        "title": "t", "finding_id": "f"}
    >>> [part["type"] for part in observables({**row, "files": ["/etc/shadow"]})]
    ['file', 'directory']
    """
    found = {part["id"]: part for part in (*_processes(row), *_files(row), *_network(row))}
    return list(found.values()) or [_object("process", {"command_line": row["title"]}, row["finding_id"])]


def _object(kind: str, facts: Mapping[str, Any], salt: str = "") -> dict[str, Any]:
    """Return an object whose id is made of what it says: the same object has the same id everywhere."""
    named = json.dumps([kind, facts, salt], sort_keys=True)
    return {"type": kind, "spec_version": "2.1", "id": f"{kind}--{uuid.uuid5(_STIX, named)}", **facts}


def _file(path: str, sha256: str | None = None) -> list[dict[str, Any]]:
    folder = _object("directory", {"path": path.rpartition("/")[0] or "/"}) if "/" in path else None
    hashes = {"SHA-256": sha256} if sha256 else None
    facts = given(name=basename(path), hashes=hashes, parent_directory_ref=folder["id"] if folder else None)
    return [_object("file", facts), *([folder] if folder else [])]


def _files(row: Row) -> Iterator[dict[str, Any]]:
    for path in row["files"]:
        yield from _file(path)


def _processes(row: Row) -> Iterator[dict[str, Any]]:
    """Yield the process and its ancestors, each with the one above it, from the top down."""
    above = None
    for about in (*reversed(row["parents"]), row):
        image = _file(about["exe"], digest(about.get("exe_sha256"))) if about["exe"] else []
        account = _account(about.get("user"))
        facts = given(
            pid=about["pid"],
            command_line=about["cmdline"],
            image_ref=image[0]["id"] if image else None,
            parent_ref=above,
            creator_user_ref=account["id"] if account else None,
        )
        if not given(pid=about["pid"], command_line=about["cmdline"], image=image):
            continue
        yield from image
        yield from [account] if account else []
        process = _object("process", facts, row["finding_id"])
        above = process["id"]
        yield process


def _account(name: str | None) -> dict[str, Any] | None:
    """Return a user; one with a name only is displayed by it."""
    if not name:
        return None
    return _object("user-account", {"user_id": name} if name.isdigit() else {"account_login": name})


def _network(row: Row) -> Iterator[dict[str, Any]]:
    name = domain_of(row)
    if name:
        yield _object("domain-name", {"value": name})
    for event in row["events"]:
        place = address(event)
        if place is not None:
            yield from _traffic(place, (event.get("protocol") or "").lower())


def _traffic(place: Place, protocol: str) -> Iterator[dict[str, Any]]:
    version = ipaddress.ip_address(place.address).version
    there = _object(f"ipv{version}-addr", {"value": place.address})
    known = protocol if protocol in ("tcp", "udp", "icmp", "sctp") else None
    protocols = [f"ipv{version}", *([known] if known else [])]
    yield there
    yield _object("network-traffic", given(dst_ref=there["id"], dst_port=place.port, protocols=protocols))
