"""What each picture says: known answers on small frames, bounded size, one sentence for nothing."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from rtml.evaluation.headline import HEADLINE
from rtml.notebook import activity, connections, differences, history, peers, timeline, tree
from rtml.notebook.connections import MOST
from rtml.notebook.differences import MOST_NAMES
from rtml.notebook.folds import MOST as MOST_FOLDED
from rtml.notebook.folds import SHARE
from rtml.notebook.shades import STEPS, shade
from rtml.profiles.diff import DIFFERENCES
from rtml.report.headline_picture import dots
from rtml.schema import FINDINGS, conform
from rtml.showing.drawing import ALARM
from rtml.showing.shown import Shown
from tests.conftest import REPOSITORY
from tests.notebooks.test_showing import AT, clean, edges, hostile_events

SVG = "{http://www.w3.org/2000/svg}"


def hints(shown: Shown) -> list[str]:
    """What a pointer is told, in drawing order."""
    return [title.text or "" for title in ET.fromstring(shown.markup).iter(f"{SVG}title")]


def labels(shown: Shown) -> list[str]:
    return [label.text or "" for label in ET.fromstring(shown.markup).iter(f"{SVG}text")]


def process(number: int, *children: dict, left_out: int = 0, cmdline: str | None = None) -> dict:
    images = [{"exe": f"/bin/p{number}", "comm": "p", "cmdline": cmdline}]
    return {
        "process_id": number,
        "pid": 100 + number,
        "images": images,
        "children": list(children),
        "left_out": left_out,
    }


def test_a_tree_is_coloured_folded_counted_and_marks_its_own_process():
    quiet = [process(n, process(n + 100)) for n in range(10, 20)]
    root = process(1, process(2, process(3, cmdline="sh -c id")), *quiet, left_out=5)
    bits = {1: 0.2, 2: 3.0, 3: 13.5, **dict.fromkeys(range(10, 20), 0.7), 115: 1.9}
    shown = tree(root, {3: "13.5 bits: commands"}, bits, own=[3])
    clean(shown)
    page = ET.fromstring(shown.markup.replace("<br>", ""))
    summaries = ["".join(one.itertext()) for one in page.iter("summary")]
    assert "… 25 quiet processes, at most 1.9 bits" in summaries, "10 with a child each, and 5 that were cut"
    opened = ["".join(one[0].itertext()) for one in page.iter("details") if "open" in one.attrib]
    assert [text.split()[1] for text in opened] == ["101", "102"], "what leads to the note is open"
    styles = {one.text: one.attrib.get("style", "") for one in page.iter("span")}
    assert shade(13.5)[0] in styles["13.5"] and shade(0.2)[0] in styles["0.2"]
    assert shown.markup.count("◆ this finding") == shown.text.count("◆ this finding") == 1
    assert "◀ 13.5 bits: commands  ◆ this finding" in shown.text and "… 9 more" in shown.text


def test_a_tree_without_marks_shows_a_few_and_folds_the_rest():
    shown = tree(process(1, *(process(n) for n in range(2, 30))))
    assert "… 22 quiet processes" in shown.markup and "surprise" not in shown.markup
    assert "bits" not in shown.markup and shown.text.endswith("… 22 more")


def test_a_tree_of_thousands_is_bounded_and_counts_what_is_lost():
    many = tree(process(1, *(process(n) for n in range(2, 5002))), {2: "x"}, {2: 9.0})
    assert f"… {4999 - SHARE:,} more, not shown" in many.markup
    deep = process(0)
    for number in range(1, 40):
        deep = process(number, deep, *(process(1000 * number + n) for n in range(200)))
    folds = tree(deep, {0: "x"}, {0: 9.0}).markup
    assert folds.count("… 200 quiet processes") == 39 and "more, not shown" in folds
    assert MOST_FOLDED <= folds.count("<b>") < MOST_FOLDED + 50 and len(folds) < 700_000


def test_shades_get_darker_and_every_step_is_another():
    fills = [shade(bits)[0] for bits in (0.0, *STEPS)]
    light = [
        sum(int(fill[n : n + 2], 16) * weight for n, weight in ((1, 2), (3, 7), (5, 1))) for fill in fills
    ]
    assert light == sorted(light, reverse=True) and len(set(fills)) == len(STEPS) + 1


def finding(begin: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    times = {name: pl.Datetime("ns", "UTC") for name in ("first_seen", "last_seen")}
    row = {
        "finding_id": ["f"],
        "detector": ["forest"],
        "title": ["t"],
        "first_seen": [begin],
        "last_seen": [end],
    }
    return conform(pl.DataFrame(row, schema_overrides=times), FINDINGS)


def events(*times: dt.datetime, kind: str = "open") -> pl.LazyFrame:
    return pl.LazyFrame(
        {"time": list(times), "kind": kind, "workload": "w", "container_id": "c", "count": None},
        schema_overrides={"time": pl.Datetime("ns", "UTC"), "count": pl.Int64},
    )


def test_a_timeline_enlarges_the_minutes_of_its_finding():
    near = AT + dt.timedelta(minutes=30)
    seen = events(AT, near, near + dt.timedelta(seconds=2), AT + dt.timedelta(hours=2))
    shown = timeline(seen, finding(near, near + dt.timedelta(seconds=4)), "f")
    assert shown.text.endswith("4 events, 1 findings, this one at 03:30:00, enlarged in cells of 1s")
    assert [label for label in labels(shown) if label.startswith("Around")] == [
        "Around this finding, 1s a cell"
    ]
    assert hints(shown).count("03:30:00 open: 1") == 1 and hints(shown).count("03:30:02 open: 1") == 1
    assert sum("this finding" in label for label in labels(shown)) == 3
    short = timeline(events(AT, AT + dt.timedelta(seconds=50)), finding(AT, AT), "f")
    assert "enlarged" not in short.text, "all of it is near"
    assert "enlarged" not in timeline(seen, conform(pl.DataFrame(), FINDINGS), "f").text


def test_a_bar_is_never_finer_than_can_be_seen():
    day = events(*(AT + dt.timedelta(seconds=20 * n) for n in range(4320)))
    assert activity(day).text.startswith("Events per kind, 5m a bar")
    assert timeline(day, conform(pl.DataFrame(), FINDINGS), "f", "1s").text.startswith(
        "Events and findings, 5m"
    )
    assert activity(day.head(9)).text.startswith("Events per kind, 30s a bar")


def test_peers_say_what_they_are_not_and_draw_a_dot_once():
    window = {"who": "a now", "window": AT, "here": False, "a.b": [1.0] * 900 + [5.0]}
    shown = peers(pl.DataFrame(window), "a.b", remark="only now")
    assert shown.text.splitlines() == ["a.b", "a now  901 windows, 1 to 5", "only now"]
    assert "only now" in labels(shown) and hints(shown) == ["03:00  1 and 899 like it", "03:00  5"]
    nothing = peers(pl.DataFrame(window).head(0), "a.b")
    assert nothing.text == "a.b: no window to compare" and "no window to compare" in labels(nothing)


def test_connections_show_the_busiest_and_the_newest_and_count_the_others():
    shown = connections(edges("d", 100), remark="new: since noon")
    assert shown.text.splitlines()[0] == "Who talks to whom: 100 connections, 50 new"
    assert shown.text.splitlines()[-2:] == [
        f"… {100 - MOST} more connections, {50 - MOST // 2} of them new",
        "new: since noon",
    ]
    assert sum(line.endswith("◀ new") for line in shown.text.splitlines()) == MOST // 2
    assert "d1 → d99: 100, first 2026-11-24 03:00:00" in hints(shown), "the busiest"
    assert "d0 → d98: 99, first 2026-11-24 03:00:00, new".replace("d0 ", "d ") in hints(shown)
    few = connections(edges("d", 3).with_columns(new=pl.lit(None, pl.Boolean)))
    assert few.text.startswith("Who talks to whom: 3 connections, 0 new")
    nothing = connections(edges("d", 0))
    assert repr(nothing) == "Who talks to whom: no connection" and labels(nothing) == [repr(nothing)]


def test_a_history_has_its_band_its_alarms_and_its_rollouts():
    at = [AT + dt.timedelta(minutes=n) for n in range(6)]
    margins = [0.5, None, float("nan"), 8.0, float("inf"), -1.0]
    scores = pl.DataFrame({"container_id": "c" * 20, "window": at, "margin": margins}, strict=False)
    scored = scores.with_columns(alarm=pl.col("margin").fill_nan(None).fill_null(0) > 6)
    changes = pl.DataFrame(
        {"time": [at[2], AT - dt.timedelta(days=1)], "what": ["web: shop/web:2", "before"]}
    )
    shown = history(scored, 6.0, {"half of calibration": -0.5, "99 % of calibration": 2.0}, changes)
    clean(shown)
    assert shown.text.splitlines() == [
        "How strange, over time",
        "2026-11-24 03:00 to 03:05: 4 windows of 1 containers, 2 alarms, highest inf at 03:04",
        "2 windows without an opinion",
        "alarm above 6; half of calibration: below -0.5; 99 % of calibration: below 2",
        "03:02:00 web: shop/web:2",
    ]
    assert {"alarm above 6", "99 % of calibration 2", "▸ web: shop/web:2"} <= set(labels(shown))
    assert "2026-11-24 03:03  8 cccccccccccc, 1 alarms" in hints(shown)
    circles = ET.fromstring(shown.markup).iter(f"{SVG}circle")
    assert [one.attrib["fill"] == ALARM for one in circles] == [False, False, True, True]
    assert "below 2: 99 % of calibration" in hints(shown)
    nothing = history(scored.head(0), 6.0, {})
    assert repr(nothing) == "How strange, over time: no window has a score"
    assert "no alarms" in history(scored, float("inf"), {}).text


def test_a_history_of_weeks_is_bounded():
    at = [AT + dt.timedelta(minutes=n) for n in range(30_000)]
    scores = pl.DataFrame({"container_id": "c", "window": at, "margin": 1.0, "alarm": False})
    assert history(scores, 6.0, {}).markup.count("<circle") <= 300


def side(name: str, asked: float, found: int, **others: object) -> dict:
    row = {"side": name, "kind": "rules", "asked": asked, "found": found, "false": 1, "budget": "held"}
    return {**row, "found_low": found / 20, "found_high": min(found / 8, 1.0), **others}


def test_a_headline_shows_each_side_at_each_budget_with_its_interval():
    rows = [side("rules", 1.0, 4), side("rules", 3.0, 8, budget="broken", false=1234)]
    rows += [side("forest", 1.0, 6, kind="model", oracle=9), side("forest", 3.0, 6, kind="model")]
    shown = dots(conform(pl.DataFrame(rows), HEADLINE), 10, ["forest"])
    clean(shown)
    assert shown.text.splitlines()[1:] == [
        "forest, 1 a day: 6 found (30 % – 75 %), 1 false, held; 9 by the best threshold",
        "forest, 3 a day: 6 found (30 % – 75 %), 1 false, held",
        "rules, 1 a day: 4 found (20 % – 50 %), 1 false, held",
        "rules, 3 a day: 8 found (40 % – 100 %), 1,234 false, broken",
    ]
    assert hints(shown) == shown.text.splitlines()[1:], "a dot each"
    assert {"6 / 1", "4 / 1", "8 / 1,234 !"} <= set(labels(shown))
    hollow = [one for one in ET.fromstring(shown.markup).iter(f"{SVG}circle") if "stroke" in one.attrib]
    assert len(hollow) == 1
    for attacks, table in ((0, conform(pl.DataFrame(rows), HEADLINE)), (5, HEADLINE.to_frame())):
        assert repr(dots(table, attacks)) == "no side or no attack to compare"


def thing(family: str, key: str, **others: object) -> dict:
    row = {
        "group": "web",
        "family": family,
        "given": "/bin/sh",
        "key": key,
        "containers": 1,
        "of": 3,
        "count": 1,
    }
    return {**row, "unseen_before": 0.01, "by_new_program": False, **others}


def test_differences_have_a_bar_per_family_and_the_weightiest_names():
    new = [thing("files.read", f"read /{n}") for n in range(MOST_NAMES + 2)]
    new += [thing("files.read", "read /shadow", containers=3), thing("binaries.program", "/bin/nc")]
    new += [thing("files.read", "read /x", by_new_program=True, containers=3, given="/bin/nc")]
    gone = [thing("destinations.port", "private 80 tcp"), thing("files.read", "read /old")]
    frames = [conform(pl.DataFrame(rows), DIFFERENCES) for rows in (new, gone)]
    shown = differences(*frames, "web:2 against web:1")
    clean(shown)
    assert shown.text.splitlines()[:4] == [
        f"web:2 against web:1: {MOST_NAMES + 5} things in 2 families",
        "binaries.program: 1 new",
        "  program /bin/nc  1 of 3 containers, 1×",
        f"files.read: {MOST_NAMES + 4} new, 1 gone",
    ]
    assert shown.text.splitlines()[4] == "  read /shadow by /bin/sh  3 of 3 containers, 1×"
    assert shown.text.splitlines()[-1] == "destinations.port: 0 new, 1 gone"
    assert "… 4 more" in labels(shown) and "gone" in labels(shown)
    assert f"{MOST_NAMES + 3} by programs that were known" in hints(shown)
    assert "1 by programs that are new themselves" in hints(shown)
    assert repr(differences(frames[0].head(0))) == "What is new: no difference"


def test_the_ports_that_one_program_tries_are_one_line():
    scan = [thing("destinations.port", f"private {n} tcp", given="/usr/bin/nmap", count=2) for n in range(50)]
    others = [thing("destinations.port", f"private {n} udp", given="/bin/a", containers=2) for n in range(2)]
    said = differences(conform(pl.DataFrame([*scan, *others]), DIFFERENCES)).text.splitlines()
    assert said[1] == "destinations.port: 52 new"
    assert sorted(said[2:]) == [
        "  50 kinds of destination by /usr/bin/nmap, e.g. private 0 tcp  1 of 3 containers, 100×",
        "  kind of destination private 0 udp by /bin/a  2 of 3 containers, 1×",
        "  kind of destination private 1 udp by /bin/a  2 of 3 containers, 1×",
    ]


@pytest.mark.parametrize("number", [1, 40])
def test_many_names_are_counted_not_drawn(number: int):
    new = pl.concat([conform(pl.DataFrame([thing(f"f{n}", "k")]), DIFFERENCES) for n in range(number)])
    shown = differences(new)
    assert ("more families" in shown.text) == (number == 40)
    assert len(shown.markup) < 30_000
    assert clean(timeline(hostile_events("x"), conform(pl.DataFrame(), FINDINGS), "f"))


def test_a_report_gives_the_headline_its_own_colours():
    kinds = ["rules", "model", "rival", "union"]
    rows = [side(kind, 1.0, 4, kind=kind, oracle=5) for kind in kinds]
    rows += [side(kind, 3.0, 4, kind=kind, budget="broken") for kind in kinds]
    sheet = (REPOSITORY / "rtml/report/templates/report.css").read_text()
    used = set(
        re.findall(r'(fill|stroke)="(#[0-9a-f]{6})"', dots(conform(pl.DataFrame(rows), HEADLINE), 10).markup)
    )
    paper_edge = ("stroke", "#e3dfd6")
    assert len(used) > 10 and paper_edge in used
    assert all(f'.intervals [{kind}="{colour}"]' in sheet for kind, colour in used)


def test_a_union_of_two_long_names_is_whole_on_two_lines():
    long = side("rules, tuned + isolation forest", 1.0, 4, kind="union")
    said = labels(dots(conform(pl.DataFrame([long]), HEADLINE), 10))
    assert {"rules, tuned +", "isolation forest"} <= set(said)
    assert "rules + rarity" in labels(
        dots(conform(pl.DataFrame([side("rules + rarity", 1.0, 4)]), HEADLINE), 10)
    )
