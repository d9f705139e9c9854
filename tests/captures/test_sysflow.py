"""SysFlow: the real files record for record, and what one record becomes."""

from __future__ import annotations

from pathlib import Path

import fastavro
import polars as pl
import pytest

from rtml.captures.sensors.sysflow.reading import SENSOR
from rtml.schema import KINDS, conform
from tests.conftest import SHARED
from tests.samples import DATA

from .conftest import HEADER, TIME, Write, oid

FILES = {
    "alpine_alpine": 24,
    "client-server_tcp-client-server": 10,
    "files_files": 21,
    "files_filesat": 22,
    "mpm-event_cold_start_capture": 125,
    "mpm-event_full_capture": 4707,
    "mpm-preforked_cold_start_capture": 67,
    "mpm-preforked_full_capture": 4478,
    "mpm-worker_cold_start_capture": 100,
    "mpm-worker_full_capture": 4680,
    "namespaces_setns": 408,
    "nginx_nginx": 55,
    "objectstore_download": 236,
    "objectstore_ls": 14,
    "objectstore_upload": 67,
    "proc_httpd": 5,
    "proc_k8s_small": 5243,
    "proc_mon.1531776682": 18755,
    "proc_mon.1531776712": 6325,
    "proc_mon.1531776742": 20025,
    "proc_tcp": 10,
    "rename_rename": 28,
    "rename_rename2at": 12,
    "setuid_setuid": 12,
}
SAMPLE = DATA / "sysflow" / "shop.sf"
REAL = [path for name in FILES if (path := SHARED / "sysflow" / f"{name}.sf").is_file()]


@pytest.fixture(scope="module")
def labels(shared: Path) -> pl.DataFrame:
    path = shared / "sysflow" / "labels" / "lineage_labels.csv.gz"
    return pl.read_csv(path, schema_overrides={"ppid": pl.Float64})


def clear(schema: object) -> None:
    for part in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(part, dict | list):
            clear(part)
    if isinstance(schema, dict):
        schema.pop("logicalType", None)


def declared_programs(path: Path) -> pl.DataFrame:
    """Read the programs again, record by record: at the time of each event, and at the end."""
    seen: dict[tuple[int, int], str] = {}
    rows = []
    with path.open("rb") as file:
        reader = fastavro.reader(file, return_record_name=True, return_record_name_override=True)
        clear(reader.writer_schema)
        for index, record in enumerate(reader):
            name, fields = record["rec"]
            if name.endswith(".Process"):
                seen[tuple(fields["oid"].values())] = fields["exe"].replace("<NA>", "") or None
            elif "procOID" in fields:
                key = tuple(fields["procOID"].values())
                rows.append((index, key, seen.get(key)))
    columns = [(index, then, seen.get(key)) for index, key, then in rows]
    return pl.DataFrame(columns, ["seq", "then", "last"], orient="row")


@pytest.mark.parametrize("name", FILES)
def test_events_agree_with_the_file_and_its_labels(name: str, shared: Path, labels: pl.DataFrame):
    path = shared / "sysflow" / f"{name}.sf"
    reading = SENSOR.read(path)
    label = labels.filter(pl.col("file") == path.name).sort("record_index")
    events = reading.events
    assert events.height == label.height == FILES[name]
    assert reading.records == events.height + reading.rejects.height
    assert events["seq"].to_list() == label["record_index"].to_list()
    assert events["time"].to_physical().to_list() == label["ts_ns"].to_list()
    assert events["pid"].to_list() == label["pid"].to_list()
    assert events["ppid"].to_list() == label["ppid"].cast(pl.Int32).to_list()
    assert events["container_id"].to_list() == label["container_id"].to_list()
    # The labels carry the program that a process ran last, events the one that it ran then.
    assert label["exe"].to_list() == declared_programs(path)["last"].to_list()


@pytest.mark.parametrize("path", [SAMPLE, *REAL], ids=lambda path: path.stem)
def test_events_carry_the_program_that_ran_then(path: Path):
    programs = declared_programs(path)
    events = programs.select("seq").join(SENSOR.read(path).events, on="seq", how="left")
    accepted = events["kind"].is_not_null()
    assert accepted.sum() >= programs.height - (2 if path == SAMPLE else 0)
    assert events.filter(accepted)["exe"].to_list() == programs.filter(accepted)["then"].to_list()


SOME = ("proc_k8s_small", "proc_mon.1531776742", "setuid_setuid")


@pytest.mark.parametrize(
    "path", [SAMPLE, *(path for path in REAL if path.stem in SOME)], ids=lambda path: path.stem
)
def test_events_fit_the_table_and_repeat(path: Path):
    first, second = (SENSOR.read(path) for _ in range(2))
    assert first.events.equals(second.events)
    assert first.processes.equals(second.processes)
    events = conform(first.events)
    assert set(events["kind"].cast(pl.String)) <= set(KINDS) - SENSOR.blind
    assert events["process_id"].null_count() == 0
    # Every parent is a declared process, so that lineage has no holes; roots have none.
    parents = events["parent_id"].drop_nulls().unique()
    assert parents.is_in(first.processes["process_id"].implode()).mean() > 0.9


def test_kubernetes_names_its_containers(shared: Path):
    reading = SENSOR.read(shared / "sysflow" / "proc_k8s_small.sf")
    assert reading.containers.height == 23
    assert reading.rejects["reason"].str.contains("Kubernetes message").all()
    carts = reading.events.filter(pl.col("workload") == "robot-shop/cart/cart")
    assert carts.height > 0
    row = carts.row(0, named=True)
    assert (row["namespace"], row["pod"]) == ("robot-shop", "cart-7d7745696b-qgb99")
    assert row["image_digest"].startswith("sha256:791bdeb9c408")


def test_a_digest_is_taken_out_of_the_image_name(shared: Path):
    row = SENSOR.read(shared / "sysflow" / "proc_mon.1531776712.sf").events.row(0, named=True)
    assert row["image"] == "registry.ng.bluemix.net/seccloud/vulnerable-nodejs"
    assert row["image_digest"].startswith("sha256:c822730f88fb")


@pytest.mark.parametrize(
    "word", ["incomplete", "", "<NA>", "N/A", " Incomplete ", "incomplete/incomplete:incomplete"]
)
def test_a_word_for_nothing_known_is_absent(write_sysflow: Write, word: str):
    silent = {"id": "abc", "name": word, "image": word, "podId": "p"}
    named = {"id": "def", "name": "incomplete-orders", "image": "shop/incomplete:1", "podId": None}
    records = [
        HEADER,
        ("Pod", {"id": "p", "name": word, "namespace": word}),
        *(("Container", facts) for facts in (silent, named)),
        *(("Process", {"oid": oid(n), "containerId": c}) for n, c in ((5, "abc"), (6, "def"))),
        *(("ProcessEvent", {"procOID": oid(n)}) for n in (5, 6)),
    ]
    told = ("container_name", "image", "workload", "namespace", "pod")
    unknown, known = SENSOR.read(write_sysflow(*records)).events.sort("container_id").select(told).rows()
    assert unknown == (None,) * 5
    assert known[:3] == ("incomplete-orders", "shop/incomplete:1", "shop/incomplete:1")


def test_parents_that_did_nothing_are_declared(write_sysflow: Write):
    reading = SENSOR.read(
        write_sysflow(
            HEADER,
            ("Process", {"oid": oid(1, 0), "exe": "/sbin/init"}),
            ("Process", {"oid": oid(5), "poid": oid(1, 0), "exe": "/bin/sh", "exeArgs": "-c ls"}),
            ("ProcessEvent", {"procOID": oid(5)}),
        )
    )
    init, shell = reading.processes.rows(named=True)
    assert (init["exe"], init["started"], init["parent_id"]) == ("/sbin/init", None, None)
    assert shell["parent_id"] == init["process_id"]
    event = reading.events.row(0, named=True)
    assert (event["process_id"], event["parent_id"]) == (shell["process_id"], init["process_id"])
    assert (event["cmdline"], event["host"], event["seq"]) == ("/bin/sh -c ls", "node-1", 3)


def test_a_reused_pid_is_another_process(write_sysflow: Write):
    reading = SENSOR.read(
        write_sysflow(
            HEADER,
            ("Process", {"oid": oid(5), "exe": "/bin/a"}),
            ("ProcessEvent", {"procOID": oid(5)}),
            ("Process", {"oid": oid(5, TIME + 1), "exe": "/bin/b"}),
            ("ProcessEvent", {"procOID": oid(5, TIME + 1)}),
            ("ProcessEvent", {"procOID": oid(5)}),
        )
    )
    assert reading.events["exe"].to_list() == ["/bin/a", "/bin/b", "/bin/a"]
    assert reading.events["process_id"].n_unique() == 2


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (("ProcessEvent", {"opFlags": 2, "ret": -2}), {"kind": "exec", "result": -2}),
        (("ProcessEvent", {"opFlags": 4, "ret": 256}), {"kind": "exit", "result": 0}),
        (("ProcessEvent", {"opFlags": 4, "tid": 8}), {"kind": "syscall", "request": "exit"}),
        (("ProcessEvent", {"opFlags": 1, "ret": 9}), {"kind": "fork", "target_pid": None}),
        (("ProcessEvent", {"opFlags": 1}), {"kind": "syscall", "request": "clone"}),
        (("ProcessEvent", {"opFlags": 8, "args": ["root"]}), {"kind": "setuid", "request": "root"}),
        (("ProcessEvent", {"opFlags": 1 << 30}), {"kind": "syscall", "request": "op 1073741824"}),
        (
            ("FileFlow", {"opFlags": 1664, "openFlags": 263, "numWSendOps": 3}),
            {"kind": "open", "flags": "O_RDWR|O_CREAT|O_TRUNC", "wrote": True, "count": 1},
        ),
        (("FileFlow", {"opFlags": 1152}), {"kind": "open", "wrote": False, "path": "/etc/passwd"}),
        (("FileFlow", {"opFlags": 512, "numWSendOps": 3}), {"kind": "write", "count": 3}),
        (("FileFlow", {"opFlags": 16 + 128}), {"kind": "setns"}),
        (("FileFlow", {"opFlags": 1024, "fileOID": b"?" * 20}), {"request": "close", "path": None}),
        (
            ("NetworkFlow", {"dip": 0x0100007F, "dport": 53, "proto": 17, "opFlags": 64 + 512}),
            {
                "kind": "connect",
                "direction": "outbound",
                "dst_ip": "127.0.0.1",
                "dst_port": 53,
                "protocol": "udp",
                "src_ip": None,
                "result": 0,
            },
        ),
        (("NetworkFlow", {"sip": -2, "opFlags": 32}), {"kind": "accept", "src_ip": "254.255.255.255"}),
        (("NetworkFlow", {"opFlags": 768, "numWSendOps": 5}), {"request": "send", "count": 5}),
    ],
)
def test_one_record_is_one_event(write_sysflow: Write, record, expected):
    kind, fields = record
    path = write_sysflow(
        HEADER, ("Process", {"oid": oid(7)}), ("File", {}), (kind, {"procOID": oid(7), **fields})
    )
    event = SENSOR.read(path).events.row(0, named=True)
    assert {name: event[name] for name in expected} == expected
