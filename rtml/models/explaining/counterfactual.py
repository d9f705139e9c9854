"""What a tree need not have done to be usual: "usual if it had not read /etc/shadow".

Everything that one event showed for the first time (its surprising pairs of key and context) is taken out of
the tree, the greatest surprise beyond chance first, and the tree is scored again, until it no longer alarms;
at most `MOST` events. Without a pair, the most surprising one of its conditional is the next, and chance is
of one pair fewer (`rtml.features.surprise`).

Only what the recommended detectors look at is taken back: ``bits_beyond`` of conditionals and families, and
``never_seen``. Fails, and says nothing, for detectors of other columns, which see no difference, for alarms
that need more than `MOST` events to go, and where an online detector found the tree usual as its hour began.

References
----------
Wachter et al. (2018), Counterfactual explanations without opening the black box,
https://doi.org/10.2139/ssrn.3063289
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.models.explaining.taking_back import Deeds
from rtml.models.explaining.wording import deed

__all__ = ["MOST", "counterfactuals"]

MOST = 3
"""Events that a counterfactual may name."""

_DEEPEST = 8
_TREE = ["container_id", "window", "process_id"]
_PAIR = ["conditional", "key", "context"]
Alarming = Callable[[pl.DataFrame], npt.NDArray[np.bool_]]


def counterfactuals(rows: pl.DataFrame, surprises: pl.DataFrame, alarming: Alarming) -> pl.DataFrame:
    """Return ``container_id, window, process_id, counterfactual`` of the trees that have one.

    Parameters
    ----------
    rows
        Features of alarming trees.
    surprises
        `rtml.features.EVENT_SURPRISES`.
    alarming
        Says of rows of features which raise an alarm, each by itself.
    """
    names = [*_TREE, "counterfactual"]
    deeds, changed = _taken_back(rows, surprises)
    if not deeds:
        return rows.select(_TREE).clear().with_columns(counterfactual=pl.lit(None, pl.String)).select(names)
    still = alarming(changed.drop("_row", "_gone"))
    judged = changed.select(*_TREE, "_row", "_gone").with_columns(_still=pl.Series(still))
    raised = judged.filter((pl.col("_gone") == 0) & pl.col("_still")).select("_row")
    least = (
        judged.filter(~pl.col("_still") & (pl.col("_gone") > 0))
        .join(raised, on="_row", how="semi", maintain_order="left")
        .sort("_row", "_gone")
        .unique("_row", keep="first", maintain_order=True)
    )
    said = [_sentence(deeds[row][:gone]) for row, gone in least.select("_row", "_gone").iter_rows()]
    return least.with_columns(counterfactual=pl.Series(said, dtype=pl.String)).select(names)


def _sentence(deeds: list[str]) -> str:
    return f"usual if it had not {' and not '.join(dict.fromkeys(deeds))}"


def _taken_back(rows: pl.DataFrame, surprises: pl.DataFrame) -> tuple[dict[int, list[str]], pl.DataFrame]:
    """Return what can be taken out of each tree, in order, and the rows without the first 0, 1, … of it."""
    numbered = rows.with_row_index("_row").cast({"_row": pl.Int64})
    pairs = _pairs(numbered.select("_row", *_TREE), surprises)
    beyond = [name for name in rows.columns if name.endswith(("bits_beyond", ".never_seen"))]
    facts = {row.pop("_row"): row for row in numbered.select("_row", *beyond).iter_rows(named=True)}
    deeds: dict[int, list[str]] = {}
    changes = []
    for part in pairs.partition_by("_row", maintain_order=True):
        row = int(part["_row"][0])
        steps = list(_steps(facts[row], part.to_dicts()))
        deeds[row] = [said for said, _ in steps]
        changed = [facts[row], *(features for _, features in steps)]
        changes += [{"_row": row, "_gone": gone, **features} for gone, features in enumerate(changed)]
    schema = {"_row": pl.Int64, "_gone": pl.Int64, **dict.fromkeys(beyond, pl.Float64)}
    table = pl.DataFrame(changes, schema=schema, orient="row")
    return deeds, numbered.drop(beyond).join(table, on="_row", how="inner", maintain_order="right")


def _pairs(trees: pl.DataFrame, surprises: pl.DataFrame) -> pl.DataFrame:
    """Return the most surprising pairs of each tree and conditional, with the first event of each."""
    shown = (
        surprises.filter((pl.col("bits") > 0) & ~pl.col("shared").fill_null(False))
        .drop("process_id")
        .rename({"root_id": "process_id"})
        .join(trees, on=_TREE, how="inner", nulls_equal=True)
        .sort("_row", "time", "host", "seq", *_PAIR)
        .unique(["_row", *_PAIR], keep="first", maintain_order=True)
    )
    order = ["_row", "conditional", "bits", "key", "context"]
    ranked = shown.sort(order, descending=[False, False, True, False, False])
    return ranked.group_by("_row", "conditional", maintain_order=True).head(_DEEPEST).sort(order[:1])


def _steps(facts: dict[str, Any], pairs: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield up to `MOST` deeds, and the features of the tree without that one and those before it."""
    tree = Deeds(facts, pairs)
    for _ in range(MOST):
        taken = tree.take_back()
        if taken is None:
            return
        yield deed(*taken), dict(tree.features)
