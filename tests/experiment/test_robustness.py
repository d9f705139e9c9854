"""Each change does to a copy what it says, and nothing else; copies are whole captures."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.captures import open_capture, open_captures
from rtml.captures.check import check_capture
from rtml.errors import RtmlError
from rtml.evaluation import read_labels
from rtml.experiment.copies import write_copy
from rtml.experiment.robustness import CHANGES, builtin, loss, rollout, slow, spreading
from rtml.experiment.robustness.judging import ROBUSTNESS, UNCHANGED, _lean, _levels, robustness
from rtml.experiment.robustness.scene import ATTACK, PART, Scene, scene_of
from rtml.report import add_robustness
from rtml.report.robustness import robustness_view
from rtml.schema import BUDGETS
from tests.experiment.shops import small_experiment
from tests.models.conftest import INTRUSION, event, hash_of, minute

ROOT = hash_of("app-1", 865 + INTRUSION[1])


def child(pid: int, second: float) -> list[dict[str, object]]:
    """Return a child of the intrusion that starts a program and connects."""
    base = {"pid": pid, "ppid": 865 + INTRUSION[1], "exe": "/usr/bin/curl", "cmdline": "curl -s x"}
    begin = 60 * INTRUSION[1] + second
    return [
        event("app-1", begin, "exec", **base),
        event("app-1", begin + 0.5, "connect", dst_ip="203.0.113.7", dst_port=443, **base),
    ]


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    return small_experiment(tmp_path_factory.mktemp("shop"), *child(7001, 55), *child(7002, 56))


@pytest.fixture(scope="module")
def scene(experiment) -> Scene:
    capture = open_captures(experiment.capture)
    split = experiment.split.of(capture, experiment.every)
    return scene_of(capture, read_labels(experiment.labels), split, experiment.every, 7)


def own(scene: Scene) -> pl.DataFrame:
    return scene.events.filter(pl.col(ATTACK).is_not_null())


def others(scene: Scene) -> pl.DataFrame:
    return scene.events.filter(pl.col(ATTACK).is_null()).drop(ATTACK)


def test_the_attack_is_marked(scene):
    assert own(scene)["process_id"].unique().len() == 3 and own(scene).height == 8


@pytest.mark.parametrize(
    "name", [name for name in CHANGES if not CHANGES[name].learnt and name != "roll-out"]
)
def test_evasion_touches_events_of_attacks_alone_and_leaves_a_whole_capture(scene, name, tmp_path):
    changed = CHANGES[name].make(scene, CHANGES[name].levels[-1])
    plain = [pl.col(pl.Categorical).cast(pl.String)]
    assert (
        others(changed).with_columns(plain).sort("seq").equals(others(scene).with_columns(plain).sort("seq"))
    )
    copy = open_capture(write_copy(scene.capture, changed.events, tmp_path / "copy"))
    assert [check for check in check_capture(copy) if not check.ok and check.grave] == []
    assert not own(changed).equals(own(scene))


def test_programs_take_the_name_of_one_that_runs_all_day(scene):
    changed = own(CHANGES["programs renamed"].make(scene, 1.0))
    assert set(changed["exe"].drop_nulls().cast(pl.String)) <= set(
        others(scene)["exe"].drop_nulls().cast(pl.String)
    )
    words = changed["cmdline"].drop_nulls().to_list()
    assert all(not text.startswith(("curl", "/dev/shm")) for text in words) and any(
        "-s x" in text for text in words
    )


def test_destinations_are_those_of_the_workload(scene):
    changed = own(CHANGES["allowed destinations"].make(scene, 1.0)).drop_nulls("dst_ip")
    assert changed.height == 3 and all(ip.startswith("10.0.0.") for ip in changed["dst_ip"].cast(pl.String))
    assert set(changed["dst_port"]) == {6379}


def test_attacks_are_stretched_within_the_test(scene):
    changed = slow.slow_down(scene, 5.0)
    before, after = own(scene)["time"], own(changed)["time"]
    start = scene.labels["start"][0]
    assert after.min() - start == 5 * (before.min() - start)
    assert (after.max() - after.min()) / (before.max() - before.min()) == pytest.approx(5, abs=0.1)
    far = own(slow.slow_down(scene, 1e6))["time"]
    assert far.max() < minute(40) and far.is_sorted()


def test_the_first_process_does_everything_itself(scene):
    changed = own(builtin.stay_inside(scene, 1.0))
    assert changed["process_id"].unique().to_list() == [ROOT]
    assert changed.filter(pl.col("kind") == "connect").height == 3
    assert "/usr/bin/curl" not in changed["exe"].cast(pl.String).to_list()


def test_every_second_child_goes_on_elsewhere_as_a_part(scene):
    changed = spreading.spread_out(scene, 1.0)
    part = changed.labels.filter(pl.col("attack_id").str.contains(PART, literal=True))
    assert part.select("container_id", "process_id").rows() == [("app-2", hash_of("app-1", 7002))]
    moved = own(changed).filter(pl.col("process_id") == part["process_id"][0])
    assert moved["container_id"].cast(pl.String).unique().to_list() == ["app-2"]
    assert moved["parent_id"].null_count() == moved.height == 2


@pytest.mark.parametrize("lose", [loss.random_loss, loss.burst_loss])
def test_loss_is_counted_in_the_manifest(scene, lose, tmp_path):
    changed = lose(scene, 0.2)
    gone = scene.events.height - changed.events.height
    assert gone == pytest.approx(0.2 * scene.events.height, rel=0.35)
    copy = open_capture(write_copy(scene.capture, changed.events, tmp_path / "copy", changed.lost))
    assert copy.manifest.lost == gone and copy.manifest.lost_intervals
    assert [check.name for check in check_capture(copy) if not check.ok] == ["sensor lost no events"]
    assert lose(scene, 0.0).events.height == scene.events.height


def test_a_roll_out_renews_containers_images_and_a_program_and_keeps_labels_right(scene, tmp_path):
    changed = rollout.roll_out(scene, 1.0)
    late = changed.events.filter(pl.col("time") >= minute(35))
    judged = late.filter(pl.col("container_id").cast(pl.String) != "lab-1")
    assert judged["container_id"].cast(pl.String).str.ends_with("-next").all()
    early = changed.events.filter(pl.col("time") < minute(35))
    assert not early["container_id"].cast(pl.String).str.ends_with("-next").any()
    assert changed.labels.select("container_id", "process_id").row(0) == ("app-1-next", ROOT + 1)
    copy = open_capture(write_copy(scene.capture, changed.events, tmp_path / "copy"))
    assert "app-1-next" in copy.containers()["container_id"].to_list()
    assert [check for check in check_capture(copy) if not check.ok and check.grave] == []


def test_all_sides_are_judged_on_each_copy_and_counted_as_looks(experiment):
    names = ["programs renamed", "events lost at random", "learning time poisoned"]
    looks = experiment.labels.with_suffix(".looks.jsonl")
    looks.unlink(missing_ok=True)
    table = robustness(experiment, names)
    assert table["change"].unique(maintain_order=True).to_list() == [UNCHANGED, *names]
    assert table["side"].unique(maintain_order=True).to_list() == ["rules", "models", "both"]
    judged = table.filter(pl.col("reason").is_null())
    assert (judged["of"] == 1).all() and judged.filter(pl.col("change") == UNCHANGED)["found"].sum() > 0
    assert judged["asked"].unique().sort().to_list() == list(BUDGETS)
    assert judged.group_by("change", "level", "side").len()["len"].unique().to_list() == [len(BUDGETS)]
    assert len(looks.read_text().splitlines()) == table.unique(["change", "level"]).height


def test_two_levels_make_a_curve_unless_all_are_asked_for():
    random, renamed = CHANGES["events lost at random"], CHANGES["arguments padded"]
    assert _levels(random, False) == (0.01, 0.2) and _levels(random, True) == random.levels
    assert _levels(renamed, False) == renamed.levels[-1:]


def test_only_the_detectors_that_are_combined_are_learnt(experiment):
    more = experiment.model_copy(update={"detectors": experiment.detectors | {"rarity": {}}})
    assert list(_lean(more).detectors) == list(experiment.detectors)
    alone = experiment.model_copy(update={"detectors": {"rarity": {}}})
    assert _lean(alone) == alone


def test_what_is_held_out_is_held_out_of_every_copy(tmp_path):
    held = small_experiment(tmp_path, *child(7001, 55), hold_out={"workload": "app"})
    table = robustness(held, ["programs renamed"])
    days = robustness(small_experiment(tmp_path / "whole"), [])["days"].max()
    assert table["days"].max() < days and (table["of"] == 1).all()


def rows_of(*values: tuple[str, float, str, int]) -> pl.DataFrame:
    rows = [(c, v, "share", s, 1.0, n, 4, 2, 1.0, "broken", None) for c, v, s, n in values]
    return pl.DataFrame(rows, schema=ROBUSTNESS, orient="row")


def test_the_page_of_a_run_gets_it_once_and_again(tmp_path):
    page = tmp_path / "report.html"
    page.write_text("a<!-- robustness begins -->old<!-- robustness ends -->z")
    first = rows_of((UNCHANGED, 0.0, "rules", 4), ("<b>", 0.2, "rules", 1))
    for table in (first, first.with_columns(found=pl.lit(3, pl.Int64))):
        add_robustness(page, table)
    text = page.read_text()
    assert text.startswith("a<!--") and text.endswith("-->z") and "old" not in text and "<b>" not in text
    assert text.count("<svg") == 1 and ">3 / 2<" in text and ">4 / 2<" not in text
    page.write_text("another page")
    with pytest.raises(RtmlError, match="no report of a run"):
        add_robustness(page, first)


def test_the_picture_joins_levels_from_the_recording_on():
    table = rows_of((UNCHANGED, 0.0, "rules", 4), ("loss", 0.01, "rules", 2), ("loss", 0.2, "rules", 0))
    (drawn,) = robustness_view(table)["pictures"]
    assert drawn.count("<circle") == 3 and "rules, 0.2: 0 of 4 found, 2 false, broken" in drawn
    assert robustness_view(None) == robustness_view(table.clear()) == {"rows": []}
