"""Labels: every form that people write, and every fault named."""

import json

import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.evaluation.labels.reading import in_capture, read_labels, refuse_rule_labels
from rtml.schema import LABELS
from tests.conftest import SHARED
from tests.evaluation.frames import make_labels
from tests.samples import DATA

LAB_LINE = {
    "attack_id": "a01",
    "technique": "T1059.004",
    "name": "reverse shell",
    "container": "app",
    "container_id": "2ef5",
    "start": 1795490205495040701,
    "end": 1795490208065919556,
    "root_pid": 6366,
    "pids": [6366, 6367],
    "entry": "rce",
    "command": "sh",
    "provenance": "replay",
}


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def test_lab_lines_keep_their_nanoseconds(tmp_path):
    labels = read_labels(write(tmp_path, "labels.jsonl", json.dumps(LAB_LINE) + "\n"))
    assert labels.schema == LABELS
    assert labels["start"].to_physical()[0] == 1795490205495040701
    assert labels["process_id"][0] is None and labels["host"][0] is None


@pytest.mark.parametrize(
    "start",
    [
        "1795490205",
        "1795490205000",
        "1795490205000000",
        "1795490205000000000",
        "2026-11-24T03:16:45Z",
        "2026-11-24T04:16:45+01:00",
        "2026-11-24 03:16:45",
        "1795490205.0",
    ],
)
def test_every_way_to_write_one_moment(tmp_path, start):
    text = f"attack_id,container_id,start,end,process_id\na,c,{start},1795490206,-7\n"
    labels = read_labels(write(tmp_path, "l.csv", text))
    assert labels["start"].to_physical()[0] == 1795490205 * 10**9
    assert labels["process_id"][0] == -7


def test_formats_agree(tmp_path):
    labels = make_labels(("a", "c", 1, 2, 5), ("b", "c", 3, 4, None))
    labels.write_parquet(tmp_path / "l.parquet")
    labels.write_csv(tmp_path / "l.csv")
    labels.write_ndjson(tmp_path / "l.jsonl")
    for name in ("l.parquet", "l.csv", "l.jsonl"):
        assert read_labels(tmp_path / name).equals(labels), name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("attack,container_id,start,end\na,c,1795490205,1795490206\n", "did you mean 'attack'"),
        ("attack_id,container_id,start,end\na,c,1795490206,1795490205\n", "before it starts"),
        ("attack_id,container_id,start,end\na,c,soon,1795490205\n", "row 1: start 'soon'"),
        ("attack_id,container_id,start,end\na,c,5,1795490205\n", "1990 to 2200"),
        ("attack_id,container_id,start,end\na,c,99999999999999999999999,1795490205\n", "1990"),
        ("attack_id,container_id,start,end\na,,1795490205,1795490205\n", "no 'container_id'"),
        ("attack_id,container_id,start,end\n" + 2 * "a,c,1795490205,1795490205\n", "twice"),
        ("attack_id,container_id,start,end,process_id\na,c,1795490205,1795490205,x\n", "integer"),
    ],
)
def test_faults_in_csv(tmp_path, text, says):
    with pytest.raises(RtmlError, match=says):
        read_labels(write(tmp_path, "l.csv", text))


def test_faults_in_files(tmp_path):
    with pytest.raises(RtmlError, match="no such file"):
        read_labels(tmp_path / "none.csv")
    with pytest.raises(RtmlError, match="unknown ending"):
        read_labels(write(tmp_path, "l.yaml", ""))
    with pytest.raises(RtmlError, match="line 2 is not JSON"):
        read_labels(write(tmp_path, "l.jsonl", json.dumps(LAB_LINE) + '\n{"attack_id": '))
    with pytest.raises(RtmlError, match="not a JSON object"):
        read_labels(write(tmp_path, "m.jsonl", "[1]\n"))
    with pytest.raises(RtmlError, match="as Parquet"):
        read_labels(write(tmp_path, "l.parquet", "PAR?"))
    (tmp_path / "n.csv").write_bytes(b"attack_id\xff\n")
    with pytest.raises(RtmlError, match="UTF-8"):
        read_labels(tmp_path / "n.csv")


def test_line_separators_inside_strings(tmp_path):
    odd = LAB_LINE | {"name": "x\u2028y", "command": "a\nb"}
    labels = read_labels(write(tmp_path, "l.jsonl", json.dumps(odd, ensure_ascii=False) + "\n"))
    assert labels["name"].to_list() == ["x\u2028y"]
    text = 'attack_id,container_id,start,end,name\na,c,1795490205,1795490206,"two\nlines"\n'
    assert read_labels(write(tmp_path, "l.csv", text))["name"].to_list() == ["two\nlines"]


def test_an_empty_file_holds_no_attack(tmp_path):
    assert read_labels(write(tmp_path, "l.jsonl", "")).height == 0


def test_labels_of_another_capture():
    labels = make_labels(("a", "c1", 1, 2, None), ("b", "c9", 1, 2, None))
    kept, warnings = in_capture(labels, ["c1", "c2"])
    assert kept["attack_id"].to_list() == ["a"] and "'b'" in warnings[0]
    with pytest.raises(RtmlError, match="name no container of the capture"):
        in_capture(labels, ["other"])
    assert in_capture(labels.clear(), ["other"])[1] == []


def test_rule_made_labels_are_refused():
    refuse_rule_labels(make_labels(("a", "c", 1, 2, None)))
    with pytest.raises(RtmlError, match="made by rules"):
        refuse_rule_labels(make_labels(("a", "c", 1, 2, None), provenance="Rule"))


FILES = {DATA / "bpftrace/labels.jsonl": 2, SHARED / "lab/attacks/labels.jsonl": 16}


@pytest.mark.parametrize("path", [path for path in FILES if path.is_file()], ids=str)
def test_labels_of_our_recording(path):
    labels = read_labels(path)
    assert labels.height == FILES[path] and labels["technique"].null_count() == 0
    assert isinstance(labels.schema["start"], pl.Datetime)
