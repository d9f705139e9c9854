"""What can be answered without the work is answered at once: help, wrong use, absent files."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.main import get_command

from rtml.cli import app
from rtml.commands.names import PACKS
from rtml.rules.catalogue import standing
from rtml.rules.facts import pack_facts
from rtml.rules.running.run import load_all
from tests.conftest import LAB, REPOSITORY

HEAVY = {
    "fastavro",
    "jinja2",
    "mlflow",
    "numpy",
    "pandas",
    "plotly",
    "polars",
    "pyarrow",
    "river",
    "scipy",
    "sigma",
    "skops",
    "sklearn",
}
MOST_SECONDS, MOST_TIMES = 1.0, 8
"""Of CPU, generous: it takes 0.2 to 0.4 where `HEAVY` stays out, 2 to 3 where it does not; on a slow
machine so many times what it takes to load the library of the command line alone."""

BARE = "import typer, rich.console"
WATCHED = """
import atexit, pathlib, sys
loaded = pathlib.Path(sys.argv.pop(1))
atexit.register(lambda: loaded.write_text(" ".join(sys.modules)))
from rtml.cli import main
sys.argv[0] = "rtml"
main()
"""
CAPTURE = LAB / "capture"
RUN = ["experiment", "run", "experiments/lab.yml", "--set"]

ANSWERS = [
    (1, "absent: No such file", ["init", "absent"]),
    (1, "exists already", ["init", "{file}", "--out", "{file}"]),
    (1, "No such file", ["replay", "scorecard", "absent"]),
    (1, "No such file", ["dataset", "list", "--data", "absent"]),
    (2, "nobody judges", ["watch", "falco", "absent.jsonl", "--pack", "none"]),
    (2, "unknown data set 'nonsense'", ["dataset", "prepare", "nonsense", "--from", "."]),
    (2, "No such file", ["experiment", "leaderboard", "absent.yml"]),
    (
        1,
        "no capture here",
        ["evaluate", "judge", "--capture", "absent", "--labels", "{file}", "--out", "{new}"],
    ),
    (1, "No such file", ["usage", "absent", "--hosts", "absent.csv"]),
    (2, "can be reached by others", ["capture", "serve", "--out", "{new}", "--host", "0.0.0.0"]),
    (1, "No such file", ["experiment", "compare", "absent", "absent"]),
    (2, "No such file", ["experiment", "sweep", "absent.yml", "--vary", "blocks=2,3", "--out", "{new}"]),
    (2, "No such file", ["experiment", "ablate", "absent.yml"]),
    (2, "No such file", ["experiment", "robustness", "absent.yml"]),
    (1, "No such file", ["experiment", "attacks", "absent", "--capture", CAPTURE, "--labels", "absent"]),
    (0, "Anomaly detection", ["--help"]),
    (0, "rtml", ["--version"]),
    (2, "No such option", ["--wrong"]),
    (2, "No such command", ["nonsense"]),
    (0, "46 of 46 types", ["rules", "--types"]),
    (0, '"by": []', ["rules", "--types", "--pack", "none", "--json"]),
    (2, "no capture: name one", ["rules"]),
    (1, "no capture here", ["rules", "absent"]),
    (2, "did you mean 'ours'", ["rules", "absent", "--gate", "our"]),
    (2, "unknown rule pack", ["rules", "--types", "--pack", "nonsense"]),
    (1, "No such file", ["rules", CAPTURE, "--sigma", "absent"]),
    (1, "No such file", ["rules", CAPTURE, "--falco", "absent"]),
    (1, "No such file", ["rules", CAPTURE, "--intel", "absent"]),
    (1, "No such file", ["rules", CAPTURE, "--reputation", "absent"]),
    (1, "No such file", ["rules", CAPTURE, "--suppress", "absent"]),
    (1, "No such file", ["rules", CAPTURE, "--lists", "absent"]),
    (2, "known: asff", ["findings", "export", "--format", "nonsense", "absent"]),
    (2, "did you mean 'ocsf'", ["findings", "export", "{file}", "--format", "ocfs"]),
    (2, "on this machine only", ["findings", "export", "{file}", "--out", "s3://bucket/x"]),
    (2, "12 digits", ["findings", "export", "{file}", "--account", "me"]),
    (2, "like eu-west-1", ["findings", "export", "{file}", "--region", "europe"]),
    (1, "no capture here", ["findings", "export", "{file}", "--capture", "absent"]),
    (2, "did you mean 'stix'", ["findings", "sample", "--format", "sticks"]),
    (2, "did you mean 'splunk'", ["findings", "send", "{file}", "--to", "spunk=https://x"]),
    (1, "No such file", ["findings", "send", "absent", "--to", "stdout"]),
    (1, "no capture here", ["findings", "tune", "{file}", "--labels", "{file}", "--capture", "absent"]),
    (1, "No such file", ["findings", "tune", "{file}", "--labels", "absent", "--capture", CAPTURE]),
    (2, "ATT&CK version", ["findings", "export", "{file}", "--attack", "v20"]),
    (1, "No such file", ["findings", "export", "absent"]),
    (2, "alert format", ["findings", "import", "nonsense", "{file}", "--out", "{new}"]),
    (1, "No such file", ["findings", "import", "falco", "absent", "--out", "{new}"]),
    (1, "No such file", ["findings", "show", "absent"]),
    (1, "No such file", ["findings", "suppress", "absent", "--rules", "{file}", "--dry-run"]),
    (2, "--dry-run", ["findings", "suppress", "{file}", "--rules", "{file}"]),
    (1, "No such file", ["findings", "correlate", "{file}", "absent"]),
    (2, "unknown sensor", ["capture", "import", "nonsense", "{file}", "--out", "{new}"]),
    (1, "No such file", ["capture", "import", "bpftrace", "absent", "--out", "{new}"]),
    (2, "generic rows need a mapping", ["capture", "import", "generic", "{file}", "--out", "{new}"]),
    (1, "exists already", ["capture", "import", "bpftrace", "{file}", "--out", "{file}"]),
    (2, "unknown sensor", ["capture", "follow", "nonsense", "-", "--out", "{new}"]),
    (1, "no capture here", ["capture", "coverage", "absent"]),
    (1, "no capture here", ["capture", "info", "absent"]),
    (1, "no capture here", ["capture", "check", "absent"]),
    (2, "'lineage'", ["features", CAPTURE, "--family", "linage", "--out", "{new}"]),
    (1, "No such file", ["features", CAPTURE, "--baseline", "absent", "--out", "{new}"]),
    (2, "unknown engine", ["score", "x", "--model", "y", "--out", "{new}", "--engine", "moon"]),
    (1, "no baseline here", ["features", CAPTURE, "--baseline", "tests", "--out", "{new}"]),
    (1, "no capture here", ["baseline", "learn", "absent", "--out", "{new}"]),
    (1, "exists already", ["baseline", "learn", CAPTURE, "--out", "{file}"]),
    (1, "No such file", ["baseline", "show", "absent"]),
    (1, "no baseline here", ["baseline", "show", "tests"]),
    (1, "no baseline here", ["baseline", "diff", "tests", "tests"]),
    (2, "unknown format", ["baseline", "export", "tests", "--format", "nonsense", "--workload", "w"]),
    (1, "no model here", ["score", CAPTURE, "--model", "absent", "--out", "{new}"]),
    (2, "above 0", ["score", CAPTURE, "--model", "m", "--out", "{new}", "--budget", "0"]),
    (2, "No such file", ["train", CAPTURE, "--config", "absent.yml"]),
    (2, "would be lost", ["train", CAPTURE, "--config", "experiments/lab.yml", "--no-track"]),
    (2, "No such file", ["experiment", "run", "absent.yml"]),
    (1, "exists already", ["experiment", "run", "experiments/lab.yml", "--out", "{file}"]),
    (2, "between 0 and 1", ["experiment", "promote", "RUN", "--alpha", "1.5"]),
    (
        1,
        "no capture here",
        ["evaluate", "--capture", "absent", "--labels", "{file}", "--findings", "{file}", "--out", "{new}"],
    ),
    (
        1,
        "No such file",
        ["evaluate", "--capture", CAPTURE, "--labels", "absent", "--findings", "{file}", "--out", "{new}"],
    ),
    (
        2,
        "category",
        ["reputation", "train", "--benign", "{file}", "--bad", "malicous={file}", "--out", "{new}"],
    ),
    (
        1,
        "No such file",
        ["reputation", "train", "--benign", "{file}", "--bad", "abused=absent", "--out", "{new}"],
    ),
    (1, "No such file", ["replay", "record", "--scenario", "absent.yml", "--out", "{new}"]),
    (1, "no capture here", ["replay", "splice", "absent", "--labels", "{file}", "--out", "{new}"]),
]


def commands(group: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, one in getattr(group, "commands", {}).items():
        yield from commands(one, (*path, name)) if hasattr(one, "commands") else [(*path, name)]


COMMANDS = sorted(commands(get_command(app)))
TABLES = {"fastavro", "numpy", "polars", "pyarrow"}
READ = [
    (
        2,
        "yesterday",
        [
            "evaluate",
            "--capture",
            CAPTURE,
            "--labels",
            "{file}",
            "--findings",
            "{file}",
            "--out",
            "{new}",
            "--since",
            "yesterday",
        ],
    ),
    (2, "yesterday", ["baseline", "learn", CAPTURE, "--out", "{new}", "--end", "yesterday"]),
    (2, "window length", ["features", CAPTURE, "--window", "fast", "--out", "{new}"]),
    (2, "did you mean 'surprise'", [*RUN, "detectors={suprise: }"]),
    (2, "did you mean 'lineage'", [*RUN, "families=[linage]"]),
    (2, "unknown gate", [*RUN, "rules.gate=nonsense"]),
    (2, "rule pack", [*RUN, "rules.pack=nonsense"]),
    (1, "no capture here", [*RUN, "capture=absent"]),
    (1, "No such file", [*RUN, "labels=absent"]),
]
"""These read a length of time or a configuration, which know `TABLES`, and nothing heavier."""

HELP = [(0, "Usage: rtml", [*command, "--help"]) for command in COMMANDS]
WRONG = [(2, "No such option: --wrong", [*command, "--wrong"]) for command in COMMANDS]


@pytest.mark.parametrize(
    ("code", "text", "arguments"),
    [*ANSWERS, *READ, *HELP, *WRONG],
    ids=lambda value: " ".join(map(str, value))[:60] if isinstance(value, list) else "",
)
def test_the_answer_comes_at_once(
    tmp_path: Path, most: float, code: int, text: str, arguments: Sequence[object]
):
    (tmp_path / "file").touch()
    names = {"{file}": tmp_path / "file", "{new}": tmp_path / "new"}
    given = [str(names.get(str(one), one)) for one in arguments]
    given = [one.replace("{file}", str(tmp_path / "file")) for one in given]
    done, used = watched(tmp_path, given)
    assert done.returncode == code, done.stderr
    assert text in (done.stderr if code else done.stdout)
    if code:
        assert len(done.stderr.strip().splitlines()) == 1 and done.stdout == "", done.stderr
    allowed = TABLES if (code, text, arguments) in READ else set()
    assert not (HEAVY - allowed) & set((tmp_path / "modules").read_text().split())
    # Beside other work a CPU second does less: the least of three.
    turns = 2
    while used >= most and turns:
        used, turns = min(used, watched(tmp_path, given)[1]), turns - 1
    assert used < most


@pytest.fixture(scope="module")
def most() -> float:
    """Return the CPU seconds that an answer may take on this machine."""
    return max(MOST_SECONDS, MOST_TIMES * min(spent([sys.executable, "-c", BARE])[1] for _ in range(3)))


def watched(folder: Path, given: Sequence[str]) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run a command; return what came of it, and its CPU seconds."""
    return spent([sys.executable, "-c", WATCHED, str(folder / "modules"), *given])


def spent(command: Sequence[str]) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run a program; return what came of it, and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_every_command_has_an_answer_that_comes_at_once():
    asked = [tuple(map(str, arguments)) for _, _, arguments in ANSWERS]
    silent = [c for c in COMMANDS if not any(one[: len(c)] == c for one in asked)]
    nothing_to_check = [("evaluate", "selftest"), ("replay", "doctor"), ("replay", "list")]
    assert silent == nothing_to_check


@pytest.mark.parametrize("pack", [*PACKS, "container k8s-audit"])
def test_facts_read_without_an_engine_are_those_of_the_rules(pack: str):
    rules, _ = load_all(packs=pack.split())
    rows = standing((one.finding_type, one.id) for one in pack_facts(pack.split()))
    other = standing((rule.finding_type, rule.id) for rule in rules)
    assert [sorted(row["by"]) for row in rows] == [sorted(row["by"]) for row in other]
    titles = {one.id: one.title for one in pack_facts(pack.split())}
    assert titles.items() >= {rule.id: rule.title for rule in rules}.items()
