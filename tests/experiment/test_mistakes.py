"""The page of mistakes names what shows each verdict: a planted mistake, or a file of tests."""

from __future__ import annotations

import re

from rtml.experiment.selftest.run import MISTAKES
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "mistakes.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.match(r"\| (\d|–)", line)]


def test_every_proof_is_there():
    """A mistake that was renamed, or a file that moved, leaves no verdict without its proof."""
    planted = {mistake.name for mistake in MISTAKES}
    for *_, proofs in ROWS:
        for proof in proofs.split(" · "):
            link = re.fullmatch(r"\[.*\]\(\.\./(.*)\)", proof)
            assert (REPOSITORY / link[1]).is_file() if link else proof in planted | {"–"}, proof


def test_every_number_of_the_reference_has_a_row():
    """Numbers that the reference itself leaves out (10, 12, 17, 31, 46, 48, 50, 61, 65, 67) have none."""
    told = set()
    for number, *_ in ROWS:
        for part in number.replace("–", "").split(", "):
            first, _, last = part.partition(" to ")
            told |= set(range(int(first), int(last or first) + 1)) if first else set()
    absent = {10, 12, 17, 31, 46, 48, 50, 61, 65, 67}
    assert set(range(1, 69)) - told <= absent
