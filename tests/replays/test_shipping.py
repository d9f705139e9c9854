"""One data set of several sittings: its labels, the times of its parts, the numbers of its card."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.experiment.config import load_experiment
from rtml.reading.json_text import json_of
from rtml.replays.borders import edges_of, write_edges
from rtml.replays.card import BEGINS, ENDS, fill_card
from rtml.replays.shipping import ship
from tests.samples import DATA

SAMPLE = DATA / "bpftrace"
SHELL = (rb"\u001f99\u001f/bin/sh\\x00-c", rb"\u001f94\u001fsh\\x00-c")
"""The application's shell, as it called it then and calls it now."""

HOUR = 3_600_000_000_000
FACT = json.loads((SAMPLE / "labels.jsonl").read_text("utf-8").splitlines()[0])


def attack(later: int, name: str = "discovery-burst") -> dict[str, object]:
    """Return what the log says of the shell that the sample holds."""
    return {
        "id": name,
        "container": FACT["container"],
        "container_id": FACT["container_id"],
        "command": FACT["command"],
        "start": {"unix_ns": FACT["start"] + later},
        "end": {"unix_ns": FACT["end"] + later},
        "ticks": None,
        "complete": True,
        "killed": 0,
        "ok": True,
    }


def sitting(folder: Path, later: int = 0, *attacks: dict[str, object], lines: int = 1240) -> Path:
    """Write a sitting: the sample, ``later`` nanoseconds afterwards."""
    folder.mkdir()
    with gzip.open(SAMPLE / "bpftrace.jsonl.gz", "rb") as log:
        text = b"".join(log.readlines()[:lines]).replace(*SHELL)
    (folder / "bpftrace.jsonl.gz").write_bytes(gzip.compress(text))
    about = json.loads((SAMPLE / "sitting.json").read_text("utf-8"))
    for stamp in (about["clock_start"], about["clock_end"]):
        stamp["unix_ns"] += later
    (folder / "sitting.json").write_text(json.dumps(about))
    log = {
        "attacks": list(attacks),
        "complete": True,
        "incomplete_because": [],
        "changes": [],
        "not_done": [],
    }
    (folder / "log.json").write_text(json.dumps(log | {"cpu_busy_share": 0.42, "quality": []}))
    return folder


@pytest.fixture
def recordings(tmp_path: Path) -> dict[str, Path]:
    return {
        "train": sitting(tmp_path / "a"),
        "calibrate": sitting(tmp_path / "b", HOUR, attack(HOUR), lines=1241),
    }


def test_sittings_become_one_capture_with_labels_that_know_grade_entry_and_catalogue(
    recordings: dict[str, Path], tmp_path: Path
) -> None:
    ship(recordings, tmp_path / "out")
    labels = pl.read_parquet(tmp_path / "out" / "labels.parquet")
    row = labels.row(0, named=True)
    assert (row["attack_id"], row["entry"], row["grade"]) == ("discovery-burst", "rce", 1)
    assert row["catalogue"] and all(":" in name for name in row["catalogue"])
    capture = open_capture(tmp_path / "out" / "capture")
    assert row["process_id"] in set(capture.processes().collect()["process_id"])
    hours = capture.events(["time"]).collect()["time"].dt.hour().unique().sort().to_list()
    assert len(hours) == 2 and hours[1] - hours[0] == 1
    told = json_of((tmp_path / "out" / "sittings.json").read_bytes())
    assert list(told) == ["train", "calibrate"] and told["train"]["begin"] < told["calibrate"]["begin"]
    assert FACT["command"] not in json.dumps(told), "an attack's words stay in the recording"


def test_made_again_it_is_the_same_and_nothing_old_is_left(
    recordings: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = ship(recordings, out)
    (out / "capture" / "stale").write_text("x")
    assert ship(recordings, out).equals(first)
    assert sorted(path.name for path in out.iterdir()) == ["capture", "labels.parquet", "sittings.json"]
    assert not (out / "capture" / "stale").exists()


def test_what_cannot_be_is_refused_before_anything_is_replaced(
    recordings: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ship(recordings, out)
    before = (out / "labels.parquet").read_bytes()
    turned = dict(reversed(recordings.items()))
    with pytest.raises(RtmlError, match=r"sitting 'train' begins at .*before 'calibrate' ends"):
        ship(turned, out)
    twice = sitting(tmp_path / "c", 2 * HOUR, attack(2 * HOUR), lines=1242)
    with pytest.raises(RtmlError, match="have one id: discovery-burst"):
        ship(recordings | {"test": twice}, out)
    (recordings["train"] / "log.json").unlink()
    with pytest.raises(MissingFileError, match=r"log\.json is missing"):
        ship(recordings, out)
    assert (out / "labels.parquet").read_bytes() == before and (out / "capture" / "capture.json").is_file()
    assert sorted(path.name for path in out.iterdir()) == ["capture", "labels.parquet", "sittings.json"]


def test_a_root_that_the_recording_lost_is_no_reason_to_leave_the_attack_out(tmp_path: Path) -> None:
    lost = attack(0) | {"command": "not in the log"}
    labels = ship({"train": sitting(tmp_path / "a", 0, lost)}, tmp_path / "out")
    assert labels["process_id"].to_list() == [None]


def test_the_card_is_filled_between_its_marks(recordings: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    ship(recordings, out)
    card = out / "README.md"
    card.write_text(f"# Card\n\n{BEGINS}\nold\n{ENDS}\n\nafter\n")
    fill_card(out)
    text = card.read_text("utf-8")
    assert text.startswith("# Card\n") and text.endswith("\nafter\n") and "old" not in text
    assert "| calibrate | 1 | 0 | 0 | 0 | 0 | 1 |" in text, "by grade, then by entry"
    assert "| machine busy, sensor | 42.0%, ? | 42.0%, ? |" in text
    once = text
    fill_card(out)
    assert card.read_text("utf-8") == once
    card.write_text("# Card\n")
    with pytest.raises(RtmlError, match="no place for the numbers"):
        fill_card(out)


def test_parts_begin_in_the_minute_of_their_sitting(recordings: dict[str, Path], tmp_path: Path) -> None:
    ship(recordings, tmp_path / "out")
    edges = edges_of(json_of((tmp_path / "out" / "sittings.json").read_bytes()))
    assert list(edges) == ["calibrate"] and edges["calibrate"].endswith(":00Z")
    config = tmp_path / "mine.yml"
    config.write_text("base: default\nsplit:\n  calibrate: 0.5\n  test: 2026-11-27T02:03:00Z  # later\n")
    write_edges(config, edges)
    assert load_experiment(config).split.calibrate.isoformat()[:16] == edges["calibrate"][:16]
    assert "# later" in config.read_text() and load_experiment(config).split.test.minute == 3


def test_edges_need_a_file_and_a_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such experiment"):
        write_edges(tmp_path / "none.yml", {"test": "x"})
    (tmp_path / "bare.yml").write_text("base: default\n")
    with pytest.raises(RtmlError, match=r"wants one line `test: …` below `split`, has 0"):
        write_edges(tmp_path / "bare.yml", {"test": "x"})


def test_a_moment_that_an_attack_was_forced_into_is_in_its_label(tmp_path: Path) -> None:
    forced = attack(HOUR) | {"moment": "fresh"}
    ship(
        {"train": sitting(tmp_path / "a"), "test": sitting(tmp_path / "b", HOUR, forced, lines=1241)},
        tmp_path / "o",
    )
    assert pl.read_parquet(tmp_path / "o" / "labels.parquet")["moment"].to_list() == ["fresh"]
    told = json_of((tmp_path / "o" / "sittings.json").read_bytes())
    assert told["test"]["attacks"][0]["moment"] == "fresh"
