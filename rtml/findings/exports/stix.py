"""STIX 2.1: a bundle for threat-intelligence platforms. Observed data, the objects seen, a note, sightings.

A rule's finding is a sighting of each technique that it names; a model names none, so it sights nothing. Ids
are made of the finding's id: sending a bundle again updates what is there.
Reference: https://docs.oasis-open.org/cti/stix/v2.1/
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import polars as pl

from rtml.findings.exports.contract import Export, Origin
from rtml.findings.exports.rows import Row, rows_of, zulu
from rtml.findings.exports.stix_objects import observables
from rtml.findings.reasons import because

__all__ = ["STIX", "bundle"]

_RTML = uuid.UUID("5a2c7a34-7c2b-5d3a-9a3f-6f1f3f0f7e21")
_BORN = "2026-01-01T00:00:00.000Z"
_ME = f"identity--{uuid.uuid5(_RTML, 'rtml')}"
_MOST_SEEN = 999_999_999


def bundle(findings: pl.DataFrame) -> dict[str, Any]:
    """Return all findings as one bundle; none give the identity alone.

    Examples
    --------
    >>> one = bundle(pl.DataFrame({"finding_id": ["f"], "techniques": [["T1611"]], "source": ["rule"]}))
    >>> sorted({part["type"] for part in one["objects"]})
    ['attack-pattern', 'identity', 'note', 'observed-data', 'process', 'sighting']
    """
    objects: dict[str, dict[str, Any]] = {_ME: _identity()}
    for row in rows_of(findings):
        objects.update((part["id"], part) for part in _of(row))
    name = uuid.uuid5(_RTML, " ".join(objects))
    return {"type": "bundle", "id": f"bundle--{name}", "objects": list(objects.values())}


def _identity() -> dict[str, Any]:
    about = {"name": "rtml", "identity_class": "system"}
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _ME,
        "created": _BORN,
        "modified": _BORN,
        **about,
    }


def _of(row: Row) -> Iterator[dict[str, Any]]:
    seen = observables(row)
    yield from seen
    # Containers and processes come first: those of the lists are referenced by them.
    refs = [part["id"] for part in seen]
    observed = {
        **_head("observed-data", row, row["finding_id"]),
        "first_observed": zulu(row["first_seen"]),
        "last_observed": zulu(row["last_seen"]),
        "number_observed": min(row["count"], _MOST_SEEN),
        "object_refs": refs,
    }
    yield observed
    note = {
        **_head("note", row, row["finding_id"]),
        "abstract": f"{'[SAMPLE] ' if row['sample'] else ''}{row['title']}",
        "content": "\n".join([row["type"], *because(row), str(row["advice"])]),
        "object_refs": [observed["id"]],
    }
    yield note
    for technique in () if row["model"] else row["techniques"]:
        pattern = _pattern(technique)
        yield pattern
        yield {
            **_head("sighting", row, f"{row['finding_id']} {technique}"),
            "first_seen": zulu(row["first_seen"]),
            "last_seen": zulu(row["last_seen"]),
            "count": min(row["count"], _MOST_SEEN),
            "sighting_of_ref": pattern["id"],
            "observed_data_refs": [observed["id"]],
            "where_sighted_refs": [_ME],
        }


def _head(kind: str, row: Row, name: str) -> dict[str, Any]:
    labels = [row["type"], "anomaly" if row["model"] else "rule", *(["sample"] if row["sample"] else [])]
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid5(_RTML, f'{kind} {name}')}",
        "created_by_ref": _ME,
        "created": zulu(row["first_seen"]),
        "modified": zulu(row["last_seen"]),
        "labels": labels,
        "external_references": [{"source_name": "rtml", "external_id": row["finding_id"]}],
    }


def _pattern(technique: str) -> dict[str, Any]:
    about = {"source_name": "mitre-attack", "external_id": technique}
    return {
        "type": "attack-pattern",
        "spec_version": "2.1",
        "id": f"attack-pattern--{uuid.uuid5(_RTML, technique)}",
        "created": _BORN,
        "modified": _BORN,
        "name": technique,
        "external_references": [about],
    }


def _write(findings: pl.DataFrame, origin: Origin) -> bytes:
    return f"{json.dumps(bundle(findings), allow_nan=False, indent=1)}\n".encode()


STIX = Export("stix", ".json", _write)
