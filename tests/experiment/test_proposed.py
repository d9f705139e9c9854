"""An experiment that fits somebody's captures, and what it says of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml

from rtml.captures import Capture
from rtml.detectors import DETECTORS
from rtml.errors import RtmlError, UsageError
from rtml.experiment.config import load_experiment
from rtml.experiment.proposed import proposed
from rtml.features import FAMILIES
from tests.models.conftest import event, minute, shop, work, written


def days(folder: Path, hours: int, names: tuple[str, ...] = ("web-1", "web-2")) -> Capture:
    """Return a capture of containers that do something every ten minutes of some hours."""
    rows = [{**row, "second": row["second"] % 60 + 600 * n} for n in range(6 * hours) for name in names
            for row in work(name, n)]  # fmt: skip
    return written(folder, rows)


def test_parts_are_cut_by_active_time_not_by_the_clock(tmp_path: Path):
    """A night of silence lies between; half of what was done comes before calibration all the same."""
    late = [{**row, "second": row["second"] + 12 * 3600} for n in range(40) for row in work("web-3", n)]
    rows = [row for n in range(40) for name in ("web-1", "web-2") for row in work(name, n)]
    night = written(tmp_path / "c", [*rows, *late])
    split = proposed(night, ["c"]).values["split"]
    assert minute(15) <= split["calibrate"] < minute(40) and split["test"] > split["calibrate"]


def test_the_file_is_what_it_says(tmp_path: Path):
    proposal = proposed(shop(tmp_path / "c"), [str(tmp_path / "c")], "mine")
    proposal.write(tmp_path / "mine.yml")
    experiment = load_experiment(tmp_path / "mine.yml")
    assert experiment == proposal.experiment()
    assert experiment.capture == [str(tmp_path / "c")] and experiment.name == "mine"
    assert experiment.notes == proposal.promises and "surprise" in experiment.detectors
    assert experiment.split.calibrate == minute(20) and experiment.split.test == minute(30)
    assert proposal.experiment(["seed=3"]).seed == 3
    with pytest.raises(UsageError, match="did you mean 'budget'"):
        proposal.experiment(["budgit=3"])


def test_a_name_in_the_capture_is_no_yaml(tmp_path: Path):
    rows = [{**row, "container_id": "web: [&a"} for n in range(20) for row in work("web-1", n)]
    proposal = proposed(written(tmp_path / "c", rows), ["c"])
    assert yaml.safe_load(proposal.text())["notes"] == proposal.promises


def test_containers_that_do_little_get_longer_windows(tmp_path: Path):
    rows = [event("web-1", 60 * n, "open", path="/etc/hosts") for n in range(90)]
    values = proposed(written(tmp_path / "c", rows), ["c"]).values
    assert values["window"] == "5m" and values["split"]["calibrate"] == minute(45)


def test_families_that_have_nothing_to_look_at_are_left_out_and_named(tmp_path: Path):
    rows = [
        row
        for n in range(45)
        for row in work("web-1", n)
        if row["kind"] in ("exec", "fork", "exit", "accept")
    ]
    proposal = proposed(written(tmp_path / "c", rows), ["c"])
    assert "lineage" in proposal.values["families"] and "dns" not in proposal.values["families"]
    (sentence,) = [text for text in proposal.promises if "nothing to look at" in text]
    assert "dns (" in sentence and "lineage" not in sentence


@pytest.mark.parametrize(
    ("hours", "said"), [(4, "cannot be checked yet; for 1 a day collect"), (125, "on can be checked")]
)
def test_budgets_that_can_be_checked_are_told_from_those_that_cannot(tmp_path: Path, hours: int, said: str):
    names = tuple(f"web-{n}" for n in range(8))
    assert said in proposed(days(tmp_path / "c", hours, names), ["c"]).promises[1]


def test_what_is_hardly_known_and_who_has_no_peers_is_named(tmp_path: Path):
    said = "\n".join(proposed(shop(tmp_path / "c"), ["c"]).promises)
    assert "lean on the fleet: " in said and "app" in said
    assert "a roll-out looks strange" not in said
    alone = "\n".join(proposed(days(tmp_path / "d", 3, ("web-1", "web-2", "app-1")), ["d"]).promises)
    assert "of one container each, so that a roll-out looks strange: app" in alone


def test_too_little_is_refused_with_the_way_on(tmp_path: Path):
    with pytest.raises(RtmlError, match=r"active in 3 windows of 60s: too few .* rtml rules"):
        proposed(shop(tmp_path / "c", until=3), ["c"])


def test_proposing_twice_gives_the_same(tmp_path: Path):
    capture = shop(tmp_path / "c")
    assert proposed(capture, ["c"]).text() == proposed(capture, ["c"]).text()
    assert isinstance(proposed(capture, ["c"]).values["split"]["test"], dt.datetime)


@pytest.mark.parametrize("kind", list(DETECTORS.own))
def test_a_detector_needs_families_that_are_registered_and_looks_at_them(kind: str):
    needs = set(getattr(DETECTORS[kind], "needs", ()))
    assert needs <= set(FAMILIES.own)
    looked_at = getattr(DETECTORS[kind](), "feature", None)
    assert looked_at in (None, "events") or looked_at.partition(".")[0] in needs
