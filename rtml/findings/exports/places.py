"""Addresses, files and digests of a finding, as formats with types want them: checked, or left out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rtml.findings.exports.rows import Row

__all__ = [
    "Place",
    "account_of",
    "address",
    "address_of",
    "digest",
    "domain_of",
    "in_kubernetes",
    "transport",
]

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
_ACCOUNT = re.compile(r"[0-9]{12}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}\.?)+")


@dataclass(frozen=True)
class Place:
    """An address on the network, and the port where one is known."""

    address: str
    port: int | None = None


def address(event: Mapping[str, Any]) -> Place | None:
    """Return whom an event connected to; None where that is no address.

    Examples
    --------
    >>> address({"dst_ip": "10.0.0.7", "dst_port": 99}), address({"dst_ip": "x", "dst_port": 1})
    (Place(address='10.0.0.7', port=99), None)
    """
    try:
        there = str(ipaddress.ip_address((event.get("dst_ip") or "").partition("%")[0]))
    except ValueError:
        return None
    port = event.get("dst_port")
    return Place(there, port if port is not None and 0 <= port <= 65535 else None)


def address_of(row: Row) -> Place | None:
    """Return the first address that the events of a finding name."""
    return next((place for event in row["events"] if (place := address(event))), None)


def domain_of(row: Row) -> str | None:
    """Return the first domain name that the events of a finding name, if it is one.

    Examples
    --------
    >>> domain_of({"events": [{"domain": "a b"}, {"domain": "example.org"}]})
    'example.org'
    """
    names = (event["domain"] for event in row["events"])
    return next((name for name in names if name and _DOMAIN.fullmatch(name)), None)


def digest(text: str | None) -> str | None:
    """Return a SHA-256 in lower case, without the name of the algorithm; None where it is none.

    Examples
    --------
    >>> digest("sha256:" + "AB" * 32) == "ab" * 32, digest("ab")
    (True, None)
    """
    found = _DIGEST.fullmatch(text or "")
    return found[1].lower() if found else None


def transport(protocol: str | None) -> str | None:
    """Return the name of a protocol in lower case, if it is one of the usual ones."""
    name = (protocol or "").lower()
    return name if name in ("tcp", "udp", "icmp", "sctp") else None


def in_kubernetes(row: Row) -> bool:
    """Say whether a finding names anything that only Kubernetes has; a workload may be an image's name."""
    return any(row[name] for name in ("cluster", "namespace", "pod", "actor"))


def account_of(row: Row, otherwise: str) -> str:
    """Return the account of 12 digits that a finding names, else the one given."""
    return row["account"] if _ACCOUNT.fullmatch(row["account"] or "") else otherwise
