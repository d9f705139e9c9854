"""The command line as a user meets it: exit codes, one clear line, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from rtml.commands.output import print_table
from rtml.errors import UsageError
from rtml.findings.reading import read_findings
from rtml.schema import FINDINGS, LABELS, empty
from tests.captures.test_bpftrace import line
from tests.conftest import LAB, REPOSITORY


def rtml(*arguments: object, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rtml.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


COMMANDS = [
    ("capture", "import"),
    ("capture", "info"),
    ("capture", "check"),
    ("features",),
    ("baseline", "learn"),
    ("baseline", "show"),
    ("baseline", "diff"),
    ("baseline", "export"),
    ("rules",),
    ("init",),
    ("train",),
    ("score",),
    ("evaluate",),
    ("experiment", "run"),
    ("experiment", "leaderboard"),
    ("dataset", "list"),
    ("dataset", "prepare"),
    ("experiment", "compare"),
    ("experiment", "sweep"),
    ("experiment", "ablate"),
    ("experiment", "robustness"),
    ("findings", "export"),
    ("findings", "import"),
    ("findings", "suppress"),
    ("findings", "correlate"),
    ("findings", "sample"),
    ("findings", "send"),
    ("findings", "tune"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: tuple[str, ...]):
    done = rtml(*command, "--help")
    assert done.returncode == 0
    assert f"rtml {' '.join(command)}" in " ".join(done.stdout.split()), "no example"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A folder of everything that can be wrong."""
    (tmp_path / "empty").touch()
    (tmp_path / "cut.jsonl").write_text('{"type": "printf", "da')
    (tmp_path / "cut.sf").write_bytes(b"Obj\x01\x04\x14avro")
    (tmp_path / "cut.csv").write_text("timestamp,processId\n1")
    (tmp_path / "unknown.yml").write_text("capture: c\nbudgit: 3\n")
    (tmp_path / "broken.yml").write_text("a: [b")
    (tmp_path / "list.yml").write_text("- a")
    (tmp_path / "ring.yml").write_text("base: ring")
    (tmp_path / "x.parquet").write_bytes(b"PAR1junk")
    empty(FINDINGS).write_parquet(tmp_path / "none.parquet")
    labels = {
        "attack_id": ["a"],
        "technique": ["T1"],
        "name": ["n"],
        "container_id": ["nowhere"],
        "start": ["2026-11-24T03:20:00Z"],
        "end": ["2026-11-24T03:21:00Z"],
    }
    pl.DataFrame(labels).write_csv(tmp_path / "strangers.csv")
    return tmp_path


CAPTURE = LAB / "capture"
WRONG = [
    (1, "absent", ["capture", "import", "bpftrace", "{d}/absent", "--out", "{d}/c"]),
    (1, "empty", ["capture", "import", "bpftrace", "{d}/empty", "--out", "{d}/c"]),
    (1, "cut.jsonl", ["capture", "import", "bpftrace", "{d}/cut.jsonl", "--out", "{d}/c"]),
    (1, "cut.sf", ["capture", "import", "sysflow", "{d}/cut.sf", "--out", "{d}/c"]),
    (1, "cut.csv", ["capture", "import", "beth", "{d}/cut.csv", "--out", "{d}/c"]),
    (1, "sysflow", ["capture", "import", "beth", "{d}/cut.sf", "--out", "{d}/c"]),
    (2, "did you mean 'sysflow'", ["capture", "import", "sisflow", "{d}/empty", "--out", "{d}/c"]),
    (2, "INPUT", ["capture", "import", "bpftrace", "--out", "{d}/c"]),
    (1, "capture.json", ["capture", "info", "{d}"]),
    (1, "capture.json", ["features", "{d}", "--out", "{d}/w.parquet"]),
    (2, "did you mean 'lineage'", ["features", CAPTURE, "--family", "linage", "--out", "{d}/w"]),
    (2, "window length", ["features", CAPTURE, "--window", "fast", "--out", "{d}/w"]),
    (2, "did you mean 'budget'", ["experiment", "run", "{d}/unknown.yml"]),
    (2, "not YAML", ["experiment", "run", "{d}/broken.yml"]),
    (2, "mapping", ["experiment", "run", "{d}/list.yml"]),
    (2, "ring", ["experiment", "run", "{d}/ring.yml"]),
    (2, "No such file", ["experiment", "run", "{d}/absent.yml"]),
    (2, "key=value", ["experiment", "run", "experiments/demo.yml", "--set", "seed"]),
    (
        2,
        "did you mean 'surprise'",
        [
            "train",
            CAPTURE,
            "--config",
            "experiments/lab.yml",
            "--no-track",
            "--out",
            "{d}/m",
            "--set",
            "detectors={suprise: }",
        ],
    ),
    (1, "no model here", ["score", CAPTURE, "--model", "{d}", "--out", "{d}/s"]),
    (1, "x.parquet", ["findings", "export", "{d}/x.parquet"]),
    (1, "cut.jsonl", ["findings", "export", "{d}/cut.jsonl"]),
    (2, "known: asff", ["findings", "export", "{d}/none.parquet", "--format", "xml"]),
    (2, "did you mean 'falco'", ["findings", "import", "falcon", "{d}/empty", "--out", "{d}/f"]),
    (1, "absent", ["findings", "import", "falco", "{d}/absent", "--out", "{d}/f"]),
    (2, "not YAML", ["findings", "suppress", "{d}/none.parquet", "--rules", "{d}/broken.yml", "--dry-run"]),
    (2, "--dry-run", ["findings", "suppress", "{d}/none.parquet", "--rules", "{d}/list.yml"]),
    (
        2,
        "is the input",
        ["findings", "suppress", "{d}/none.parquet", "--rules", "{d}/list.yml", "--out", "{d}/none.parquet"],
    ),
    (2, "list.yml", ["rules", CAPTURE, "--suppress", "{d}/list.yml"]),
    (2, "describes no lists", ["rules", CAPTURE, "--intel", "{d}/list.yml"]),
    (2, "engine", ["score", CAPTURE, "--model", "{d}", "--out", "{d}/s", "--engine", "moon"]),
    (
        1,
        "name no container",
        [
            "evaluate",
            "--capture",
            CAPTURE,
            "--labels",
            "{d}/strangers.csv",
            "--findings",
            "{d}/none.parquet",
            "--out",
            "{d}/e",
        ],
    ),
    (
        1,
        "x.parquet",
        [
            "evaluate",
            "--capture",
            CAPTURE,
            "--labels",
            LAB / "labels.parquet",
            "--findings",
            "{d}/x.parquet",
            "--out",
            "{d}/e",
        ],
    ),
    (2, "Did you mean 'check'", ["capture", "chekc", "{d}"]),
]


@pytest.mark.parametrize(("code", "text", "arguments"), WRONG, ids=lambda x: str(x)[:60])
def test_bad_input_is_one_clear_line(bad: Path, code: int, text: str, arguments: list[object]):
    before = sorted(bad.iterdir())
    done = rtml(*(str(a).replace("{d}", str(bad)) for a in arguments))
    assert (done.returncode, done.stdout.strip()) == (code, "")
    assert text in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert sorted(bad.iterdir()) == before, "a failed command left something behind"


def test_machine_readable_output_is_json(tmp_path: Path):
    (tmp_path / "log").write_text("\n".join([line("exec", 1, "/bin/sh"), "{"]))
    made = rtml("capture", "import", "bpftrace", tmp_path / "log", "--out", tmp_path / "c", "--json")
    assert json.loads(made.stdout)["rejected"] == 1
    assert json.loads(rtml("capture", "info", tmp_path / "c", "--json").stdout)["events"] == 1
    checks = json.loads(rtml("capture", "check", tmp_path / "c", "--json").stdout)
    assert {row[""] for row in checks} == {"ok", "note"}
    rules = json.loads(rtml("rules", tmp_path / "c", "--json").stdout)
    assert len(rules["rules"]) >= 10 and rules["skipped"] == []


def test_one_event_goes_all_the_way(tmp_path: Path):
    (tmp_path / "log").write_text(line("exec", 1, "/bin/sh"))
    rtml("capture", "import", "bpftrace", tmp_path / "log", "--out", tmp_path / "c")
    for command in (["features"], ["rules"]):
        done = rtml(*command, tmp_path / "c", "--out", tmp_path / f"{command[0]}.parquet")
        assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "features.parquet").height == 1
    empty(LABELS).write_parquet(tmp_path / "labels.parquet")
    done = rtml(
        "evaluate",
        "--capture",
        tmp_path / "c",
        "--labels",
        tmp_path / "labels.parquet",
        "--findings",
        tmp_path / "rules.parquet",
        "--out",
        tmp_path / "e",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "e" / "report.html").is_file()


def test_exported_findings_come_back_the_same(tmp_path: Path):
    rtml("rules", CAPTURE, "--out", tmp_path / "f.parquet")
    done = rtml("findings", "export", tmp_path / "f.parquet", "--out", tmp_path / "f.jsonl")
    assert done.returncode == 0, done.stderr
    assert read_findings(tmp_path / "f.jsonl").equals(read_findings(tmp_path / "f.parquet"))
    lines = rtml("findings", "export", tmp_path / "f.parquet").stdout.splitlines()
    assert json.loads(lines[0])["source"] == "rule"


def test_hostile_strings_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]):
    print_table("", ["exe"], [("\x1b[2Jsh [red]x[/] \u202e",)])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown and "\u202e" not in shown
    assert r"\x1b[2Jsh [red]x[/] \u202e" in shown


def test_debug_shows_the_traceback(tmp_path: Path):
    assert "Traceback" in rtml("capture", "info", tmp_path, "--debug").stderr


def test_errors_say_what_to_do():
    assert str(UsageError("x")) == "x" and UsageError.exit_code == 2
