"""What an incident did, event by event: few and narrow to look at, whole to work with."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import polars as pl

from rtml.analyst.rows import Rows
from rtml.showing.shown import sentence

__all__ = ["Events"]

_MOST = 25
"""Events that are shown; all are in the frame."""
_WHERE = ("host", "container_name")
_ERRORS = {-number: name for number, name in errno.errorcode.items()}


@dataclass(frozen=True, repr=False)
class Events(Rows):
    """Events in order; shown are the weightiest (``rank``), each as who did what, and the rest is counted.

    A program is named where it begins and not again until another acts.

    Examples
    --------
    >>> from rtml.analyst import hunt
    >>> events = hunt("datasets/lab-v1/capture", start=0.55)[0].events()
    >>> events.weightiest().columns
    ['time', 'program', 'kind', 'what', 'rank']
    >>> len(events), events.weightiest().height
    (50, 25)
    >>> events.weightiest().filter(rank=1)["what"].to_list()
    ['/etc/cron.d/sysupd', '/usr/bin/touch']
    """

    def weightiest(self) -> pl.DataFrame:
        """Return what is shown: the weightiest events in order, who did what to what."""
        weighty = self.frame.with_row_index("_at").sort("rank", _plain(), "_at", nulls_last=True)
        rows = weighty.head(_MOST).sort("_at")
        several = [name for name in _WHERE if self.frame[name].n_unique() > 1]
        said = pl.concat_str("pid", pl.coalesce("cmdline", "exe"), separator=" ", ignore_nulls=True)
        begins = pl.struct("host", "container_name", said.alias("program"))
        again = begins == begins.shift()
        return rows.select(
            "time",
            *several,
            program=pl.when(again.fill_null(False)).then(pl.lit("")).otherwise(said),
            kind=_kind(),
            what=_what(),
            rank="rank",
        )

    def __repr__(self) -> str:
        """Return what is shown as plain text."""
        return "\n".join(filter(None, [repr(self._shown()), self._rest()]))

    def _repr_html_(self) -> str:
        rest = self._rest()
        return self._shown()._repr_html_() + (sentence(rest).markup if rest else "")

    def _shown(self) -> Rows:
        return Rows(self.weightiest(), code=("program", "what"), above=("program",), otherwise=self.otherwise)

    def _rest(self) -> str:
        left = self.frame.height - _MOST
        return f"the weightiest {_MOST} of {self.frame.height:,} events; .frame has all" if left > 0 else ""


def _plain() -> pl.Expr:
    """Return whether an event says little: nearly every program does so, by hundreds."""
    read = (pl.col("kind") == "open") & ~pl.col("wrote").fill_null(False)
    return pl.col("kind").is_in(["fork", "exit", "dup"]) | read


def _kind() -> pl.Expr:
    """Return the kind, with what it was for and how it failed."""
    result = pl.col("result")
    failed = result.replace_strict(_ERRORS, default=pl.format("error {}", result), return_dtype=pl.String)
    return pl.concat_str(
        pl.col("kind"),
        pl.when(pl.col("wrote")).then(pl.lit(" to write")),
        pl.when(result < 0).then(pl.format(" ({})", failed)),
        ignore_nulls=True,
    )


def _what() -> pl.Expr:
    """Return what an event was done to: a file, a place in the network, a name, a call."""
    port = pl.concat_str(pl.lit(":"), pl.col("dst_port").cast(pl.String))
    return pl.coalesce(
        pl.when(pl.col("kind") == "exec").then(pl.col("exe")),
        pl.format("{} → {}", "path", "path_to"),
        "path",
        "socket_path",
        "domain",
        pl.concat_str(pl.col("dst_ip"), port, ignore_nulls=True).replace("", None),
        "request",
        pl.lit(""),
    )
