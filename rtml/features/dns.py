"""DNS: what the names look like that a program asks for, and how many there are.

A service asks for the same few names for ever. Data that leaves in names, and generated names that malware
tries until one answers, need many names, long ones or ones that nobody could pronounce.
"""

from __future__ import annotations

import polars as pl

from rtml.baselines import Conditional, Selection
from rtml.features.contract import Family
from rtml.features.names import LONGEST_NAME, label_shape, letters_entropy
from rtml.features.pairs import CELL, Material
from rtml.features.programs import BARE, GIVEN_PROGRAM, PROGRAM, with_bare
from rtml.features.trees import TREE, numbered, with_tree

__all__ = ["DNS", "LOOKUP", "NAME", "VOLUME", "dns"]

_MANY = (64, 16, 4)
_MINUTE = 60_000_000_000
_BURST = (*TREE, "_minute")


def _so_far(count: pl.Expr) -> pl.Expr:
    """Return the count as one of few numbers, so that each larger one is not new."""
    return pl.coalesce(*(pl.when(count >= many).then(pl.lit(many)) for many in _MANY), pl.lit(0))


def _asked(events: pl.LazyFrame, processes: pl.LazyFrame) -> pl.LazyFrame:
    """Add how many names the process tree has asked for in this minute, where one is new."""
    narrow = with_bare(events, processes).select(
        "host",
        "container_id",
        "process_id",
        "exe",
        BARE,
        "domain",
        "query_type",
        "result",
        "time",
        "seq",
        "count",
    )
    timed = with_tree(narrow, processes).with_columns(
        failed=(pl.col("result") < 0).fill_null(False), _minute=pl.col("time").to_physical() // _MINUTE
    )
    bursts = numbered(timed, _BURST, "_burst")
    marked = numbered(bursts, ["_burst", "domain"], "_name").with_columns(
        _new=pl.col("_name").is_first_distinct()
    )
    return marked.with_columns(names=pl.when("_new").then(_so_far(pl.col("_new").cum_sum().over("_burst"))))


_ASKED = Selection(
    ("dns",),
    ("exe", BARE, "domain", "query_type", "failed", "names"),
    where=pl.col("domain").is_not_null(),
    prepare=_asked,
)

NAME = Conditional("dns.name", _ASKED, label_shape(pl.col("domain")), PROGRAM, GIVEN_PROGRAM)
"""P(look of the name | program): `rtml.features.names.label_shape`."""

LOOKUP = Conditional(
    "dns.lookup",
    _ASKED,
    pl.concat_str(
        [pl.col("query_type").fill_null("?"), pl.when(pl.col("failed") == "true").then(pl.lit("failed"))],
        separator=" ",
        ignore_nulls=True,
    ),
    PROGRAM,
    GIVEN_PROGRAM,
)
"""P(type of the question, and whether it failed | program)."""

VOLUME = Conditional(
    "dns.volume", _ASKED, pl.concat_str([pl.col("names"), pl.lit(" names")]), PROGRAM, GIVEN_PROGRAM
)
"""P(distinct names asked for so far | program), by the process tree in a minute: at least 0, 4, 16 or 64; a
name that is repeated does not count."""


def dns(material: Material) -> pl.DataFrame:
    """Count the names asked for, and tell their length and randomness, per container and window.

    Beside the surprise of how a name looks, of the kind of question and its failure, and of how many names
    its process tree has asked for in this minute, each given the program (`NAME`, `LOOKUP`, `VOLUME`;
    `rtml.features.surprise`); which names are new is the business of ``destinations.domain``:

    - ``names``: distinct names asked for; 0 and up.
    - ``once``: distinct names asked for a single time in the window; 0 and up.
    - ``failed``: distinct names with a lookup that failed; 0 and up.
    - ``length_max``: characters of the longest name; 0 to 255.
    - ``entropy_max``: entropy of the characters of a name, highest of the window, in bits per
      character; 0 to 8.

    All are 0 in a window without lookups. Fails when the sensor cannot read lookups (DNS over HTTPS, a cache
    in between) or gives no answers (``failed`` stays 0: bpftrace), for few short names, and for made-up
    names that look like words.

    References
    ----------
    Bilge et al., "EXPOSURE", NDSS 2011, https://sites.cs.ucsb.edu/~chris/research/doc/ndss11_exposure.pdf;
    Paxson et al., "Practical comprehensive bounds on surreptitious communication over DNS", USENIX Security
    2013, https://www.usenix.org/conference/usenixsecurity13/technical-sessions/presentation/paxson; MITRE
    ATT&CK T1071.004 and T1568.002, https://attack.mitre.org/techniques/T1568/002/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 3, "seq": [1, 2, 3], "kind": ["dns"] * 3,
    ...     "container_id": ["c"] * 3, "domain": ["cache.shop", "cache.shop", "aabb.top"]})
    >>> row = windows(events, families=["dns"]).row(0, named=True)
    >>> [row[f"dns.{name}"] for name in ("names", "once", "failed", "length_max")]
    [2.0, 1.0, 0.0, 10.0]
    """
    asked = material.cells[NAME.name]
    names = asked.group_by(*CELL, "domain").agg(pl.col("hits").sum(), pl.col("failed").any())
    scored = names.join(letters_entropy(names["domain"]), on="domain", how="left")
    length = pl.col("domain").str.len_chars().clip(upper_bound=LONGEST_NAME)
    return scored.group_by(CELL).agg(
        names=pl.len().cast(pl.Float64),
        once=(pl.col("hits") == 1).sum().cast(pl.Float64),
        failed=pl.col("failed").sum().cast(pl.Float64),
        length_max=length.max().cast(pl.Float64),
        entropy_max=pl.col("bits").max().fill_null(0.0),
    )


DNS = Family(
    "dns",
    dns,
    ("names", "once", "failed", "length_max", "entropy_max"),
    conditionals=(NAME, LOOKUP, VOLUME),
    purpose="CommandAndControl",
    phrase="lookups given the program",
)
