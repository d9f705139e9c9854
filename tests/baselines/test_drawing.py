"""Drawn names: where names vary the next one costs nothing, where they do not it costs what it did."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.plain.backoff import score
from rtml.baselines import Baseline, Conditional, Level, Selection
from rtml.baselines.counting import COUNTS, merge_counts
from rtml.baselines.evidence import SCALE
from rtml.baselines.places import Places
from rtml.features.destinations import ADDRESS, DOMAIN

FOLDERS = Places(lambda key: [key.str.replace("[^/]*$", "*")], lambda key: pl.lit("**"))
OPENED = Conditional(
    name="toy.opened",
    selection=Selection(("open",), ("path",)),
    key=pl.col("path"),
    subject=pl.col("path"),
    levels=(Level("workload", 1), Level("fleet", 1), Level("workload"), Level("fleet")),
    places=FOLDERS,
)
LISTED = replace(OPENED, places=None)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def row(key: str, minute: int = 0, count: int = 1, container: str = "c1", **more: str) -> dict:
    seen = START + dt.timedelta(minutes=minute)
    return {
        "family": OPENED.name,
        "workload": "web",
        "subject": "git",
        "key": key,
        "container": container,
        "count": count,
        "first_seen": seen,
        **more,
    }


def drawn(number: int, folder: str = "/tmp") -> list[dict]:
    return [row(f"{folder}/name{n}", minute=n) for n in range(number)]


def counted(rows: list[dict]) -> Baseline:
    return Baseline(merge_counts([pl.DataFrame(rows, COUNTS)]))


def asked(rows: list[dict], *keys: str, conditional: Conditional = OPENED, **more: str) -> pl.DataFrame:
    context = {"workload": "web", "image": None, "repository": None, "subject": "git", **more}
    names = ("workload", "image", "repository", "subject", "key")
    pairs = pl.DataFrame({**context, "key": keys}, dict.fromkeys(names, pl.String))
    return counted(rows).surprise(conditional, pairs)


def bits(rows: list[dict], key: str, **options: object) -> float:
    return asked(rows, key, **options)["bits"].item() / SCALE


steady = st.lists(
    st.tuples(st.sampled_from(["/etc/a", "/etc/b", "/srv/c"]), st.integers(4, 10**6)), max_size=4
).map(lambda files: [row(key, count=count) for key, count in files])


@settings(max_examples=20, deadline=None)
@given(st.integers(10, 300))
def test_a_folder_of_names_seen_once_gives_the_next_for_nothing(number):
    assert bits(drawn(number), "/tmp/another") < 0.4


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 10), st.integers(4, 10**6), st.integers(1, 5), steady)
def test_steady_files_excuse_no_new_one(files, count, containers, others):
    rows = others + [
        row(f"/srv/file{n}", n, count, container=f"c{c}") for n in range(files) for c in range(containers)
    ]
    assert asked(rows, "/srv/new").equals(asked(rows, "/srv/new", conditional=LISTED))


def test_one_name_is_no_folder_of_names():
    assert bits(drawn(1), "/tmp/new") == bits(drawn(1), "/tmp/new", conditional=LISTED)
    assert bits([row("/etc/f", count=99), *drawn(9)], "/etc/g") > 4


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 30), st.integers(1, 30), steady, st.booleans())
def test_more_draws_never_make_the_next_name_dearer(before, more, others, elsewhere):
    where = {"container": "c2"} if elsewhere else {}
    first = others + drawn(before)
    then = first + [{**one, **where} for one in drawn(before + more)[before:]]
    if first:
        assert bits(then, "/tmp/another") <= bits(first, "/tmp/another") + 2 / SCALE


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 50), steady)
def test_a_folder_never_seen_costs_what_it_does_beside_one_name(number, others):
    """A thousand drawn names neither make the rest look rare nor all that is new look ordinary."""
    folded = others + [row("/tmp/*", count=number)]
    rows = others + drawn(number)
    for key in ("/opt/x", "/etc/a"):
        assert bits(rows, key) == bits(folded, key, conditional=LISTED)


def test_one_visit_says_nothing_of_the_next():
    """A program that ran once and wrote twenty files would have drawn twenty names."""
    once = [row(f"/etc/file{n}") for n in range(20)]
    assert bits(once, "/etc/ld.so.preload") == bits(once, "/etc/ld.so.preload", conditional=LISTED)
    assert bits(drawn(20, "/etc"), "/etc/ld.so.preload") < 0.4


def test_names_of_many_containers_are_drawn_however_often_they_are_used():
    rows = [row(f"/run/{n}.pid", count=1000, container=f"c{n}") for n in range(9)]
    assert bits(rows, "/run/77.pid") < 0.2
    shared = [row(f"/run/{n}.pid", 0, 1000, f"c{c}") for n in range(9) for c in range(9)]
    assert bits(shared, "/run/77.pid") == bits(shared, "/run/77.pid", conditional=LISTED)


def test_workloads_of_one_container_each_keep_their_own_files():
    """What nobody else could have shared is steady, not drawn: they are different programs' files."""
    rows = [
        row(f"/etc/{name}.conf", 0, 1000, name, workload=name, subject=name) for name in ("a", "b", "c", "d")
    ]
    context = {"workload": "a", "subject": "a"}
    listed = asked(rows, "/etc/shadow", conditional=LISTED, **context)
    assert asked(rows, "/etc/shadow", **context).equals(listed)


def test_what_others_draw_elsewhere_excuses_nobody():
    """Compilers make temporary files in one workload; a web server that does is news."""
    rows = [*drawn(50), row("/srv/index", count=99, workload="shop", subject="nginx", container="s")]
    here = {"workload": "shop", "subject": "nginx"}
    assert bits(rows, "/tmp/x", **here) > 5
    assert bits(rows, "/tmp/x", workload="shop", subject="git") < 1


def test_a_new_name_in_a_drawing_folder_counts_as_seen():
    rows = [row("/etc/f", count=99), *drawn(20)]
    found = asked(rows, "/tmp/another", "/tmp/name3", "/etc/f", "/etc/g", "/opt/x")
    assert found["seen"].to_list() == [True, True, True, False, False]
    assert found["known"].all()


@pytest.mark.parametrize("key", ["", "*", "**", "/tmp/*", "/", "\n", "/tmp/" + "x" * 5000])
def test_odd_keys(key):
    rows = [*drawn(20), row(key)]
    assert asked(rows, key)["bits"].item() >= 0


ends = {
    ADDRESS: st.tuples(
        st.sampled_from(["10.0.0.", "10.0.1.", "192.168.7.", "fd00:1:2:3:"]),
        st.integers(0, 9).map(str),
        st.sampled_from([" 443", " 80"]),
    ).map("".join),
    DOMAIN: st.tuples(st.sampled_from("abcdefgh"), st.sampled_from([".web.svc", ".cdn.example.org", ""])).map(
        "".join
    ),
}
contexts = st.tuples(
    st.sampled_from(["web", "app"]), st.sampled_from(["curl", "sh", None]), st.sampled_from(["r", None])
)
events = st.tuples(
    contexts, st.integers(0, 5), st.sampled_from([1, 1, 1, 2, 5, 999]), st.sampled_from([0, 0, 1, 9])
)


@pytest.mark.parametrize("conditional", [ADDRESS, DOMAIN], ids=lambda found: found.name)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_loops_over_rows_give_the_same_bits(conditional, data):
    """`benchmarks.plain` says the same in sets and dictionaries."""
    key = ends[conditional]
    rows = [
        row(
            name,
            minute,
            count,
            f"{workload}{number}",
            workload=workload,
            subject=subject,
            repository=repository,
            family=conditional.name,
        )
        for ((workload, subject, repository), number, count, minute), name in data.draw(
            st.lists(st.tuples(events, key), min_size=1, max_size=40)
        )
    ]
    counts = merge_counts([pl.DataFrame(rows, COUNTS)])
    wanted = data.draw(st.lists(st.tuples(contexts, key), min_size=1, max_size=8, unique=True))
    pairs = pl.DataFrame(
        [
            {"workload": workload, "image": None, "repository": repository, "subject": subject, "key": name}
            for (workload, subject, repository), name in wanted
        ],
        dict.fromkeys(("workload", "image", "repository", "subject", "key"), pl.String),
    )
    ours = Baseline(counts).surprise(conditional, pairs)
    frame = pd.DataFrame(pairs.to_dicts(), dtype=object)
    plain = score(frame, counts.to_pandas().astype({"subject": object}), conditional)
    assert ours["known"].to_list() == plain["known"].to_list()
    assert ours["seen"].to_list() == plain["seen"].to_list()
    assert ours["bits"].to_list() == pytest.approx(plain["bits"].to_list(), abs=1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), steady)
def test_the_order_of_a_history_does_not_matter(seed, others):
    history = counted(others + drawn(20) + drawn(20, "/tmp/deeper"))
    mixed = Baseline(history.counts.sample(fraction=1, shuffle=True, seed=seed))
    names = dict.fromkeys(("image", "repository"), None)
    keys = ["/tmp/new", "/tmp/name3", "/tmp/deeper/new", "/etc/a"]
    pairs = pl.DataFrame({"workload": "web", "subject": "git", **names, "key": keys}).cast(pl.String)
    assert mixed.surprise(OPENED, pairs).equals(history.surprise(OPENED, pairs))
