"""Labels: every form that people write, and every fault named."""

import json

import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.evaluation.labels import in_capture, read_labels, refuse_rule_labels
from rtml.evaluation.labels.provenance import PROVENANCES, unstated
from rtml.schema import LABELS
from tests.conftest import SHARED
from tests.evaluation.frames import NS, at, make_labels, utc
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
        ("attack_id,container_id,start,end\na,c,-5,1795490205\n", "1970 to 2200"),
        ("attack_id,container_id,start,end\na,c,99999999999999999999999,1795490205\n", "1970"),
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
    with pytest.raises(RtmlError, match="1 of 2 labels name no container of the capture: 'b'"):
        in_capture(labels, ["c1", "c2"])
    assert in_capture(labels.clear(), ["other"])[1] == []
    with pytest.raises(RtmlError, match="infrastructure"):
        in_capture(labels, ["c1", "c9"], infrastructure=["c9"])


PROCESSES = pl.DataFrame(
    {
        "process_id": [1, 2, 3, 4],
        "container_id": ["c1", "c1", "c1", "c2"],
        "started": utc([10, 20, 0, 10]),
        "until": [at(12), at(21), None, at(12)],
    },
    schema_overrides={"until": NS},
)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("a", "c1", 10, 12, 1), None),
        (("a", "c1", 9.9, 12.1, 1), None),
        (("a", "c1", 10, 12, None), None),
        (("a", "c1", 10, 12, 9), "name a root process that the capture does not hold: 'a'"),
        (("a", "c1", 10, 12, 4), "name a root process of another container"),
        (("a", "c1", 13, 14, 1), "lie outside the life of their root process"),
        (("a", "c1", 8, 9, 1), "lie outside the life of their root process"),
    ],
)
def test_a_label_and_its_root_process_belong_together(row, fault):
    labels = make_labels(row)
    if fault is None:
        assert in_capture(labels, ["c1"], PROCESSES) == (labels, [])
    else:
        with pytest.raises(RtmlError, match=fault):
            in_capture(labels, ["c1"], PROCESSES)


def test_a_root_that_ran_for_long_before_is_told():
    """A service that is named as root makes all of its usual work in the label's time part of the attack."""
    assert in_capture(make_labels(("a", "c1", 9, 11, 3)), ["c1"], PROCESSES)[1] == []
    labels = make_labels(("a", "c1", 100, 101, 3))
    kept, told = in_capture(labels, ["c1"], PROCESSES)
    assert kept.equals(labels) and "name as root a process that began more than 10" in told[0]


@pytest.mark.parametrize("offset", [-0.5, 0.5])
@pytest.mark.parametrize("lasting", [0.1, 5.0])
def test_clocks_that_differ_are_seen(offset, lasting):
    """Short attacks fall out of the life of their root; long ones all begin by the same time apart."""
    starts = [10.0, 20.0, 35.0, 61.0, 80.0, 99.0]
    roots = pl.DataFrame(
        {"process_id": range(6), "started": utc(starts), "until": utc([s + lasting for s in starts])}
    )
    rows = [(f"a{n}", "c1", s + offset, s + offset + lasting, n) for n, s in enumerate(starts)]
    word = "before" if offset > 0 else "after"
    told = f"root processes begin 30.0 s {word} their labels, in 6 of 6"
    if lasting > 1 and offset < 0:
        assert told in in_capture(make_labels(*rows), ["c1"], roots)[1][0]
        return
    with pytest.raises(RtmlError, match=told):
        in_capture(make_labels(*rows), ["c1"], roots)
    assert (
        in_capture(
            make_labels(*((a, c, s - offset, e - offset, p) for a, c, s, e, p in rows)), ["c1"], roots
        )[1]
        == []
    )


def test_times_of_another_year_or_zone_are_left_out_and_said():
    labels = make_labels(("a", "c1", 1, 2, None), ("b", "c1", 600, 601, None))
    kept, warnings = in_capture(labels, ["c1"], None, (at(0), at(60)))
    assert (
        kept["attack_id"].to_list() == ["a"] and "1 of 2 labels lie outside the capture's time" in warnings[0]
    )
    with pytest.raises(RtmlError, match="are their times UTC"):
        in_capture(labels, ["c1"], None, (at(900), at(960)))


@pytest.mark.parametrize(
    ("other", "twins"),
    [
        (("b", "c1", 10, 12, 1), True),
        (("b", "c1", 11, 20, 1), True),
        (("b", "c1", 10, 12, 2), False),  # two attacks at once
        (("b", "c1", 13, 14, 1), False),  # one after the other, in one session
        (("b", "c2", 10, 12, 1), False),
    ],
)
def test_copies_of_an_attack_are_refused(other, twins):
    labels = make_labels(("a", "c1", 10, 12, 1), other)
    blind = labels.with_columns(process_id=pl.lit(None, pl.Int64))
    if twins:
        with pytest.raises(RtmlError, match="one attack is one row"):
            in_capture(labels, ["c1", "c2"])
        with pytest.raises(RtmlError, match="one attack is one row"):
            in_capture(blind, ["c1", "c2"])
    else:
        assert in_capture(labels, ["c1", "c2"])[0].height == 2


def test_a_long_label_hides_no_copy_behind_a_short_one():
    labels = make_labels(("a", "c1", 0, 50, 1), ("b", "c1", 10, 11, 2), ("c", "c1", 20, 21, 1))
    with pytest.raises(RtmlError, match="1 of 3 labels are of the same process tree.*'c'"):
        in_capture(labels, ["c1"])


def test_rule_made_labels_are_refused():
    refuse_rule_labels(make_labels(("a", "c", 1, 2, None)))
    with pytest.raises(RtmlError, match="made by rules"):
        refuse_rule_labels(make_labels(("a", "c", 1, 2, None), provenance="Rule"))


@pytest.mark.parametrize("provenance", ["rules", "falco", "rule-derived", None, "", "  ", "my tool"])
def test_what_is_not_on_the_list_is_not_independent(provenance):
    labels = make_labels(("a", "c", 1, 2, None), provenance=provenance)
    assert len(unstated(labels)) == 1
    with pytest.raises(RtmlError, match="is not known, so nothing shows that rules did not make them"):
        refuse_rule_labels(labels)


@pytest.mark.parametrize("provenance", [" rule", "RULE ", "\trule"])
def test_spaces_and_capitals_hide_no_rules(provenance):
    with pytest.raises(RtmlError, match="made by rules"):
        refuse_rule_labels(make_labels(("a", "c", 1, 2, None), provenance=provenance))


@pytest.mark.parametrize("provenance", [name for name in PROVENANCES if name != "rule"])
def test_what_is_on_the_list_is_judged(provenance):
    refuse_rule_labels(make_labels(("a", "c", 1, 2, None), provenance=provenance.title()))


FILES = {DATA / "bpftrace/labels.jsonl": 2, SHARED / "lab/attacks/labels.jsonl": 16}


@pytest.mark.parametrize("path", [path for path in FILES if path.is_file()], ids=str)
def test_labels_of_our_recording(path):
    labels = read_labels(path)
    assert labels.height == FILES[path] and labels["technique"].null_count() == 0
    assert isinstance(labels.schema["start"], pl.Datetime)
