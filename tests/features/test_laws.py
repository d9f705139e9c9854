"""Every registered family meets every law of `rtml.testing`; and what concerns them all together."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.features import FAMILIES, learn, prequential, windows
from rtml.testing import FAMILY_LAWS, check_family
from rtml.testing.events import MINUTE, START, busy

LOOKING_BACK = [
    conditional.name
    for name in FAMILIES.own
    for conditional in FAMILIES[name].conditionals
    if conditional.selection.looks_back
]
"""Conditionals whose counts depend on what was read before: parts do not add up at their borders."""


@pytest.mark.parametrize("name", FAMILIES.own)
@pytest.mark.parametrize("law", FAMILY_LAWS, ids=lambda law: law.__name__)
def test_law(law, name):
    law(FAMILIES[name])


def test_prequential_windows_have_not_been_seen_by_their_baseline():
    capture = busy()
    table, full = prequential(*capture, blocks=6)
    assert table["window"].min() == START + MINUTE
    whole = learn(*capture).counts.filter(~pl.col("family").is_in(LOOKING_BACK))
    assert full.counts.filter(~pl.col("family").is_in(LOOKING_BACK)).equals(whole, null_equal=True)
    second = table.filter(pl.col("window") == START + MINUTE)
    first_only = learn(*capture, end=START + MINUTE)
    expected = windows(
        capture[0], first_only, processes=capture[1], start=START + MINUTE, end=START + 2 * MINUTE
    )
    assert_frame_equal(second, expected)


def test_a_breach_says_who_broke_which_law_and_how():
    silent = replace(FAMILIES["activity"], own=lambda material: FAMILIES["activity"].own(material))
    with pytest.raises(
        AssertionError, match=r'^family activity breaks the law "Say in the docstring.*References'
    ):
        check_family(silent)
