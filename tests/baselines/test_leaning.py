"""What immature groups lean on, and what is usual: by hand, and whatever the order of rows."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.baselines import Baseline, Conditional, Level, Selection
from rtml.baselines.counting import COUNTS
from rtml.baselines.groups import containers_of, of_families, of_image
from rtml.baselines.leaning import NOTHING, leaning
from rtml.baselines.maturity import estimate
from rtml.baselines.usual import usual
from rtml.errors import UnknownNameError
from rtml.features import AUDIT_FAMILIES, FAMILIES
from rtml.profiles.diff import diff


def conditional(name: str, *peers: str) -> Conditional:
    levels = tuple(Level(one) for one in peers)
    return Conditional(name, Selection(("exec",), ("exe",)), pl.col("exe"), pl.lit(""), levels)


def row(workload: str | None, count: int, **more: object) -> dict[str, object]:
    plain = {"family": "f.x", "workload": workload, "key": "k", "container": f"c-{workload}", "count": count}
    return {**plain, **more}


def leans(rows: list[dict[str, object]], *conditionals: Conditional) -> dict[str, tuple[object, ...]]:
    table = leaning(pl.DataFrame(rows, COUNTS), conditionals)
    return {name: rest for name, *rest in table.select("group", "leans_on", "leans_events").iter_rows()}


WHOLE = conditional("f.x", "workload", "repository", "fleet")


def test_the_nearest_history_that_holds_more_is_leant_on():
    rows = [
        row("web", 5, repository="a"),
        row("app", 7, repository="a"),
        row("db", 9, repository="b"),
        row("job", 900),
    ]
    assert leans(rows, WHOLE) == {
        "web": ["repository a", 12],
        "app": ["repository a", 12],
        "db": ["fleet", 921],
        "job": [None, None],
    }


def test_a_family_without_the_level_skips_it_and_the_only_group_has_nothing():
    rows = [row("web", 5, repository="a"), row("app", 7, repository="a")]
    assert leans(rows, conditional("f.x", "workload", "fleet"))["web"] == ["fleet", 12]
    assert leans(rows[:1], WHOLE) == {"web": [NOTHING, None]}
    assert leans(rows, conditional("f.y", "fleet"))["web"] == [None, None], "of a family that is not here"


def test_a_group_of_two_repositories_is_told_of_the_one_with_most_events():
    rows = [row("web", 2, repository="z"), row("web", 3, repository="a"), row("app", 50, repository="a")]
    assert leans(rows, WHOLE)["web"] == ["repository a", 53]


def test_every_family_of_ours_says_where_it_leans():
    for table in (FAMILIES, AUDIT_FAMILIES):
        for family in (table[name] for name in table.own):
            for one in family.conditionals:
                assert "fleet" in {level.peers for level in one.levels}, one.name


def test_events_that_never_happened_are_no_history():
    assert estimate(pl.DataFrame([row("web", 0)], COUNTS), ["family"]).is_empty()
    keys = usual(pl.DataFrame([row("web", 0)], COUNTS), 3)
    assert keys["share"].to_list() == [None]


def test_order_of_rows_does_not_matter(calm: Baseline, stormy: Baseline):
    mixed = [Baseline(one.counts.sample(fraction=1, shuffle=True, seed=3)) for one in (calm, stormy)]
    conditionals = [one for name in FAMILIES.own for one in FAMILIES[name].conditionals]
    assert leaning(mixed[0].counts, conditionals).equals(leaning(calm.counts, conditionals))
    assert usual(mixed[1].counts, 3).equals(usual(stormy.counts, 3))
    assert diff(*mixed).equals(diff(calm, stormy))


def test_parts_of_a_baseline():
    digest = "sha256:" + "ab" * 32
    rows = [row("web", 1, image=digest), row("app", 1, image="sha256:" + "ab" * 31 + "cd", family="g.y")]
    population = row("web", 9, family="population", image=digest)
    baseline = Baseline(pl.DataFrame([*rows, population], COUNTS))
    assert of_families(baseline, ["g"]).counts["family"].to_list() == ["g.y", "population"]
    assert of_families(baseline, []) is baseline
    assert containers_of(baseline).rows() == [("web", 1, 9)]
    assert of_image(baseline, digest).counts.height == 2
    with pytest.raises(UnknownNameError, match="these begin so: sha256:abab"):
        of_image(baseline, "ab" * 6)
    with pytest.raises(UnknownNameError, match="unknown image 'abab'"):
        of_image(baseline, "abab")
