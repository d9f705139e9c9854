"""The Kubernetes audit sensor: shapes of the log, stages, secrets, hostile input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import check_capture, import_capture, open_capture, open_captures
from rtml.captures.sensors import SENSORS
from rtml.captures.sensors.k8s_audit.values import MOST_ITEMS
from rtml.errors import RtmlError

read = SENSORS["k8s-audit"].read
HIDDEN = "hunter2-correct-horse"


def event(number: int = 0, **more: Any) -> dict[str, Any]:
    """One audit event; fields may be replaced."""
    at = f"2026-01-01T00:00:{number % 60:02}.000001Z"
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "auditID": f"id-{number}",
        "stage": "ResponseComplete",
        "level": "Metadata",
        "verb": "get",
        "requestURI": "/api/v1/namespaces/web/pods/a",
        "user": {"username": "alice"},
        "objectRef": {"resource": "pods", "namespace": "web", "name": "a"},
        "sourceIPs": ["192.0.2.1"],
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": at,
        "stageTimestamp": at,
        **more,
    }


def write(path: Path, *events: Any) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    return path


def audit_of(path: Path) -> pl.DataFrame:
    audit = read(path).audit
    assert audit is not None
    return audit


@pytest.mark.parametrize("shape", ["lines", "pretty", "list", "pretty list", "array", "gzip"])
def test_every_shape_of_the_log_reads_the_same(shape: str, tmp_path: Path):
    three = [event(i) for i in range(3)]
    whole: Any = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": three}
    content = {
        "lines": "\n".join(map(json.dumps, three)),
        "pretty": "\n".join(json.dumps(one, indent=2) for one in three),
        "list": json.dumps(whole),
        "pretty list": json.dumps(whole, indent=4),
        "array": json.dumps(three),
        "gzip": "\n".join(map(json.dumps, three)),
    }[shape].encode()
    (tmp_path / "log").write_bytes(gzip.compress(content) if shape == "gzip" else content)
    reading = read(tmp_path / "log")
    plain = read(write(tmp_path / "plain", *three))
    assert reading.rejects.is_empty()
    assert reading.events.equals(plain.events)
    assert plain.audit is not None and reading.audit is not None
    assert reading.audit.equals(plain.audit)


def test_columns_say_who_asked_what_of_which_object(tmp_path: Path):
    one = event(
        verb="create",
        userAgent="kubectl/v1",
        user={"username": "bob", "groups": ["dev"]},
        impersonatedUser={"username": "admin"},
        responseStatus={"code": 403},
        objectRef={"resource": "pods", "subresource": "exec", "namespace": "web", "name": "a"},
        annotations={"authorization.k8s.io/decision": "forbid"},
    )
    reading = read(write(tmp_path / "log", one))
    row, audit = reading.events.row(0, named=True), audit_of(tmp_path / "log").row(0, named=True)
    assert (row["request"], row["result"], row["pod"], row["namespace"], row["src_ip"]) == (
        "create pods/exec",
        -13,
        "a",
        "web",
        "192.0.2.1",
    )
    assert (audit["username"], audit["groups"], audit["impersonated"]) == ("bob", ["dev"], "admin")
    assert (audit["code"], audit["decision"], audit["user_agent"]) == (403, "forbid", "kubectl/v1")


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "CronJob"])
def test_pod_specs_are_found_wherever_they_stand(kind: str, tmp_path: Path):
    pod: dict[str, Any] = {
        "hostNetwork": True,
        "volumes": [{"hostPath": {"path": "/etc"}}, {"emptyDir": {}}],
        "containers": [{"image": "a:1", "command": ["sh", "-c"], "args": ["id"]}],
        "initContainers": [
            {"image": "b", "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}}}
        ],
    }
    template = {"template": {"spec": pod}}
    specs = {"Pod": pod, "Deployment": template, "CronJob": {"jobTemplate": {"spec": template}}}
    audit = audit_of(write(tmp_path / "log", event(requestObject={"kind": kind, "spec": specs[kind]}))).row(
        0, named=True
    )
    assert (audit["images"], audit["commands"]) == (["a:1", "b"], ["sh -c id"])
    assert (audit["privileged"], audit["host_network"], audit["host_pid"]) == (True, True, None)
    assert (audit["host_paths"], audit["capabilities"]) == (["/etc"], ["SYS_ADMIN"])


def secret_events() -> list[dict[str, Any]]:
    secret = {
        "kind": "Secret",
        "type": "Opaque",
        "data": {"token": HIDDEN},
        "metadata": {"annotations": {"last": HIDDEN}},
    }
    config = {"kind": "ConfigMap", "data": {"app.properties": f"password = {HIDDEN}"}}
    return [
        event(1, requestObject=secret, responseObject=secret),
        event(2, requestObject=config),
        event(3, requestObject={"kind": "ConfigMap", "data": {"colour": "green"}}),
    ]


def test_secret_values_never_enter_a_capture(tmp_path: Path):
    lines = [json.dumps(one) for one in secret_events()]
    broken = [lines[0][:-20], json.dumps({"kind": "Secret", "data": {"token": HIDDEN}}), HIDDEN]
    (tmp_path / "log").write_text("\n".join([*lines, *broken]))
    import_capture("k8s-audit", [tmp_path / "log"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    audit = capture.audit().sort("seq").collect()
    assert audit["data_keys"].to_list() == [["token"], ["app.properties"], ["colour"]]
    assert audit["holds_secret"].to_list() == [None, True, False]
    rejects = pl.read_parquet(tmp_path / "c/rejects.parquet")
    assert rejects.height == 3
    for table in (audit, rejects, capture.events().collect()):
        assert HIDDEN not in table.write_ndjson()


def test_stages_and_copies_are_one_request(tmp_path: Path):
    stages = [event(1, stage=s) for s in ("RequestReceived", "ResponseStarted")]
    files = [
        write(tmp_path / "a", *stages, event(2)),
        write(tmp_path / "b", event(1), event(2), event(3, stage="RequestReceived")),
    ]
    manifest = import_capture("k8s-audit", files, tmp_path / "c")
    audit = open_capture(tmp_path / "c").audit().filter("final").sort("audit_id").collect()
    assert audit.select("audit_id", "stage").rows() == [
        ("id-1", "ResponseComplete"),
        ("id-2", "ResponseComplete"),
        ("id-3", "RequestReceived"),
    ]
    assert (manifest.audit, manifest.audit_earlier) == (6, 3)
    assert [c for c in check_capture(open_capture(tmp_path / "c")) if not c.ok] == []


@pytest.mark.parametrize(
    "other",
    [
        {"verb": "list"},
        {"requestURI": "/api/v1/namespaces/web/pods/b"},
        {"user": {"username": "mallory"}},
        {"requestReceivedTimestamp": "2026-01-01T00:00:01.000002Z"},
        {"stageTimestamp": "2026-01-01T00:00:01.000002Z"},
        {"userAgent": "curl/8"},
        {"sourceIPs": ["192.0.2.2"]},
    ],
)
def test_an_id_that_the_caller_chose_makes_two_requests_not_one(tmp_path: Path, other: dict[str, Any]):
    import_capture("k8s-audit", [write(tmp_path / "a", event(1), event(1, **other))], tmp_path / "c")
    assert open_capture(tmp_path / "c").audit().collect()["final"].to_list() == [True, True]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (["192.0.2.1", "203.0.113.9"], ["192.0.2.1", "203.0.113.9"]),
        (["203.0.113.9", "192.0.2.1", "203.0.113.9"], ["192.0.2.1", "203.0.113.9"]),
        ([f"10.{n // 250}.0.{n % 250}" for n in range(5000)] + ["203.0.113.9"], None),
    ],
)
def test_the_address_that_connected_is_the_source(tmp_path: Path, told: list[str], kept: list[str] | None):
    path = write(tmp_path / "a", event(1, sourceIPs=told))
    assert read(path).events["src_ip"].to_list() == ["203.0.113.9"]
    addresses = audit_of(path)["source_ips"].to_list()[0]
    assert addresses == kept if kept else (len(addresses), addresses[-1]) == (MOST_ITEMS, "203.0.113.9")


def test_a_request_in_two_captures_is_final_once(tmp_path: Path):
    for name in ("a", "b"):
        import_capture("k8s-audit", [write(tmp_path / name, event(1))], tmp_path / f"c{name}")
    joined = open_captures([tmp_path / "ca", tmp_path / "cb"])
    assert joined.audit().collect()["final"].to_list().count(True) == 1
    keys = joined.events(["host", "seq"]).collect().with_columns(pl.col("host").cast(pl.String))
    assert joined.audit().collect().join(keys, on=["host", "seq"]).height == 2


def test_a_cut_off_line_does_not_swallow_what_follows(tmp_path: Path):
    good = json.dumps(event(1))
    (tmp_path / "log").write_text("\n".join([good, good[:90], good.replace("id-1", "id-2"), "}"]))
    reading = read(tmp_path / "log")
    assert reading.events.height == 2
    assert reading.rejects["reason"].to_list() == ["cut off: the object does not end", "not JSON"]
    assert reading.records == 4


def test_long_lists_are_cut_and_marked(tmp_path: Path):
    many = {"kind": "ConfigMap", "data": {str(i): "" for i in range(10 * MOST_ITEMS)}}
    audit = audit_of(write(tmp_path / "log", event(1, requestObject=many), event(2)))
    assert len(audit["data_keys"][0]) == MOST_ITEMS
    assert audit["cut"].to_list() == [True, False]


def test_cluster_json_names_the_cluster(tmp_path: Path):
    (tmp_path / "cluster.json").write_text('{"cluster": "prod", "account": "1"}')
    events = read(write(tmp_path / "log", event())).events
    assert events.select("cluster", "account", "host").row(0) == ("prod", "1", "kube-apiserver")
    (tmp_path / "cluster.json").write_text("{")
    with pytest.raises(RtmlError, match=r"cluster\.json"):
        read(tmp_path / "log")


def test_every_recorded_event_is_read(shared: Path, tmp_path: Path):
    files = sorted((shared / "k8s_audit").glob("*.json"))
    foreign = shared / "k8s_audit" / "k8s_audit_fal_01_003.json"
    with pytest.raises(RtmlError, match="not a Kubernetes audit log"):
        read(foreign)
    manifest = import_capture("k8s-audit", [f for f in files if f != foreign], tmp_path / "c")
    assert manifest.events == manifest.audit == 51
    assert manifest.rejected == 0
