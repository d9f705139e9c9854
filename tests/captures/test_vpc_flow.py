"""VPC flow logs: columns by header, format string or default; which end called; nothing, lost, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import import_capture, open_capture
from rtml.captures.sensors import SENSORS, Reading
from rtml.captures.sensors.choosing import choose
from rtml.errors import RtmlError
from rtml.rules import run_rules
from tests.samples import DATA

FLOW = "2 1 eni-1 10.9.0.4 198.51.100.7 50100 443 6 9 4000 1798793100 1798793160 ACCEPT OK"
BACK = "2 1 eni-1 198.51.100.7 10.9.0.4 443 50100 6 9 70000 1798793100 1798793160 ACCEPT OK"


def read(folder: Path, *lines: str) -> Reading:
    (folder / "f.log").write_text("\n".join(lines) + "\n")
    return SENSORS["vpc-flow"].read(folder / "f.log")


@pytest.mark.parametrize(
    "lines",
    [
        (FLOW,),
        (
            "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end"
            " action log-status",
            FLOW,
        ),
        (
            "${dstport} ${srcport} ${srcaddr} ${dstaddr} ${start}",
            "443 50100 10.9.0.4 198.51.100.7 1798793100",
        ),
        ("srcaddr dstaddr srcport dstport start", "10.9.0.4 198.51.100.7 50100 443 1798793100"),
    ],
)
def test_columns_are_those_that_the_first_line_names(lines: tuple[str, ...], tmp_path: Path):
    (event,) = read(tmp_path, *lines).events.to_dicts()
    wanted = {"kind": "connect", "src_ip": "10.9.0.4", "dst_ip": "198.51.100.7", "dst_port": 443}
    assert {name: event[name] for name in wanted} == wanted
    assert choose([tmp_path / "f.log"]).sensor == "vpc-flow"


def test_both_ways_are_events_of_one_connection(tmp_path: Path):
    events = read(tmp_path, FLOW, BACK).events
    names = ["kind", "src_ip", "dst_ip", "dst_port", "container_id", "bytes_out", "bytes_in"]
    assert events.select(names).rows() == [
        ("connect", "10.9.0.4", "198.51.100.7", 443, "eni-1", 4000, None),
        ("connect", "10.9.0.4", "198.51.100.7", 443, "eni-1", None, 70000),
    ]


@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [("198.51.100.7", "10.9.0.4", "accept"), ("10.9.0.4", "198.51.100.7", "connect")],
)
def test_of_a_lone_flow_the_private_end_is_ours(source: str, target: str, kind: str, tmp_path: Path):
    line = f"2 1 eni-1 {source} {target} 50100 5001 6 9 4000 1798793100 1798793160 ACCEPT OK"
    (event,) = read(tmp_path, line).events.to_dicts()
    assert (event["kind"], event["src_ip"], event["dst_port"]) == (kind, source, 5001)


@pytest.mark.parametrize(
    "line",
    [
        "5 1 eni-1 10.9.0.4 198.51.100.7 50100 443 6 9 4000 1798793100 1798793160 REJECT OK vpc-1 subnet-1",
        "3 1 - 10.9.0.4 198.51.100.7 50100 443 6 9 4000 1798793100 1798793160 ACCEPT NODATA - - ingress -",
        "6 TransitGateway 1 tgw-1 tgw-attach-0a 1 1 vpc-1 vpc-2 subnet-1 10.9.0.4 198.51.100.7 50100 443 6",
    ],
)
def test_a_log_of_another_format_says_how_it_is_read(line: str, tmp_path: Path):
    (tmp_path / "own.log").write_text(line + "\n")
    with pytest.raises(
        RtmlError, match="a VPC flow log without a line that names its fields; put its format"
    ):
        choose([tmp_path / "own.log"])
    rejects = read(tmp_path, FLOW, line).rejects
    assert "where no line names the fields" in rejects["reason"].item()


def test_a_dash_is_nothing_and_windows_without_records_are_no_events(tmp_path: Path):
    empty = "2 1 eni-1 - - - - - - - 1798793100 1798793160 - NODATA"
    reading = read(tmp_path, FLOW, empty, empty.replace("NODATA", "SKIPDATA"), FLOW.replace("443", "-"))
    assert reading.records == 2 == sum(reading.beside.values()) and len(reading.lost) == 1
    assert reading.events["dst_port"].to_list() == [443, None] and reading.rejects.is_empty()


@pytest.mark.parametrize("bad", ["2 1 eni-1", FLOW + " more", FLOW.replace("1798793100", "soon")])
def test_a_line_that_does_not_fit_is_refused_alone(bad: str, tmp_path: Path):
    reading = read(tmp_path, FLOW, bad, BACK)
    assert reading.rejects["line"].to_list() == [2] and reading.events.height == 2


@pytest.mark.parametrize("other", ["hello world", "a,b\n1,2"])
def test_another_file_is_refused_by_name(other: str, tmp_path: Path):
    with pytest.raises(RtmlError, match=r"f\.log"):
        read(tmp_path, other)


def test_a_capture_of_the_sample_has_no_processes_and_rules_run(tmp_path: Path):
    import_capture("auto", [DATA / "vpc-flow"], tmp_path / "c")
    capture = open_capture(tmp_path / "c")
    assert {c.container_id for c in capture.manifest.containers} == {"eni-0a0a0a0a", "eni-0c0c0c0c"}
    assert run_rules(capture).skipped == []


@pytest.mark.parametrize(
    "wrapped",
    [
        {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [{"id": "1", "message": FLOW}]},
        {"events": [{"timestamp": 1, "message": FLOW + "\n"}]},
        {"log": FLOW + "\n", "stream": "stdout"},
    ],
)
def test_a_log_in_the_json_of_its_transport_is_recognised(wrapped: dict[str, Any], tmp_path: Path):
    path = tmp_path / "flows.json"
    path.write_text(json.dumps(wrapped))
    assert choose([path]).sensor == "vpc-flow"
    path.write_text(json.dumps({"message": "2 of 14 jobs are done", "events": []}))
    with pytest.raises(RtmlError):
        choose([path])


def test_real_parquet_is_told_by_its_columns(shared: Path):
    for path in sorted(shared.glob("security_lake/*VPC_FLOW_inputs*.parquet")):
        reading = SENSORS["vpc-flow"].read(path)
        assert choose([path]).sensor == "vpc-flow"
        assert reading.records == reading.events.height == pl.read_parquet(path).height == 1
