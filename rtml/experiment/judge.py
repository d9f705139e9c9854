"""Judge findings that were made elsewhere: by `rtml score`, `rtml rules`, or another tool."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from rtml import features
from rtml.captures import Capture, open_captures
from rtml.captures.in_scope import InScope
from rtml.captures.scope import scope_of
from rtml.errors import UsageError
from rtml.evaluation import Ledger, Side, Track, build_ledger
from rtml.evaluation.naming import in_the_capture
from rtml.experiment.exposure import begin_of_test
from rtml.experiment.judged import Judged, agreed, read_judged, sides_of
from rtml.experiment.labelled import labels_of, refuse_damage
from rtml.experiment.looked_at import scope_notes
from rtml.experiment.looks import Looks, look
from rtml.experiment.report_input import Made, page
from rtml.experiment.result import Terms
from rtml.experiment.tracks import track_of
from rtml.findings.reading import read_findings
from rtml.reading.json_text import json_of
from rtml.report import write_ledger, write_report
from rtml.times import Window, moment

__all__ = ["Ground", "configuration", "ground", "judge", "read_findings"]

_NAMED = 3


def judge(
    captures: Sequence[str],
    label_file: Path,
    finding_files: Sequence[Path],
    out: Path,
    every: str | None = None,
    since: str | None = None,
    budget: float | None = None,
    seed: int | None = None,
    *,
    all_time: bool = False,
) -> tuple[Ledger, Path, Looks]:
    """Set findings against labels on one track; write ledger and report into ``out``.

    Parameters
    ----------
    captures, label_file
        Where the findings come from, and its attacks.
    finding_files
        Every detector of each is one side. Scores of every window are read beside them
        (`rtml.findings.beside`); without scores, rules are ranked by their findings, with a remark.
    every, since, budget, seed
        Length of a window, time from which on is judged, false findings per container-day aimed at,
        seed of resampling. None takes what the experiment says that made the findings, so that its
        ledger comes out again; else ``60s``, 1.0, 0, and the time that `begin_of_test` finds.
    all_time
        All of the capture is test time: nothing was learnt from it.

    Notes
    -----
    Findings that no experiment made may come from a model that saw the test time: nothing here
    proves the opposite, and the ledger says so.
    """
    wanted = {
        "window": every,
        "since": None if since is None else moment(since),
        "budget": budget,
        "seed": seed,
    }
    known = ground(captures, label_file, finding_files, wanted, all_time=all_time)
    files, capture, sides, track, terms = known.files, known.capture, known.sides, known.track, known.terms
    seen = next((file.features for file in files if file.features is not None), None)
    ledger = build_ledger(sides, track, None, seen, terms.budget, notes=known.notes)
    out.mkdir(parents=True, exist_ok=True)
    write_ledger(ledger, out)
    looks = look(label_file, configuration(sides))
    source = page(_title(sides), capture, ledger, track, sides, [], None, Made(looks.sentence()))
    return ledger, write_report(source, out / "report.html"), looks


class Ground(NamedTuple):
    """What files of findings are judged on: the files, their sides, the track and what must be said of it."""

    files: list[Judged]
    capture: Capture
    sides: list[Side]
    track: Track
    terms: Terms
    notes: list[str]


def ground(
    captures: Sequence[str],
    label_file: Path,
    finding_files: Sequence[Path],
    wanted: Mapping[str, Any],
    *,
    all_time: bool = False,
) -> Ground:
    """Read findings, capture and labels, and make the track; ``wanted``: terms by name (`agreed`)."""
    files = [read_judged(path) for path in finding_files]
    if not files:
        raise UsageError("no findings: give at least one file of findings", argument="finding_files")
    terms = agreed(files, wanted)
    scope = scope_of(json_of(terms.scope or "{}"), "scope")
    capture = InScope.of(open_captures(captures), scope)
    labels, warnings = labels_of(capture, label_file)
    warnings[:0] = [*scope_notes(scope), *refuse_damage(capture)]
    sides, unclear = in_the_capture(list(sides_of(files)), capture.containers()["container_id"])
    window, begins = Window.of(terms.window), begin_of_test(sides, terms.since, all_time=all_time)
    windows = features.observed(capture, window, start=begins)
    track = track_of(capture, windows, labels, sides, window, begins=begins, seed=terms.seed)
    return Ground(files, capture, sides, track, terms, [*warnings, *unclear])


def _title(sides: Sequence[Side]) -> str:
    """Name the first sides: they head the page."""
    return " + ".join([*(side.name for side in sides[:_NAMED]), *(["…"] if len(sides) > _NAMED else [])])


def configuration(sides: Sequence[Side]) -> str:
    """Return a digest of what was judged: the same findings again are no other try."""
    content = [side.findings.select("detector", "container_id", "first_seen", "score") for side in sides]
    return hashlib.sha256(pl.concat(content).write_json().encode("utf-8", "surrogatepass")).hexdigest()[:12]
