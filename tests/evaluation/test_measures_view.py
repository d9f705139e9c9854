"""What ``--measures`` prints: every measure of every side, pairs, reasons; hostile names stay harmless."""

import io

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.measures import REGISTERED
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.report import MeasuresView, ledger_view
from tests.evaluation.frames import make_finding, score_frame

HOSTILE = "[red]x[/red]\x1b[2J\u202eevil"


@pytest.fixture
def ledger(windows, labels, processes):
    track = make_track(windows, labels, processes)
    rules = pl.concat([make_finding(first=10.5, process_id=11), make_finding("c3", first=5, process_id=99)])
    model = make_finding(first=42.5, process_id=21, source="model")
    scores = score_frame(track.windows, np.random.default_rng(3).random(track.windows.height))
    return build_ledger([Side("our rules", "rules", rules), Side(HOSTILE, "model", model, scores)], track)


def printed(view, width):
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=True)
    console.print(view)
    return console.export_text()


@pytest.mark.parametrize("width", [60, 100, 200])
def test_everything_is_printed_at_every_width(ledger, width):
    text = printed(MeasuresView(ledger), width)
    assert all(name in text for name in REGISTERED) and "beside our rules" in text
    assert "\u202e" not in text and "\x1b[2J" not in text
    assert "tpr_at_fpr_1e-3: needs >= 1000 benign windows" in text
    assert max(map(len, text.splitlines())) <= width


def test_pairs_stand_beside_the_first_rules(ledger):
    lines = printed(MeasuresView(ledger), 200).splitlines()
    pair = next(line for line in lines if "evil" in line and " : " in line)
    assert pair.split()[1:5] == ["0", "1", "1", "1.000"], "each found one that the other did not"


def test_without_rules_nothing_is_paired(windows, labels):
    track = make_track(windows, labels)
    alone = build_ledger([Side("forest", "model", make_finding(first=41))], track)
    assert "beside" not in printed(MeasuresView(alone), 120)


@pytest.mark.parametrize("width", range(40, 140, 8))
def test_auroc_is_never_alone(ledger, width):
    head = printed(ledger_view(ledger), width)
    assert "AUROC" not in head.split("our rules")[0] or "AP" in head.split("our rules")[0]
    assert "average_precision" in printed(MeasuresView(ledger), width)
