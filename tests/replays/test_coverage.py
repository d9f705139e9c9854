"""Other people's catalogues: every row is replayed, or has its reason; never both, never neither."""

import csv
from pathlib import Path

import pytest

from rtml.errors import UsageError
from rtml.replays.catalogue import catalogue
from rtml.replays.coverage import coverage
from tests.conftest import SHARED

ATTACKS = catalogue()
ROWS = {
    "falco": ("falco_event_generator_actions.csv", lambda row: f"falco:{row['action']}"),
    "atomic": ("atomic_red_team_linux.csv", lambda row: f"atomic:{row['technique']}/{row['guid']}"),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_replayed_or_has_its_reason(name: str):
    file, identity = ROWS[name]
    path = SHARED / "attack_catalogues" / file
    if not path.is_file():
        pytest.skip(f"the shared data are absent: {path}")
    with path.open(encoding="utf-8") as stream:
        wanted = sorted(identity(row) for row in csv.DictReader(stream))
    laid = next(each for each in coverage(ATTACKS) if each.name == name)
    assert sorted([*laid.covered, *laid.reasons]) == wanted


def test_most_of_what_falco_does_is_replayed_and_much_of_atomic():
    covered = {each.name: len(each.covered) for each in coverage(ATTACKS)}
    assert covered["falco"] >= 55 and covered["atomic"] >= 150


def folder(tmp_path: Path, reasons: str) -> Path:
    head = "name: falco\nwhat: Actions\nsource: somewhere\nreasons:\n"
    (tmp_path / "falco.yml").write_text(head + reasons)
    return tmp_path


def standing_for(*names: str):
    one = ATTACKS["anti-debugging"].model_copy(update={"catalogue": list(names)})
    return {one.id: one}


def test_an_id_of_no_catalogue_is_refused(tmp_path: Path):
    where = folder(tmp_path, "  - {why: it cannot be done, ids: ['falco:syscall.A']}")
    with pytest.raises(UsageError, match=r"'anti-debugging': 'falcon:syscall\.B' is of no catalogue"):
        coverage(standing_for("falcon:syscall.B"), where)


def test_an_id_that_is_replayed_needs_no_reason(tmp_path: Path):
    where = folder(tmp_path, "  - {why: it cannot be done, ids: ['falco:syscall.A']}")
    with pytest.raises(UsageError, match=r"'falco:syscall\.A' is replayed by 'anti-debugging'"):
        coverage(standing_for("falco:syscall.A"), where)


def test_two_reasons_for_one_id_are_refused(tmp_path: Path):
    twice = "  - {why: it cannot be done, ids: ['falco:syscall.A']}\n" * 2
    with pytest.raises(UsageError, match="has two reasons"):
        coverage({}, folder(tmp_path, twice))
