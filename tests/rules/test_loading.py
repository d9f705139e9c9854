"""Bad rule files: counted, named, and never in the way of the others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from rtml.errors import RtmlError, UsageError
from rtml.rules import Rule, Skipped, load, load_pack
from rtml.rules.language.examples import matches
from tests.rules.sigma_text import document, load_one

GOOD = yaml.safe_dump(document({"s": {"Image|endswith": "/sh"}, "condition": "s"}))
BAD = {
    "broken.yml": "title: [",
    "empty.yml": "",
    "list.yml": "- a\n- b\n",
    "text.yml": "just text",
    "no_detection.yml": "title: x\nlogsource: {category: process_creation}\n",
    "no_condition.yml": "title: x\nlogsource: {category: process_creation}\ndetection: {s: {Image: x}}",
    "bad_condition.yml": GOOD.replace("condition: s", "condition: s and missing"),
    "correlation.yml": "title: c\nid: 21111111-2222-3333-4444-555555555555\ncorrelation: {type: "
    "event_count, rules: [x], group-by: [Image], timespan: 5m, condition: {gte: 3}}\n",
    "bomb.yml": "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
    "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
    "detection: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
    "python.yml": "!!python/object/apply:os.system ['echo hacked']",
    "same_id.yml": GOOD,
}


def test_bad_files_are_named_and_stop_nothing(tmp_path: Path, capfd):
    (tmp_path / "a_good.yml").write_text(GOOD)
    for name, text in BAD.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "dangling.yml").symlink_to(tmp_path / "nowhere")
    rules, skipped = load([tmp_path])
    assert [rule.title for rule in rules] == ["A rule"]
    named = {Path(one.file).name for one in skipped}
    assert named == {*BAD, "binary.yml", "folder.yml", "dangling.yml"}
    assert all(one.reason and "\n" not in one.reason for one in skipped)
    assert capfd.readouterr() == ("", "")


def test_two_documents_in_one_file(tmp_path: Path):
    other = GOOD.replace("11111111-", "31111111-").replace("Image", "Imag")
    (tmp_path / "two.yml").write_text(f"{GOOD}---\n{other}")
    rules, skipped = load([tmp_path / "two.yml"])
    assert len(rules) == 1
    assert "did you mean 'Image'?" in skipped[0].reason


COUNTED = (
    "title: many\nid: 41111111-2222-3333-4444-555555555555\ncorrelation: {type: event_count, rules: [%s],"
    " group-by: [Image], timespan: 5m, condition: {gte: 3}%s}\n"
)
FILTER = (
    "title: ours\nid: 51111111-2222-3333-4444-555555555555\nlogsource: {category: process_creation}\n"
    "filter: {rules: [%s], s: {User: root}, condition: not s}\n"
)
NAMED = GOOD + "name: shell\n"
ID = yaml.safe_load(GOOD)["id"]


SUMMED = COUNTED.replace("event_count", "value_sum").replace("gte: 3", "gte: 3, field: CommandLine")
BROKEN = FILTER.replace("condition: not s", "condition: [not s]")


@pytest.mark.parametrize("outer", [SUMMED % ("shell", ""), SUMMED % (ID, ""), BROKEN % "shell", BROKEN % ID])
def test_a_part_of_what_is_not_run_does_not_run_alone(tmp_path: Path, outer: str):
    (tmp_path / "a.yml").write_text(NAMED)
    (tmp_path / "b.yml").write_text(outer)
    rules, skipped = load([tmp_path])
    assert rules == [] and len(skipped) == 2
    assert "which is not run" in skipped[1].reason and yaml.safe_load(outer)["title"] in skipped[1].reason
    assert load([tmp_path / "a.yml"])[1] == []


@pytest.mark.parametrize(
    ("way", "hits"), [("", [0]), ("|endswith", [0, 1]), ("|startswith", [0, 2]), ("|contains", [0, 1, 2, 3])]
)
def test_a_field_compared_with_a_field(way: str, hits: list[int]):
    rule = load_one({"s": {f"CommandLine|fieldref{way}": "CurrentDirectory"}, "condition": "s"})
    lines = ["/tmp/A", "sh /tmp/a", "/TMP/a -l", "x /tmp/a y", "/tmp", None]
    events = [{"kind": "exec", "cmdline": line, "cwd": "/tmp/a"} for line in lines]
    assert [i for i, hit in enumerate(matches(rule, events)) if hit] == hits
    assert not any(matches(rule, [{"kind": "exec", "cmdline": "/tmp/a"}]))


def test_parts_that_may_alarm_and_filters_of_one_file_hold(tmp_path: Path):
    (tmp_path / "a.yml").write_text(NAMED + "---\n" + COUNTED % ("shell", ", generate: true"))
    assert [rule.reference for rule in load([tmp_path])[0]] == ["shell", ""]
    (tmp_path / "a.yml").write_text(NAMED + "---\n" + FILTER % "shell")
    (rule,), skipped = load([tmp_path])
    assert skipped == [] and "user" in rule.columns


def test_missing_path_and_unknown_pack():
    with pytest.raises(RtmlError, match="nowhere: no such rule file or folder"):
        load(["nowhere"])
    with pytest.raises(UsageError, match="did you mean 'container'"):
        load_pack("containr")


@pytest.mark.parametrize("modifier", ["", "|contains", "|startswith", "|endswith"])
def test_ten_thousand_literals(modifier):
    values = [f"/x{i}" for i in range(10_000)]
    found = load_one({"s": {f"Image{modifier}": values}, "condition": "s"})
    assert isinstance(found, Rule)


def test_deeply_nested_condition_is_refused_or_loaded():
    text = "not (" * 400 + "s" + ")" * 400
    assert isinstance(load_one({"s": {"Image": "x"}, "condition": text}), Rule | Skipped)


def test_without_pysigma_the_error_says_what_to_install(monkeypatch):
    for name in [n for n in sys.modules if n == "sigma" or n.startswith("sigma.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sigma.collection", None)
    for name in ("assembling", "documents", "reading"):
        monkeypatch.delitem(sys.modules, f"rtml.rules.sigma.{name}")
        monkeypatch.delattr(f"rtml.rules.sigma.{name}")
    with pytest.raises(RtmlError, match=r"pip install 'rtml\[sigma\]'"):
        load([])
