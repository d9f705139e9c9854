"""Destinations: whom a container calls, and which names it asks for.

A service talks to few others, on few ports, under few names. Command channels, scans, theft of
credentials and tunnels all need a destination that it does not usually have.
"""

from __future__ import annotations

import polars as pl

from rtml.addresses import scope
from rtml.baselines import Baseline, Conditional, Selection
from rtml.baselines.counting import COUNTS
from rtml.features.addresses import domain_key, endpoint, port
from rtml.features.contract import Family
from rtml.features.entropy import miller_madow
from rtml.features.pairs import CELL, Material, Pairs
from rtml.features.places import ADDRESSES, DOMAINS
from rtml.features.programs import BARE, GIVEN_PROGRAM, PROGRAM, with_bare
from rtml.peers import peer_group

__all__ = ["ADDRESS", "DESTINATIONS", "DOMAIN", "PORT", "destinations"]

_CALLED = Selection(
    ("connect",),
    ("exe", BARE, "protocol", "dst_ip", "dst_port"),
    where=pl.col("dst_ip").is_not_null(),
    prepare=with_bare,
)
_ASKED = Selection(("dns",), ("exe", BARE, "domain"), where=pl.col("domain").is_not_null(), prepare=with_bare)

ADDRESS = Conditional(
    name="destinations.address",
    selection=_CALLED,
    key=endpoint(pl.col("dst_ip"), port(pl.col("dst_port"))),
    subject=PROGRAM,
    levels=GIVEN_PROGRAM,
    places=ADDRESSES,
)
"""P(address and port | program)."""

PORT = Conditional(
    name="destinations.port",
    selection=_CALLED,
    key=pl.concat_str(
        [scope(pl.col("dst_ip")), port(pl.col("dst_port")), pl.col("protocol").fill_null("ip")], separator=" "
    ),
    subject=PROGRAM,
    levels=GIVEN_PROGRAM,
)
"""P(kind of address, port and protocol | program): what stays when pods get new addresses."""

DOMAIN = Conditional(
    name="destinations.domain",
    selection=_ASKED,
    key=domain_key(pl.col("domain")),
    subject=PROGRAM,
    levels=GIVEN_PROGRAM,
    places=DOMAINS,
)
"""P(domain asked for | program)."""


def _spread(called: pl.DataFrame) -> pl.DataFrame:
    """Return entropy and fan-out of the addresses called."""
    hits = called.group_by(*CELL, "dst_ip").agg(pl.col("hits").sum()).filter(pl.col("hits") > 0)
    return hits.group_by(CELL).agg(entropy=miller_madow(pl.col("hits")), fanout=pl.len().cast(pl.Float64))


def _new(called: Pairs, baseline: Baseline) -> pl.DataFrame:
    """Count the addresses that no container of the same peer group has ever called."""
    history = baseline.of(ADDRESS.name).select("key", peer_group(COUNTS)).unique()
    names = called.names.with_columns(pl.col("key").rank("dense").alias("_key"))
    fresh = names.join(history, on=["key", "peers"], how="anti").select("group", "pair", "_key")
    rows = called.rows.filter(~pl.col("shared")).join(fresh, on=["group", "pair"])
    return rows.group_by(CELL).agg(new=pl.col("_key").n_unique().cast(pl.Float64))


def destinations(material: Material) -> pl.DataFrame:
    """Spread and novelty of destinations and names, per container and window.

    Beside the surprise of address, port and domain given the program (`ADDRESS`, `PORT`, `DOMAIN`;
    `rtml.features.surprise`; ``port_bits_max`` is the rarity of the rarest port):

    - ``entropy``: spread of outbound connections over addresses, in bits, with the Miller-Madow
      correction (`rtml.features.entropy`); 0 (one address) to log2 of the connections.
    - ``fanout``: distinct addresses called; 0 and up.
    - ``new``: distinct addresses and ports that no container of the same peer group called in the
      baseline; 0 and up, null without a baseline.

    All are 0 in a window without connections. What names look like is the business of ``dns``. Fails
    behind a proxy or a mesh (one address stands for all), for a container that calls more than
    `rtml.baselines.places.ROOM` addresses of one port (a baseline keeps that many, the others count as
    new), when a peer's address changes (use ``port`` then), and for data hidden in traffic to a usual
    destination.

    References
    ----------
    Paninski 2003, https://doi.org/10.1162/089976603321780272 (entropy); MITRE ATT&CK TA0011, https://attack.mitre.org/tactics/TA0011/.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.features import windows
    >>> events = pl.DataFrame({"time": [dt.datetime(2026, 1, 1)] * 4, "seq": [1, 2, 3, 4],
    ...     "kind": ["connect"] * 4, "container_id": ["c"] * 4,
    ...     "dst_ip": ["10.0.0.1"] * 2 + ["10.0.0.2"] * 2, "dst_port": [443] * 4})
    >>> row = windows(events, families=["destinations"]).row(0, named=True)
    >>> row["destinations.entropy"], row["destinations.fanout"], row["destinations.new"]
    (1.180, 2.0, None)
    """
    spread = _spread(material.cells[ADDRESS.name])
    if not material.pairs:
        return spread.with_columns(new=pl.lit(None, pl.Float64))
    return spread.join(_new(material.pairs[ADDRESS.name], material.baseline), on=CELL, how="left")


_NAMES = ("entropy", "fanout", "new")
DESTINATIONS = Family(
    "destinations",
    destinations,
    _NAMES,
    conditionals=(ADDRESS, PORT, DOMAIN),
    historical=("new",),
    phrase="destination given the program",
)
