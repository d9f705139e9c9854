"""Who says whether a document is of its format: schemas and libraries of others, never our own code."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
import jsonschema
import polars as pl
import stix2
from botocore import validate
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

OCSF_VERSIONS = ("1.5.0", "1.6.0", "1.7.0", "1.8.0")
Document = Any


def lines(content: bytes) -> list[Document]:
    """Read JSON lines, strictly."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = content.decode()
    assert not text or text.endswith("\n")
    return [json.loads(line, parse_constant=refuse) for line in text.split("\n")[:-1]]


@cache
def _ocsf(version: str, profiles: tuple[str, ...]) -> jsonschema.Draft202012Validator:
    schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version))
    schema = schemas.get_class_schema("detection_finding", profiles=list(profiles))
    return jsonschema.Draft202012Validator(schema)


def ocsf(content: bytes) -> list[Document]:
    """Hold events against the published schema of every version from 1.5 on."""
    events = lines(content)
    for event in events:
        for version in OCSF_VERSIONS:
            wrong = _ocsf(version, tuple(event["metadata"]["profiles"])).iter_errors(event)
            faults = [f"{version} {error.json_path}: {error.message[:200]}" for error in wrong]
            assert not faults, faults
    return events


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def _hold(value: Any, shape: Any, where: str) -> None:
    """Hold a wire document against a shape of botocore: names, types, enumerations, lengths, patterns."""
    match shape.type_name:
        case "structure":
            assert isinstance(value, dict), where
            wire = {name: member.serialization.get("name", name) for name, member in shape.members.items()}
            names = {wire[name]: member for name, member in shape.members.items()}
            required = {wire[name] for name in shape.required_members}
            assert required <= value.keys(), f"{where}: lacks {required - value.keys()}"
            for name, inner in value.items():
                assert name in names, f"{where}: {name} is unknown"
                _hold(inner, names[name], f"{where}.{name}")
        case "list":
            for number, inner in enumerate(value):
                _hold(inner, shape.member, f"{where}[{number}]")
        case "map":
            for name, inner in value.items():
                assert isinstance(name, str) and name, where
                _hold(inner, shape.value, f"{where}.{name}")
        case "string":
            assert isinstance(value, str) and value, f"{where}: {value!r} is no text"
            assert not shape.enum or value in shape.enum, f"{where}: {value!r} is none of {shape.enum}"
            # GuardDuty has types that are longer than its model allows.
            most = shape.metadata.get("max", len(value)) if shape.name != "FindingType" else 200
            assert len(value) <= most, f"{where}: too long"
            pattern = shape.metadata.get("pattern")
            assert pattern is None or re.search(pattern, value, re.DOTALL), f"{where}: {value!r}"
        case "integer" | "long":
            assert isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31, where
        case "double" | "float":
            assert isinstance(value, int | float) and not isinstance(value, bool), where
        case "boolean":
            assert isinstance(value, bool), where
        case other:
            raise AssertionError(f"{where}: a {other} is not expected")


def guardduty(content: bytes) -> list[Document]:
    """Hold findings against the output of GetFindings."""
    findings = lines(content)
    shape = _service("guardduty").operation_model("GetFindings").output_shape.members["Findings"].member
    for finding in findings:
        _hold(finding, shape, "finding")
    return findings


def asff(content: bytes) -> list[Document]:
    """Hold findings against the input of BatchImportFindings, and the limits that its pages name."""
    findings = lines(content)
    shape = _service("securityhub").operation_model("BatchImportFindings").input_shape
    for finding in findings:
        assert not validate.ParamValidator().validate({"Findings": [finding]}, shape).has_errors()
        _hold(finding, shape.members["Findings"].member, "finding")
        assert re.fullmatch(r"\d{12}", finding["AwsAccountId"])
        assert len(finding["Title"]) <= 256 and len(finding["Description"]) <= 1024
        assert len(finding["Id"]) <= 512 and len(finding["ProductFields"]) <= 50
        assert len(finding["Remediation"]["Recommendation"]["Text"]) <= 512
        assert all(re.fullmatch(r"[^/]+/[^/]+(/[^/]+)?", kind) for kind in finding["Types"])
        assert all(1 <= len(resource["Id"]) <= 1024 for resource in finding["Resources"])
        assert len(json.dumps(finding)) <= 240_000
    return findings


def eventbridge(content: bytes) -> list[Document]:
    """Hold the envelope against PutEvents (as its entry), and its detail against GuardDuty's shape."""
    events = lines(content)
    shape = _service("events").operation_model("PutEvents").input_shape
    for event in events:
        assert event.keys() == set(
            "version id detail-type source account time region resources detail".split()
        )
        detail = json.dumps(event["detail"])
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": detail}
        assert not validate.ParamValidator().validate({"Entries": [entry]}, shape).has_errors()
        assert not event["source"].startswith("aws.") and len(detail) < 256_000
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["time"])
    guardduty(b"".join(f"{json.dumps(event['detail'])}\n".encode() for event in events))
    return events


def stix(content: bytes) -> list[Document]:
    """Let the stix2 library parse the bundle, without custom content."""
    bundle = json.loads(content)
    parsed = stix2.parse(bundle, allow_custom=False)
    assert len(parsed.objects) == len(bundle["objects"])
    ids = [part["id"] for part in bundle["objects"]]
    assert len(ids) == len(set(ids))
    for part in bundle["objects"]:
        refs = [value for name, value in part.items() if name.endswith("_ref")]
        refs += [one for name, value in part.items() if name.endswith("_refs") for one in value]
        assert set(refs) <= set(ids), f"{part['id']} refers to what is not in the bundle"
    return [part for part in bundle["objects"] if part["type"] == "observed-data"]


def navigator(content: bytes) -> Document:
    """Hold the layer against what LAYERFORMATv4_5.md demands."""
    layer = json.loads(content)
    assert layer["versions"]["layer"] == "4.5" and layer["domain"] == "enterprise-attack" and layer["name"]
    ids = [one["techniqueID"] for one in layer["techniques"]]
    assert ids == sorted(set(ids)) and all(re.fullmatch(r"T\d{4}(\.\d{3})?", one) for one in ids)
    assert all(isinstance(one["score"], int) for one in layer["techniques"])
    for one in layer["techniques"]:
        assert all(set(row) == {"name", "value"} and isinstance(row["value"], str) for row in one["metadata"])
    return layer


_FIELDS = frozenset(
    """
    @timestamp ecs.version message tags event.kind event.category event.type event.module
    event.dataset event.provider event.id event.severity event.risk_score event.start event.end
    event.reason event.original rule.name rule.category rule.ruleset rule.description
    observer.vendor observer.product observer.version host.name host.hostname container.id
    container.name container.image.name container.image.tag container.image.hash.all
    orchestrator.type orchestrator.cluster.name orchestrator.namespace orchestrator.resource.name
    orchestrator.resource.type orchestrator.resource.parent.type cloud.account.id process.pid
    process.executable process.name process.command_line process.hash.sha256
    process.working_directory user.id user.name file.path file.name destination.ip
    destination.address destination.port destination.domain network.transport dns.question.name
    threat.framework threat.technique.id threat.technique.subtechnique.id
    """.split()
)
"""Fields of ECS 8.11 that we use, from its field reference."""
_ECS_LISTS = {"tags", "event.category", "event.type", "container.image.tag", "container.image.hash.all"}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield name, value
        return
    for key, inner in value.items():
        yield from _flat(inner, f"{name}.{key}" if name else key)


def ecs(content: bytes) -> list[Document]:
    """Hold documents against the fields of ECS; our own stand below ``rtml``."""
    documents = lines(content)
    for document in documents:
        for name, value in _flat(document):
            if not name.startswith("rtml."):
                field = (
                    re.sub(r"(\.parent)+\.(?=pid|exec|name|command)", ".", name)
                    if "process" in name
                    else name
                )
                assert field in _FIELDS, f"{name} is no field of ECS"
                assert not isinstance(value, list) or field in _ECS_LISTS or field.startswith("threat."), name
        assert document["event"]["kind"] == "alert"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document["@timestamp"])
    return documents


def cef(content: bytes) -> list[Document]:
    """Parse lines of CEF by its grammar, written here a second time."""
    rows = content.decode().split("\n")
    assert rows.pop() == ""
    return [_cef(row) for row in rows]


def _cef(row: str) -> dict[str, str]:
    *header, extension = re.split(r"(?<!\\)(?:\\\\)*\|", row, maxsplit=7)
    header = re.findall(r"((?:[^|\\]|\\.)*)\|", row)[:7]
    assert len(header) == 7 and header[0] == "CEF:0", header
    extension = row[sum(len(part) + 1 for part in header) :]
    assert int(header[6]) in range(11)
    keys = list(re.finditer(r"(?:^| )([A-Za-z][A-Za-z0-9]*)=", extension))
    ends = [*(key.start() for key in keys[1:]), len(extension)]
    found = {key[1]: extension[key.end() : end] for key, end in zip(keys, ends, strict=True)}
    assert len(found) == len(keys), "a key twice"
    assert not any(re.search(r"(?<!\\)(?:\\\\)*=", value) for value in found.values()), row
    unescaped = {key: re.sub(r"\\(.)", r"\1", value) for key, value in found.items()}
    return {"type": header[4], "name": re.sub(r"\\(.)", r"\1", header[5]), **unescaped}


def csv_rows(content: bytes) -> list[Document]:
    """Read CSV by the standard library; no cell may be a formula."""
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    for row in rows:
        assert None not in row and None not in row.values(), "a row of another width"
        for cell in row.values():
            assert not cell or cell[0] not in "=+-@\t\r", cell
            assert cell.isprintable(), cell
    return rows


def parquet(content: bytes) -> list[Document]:
    """Read Parquet."""
    return pl.read_parquet(io.BytesIO(content)).to_dicts()


VALIDATORS = {
    "jsonl": lines,
    "csv": csv_rows,
    "parquet": parquet,
    "ocsf": ocsf,
    "guardduty": guardduty,
    "asff": asff,
    "eventbridge": eventbridge,
    "ecs": ecs,
    "cef": cef,
    "stix": stix,
    "navigator": navigator,
}
"""By the name of the format; what they return is one document per finding, but for the layer."""
