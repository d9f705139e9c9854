"""Search among settings, on the time before the test alone; how many were tried goes into the chosen one."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rtml.errors import UsageError
from rtml.experiment.config import Experiment, load_experiment
from rtml.experiment.rehearsal import REHEARSED, Rehearsal, chosen_side, rehearsal
from rtml.once import keeping
from rtml.progress import steps
from rtml.reading.user_yaml import YamlError, parse_yaml
from rtml.reading.whole import write_parquet, write_text

__all__ = ["TRIED", "Sweep", "configurations", "ranked", "sweep", "values_of", "write_sweep"]

TRIED = pl.Schema({"rank": pl.UInt32(), "settings": pl.String(), "chosen": pl.Boolean(), **REHEARSED})
"""One row per configuration and side, the best first; ``chosen``: the side that the choice is about."""

_MOST = 1000
_NAME = re.compile(r"\w[\w.:-]*")
_FIXED = {
    "budget": "another budget is another question",
    "capture": "other data are another question",
    "hold_out": "what is judged is another question",
    "labels": "labels stay closed",
    "name": "a name changes nothing",
    "notes": "notes change nothing",
    "rules": "rules are not rehearsed",
    "seed": "a lucky seed is no better setting: a run over several seeds shows what they spread over",
    "split": "the rehearsal has one split for all",
    "tried": "it is counted",
}
"""Keys that are not searched, and why."""


@dataclass(frozen=True)
class Sweep:
    """``table``: `TRIED`; ``chosen``: the experiment with the best settings and ``tried``, all of them."""

    table: pl.DataFrame
    chosen: Experiment

    @property
    def tried(self) -> int:
        """Configurations that were tried in this search."""
        return self.table["settings"].n_unique()


def values_of(vary: str) -> tuple[str, list[str]]:
    """Read ``key=a,b,c``; commas within brackets, braces or quotes part nothing.

    Raises
    ------
    UsageError
        It is not of this form, or the key is not one to search.

    Examples
    --------
    >>> values_of("detectors.surprise.top=1,3")
    ('detectors.surprise.top', ['1', '3'])
    >>> values_of("families=[lineage, files],[dns]")
    ('families', ['["lineage", "files"]', '["dns"]'])
    >>> values_of("seed=1,2")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: 'seed=1,2': seed is not searched (a lucky seed is no better setting: ...
    """
    key, equals, text = vary.partition("=")
    if not equals or not key or not text.strip():
        raise UsageError(f"{vary!r}: write key=value,value, for instance blocks=4,8", argument="vary")
    if (why := _FIXED.get(key.partition(".")[0])) is not None:
        raise UsageError(f"{vary!r}: {key} is not searched ({why})", argument="vary")
    try:
        values = parse_yaml(f"[{text}]", key)
    except YamlError as error:
        raise UsageError(f"{vary!r}: {error.reason}", argument="vary") from error
    return key, list(dict.fromkeys(_written(value, key) for value in values))


def _written(value: object, key: str) -> str:
    """Return a value as YAML that reads as the same again."""
    plain = (
        isinstance(value, str) and parse_yaml(value, key) == value if _NAME.fullmatch(str(value)) else False
    )
    return str(value) if plain else json.dumps(value, default=str)


def configurations(
    file: Path, overrides: Sequence[str], vary: Sequence[str]
) -> tuple[Experiment, dict[str, Experiment]]:
    """Return the experiment as it is, and every combination of the settings, by what it sets.

    Raises
    ------
    UsageError
        Nothing varies, a key twice, a value does not fit, or there are more than a thousand combinations.
    """
    axes = dict(pairs := [values_of(text) for text in vary])
    if not axes or len(axes) < len(pairs):
        raise UsageError("what is searched? give each key once, such as blocks=4,8", argument="vary")
    combinations = list(itertools.islice(itertools.product(*axes.values()), _MOST + 1))
    if len(combinations) > _MOST:
        raise UsageError(f"more than {_MOST:,} combinations: vary less at a time", argument="vary")
    made = {}
    for values in combinations:
        settings = [f"{key}={value}" for key, value in zip(axes, values, strict=True)]
        made[" ".join(settings)] = load_experiment(file, [*overrides, *settings])
    return load_experiment(file, overrides), made


def sweep(base: Experiment, tried: Mapping[str, Experiment], side: str | None = None) -> Sweep:
    """Rehearse every configuration on one copy of the time before the test, and choose.

    Parameters
    ----------
    base
        Whose data and split are rehearsed on.
    tried
        Configurations by what they set, see `configurations`.
    side
        Whose result decides; null: the combination, else the first detector.

    Returns
    -------
    The best: among those that hold the budget the one that finds most, then with fewest false findings, then
    with the highest AUROC. ``tried`` of the chosen counts these configurations and those of the base.

    Raises
    ------
    RtmlError
        See `rtml.experiment.rehearsal.rehearsal`: also when somebody opens the labels meanwhile.
    """
    with rehearsal(base) as stage, keeping():
        tables = [_judged(stage, name, one, side) for name, one in steps(tried.items(), "trying", "settings")]
    table = ranked(pl.concat(tables))
    best = table.row(0, named=True)["settings"]
    before = base.tried or 0
    return Sweep(table, tried[best].model_copy(update={"tried": before + len(tried)}))


def _judged(stage: Rehearsal, name: str, experiment: Experiment, side: str | None) -> pl.DataFrame:
    table = stage.judge(experiment)
    decisive = pl.col("side") == chosen_side(table, side)
    return table.with_columns(settings=pl.lit(name), chosen=decisive)


def ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of all configurations as `TRIED`, best first.

    Examples
    --------
    >>> rows = pl.DataFrame({"settings": ["a", "b"], "chosen": True, "side": "forest", "found": [9, 5],
    ...     "of": 10, "false": [40, 0], "days": 1.0, "budget": ["broken", "held"], "auroc": [0.9, 0.8]})
    >>> ranked(rows)["settings"].to_list()
    ['b', 'a']
    """
    order = rows.filter("chosen").sort(
        pl.col("budget") == "held", "found", "false", "auroc", "settings",
        descending=[True, True, False, True, False], nulls_last=True,
    )  # fmt: skip
    places = order.select("settings").with_row_index("rank", 1)
    joined = rows.join(places, on="settings", how="left").sort(
        "rank", "chosen", "side", descending=[False, True, False]
    )
    return joined.select(pl.col(name).cast(kind) for name, kind in TRIED.items())


def write_sweep(result: Sweep, out: Path) -> Path:
    """Write ``sweep.parquet`` and ``chosen.yml`` into ``out``; return the experiment file.

    JSON is YAML: the file is read by `rtml experiment run` like any other.
    """
    write_parquet(out / "sweep.parquet", result.table)
    values = result.chosen.model_dump(mode="json", exclude_defaults=True)
    head = f"# `rtml experiment sweep`: the best of {result.tried}, chosen on the time before the test.\n"
    write_text(out / "chosen.yml", head + json.dumps(values, indent=1, ensure_ascii=True) + "\n")
    return out / "chosen.yml"
