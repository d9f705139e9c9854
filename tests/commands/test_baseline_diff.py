"""`rtml baseline diff`: complete, the right way round, and blind to names that change."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from rtml.baselines import Baseline, merge
from rtml.baselines.counting import COUNTS
from rtml.captures import Capture
from rtml.profiles.diff import diff
from rtml.profiles.settled import with_drawn
from tests.commands.test_baseline import called, refused, told
from tests.conftest import ATTACKED


@pytest.fixture
def sides(calm: Baseline, stormy: Baseline, tmp_path: Path) -> tuple[Path, Path]:
    calm.save(tmp_path / "a")
    stormy.save(tmp_path / "b")
    return tmp_path / "a", tmp_path / "b"


def things(baseline: Baseline) -> set[tuple[str, str, str | None, str]]:
    """Workload, family, nearest context and key of all that was counted."""
    rows = baseline.counts.filter(pl.col("family") != "population")
    names = rows.select("workload", "family", "subject", "key").rows()
    return {(w, f, None if s is None else s.split("\n")[0], k) for w, f, s, k in names}


def test_all_that_is_new_is_told_and_nothing_else(calm: Baseline, stormy: Baseline):
    table = diff(calm, stormy)
    calm, stormy = with_drawn(calm, stormy)
    told_rows = table.select("group", "family", "given", "key").rows()
    assert len(told_rows) == len(set(told_rows)) and set(told_rows) == things(stormy) - things(calm)
    gone = diff(stormy, calm).select("group", "family", "given", "key").rows()
    assert set(gone) == things(calm) - things(stormy)
    assert diff(calm, calm).is_empty()


def test_new_names_in_a_place_that_draws_are_no_news():
    def visits(container: str, names: list[str]) -> list[dict[str, object]]:
        row = {
            "family": "files.write",
            "workload": "web",
            "subject": "sh",
            "container": container,
            "count": 1,
        }
        times = [dt.datetime(2026, 1, 1, 0, minute, tzinfo=dt.UTC) for minute in range(len(names))]
        return [
            {**row, "key": f"write /tmp/{name}", "region": "write /tmp/**", "first_seen": time}
            for name, time in zip(names, times, strict=True)
        ]

    drawing = Baseline(pl.DataFrame([*visits("a", ["x1", "y2", "z3"]), *visits("b", ["q4", "r5"])], COUNTS))
    more = Baseline(pl.DataFrame(visits("c", ["s6", "t7"]), COUNTS))
    assert diff(drawing, more).is_empty()
    elsewhere = more.counts.with_columns(key=pl.lit("write /etc/cron.d/x"))
    assert diff(drawing, Baseline(elsewhere))["key"].to_list() == ["write /etc/cron.d/x"]


def test_numbers_are_those_of_the_events(lab: Capture, sides: tuple[Path, Path]):
    rows = told("diff", *sides, "--workload", "app")["new"]
    (curl,) = [row for row in rows if (row["family"], row["key"]) == ("binaries.program", "/usr/bin/curl")]
    started = lab.events(["time", "workload", "exe", "container_id", "count"], kinds=["exec"]).filter(
        pl.col("workload").cast(pl.String) == "app", pl.col("exe").cast(pl.String) == "/usr/bin/curl"
    )
    events = started.collect()
    assert events["time"].min() > ATTACKED
    assert curl["count"] == events["count"].fill_null(1).sum()
    assert (curl["containers"], curl["of"]) == (events["container_id"].n_unique(), 1)
    assert [row["containers"] for row in rows] == sorted((row["containers"] for row in rows), reverse=True)
    read = [row for row in rows if row["family"] == "files.read" and row["by_new_program"]]
    new = {row["key"] for row in rows if row["family"] == "binaries.program"}
    assert read and all(row["given"] in new for row in read)


def test_lines_can_be_read(calm: Baseline, sides: tuple[Path, Path]):
    lines = called("diff", *sides, "--top", "3").stdout.splitlines()
    curl = next(line for line in lines if "/usr/bin/curl" in line)
    rows = told("diff", *sides, "--workload", "app")["new"]
    done = sum(row["by_new_program"] and row["given"] == "/usr/bin/curl" for row in rows)
    assert done > 5
    said = f"app: new program /usr/bin/curl (1 of 1 containers, 5×) · and {done} things that it did"
    assert curl == f"{said} · before: up to 17% new"
    assert any(line.startswith("client: ") for line in lines)
    (more,) = [line for line in lines if line.startswith("app: …")]
    assert more.endswith("more (--top 0 lists all)")
    high = calm.maturity().filter(pl.col("group") == "web", pl.col("family") == "binaries.program")["high"]
    web = next(line for line in lines if line.startswith("web: new program"))
    assert web.endswith(f"before: up to {high[0]:.0%} new")
    everything = called("diff", *sides, "--top", "0").stdout.splitlines()
    assert len(everything) == len(told("diff", *sides)["new"])


def test_gone_is_the_other_way_round(calm: Baseline, stormy: Baseline, sides: tuple[Path, Path]):
    less = Baseline(stormy.counts.filter(pl.col("key") != "/usr/bin/getent"))
    less.save(sides[0].parent / "less")
    lines = called("diff", sides[0], sides[0].parent / "less", "--gone", "--workload", "app").stdout
    assert lines.startswith("app: gone program /usr/bin/getent (1 of 1 containers, ")
    assert told("diff", *sides, "--gone")["gone"] == told("diff", *reversed(sides))["new"]


def test_other_containers_and_images_are_no_difference(calm: Baseline, tmp_path: Path):
    renamed = calm.counts.with_columns(
        container=pl.col("container").str.reverse(), image=pl.lit("registry:5000/rtml/base:2")
    )
    assert diff(calm, Baseline(renamed)).is_empty() and diff(Baseline(renamed), calm).is_empty()


def test_a_workload_that_one_side_does_not_know_is_one_line(calm: Baseline, tmp_path: Path):
    calm.save(tmp_path / "b")
    Baseline(calm.counts.filter(pl.col("workload") != "web")).save(tmp_path / "a")
    lines = called("diff", tmp_path / "a", tmp_path / "b").stdout.splitlines()
    (web,) = [line for line in lines if line.startswith("web")]
    assert web.startswith("web: a new workload, nothing to compare with (1 containers, ")
    asked = called("diff", tmp_path / "a", tmp_path / "b", "--workload", "web").stdout.splitlines()
    assert "web: new program /usr/sbin/nginx" in asked[0] + asked[1]
    other = called("diff", tmp_path / "b", tmp_path / "a", "--workload", "web").stdout
    assert other == "web: only the other side knows it\n"
    lost = called("diff", tmp_path / "b", tmp_path / "a", "--gone").stdout
    assert "web: not seen any more (1 containers, " in lost
    only = told("diff", tmp_path / "a", tmp_path / "b")["only_after"]
    assert [row["group"] for row in only] == ["web"]


def test_two_images_of_one_baseline(calm: Baseline, stormy: Baseline, tmp_path: Path):
    digest = "sha256:" + "0123456789abcdef" * 4
    newer = stormy.counts.with_columns(image=pl.lit(digest))
    merge(calm, Baseline(newer)).save(tmp_path / "m")
    wanted = diff(calm, stormy)
    for name in (digest, "0123456789ab", "sha256:0123456789abcdef"):
        rows = told("diff", tmp_path / "m", "--images", "rtml/base:1", name)["new"]
        assert [row["key"] for row in rows] == wanted["key"].to_list()
    code, line = refused("diff", tmp_path / "m", "--images", "rtml/base:1", "rtml/base")
    assert (code, line) == (2, "unknown image 'rtml/base'; did you mean 'rtml/base:1'?")
    assert refused("diff", tmp_path / "m")[0] == 2
    assert refused("diff", tmp_path / "m", tmp_path / "m", "--images", "a", "b")[0] == 2
    code, line = refused("diff", tmp_path / "m", "--images", digest, "0123456789ab")
    assert code == 1 and "are one image here" in line
