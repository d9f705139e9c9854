"""What lists are matched against: one value of an event, for each use of a list."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.language.inputs import KEYS, rule_inputs
from rtml.schema import IDENTITY
from rtml.text import SEPARATOR

__all__ = ["OBSERVED", "Observed"]

_OUT = pl.coalesce(pl.col("in:direction") == "outbound", pl.col("in:kind") == "connect")


@dataclass(frozen=True)
class Observed:
    """Events of some kinds, and the value of each that is looked up.

    ``columns`` are what the value is made of: all null means that nothing could match.
    ``names`` marks queries of names, which a resolver repeats.
    """

    kinds: tuple[str, ...]
    columns: tuple[str, ...]
    value: pl.Expr
    where: str = ""
    more: tuple[str, ...] = ()
    names: bool = False
    many: bool = False

    def events(self, capture: Capture) -> pl.LazyFrame:
        """Return keys, identity, ``value``, ``outbound``, and of names ``name``, ``program``."""
        extra = ("domain", "program") if self.names else ()
        wanted = dict.fromkeys([*self.columns, *self.more, *extra])
        rows = rule_inputs(capture, self.kinds, self.where, wanted)
        rows = rows.select(
            *dict.fromkeys([*KEYS, *IDENTITY]),
            value=self.value,
            outbound=_OUT if "direction" in wanted else pl.lit(True),
            **{"name" if name == "domain" else name: pl.col(f"in:{name}") for name in extra},
        )
        return rows.explode("value") if self.many else rows


_PEER = pl.when(_OUT).then("in:dst_ip").otherwise("in:src_ip")
OBSERVED: dict[str, Observed] = {
    "address": Observed(
        ("connect",), ("dst_ip",), pl.when(_OUT).then("in:dst_ip"), more=("kind", "direction")
    ),
    "relay": Observed(("accept", "connect"), ("dst_ip", "src_ip"), _PEER, more=("kind", "direction")),
    "answer": Observed(
        ("dns",), ("answers",), pl.col("in:answers").str.split(SEPARATOR), names=True, many=True
    ),
    "domain": Observed(("dns",), ("domain",), pl.col("in:domain"), names=True),
    "sha256": Observed(("exec",), ("exe_sha256",), pl.col("in:exe_sha256"), where="succeeded"),
}
"""By use (`rtml.rules.intelligence.categories.USES`)."""
