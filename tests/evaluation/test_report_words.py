"""What the report says in words: three sentences, pitfalls, lost events, causes, the terminal's caption."""

import datetime as dt
import io

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.experiment.report_input import false_causes
from rtml.report import LABELS_CLOSED, SCORED_TWICE, ledger_view
from rtml.report.beside import beside_rules
from rtml.report.headline import headline_rows
from rtml.report.input import ReportInput
from rtml.report.lost import Lost, lost_sentence
from rtml.report.page import render_report
from rtml.report.pitfalls import pitfalls
from rtml.report.sentences import three_sentences
from rtml.schema import FINDINGS, empty
from tests.evaluation.frames import make_finding, score_frame

MODEL = {"source": "model", "detector": "combined"}


@pytest.fixture
def track(windows, labels, processes):
    return make_track(windows, labels, processes)


def finding(attack, **more):
    """Find the attack whose root is that process."""
    container, minute = {10: ("c0", 12), 20: ("c0", 42), 30: ("c1", 22), 40: ("c1", 72)}[attack]
    return make_finding(container, first=minute, process_id=attack, **more)


def noise(number, **more):
    return pl.concat(
        [make_finding("c3", first=5.0 * n, process_id=7, title=f"w: n{n}", **more) for n in range(number)]
    )


def judged(track, ours, theirs, **more):
    rules = Side("rules, tuned", "rules", pl.concat(theirs) if theirs else empty(FINDINGS))
    model = Side("combined", "model", pl.concat(ours), asked=1.0, **more)
    return build_ledger([rules, model], track)


def test_a_gain_is_told_where_both_kept_the_budget(track):
    ledger = judged(track, [finding(10, **MODEL), finding(30, **MODEL)], [finding(10), finding(20)])
    told, gain, price = three_sentences(ledger)
    assert "combined finds 2 with 0 false findings, rules, tuned 2 with 0 false findings (of 6)" in told
    assert gain.startswith("1 of 6 only combined finds beside rules, tuned [0% – 64%]")
    assert "1 that rules, tuned find it misses" in gain and "McNemar" in gain
    assert price.startswith("The price: asked 1, test 0")


def test_no_gain_where_the_model_broke_its_budget(track):
    ledger = judged(track, [finding(10, **MODEL), noise(8, **MODEL)], [finding(20)])
    told, gain, price = three_sentences(ledger)
    assert "combined finds 1 with 8 false findings (budget broken)" in told
    assert gain == "No gain is stated: combined broke that budget (24 a day)."
    assert "asked 1" in price and "only" not in gain


def test_no_gain_where_the_rules_broke_theirs(track):
    ledger = judged(track, [finding(10, **MODEL)], [noise(8)])
    assert three_sentences(ledger)[1] == "No gain is stated: rules, tuned broke that budget (24 a day)."


def test_no_gain_beside_rules_that_never_matched(track):
    told, gain, _ = three_sentences(judged(track, [finding(10, **MODEL)], []))
    assert told.startswith("combined finds 1 with 0 false findings, set to 1")
    assert gain.startswith("No gain over rules is stated: no rules were judged, or none")


def test_a_dearer_model_is_held_against_rules_that_may_cost_as_much(track):
    """Both held, but the model cost one false finding more: it must beat the rules' dearer setting."""
    few, many = finding(20), pl.concat([finding(20), finding(30), finding(40), noise(1)])
    dial = {budget / 2: many if budget >= 6 else few for budget in (0.5, 1, 2, 3, 6, 10, 20, 30, 60)}
    dial |= {10.0: many, 0.25: few, 5.0: many, 15.0: many}
    rules = Side("rules, tuned", "rules", few, dial=dial)
    model = Side(
        "combined",
        "model",
        pl.concat([finding(10, **MODEL), finding(20, **MODEL), noise(1, **MODEL)]),
        asked=1.0,
    )
    _, gain, _ = three_sentences(build_ledger([rules, model], track))
    assert gain.startswith("At the cost that was realised (1 false finding) rules, tuned find 3, set to 3")
    assert "combined finds no more" in gain


def test_the_headline_of_the_page_greys_what_is_broken_and_never_makes_it_bold(track):
    """Both find one attack; the model at 24 false findings a day keeps a budget of 30 only."""
    ledger = judged(track, [finding(10, **MODEL), noise(8, **MODEL)], [finding(20)])
    table = headline_rows(ledger)
    rows = {row["side"]: row["cells"] for group in table["groups"] for row in group["rows"]}
    assert table["budgets"] == [0.5, 1, 3, 10, 30] and table["groups"][0]["rows"]
    told = {side: [(cell["best"], cell["broken"]) for cell in cells] for side, cells in rows.items()}
    assert told["rules, tuned"][1] == (True, False)
    assert told["combined"][1] == (False, True) and told["combined"][4][1] is False
    page = render_report(ReportInput("t", ledger))
    assert "<b>1</b> / 0" in page and '1 / 8 <abbr title="asked 1: broken' in page


def test_a_row_beside_rules_counts_the_same_attacks(track):
    rival = Side("first seen", "rival", finding(30))
    rules = Side("rules, tuned", "rules", finding(10))
    model = Side("combined", "model", pl.concat([finding(30, **MODEL), finding(40, **MODEL)]), asked=1.0)
    rows = {row.side: row for row in beside_rules(build_ledger([rules, model, rival], track))}
    assert (rows["combined"].only.count, rows["combined"].alone.count, rows["combined"].missed) == (2, 1, 1)
    assert rows["first seen"].alone.count == 1, "its own findings do not count against it"


def test_pitfalls_have_a_state_each(track):
    silent = score_frame(track.windows[:-3], np.linspace(1, 0, track.windows.height - 3))
    ledger = judged(track, [finding(10, **MODEL), noise(8, **MODEL)], [finding(20)], scores=silent)
    state = {row.name: row.state for row in pitfalls(ReportInput("t", ledger))}
    assert (
        state["scored twice"] == state["labels closed"] == state["looks at the labels counted"] == "unknown"
    )
    assert state["split proven"] == state["budgets held"] == state["no silent windows"] == "no"
    assert state["label provenance known"] == state["no events lost"] == "yes"
    told = pitfalls(
        ReportInput(
            "t", ledger, checked=[SCORED_TWICE, LABELS_CLOSED], looks="seen 14 times", lost="3 intervals"
        )
    )
    state = {row.name: (row.state, row.said) for row in told}
    assert state["scored twice"][0] == state["labels closed"][0] == "yes"
    assert state["looks at the labels counted"] == ("yes", "seen 14 times")
    assert state["no events lost"] == ("no", "3 intervals; 0 test windows incomplete")


def test_lost_intervals_are_one_sentence():
    at, second = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.timedelta(seconds=1)
    many = [Lost(f"h{n % 2}", at + n * second, at + (n + 1) * second, 2) for n in range(1203)]
    assert lost_sentence(many, 15000) == "1,203 intervals on 2 hosts (h0, h1), 4 % of time, 2,406 events lost"
    odd = [Lost(None, None, None, None), Lost("h", at, at + 9 * second, 1), Lost("h", at, at + second, 1)]
    said = lost_sentence(odd, 45)
    assert (
        said
        == "3 intervals on 2 hosts (h, unknown host), 10 % of time, 2 events lost, 1 of them at unknown times"
    )
    assert lost_sentence([], 9) == ""


def test_false_findings_are_told_by_cause(track):
    same = pl.concat(
        [make_finding("c3", first=5.0 * n, process_id=7, title="w: curl -> x") for n in range(3)]
    )
    side = Side("rules", "rules", pl.concat([same, finding(10)]))
    rows = false_causes([(side, side.findings, track.match(side.findings))])
    assert rows.select("side", "findings", "containers", "key").rows() == [("rules", 3, 1, "x")]
    page = render_report(ReportInput("t", judged(track, [finding(10, **MODEL)], []), causes=rows))
    assert "3 findings in 1 container" in page


def shown(ledger):
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(ledger_view(ledger))
    return " ".join(console.export_text().split())


def test_the_terminal_says_asked_only_of_sides_that_were_asked(track):
    asked = shown(judged(track, [finding(10, **MODEL)], [finding(20)]))
    assert "asked false findings per container-day: <= 1 of 1 side" in asked
    alerts = [Side("falco", "rules", finding(10))]
    plain = shown(build_ledger(alerts, track, budget=1000.0))
    assert "1,000" not in plain and "1000" not in plain and "<=" not in plain
    assert "No gain over rules is stated: no model was judged" in plain


def test_the_terminal_says_broken_budgets_and_inverted_scores(track):
    inverted = score_frame(track.windows, 1.0 - track.windows["target"].fill_null(0))
    text = shown(judged(track, [noise(8, **MODEL)], [finding(20)], scores=inverted))
    assert "combined broke that budget" in text and "0.5" in text
