"""`rtml baseline learn` and `show`: what they print is what the baseline holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from rtml import features
from rtml.baselines import Baseline
from rtml.baselines.counting import COUNTS, merge_counts
from rtml.baselines.maturity import BURST
from rtml.baselines.store import FORMAT
from rtml.captures import Capture
from rtml.cli import app
from rtml.errors import RtmlError
from rtml.profiles.settled import with_drawn
from tests.conftest import LAB

CAPTURE = LAB / "capture"


def called(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["baseline", *map(str, arguments)])


def told(*arguments: object) -> Any:
    done = called(*arguments, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def refused(*arguments: object) -> tuple[int, str]:
    """Return the exit code and the one line that a command ends with."""
    error = called(*arguments).exception
    assert isinstance(error, RtmlError), error
    assert "\n" not in str(error)
    return error.exit_code, str(error)


@pytest.fixture
def folder(calm: Baseline, tmp_path: Path) -> Path:
    calm.save(tmp_path / "b")
    return tmp_path / "b"


def test_learnt_is_what_python_learns(calm: Baseline, tmp_path: Path):
    facts = told("learn", CAPTURE, "--out", tmp_path / "b", "--end", "2026-11-24T03:14:30")
    assert Baseline.load(tmp_path / "b").counts.equals(calm.counts)
    counted = calm.counts.height
    assert facts == {"out": str(tmp_path / "b"), "containers": 5, "counts": counted, "events": 221_185}
    assert called("show", tmp_path / "b").exit_code == 0


def test_two_shards_make_the_whole(lab: Capture, tmp_path: Path):
    middle = "2026-11-24T03:14:30Z"
    called("learn", CAPTURE, "--out", tmp_path / "a", "--end", middle, "--family", "binaries")
    called("learn", CAPTURE, "--out", tmp_path / "b", "--start", middle, "--family", "binaries")
    parts = [Baseline.load(tmp_path / name).counts for name in "ab"]
    assert merge_counts(parts).equals(features.learn(lab, families=["binaries"]).counts)


def test_no_time_and_no_events_are_said_and_leave_nothing(tmp_path: Path):
    new = tmp_path / "b"
    code, line = refused("learn", CAPTURE, "--out", new, "--start", "2026-11-25", "--end", "2026-11-24")
    assert code == 2 and "is not before" in line
    code, line = refused("learn", CAPTURE, "--out", new, "--start", "2030-01-01")
    assert code == 1 and "nothing to learn" in line
    assert not list(tmp_path.iterdir())


def test_show_says_how_much_is_known_and_what_the_rest_leans_on(calm: Baseline, folder: Path):
    facts = told("show", folder)
    assert (facts["containers"], facts["events"], facts["images"]) == (5, 221_185, 1)
    rows = facts["maturity"]
    (settled,) = with_drawn(calm)
    plain = settled.maturity()
    assert [{name: row[name] for name in plain.columns} for row in rows] == plain.to_dicts()
    by_name = {(row["group"], row["family"]): row for row in rows}
    web = by_name["web", "binaries.program"]
    # One container starts five programs, each in one burst; the others of its image know more.
    started = calm.of("binaries.program").filter(pl.col("workload") == "web")
    brief = started.filter(pl.col("last_seen") - pl.col("first_seen") < BURST)
    assert (web["events"], web["once"]) == (started["count"].sum(), brief.height)
    assert web["leans_on"] == "repository rtml/base" and not web["mature"]
    everyone = (
        calm.of("binaries.program")
        .group_by("key")
        .agg(
            pl.col("count").sum(),
            pl.col("container").n_unique(),
            pl.col("first_seen").min(),
            pl.col("last_seen").max(),
        )
    )
    alone = (pl.col("container") == 1) & (pl.col("last_seen") - pl.col("first_seen") < BURST)
    assert web["leans_events"] == everyone["count"].sum()
    assert web["leans_unseen"] == pytest.approx(
        everyone.filter(alone)["count"].sum() / everyone["count"].sum()
    )
    job = by_name["job", "binaries.program"]
    assert 15 < job["minutes"] < 18 and job["high"] == pytest.approx(3 / job["minutes"], rel=0.01)
    assert not any(row["mature"] for row in rows), "a quarter of an hour of one container proves little"
    assert {row["group"]: row["containers"] for row in facts["groups"]} == dict.fromkeys(
        ["app", "cache", "client", "job", "web"], 1
    )


def test_show_prints_a_table_of_one_workload(folder: Path):
    done = called("show", folder, "--workload", "web", "--family", "binaries")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("web")]
    assert "repository rtml/base" in line and " no " in line
    assert "app" not in done.stdout.replace("rtml/base", "")


def test_top_are_the_keys_that_most_containers_show(calm: Baseline, folder: Path):
    rows = told("show", folder, "--workload", "job", "--top", "2")["usual"]
    assert {row["group"] for row in rows} == {"job"}
    programs = [row for row in rows if row["family"] == "binaries.program"]
    counted = calm.of("binaries.program").filter(pl.col("workload") == "job").sort("count", descending=True)
    assert [row["count"] for row in programs] == counted["count"].head(2).to_list()
    assert programs[0]["share"] == pytest.approx(counted["count"][0] / counted["count"].sum())
    assert {row["others"] for row in programs} == {counted.height - 2}
    assert "usual" in called("show", folder, "--workload", "job", "--top", "2").stdout


def test_features_take_a_model_for_a_baseline(calm: Baseline, folder: Path, tmp_path: Path):
    model = tmp_path / "model"
    calm.save(model / "baseline")
    (model / "model.json").write_text("{}")
    for name, place in (("plain", folder), ("of-model", model)):
        words = ["features", str(CAPTURE), "--family", "binaries", "--out", str(tmp_path / name)]
        assert CliRunner().invoke(app, [*words, "--baseline", str(place)]).exit_code == 0
    assert pl.read_parquet(tmp_path / "plain").equals(pl.read_parquet(tmp_path / "of-model"))


BAD = {
    "older": (1, f"a baseline of an older format, 0; this rtml reads format {FORMAT}: learn it again"),
    "newer": (1, f"a newer format, {FORMAT + 1}"),
    "text": (1, "not a baseline"),
    "list": (1, "not the header of a baseline"),
    "altered": (1, "altered since it was written"),
    "empty": (1, "an empty baseline: it has learnt from no container"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize(
    "words", [["show"], ["diff", "{b}"], ["export", "--format", "falco", "--workload", "w"]]
)
def test_what_is_no_good_baseline_is_one_line(folder: Path, tmp_path: Path, case: str, words: list[str]):
    header = folder / "baseline.json"
    texts = {"older": '{"format": 0}', "newer": f'{{"format": {FORMAT + 1}}}', "text": "{", "list": "[]"}
    if case in texts:
        header.write_text(texts[case])
    elif case == "altered":
        (folder / "counts.parquet").write_bytes(b"PAR1")
    else:
        Baseline().save(folder)
    given = [str(folder) if word == "{b}" else word for word in words]
    code, line = refused(given[0], folder, *given[1:])
    assert (code, BAD[case][1] in line, str(folder) in line) == (BAD[case][0], True, True), line


def test_an_unknown_workload_is_a_wrong_use(folder: Path):
    for words in (["show", folder], ["diff", folder, folder], ["export", folder, "--format", "seccomp"]):
        assert refused(*words, "--workload", "wep") == (2, "unknown workload 'wep'; did you mean 'web'?")


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path):
    name = "w\x1b[2J\u202e"
    row = {"workload": name, "image": name, "repository": name, "container": "c", "count": 1}
    rows = [
        {**row, "family": "population", "key": "container"},
        {**row, "family": "files.read", "subject": f"p{name}\nq", "key": f"read {name}[red]"},
    ]
    counts = pl.DataFrame(rows, COUNTS)
    Baseline(counts).save(tmp_path / "a")
    Baseline(counts.with_columns(workload=pl.lit("x"))).save(tmp_path / "b")
    Baseline(counts.with_columns(key=pl.col("key") + "2")).save(tmp_path / "c")
    for words in (["show", tmp_path / "a", "--top", "3"], ["diff", *map(tmp_path.joinpath, "ba")]):
        printed = called(*words).stdout
        assert r"w\x1b[2J\u202e" in printed
        assert not {c for c in printed if not c.isprintable()} - {"\n"}
    new = called("diff", tmp_path / "a", tmp_path / "c").stdout
    assert r"new read w\x1b[2J\u202e[red]2 by pw\x1b[2J\u202e" in new and "\x1b" not in new
