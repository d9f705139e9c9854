"""What an export allows is what was learnt: against raw events of the lab."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
import yaml

from rtml.baselines import Baseline
from rtml.baselines.counting import COUNTS
from rtml.captures import Capture
from rtml.errors import MissingError, UnknownNameError, UsageError
from rtml.features.calls import POWERFUL
from rtml.profiles.behaviour import behaviour_of
from rtml.profiles.formats import FORMATS
from rtml.rules.falco.fields import system_calls
from tests.conftest import ATTACKED
from tests.profiles import matching

GROUPS = ["app", "cache", "client", "job", "web"]
REFUSED = [-1, -2, -13]


def export(baseline: Baseline, form: str, workload: str) -> str:
    return FORMATS[form](behaviour_of(baseline, workload))


def paths_of(capture: Capture, workload: str, kind: str, column: str) -> list[str]:
    """Absolute paths of a workload's calm time, as the sensor wrote them, those that were refused apart."""
    seen = capture.events(["time", "workload", "result", "wrote", column], kinds=[kind]).filter(
        pl.col("workload").cast(pl.String) == workload,
        pl.col("time") < pl.lit(ATTACKED, pl.Datetime("ns", "UTC")),
        pl.col("result").is_null() | ~pl.col("result").is_in(REFUSED),
    )
    paths = seen.select(pl.col(column).cast(pl.String)).unique().collect().to_series().drop_nulls()
    return sorted(path for path in paths if path.startswith("/") and "\n" not in path)


def tidy(path: str) -> str:
    """Take out what keys take out of every path."""
    return re.sub(r"(/\.)+(?=/|$)", "", re.sub("/+", "/", path)) or "/"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("workload", GROUPS)
def test_every_file_is_read_back_and_plain_ascii(calm: Baseline, form: str, workload: str):
    text = export(calm, form, workload)
    assert text.isascii() and text.endswith("\n")
    document = json.loads(text) if form == "seccomp" else yaml.safe_load(text)
    assert document and text == export(calm, form, workload)


@pytest.mark.parametrize("workload", GROUPS)
def test_kubescape_allows_every_file_and_program_learnt(lab: Capture, calm: Baseline, workload: str):
    document = yaml.safe_load(export(calm, "kubescape", workload))
    assert (document["apiVersion"], document["kind"]) == (
        "spdx.softwarecomposition.kubescape.io/v1beta1",
        "ApplicationProfile",
    )
    assert document["metadata"]["labels"] == {"kubescape.io/managed-by": "User"}
    (container,) = document["spec"]["containers"]
    assert container["name"] == workload and container["capabilities"] == container["endpoints"] == []
    opens = {entry["path"]: entry["flags"] for entry in container["opens"]}
    opened = paths_of(lab, workload, "open", "path")
    assert opened
    for path in opened:
        assert any(matching.kubescape(pattern, tidy(path)) for pattern in opens), path
    execs = [entry["path"] for entry in container["execs"]]
    for path in paths_of(lab, workload, "exec", "exe"):
        assert path.startswith("/tmp/gen-") or any(matching.kubescape(one, path) for one in execs), path
    assert {"execve", "openat"} <= set(container["syscalls"])
    for stranger in ("/etc/shadow", "/root/.ssh/id_rsa"):
        assert not any(matching.kubescape(pattern, stranger) for pattern in opens)
    assert not any(matching.kubescape(one, "/usr/bin/nc") for one in execs)


def test_kubescape_tells_reading_from_writing_and_names_what_it_leaves_out(calm: Baseline):
    text = export(calm, "kubescape", "job")
    opens = {
        entry["path"]: entry["flags"] for entry in yaml.safe_load(text)["spec"]["containers"][0]["opens"]
    }
    assert opens["/dev/null"] == ["O_WRONLY"] and opens["/etc/passwd"] == ["O_RDONLY"]
    assert opens["/tmp/\u22ef"] == ["O_RDONLY", "O_WRONLY"]
    told = "# Left out, programs whose name varies or is unknown (1): /tmp/gen-#.sh"
    assert told in text.splitlines()


@pytest.mark.parametrize("workload", GROUPS)
def test_kubearmor_allows_every_file_and_program_learnt(lab: Capture, calm: Baseline, workload: str):
    document = yaml.safe_load(export(calm, "kubearmor", workload))
    assert (document["apiVersion"], document["kind"]) == ("security.kubearmor.com/v1", "KubeArmorPolicy")
    spec = document["spec"]
    assert spec["action"] == "Allow" and spec["selector"]["matchLabels"] == {"app": workload}
    for path in paths_of(lab, workload, "open", "path"):
        assert tidy(path) == "/" or kubearmor_allows(spec["file"], tidy(path)), path
    for path in paths_of(lab, workload, "exec", "exe"):
        assert kubearmor_allows(spec["process"], path), path
    assert not kubearmor_allows(spec["file"], "/etc/shadow")
    assert not kubearmor_allows(spec["process"], "/usr/bin/nc")
    assert {entry["protocol"] for entry in spec["network"]["matchProtocols"]} == {"tcp", "udp"}


def kubearmor_allows(rules: dict[str, list[dict[str, object]]], path: str) -> bool:
    """Match as the schema's three kinds of match do; the schema's own patterns must hold, too."""
    for entry in rules.get("matchPaths", []):
        assert re.fullmatch(r"/+.*[^/]", entry["path"])
    for entry in rules.get("matchDirectories", []):
        assert re.fullmatch(r"/|/.*/", entry["dir"])
    return (
        any(entry["path"] == path for entry in rules.get("matchPaths", []))
        or any(matching.apparmor(entry["pattern"], path) for entry in rules.get("matchPatterns", []))
        or any(
            path.startswith(entry["dir"]) and (entry.get("recursive") or "/" not in path[len(entry["dir"]) :])
            for entry in rules.get("matchDirectories", [])
        )
    )


def test_kubearmor_lets_only_read_what_was_only_read(calm: Baseline):
    rules = yaml.safe_load(export(calm, "kubearmor", "job"))["spec"]["file"]
    paths = {entry["path"]: entry.get("readOnly", False) for entry in rules["matchPaths"]}
    folders = {entry["dir"]: entry.get("readOnly", False) for entry in rules["matchDirectories"]}
    assert paths["/etc/passwd"] and not paths["/dev/null"]
    assert not paths["/var/log/job.log"] and folders["/srv/"]


def test_seccomp_forbids_nothing_and_logs_powerful_calls_never_seen(calm: Baseline, stormy: Baseline):
    profile = json.loads(export(calm, "seccomp", "job"))
    assert profile["defaultAction"] == "SCMP_ACT_ALLOW" and "forbids nothing" in profile["comment"]
    assert {entry["action"] for entry in profile["syscalls"]} == {"SCMP_ACT_LOG"}
    logged = {name for entry in profile["syscalls"] for name in entry["names"]}
    powerful = {name for kind in POWERFUL for name in system_calls(kind)}
    assert {"ptrace", "bpf", "finit_module"} <= logged <= powerful
    assert not logged & {"setuid", "mount"}, "its containers do these"
    attacked = json.loads(export(stormy, "seccomp", "job"))
    here = {name for entry in attacked["syscalls"] for name in entry["names"]}
    requests = stormy.of("calls.request").filter(pl.col("workload") == "job")["key"]
    done = set(requests.str.extract("^([^ ]+)"))
    assert done & set(POWERFUL) > {"setuid"}
    assert here == {name for kind in set(POWERFUL) - done for name in system_calls(kind)}
    told = {entry["comment"]: entry["names"] for entry in attacked["syscalls"]}
    others = stormy.of("calls.request").filter(pl.col("workload") != "job")["key"]
    elsewhere = set(others.str.extract("^([^ ]+)")) - done
    (seen,) = [names for comment, names in told.items() if "seen in others" in comment]
    assert set(seen) == {name for kind in elsewhere & set(POWERFUL) for name in system_calls(kind)} != set()


HOSTILE = 'we"b\n- rule: x\x1b[2J: {a} #\u202e'
ODD = ['/tmp/a" or (evt.num>0', "/tmp/x r, /** rwix", "[sh\n]", "/bin/\u22ef", "/opt/y: &a *b", "pipe:[#]"]


@pytest.fixture
def hostile() -> Baseline:
    rows = [
        {"family": family, "workload": HOSTILE, "key": prefix + key, "container": "c", "count": 1}
        for family, prefix in (
            ("binaries.program", ""),
            ("files.read", "read "),
            ("calls.request", "syscall "),
        )
        for key in ODD
    ]
    population = {
        "family": "population",
        "workload": HOSTILE,
        "key": "container",
        "container": "c",
        "count": 9,
    }
    return Baseline(pl.DataFrame([population, *rows], COUNTS))


@pytest.mark.parametrize("form", ["kubescape", "kubearmor", "falco"])
def test_hostile_names_stay_texts(hostile: Baseline, form: str):
    text = export(hostile, form, HOSTILE)
    assert text.isascii()
    assert not {c for c in text if not c.isprintable()} - {"\n"}
    document = yaml.safe_load(text)
    again = yaml.safe_load(yaml.safe_dump(document))
    assert again == document
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert text.splitlines()[: len(comments)] == comments
    if form != "falco":
        assert document["metadata"]["annotations"]["rtml/workload"] == HOSTILE
        assert re.fullmatch(r"[a-z0-9-]{1,253}", document["metadata"]["name"])
        assert set(document) == {"apiVersion", "kind", "metadata", "spec"}


def test_kubearmor_gets_no_path_that_ends_a_rule(hostile: Baseline):
    spec = yaml.safe_load(export(hostile, "kubearmor", HOSTILE))["spec"]
    written = [
        value
        for rules in (spec["process"], spec["file"])
        for entries in rules.values()
        for entry in entries
        for value in entry.values()
        if isinstance(value, str)
    ]
    assert len(written) == 8 and all(re.fullmatch(r"[A-Za-z0-9_./:+~%=?*\[\]-]+", one) for one in written)


def test_what_cannot_be_written_says_why(calm: Baseline):
    with pytest.raises(UnknownNameError, match="did you mean 'web'"):
        behaviour_of(calm, "wep")
    files = Baseline(calm.counts.filter(~pl.col("family").is_in(["binaries.program", "lineage.child"])))
    for form in ("kubescape", "kubearmor", "falco"):
        with pytest.raises(MissingError, match="web: the baseline counts no binaries.program"):
            export(files, form, "web")
    with pytest.raises(MissingError, match=r"no calls\.request"):
        export(Baseline(calm.counts.filter(pl.col("family") != "calls.request")), "seccomp", "web")
    nameless = {column: pl.lit(None, pl.String) for column in ("workload", "image", "repository")}
    alone = Baseline(calm.counts.with_columns(**nameless))
    with pytest.raises(UsageError, match="no rule can name it"):
        export(alone, "falco", alone.counts["container"][0])


def test_files_are_written_whole_by_the_command(tmp_path: Path, calm: Baseline):
    from typer.testing import CliRunner

    from rtml.cli import app

    calm.save(tmp_path / "b")
    words = ["baseline", "export", str(tmp_path / "b"), "--format", "kubescape", "--workload", "web"]
    printed = CliRunner().invoke(app, words)
    done = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "web.yaml")])
    assert (printed.exit_code, done.exit_code) == (0, 0)
    assert (tmp_path / "web.yaml").read_text() == printed.stdout == export(calm, "kubescape", "web")
