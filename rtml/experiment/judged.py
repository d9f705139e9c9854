"""Files of findings as sides: what lies beside them, and on which terms they are judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rtml.errors import MissingError, RtmlError, UsageError, did_you_mean
from rtml.evaluation import Side
from rtml.experiment.result import SIDES, Kind, Result, SideFacts, Terms, read_result
from rtml.findings.beside import beside, owns
from rtml.findings.reading import read_findings
from rtml.models.explaining.changes import DETECTOR
from rtml.reading.parquet import read_parquet
from rtml.rules import EVENT_DETECTORS, FirstSeen

__all__ = ["Judged", "agreed", "read_judged", "sides_of"]

_SCORES = "scores.parquet"
_SCORE = ["container_id", "window", "margin"]


@dataclass(frozen=True)
class Judged:
    """A file of findings, what lies beside it, and what an experiment wrote about them.

    ``scores`` per container and window, ``trees`` per process tree; ``features`` of process trees, else of
    windows; ``dial``: findings at other budgets. Each is null where its file is missing.
    """

    path: Path
    findings: pl.DataFrame
    scores: pl.DataFrame | None
    trees: pl.DataFrame | None
    features: pl.DataFrame | None
    dial: pl.DataFrame | None
    result: Result | None

    @property
    def sides(self) -> list[SideFacts]:
        """The sides of the experiment, then every other detector that has findings or scores.

        Of what a whole folder shares only detectors with findings count: the others may belong to
        another file.
        """
        pairs = self.findings.select("detector", "source").unique().sort("source", "detector")
        sources: dict[str, str | None] = dict(pairs.iter_rows())
        experiment_sides = [
            side for side in self._experiment_sides() if self._belongs(SIDES) or side.detector in sources
        ]
        if self._belongs(_SCORES):
            sources = {**{name: _source(name) for name in self._scored()}, **sources}
        for side in experiment_sides:
            sources.pop(side.detector, None)
        if len(sources) > 1:
            sources.pop(DETECTOR, None)
        ordered = sorted(sources.items(), key=lambda item: (str(item[1]), item[0]))
        return experiment_sides + [_plain(name, source) for name, source in ordered]

    def _experiment_sides(self) -> tuple[SideFacts, ...]:
        return self.result.sides if self.result is not None else ()

    def _scored(self) -> list[str]:
        return [] if self.scores is None else self.scores["detector"].unique().to_list()

    def _belongs(self, name: str) -> bool:
        file = beside(self.path, name)
        return file is not None and owns(self.path, file)

    def findings_of(self, side: SideFacts) -> pl.DataFrame:
        """Return a side's findings; what a job says of changed workloads stands beside every model."""
        theirs = pl.col("detector") == side.detector
        beside_models = (pl.col("detector") == DETECTOR) & pl.lit(side.kind == "model")
        return self.findings.filter(theirs | beside_models)

    def scores_of(self, detector: str) -> pl.DataFrame | None:
        """Return a detector's score of every window, or None where it was not written."""
        if self.scores is None:
            return None
        rows = self.scores.filter(pl.col("detector") == detector)
        return rows.select(_SCORE).rename({"margin": "score"}) if rows.height else None

    def trees_of(self, detector: str) -> pl.DataFrame | None:
        """Return a detector's score of every process tree, or None where it was not written."""
        if self.trees is None:
            return None
        rows = self.trees.filter(pl.col("detector") == detector)
        root = pl.col("process_id").fill_null(0)
        more = [pl.col(name) for name in ("budget", "repeats", "p_value") if name in rows.columns]
        kept = rows.select("container_id", "window", *more, root_id=root, score="margin")
        return kept if rows.height else None

    def dial_of(self, detector: str) -> dict[float, pl.DataFrame] | None:
        """Return what a side that was tuned to several budgets finds at each, or None."""
        if self.dial is None:
            return None
        rows = self.dial.filter(pl.col("detector") == detector)
        settings = rows["asked"].unique().sort()
        return {asked: rows.filter(pl.col("asked") == asked) for asked in settings} or None


def _source(detector: str) -> str:
    return "rule" if detector in EVENT_DETECTORS else "model"


def _plain(detector: str, source: str | None) -> SideFacts:
    """Return the side of a detector of which nothing is known but its name and source."""
    kind: Kind = "rival" if detector == FirstSeen.name else "rules" if source == "rule" else "model"
    return SideFacts(detector=detector, name=detector.replace("_", " "), kind=kind)


def read_judged(path: Path) -> Judged:
    """Read findings and what lies beside them, see `rtml.findings.beside`.

    Raises
    ------
    RtmlError
        One of the files cannot be read.
    """
    sides_file = beside(path, SIDES)
    return Judged(
        path,
        read_findings(path).with_columns(pl.col("detector").fill_null("unknown")),
        _table(beside(path, _SCORES), ["detector", *_SCORE]),
        _table(beside(path, "trees.parquet"), ["detector", "process_id", *_SCORE]),
        _features(path),
        _table(beside(path, "dial.parquet"), ["detector", "asked"]),
        read_result(sides_file) if sides_file is not None else None,
    )


def _features(path: Path) -> pl.DataFrame | None:
    trees = _table(beside(path, "tree_features.parquet"), [*_SCORE[:2], "process_id"])
    return trees if trees is not None else _table(beside(path, "windows.parquet"), _SCORE[:2])


def _table(path: Path | None, columns: Sequence[str]) -> pl.DataFrame | None:
    if path is None:
        return None
    try:
        table = read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RtmlError(f"{path}: not readable ({str(error).splitlines()[0]})") from error
    for name in columns:
        if name not in table.columns:
            raise MissingError(f"{path}: no column {name!r}; {did_you_mean(name, table.columns)}")
    return table


def sides_of(files: Sequence[Judged]) -> Iterator[Side]:
    """Yield the sides of all files; beside others a file's sides carry its name.

    Raises
    ------
    UsageError
        Two files would take the scores of one detector from one file.
    """
    _refuse_shared_scores(files)
    for file in files:
        prefix = f"{_called(file, files)}: " if len(files) > 1 else ""
        for side in file.sides:
            yield Side(
                prefix + side.name,
                side.kind,
                file.findings_of(side),
                file.scores_of(side.detector),
                side.fitted_until,
                note=side.note,
                asked=side.asked,
                calibrated=side.calibrated,
                trees=file.trees_of(side.detector),
                dial=file.dial_of(side.detector),
            )
        if not file.sides:
            yield Side(f"{file.path.stem} (no findings)", "model", file.findings)


def _called(file: Judged, files: Sequence[Judged]) -> str:
    same_stem = [candidate for candidate in files if candidate.path.stem == file.path.stem]
    return file.path.stem if len(same_stem) == 1 else f"{file.path.parent.name}/{file.path.stem}"


def _refuse_shared_scores(files: Sequence[Judged]) -> None:
    owners: dict[tuple[Path | None, str], Path] = {}
    for file in files:
        source = beside(file.path, _SCORES)
        for name in (side.detector for side in file.sides if file.scores_of(side.detector) is not None):
            owner = owners.setdefault((source, name), file.path)
            if owner != file.path:
                raise UsageError(
                    f"{owner} and {file.path} would both take the scores of {name!r} from {source};"
                    f" call each file's own <name of the findings>.{_SCORES}"
                )


def agreed(files: Iterable[Judged], requested: Mapping[str, Any]) -> Terms:
    """Return the terms: those requested, else those that the experiments state, else the usual ones.

    Parameters
    ----------
    files
        Files that an experiment wrote state their terms; others state none.
    requested
        By name of `Terms`; null: not requested.

    Raises
    ------
    UsageError
        Two experiments differ in a term that was not requested.
    """
    terms = {name: value for name, value in requested.items() if value is not None}
    stated = [(file.path, file.result.terms) for file in files if file.result is not None]
    for name in (name for name in Terms.model_fields if name not in terms and stated):
        values = {getattr(stated_terms, name): path for path, stated_terms in stated}
        if len(values) > 1:
            texts = ", ".join(f"{value} ({path})" for value, path in values.items())
            raise UsageError(f"the experiments differ in {name}: {texts}; say which one holds")
        terms[name] = next(iter(values))
    return Terms(**terms)
