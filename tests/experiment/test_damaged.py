"""Nothing is judged on a capture that is not what its manifest says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.errors import RtmlError
from rtml.experiment.labelled import refuse_damage
from tests.captures.test_parts import made, parts


def _fewer(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("seq") % 2 == 0)


def _more(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([rows, rows])


def _other(rows: pl.DataFrame) -> pl.DataFrame:
    """As many rows, but all of one kind."""
    return rows.with_columns(kind=pl.lit("exec").cast(rows.schema["kind"]))


@pytest.mark.parametrize("damage", [_fewer, _more, _other])
def test_events_that_were_taken_out_added_or_changed_end_the_judging(
    tmp_path: Path, damage: Callable[[pl.DataFrame], pl.DataFrame]
):
    (part,) = parts(made(tmp_path / "c"))
    assert refuse_damage(open_capture(tmp_path / "c")) == []
    damage(pl.read_parquet(part)).write_parquet(part)
    with pytest.raises(
        RtmlError, match="nothing is judged on a damaged capture|a part is missing, cut or foreign"
    ):
        refuse_damage(open_capture(tmp_path / "c"))
