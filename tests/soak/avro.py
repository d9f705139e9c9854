"""Records of SysFlow as JSON, so that they can be changed one by one, and back in Avro."""

from __future__ import annotations

import io
import json
import zlib
from typing import Any

import fastavro

from tests.captures.conftest import _BLANK, _FIELDS, FOID, SCHEMA
from tests.data.make_sysflow import story

__all__ = ["good", "head", "whole"]

_BITS = {"int": 31, "long": 63}
_DECLARED = {"SFHeader", "Pod", "Container", "Process", "File"}


def good() -> list[bytes]:
    """Return what happened in the sample, as lines."""
    return [_line(kind, body) for kind, body in story() if kind not in _DECLARED]


def head() -> list[bytes]:
    """Return who is there, which comes first."""
    return [_line(kind, body) for kind, body in story() if kind in _DECLARED]


def _line(kind: str, body: dict[str, object]) -> bytes:
    return json.dumps([kind, _BLANK.get(kind, {}) | body], default=lambda raw: raw.hex()).encode()


def whole(records: list[bytes]) -> bytes:
    """Return a file of records; those that are no JSON any more, or of no type, are left out."""
    rows = [row for row in map(_row, records) if row is not None]
    out = io.BytesIO()
    fastavro.writer(out, SCHEMA, rows, codec="null", sync_marker=b"rtml: our sample")
    return out.getvalue()


def _row(record: bytes) -> dict[str, Any] | None:
    try:
        kind, body = json.loads(record)
        fields = _FIELDS[kind]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    body = body if isinstance(body, dict) else {}
    return {"rec": (f"sysflow.{kind}", {name: _fitted(body.get(name), of) for name, of in fields.items()})}


def _fitted(value: Any, kind: Any) -> Any:
    """Return a value as Avro can hold it in a field: the same where it can, else one made of it."""
    if isinstance(kind, list):
        return None if value is None else _fitted(value, kind[1])
    if isinstance(kind, dict) and kind["type"] == "array":
        return [_fitted(one, kind["items"]) for one in value] if isinstance(value, list) else []
    if isinstance(kind, str) and kind in _BITS:
        number = value if isinstance(value, int) else zlib.crc32(repr(value).encode("utf-8", "replace"))
        return max(-(2 ** _BITS[kind]), min(2 ** _BITS[kind] - 1, number))
    if kind == "string":
        text = value if isinstance(value, str) else json.dumps(value)
        return text.encode("utf-8", "replace").decode()
    if kind == "boolean":
        return bool(value)
    return _identity(value, kind)


def _identity(value: Any, kind: Any) -> Any:
    name = kind if isinstance(kind, str) else kind["name"]
    if name.endswith("FOID"):
        return _bytes(value)
    fields = value if isinstance(value, dict) else {}
    return {"createTS": _fitted(fields.get("createTS"), "long"), "hpid": _fitted(fields.get("hpid"), "long")}


def _bytes(value: Any) -> bytes:
    try:
        raw = bytes.fromhex(value)
    except (TypeError, ValueError):
        return FOID
    return raw if len(raw) == len(FOID) else FOID
