"""Ways to have fewer false findings, each with its price: what it saves, and which attacks it would lose.

Three kinds: a suppression of ours (`rtml.findings.suppression`) for any finding, an exception of a Falco
rule, a deny filter of Tetragon's export. All are narrow on purpose, one program in one workload (or programs
whose paths differ in numbers alone): what is broad costs nothing only because the labelled attacks happen to
stand elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import polars as pl

from rtml.findings.suppression.filters import condition
from rtml.images import repository
from rtml.schema import FINDINGS, conform

__all__ = ["Cost", "Proposal", "propose", "silenced"]

Cost: TypeAlias = Callable[[pl.Series], tuple[int, frozenset[str]]]
"""From which findings stay (a Boolean for each) to the false units they cost and the attacks they find."""

_MOST_TRIED, _SEVERAL = 300, 3
_PLACES = ("workload", "image", "exe", "actor")


@dataclass(frozen=True)
class Proposal:
    """A change, and its price on the labelled replays.

    ``kind``: suppression, falco or tetragon. ``change``: what to write down, as data. ``saved``: false units
    (container x 5 minutes x process tree) that go. ``lost``: attacks that nothing would find any more.
    ``silenced``: findings that go with certainty.
    """

    kind: str
    change: dict[str, Any]
    saved: int
    lost: tuple[str, ...]
    silenced: int

    @property
    def free(self) -> bool:
        """Whether no labelled attack is lost."""
        return not self.lost


def propose(findings: pl.DataFrame, false: pl.Series, cost: Cost, most: int = 20) -> list[Proposal]:
    """Return the proposals that save most, those first that lose no attack.

    Parameters
    ----------
    findings
        `FINDINGS` with their context (`rtml.findings.context`): without programs there is nothing to name.
    false
        Which of them cost something false.
    cost
        The judge: see `Cost`.
    most
        Proposals to return.

    Returns
    -------
    A finding counts as saved where the change certainly silences it, an attack as lost where it perhaps does:
    of alerts that are merged into one finding, only the first are known. Empty where nothing is false.

    Examples
    --------
    >>> rows = pl.DataFrame({"type": ["X:Runtime/Y"] * 3, "workload": ["web"] * 3, "exe": ["/a", "/a", "/b"]})
    >>> cost = lambda stays: (int(stays[:2].sum()), frozenset("z" if stays[2] else ""))
    >>> for one in propose(rows, pl.Series([True] * 3), cost): (one.change["exe"], one.saved, one.lost)
    ('/a', 2, ())
    ('/b', 0, ('z',))
    """
    rows = conform(findings, FINDINGS)
    before = cost(pl.Series([True] * rows.height, dtype=pl.Boolean))
    found = [_priced(candidate, rows, before, cost) for candidate in _candidates(rows.filter(false))]
    found.sort(key=lambda one: (not one.free, -one.saved, str(one.change)))
    return found[:most]


@dataclass(frozen=True)
class _Candidate:
    kind: str
    change: dict[str, Any]
    surely: pl.Expr
    perhaps: pl.Expr


def _priced(
    candidate: _Candidate, rows: pl.DataFrame, before: tuple[int, frozenset[str]], cost: Cost
) -> Proposal:
    masks = rows.select(
        surely=candidate.surely.fill_null(False),
        perhaps=(candidate.perhaps | candidate.surely).fill_null(False),
    )
    false, _ = cost(~masks["surely"])
    _, attacks = cost(~masks["perhaps"])
    lost = tuple(sorted(before[1] - attacks))
    return Proposal(candidate.kind, candidate.change, before[0] - false, lost, int(masks["surely"].sum()))


def _candidates(false: pl.DataFrame) -> Iterator[_Candidate]:
    yield from _suppressions(false)
    for engine, make in (("falco", _falco), ("tetragon", _tetragon)):
        about = [*_PLACES, "namespace"]
        alerts = false.filter(pl.col("detector") == engine).explode("contributions", empty_as_null=False)
        rule = pl.col("contributions").struct.field("feature")
        named = alerts.select(*about, repository=repository(pl.col("image")), rule=rule)
        for row in _often(named.drop_nulls(["rule", "exe"])):
            yield _Candidate(engine, make(row), *_alerts(engine, row))


def _suppressions(false: pl.DataFrame) -> Iterator[_Candidate]:
    """Yield suppressions by type, and by all that is known of where; what names no place is none."""
    for row in _often(_alike(false).select("type", "pattern", *_PLACES)):
        known: dict[str, Any] = {name: row[name] for name in _PLACES if row[name]}
        if "workload" in known:  # its image changes with every release
            known.pop("image", None)
        if row["pattern"]:
            known["exe"] = {"matches": row["exe"]}
        if row["type"] and known:
            where = {"type": row["type"], **known}
            yield _Candidate("suppression", where, _where(where), _where(where))


def _alike(false: pl.DataFrame) -> pl.DataFrame:
    """Give programs whose paths differ in numbers alone one pattern, where there are several in a place."""
    unit = ["type", "workload", "image", "actor", "_pattern"]
    # A path that holds a wildcard itself stays as it is, and so is no pattern.
    plain = ~pl.col("exe").str.contains(r"[*?]")
    pattern = pl.when(plain).then(pl.col("exe").str.replace_all("[0-9]+", "*"))
    several = pl.col("exe").n_unique().over(unit) >= _SEVERAL
    patterned = false.with_columns(_pattern=pattern).with_columns(_several=several & plain)
    exe = pl.when("_several").then("_pattern").otherwise("exe")
    return patterned.with_columns(exe=exe, pattern=pl.col("_several").fill_null(False))


def _often(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield distinct rows, the most frequent first, as many as are worth a try."""
    counted = rows.group_by(rows.columns, maintain_order=True).agg(_times=pl.len())
    often = counted.sort("_times", descending=True, maintain_order=True).head(_MOST_TRIED)
    return often.drop("_times").iter_rows(named=True)


def _alerts(engine: str, row: dict[str, Any]) -> tuple[pl.Expr, pl.Expr]:
    """Say which findings an exception silences: with certainty, and perhaps."""
    rules = pl.col("contributions").list.eval(pl.element().struct.field("feature"))
    programs = pl.col("events").list.eval(pl.element().struct.field("exe"))
    place = "namespace" if engine == "tetragon" else "image"
    here = (pl.col("detector") == engine) & pl.col(place).eq_missing(pl.lit(row[place], pl.String))
    perhaps = here & rules.list.contains(row["rule"])
    alone = (rules.list.n_unique() == 1) & (programs.list.n_unique() == 1)
    complete = pl.col("count") <= pl.col("events").list.len()
    return perhaps & alone & complete & (pl.col("exe") == row["exe"]), perhaps


def _falco(row: dict[str, Any]) -> dict[str, Any]:
    """Return the lines that append an exception to a rule."""
    program = "proc.exepath" if row["exe"].startswith("/") else "proc.name"
    image = row["repository"]
    fields = [program, *(["container.image.repository"] if image else [])]
    exception = {
        "name": "rtml_" + re.sub(r"[^a-z0-9]+", "_", row["exe"].lower()).strip("_")[:40],
        "fields": fields,
        "comps": ["="] * len(fields),
        "values": [[row["exe"], *([image] if image else [])]],
    }
    return {"rule": row["rule"], "exceptions": [exception], "override": {"exceptions": "append"}}


def _tetragon(row: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the export's deny list."""
    place = {"namespace": [row["namespace"]]} if row["namespace"] else {}
    return {"policy_names": [row["rule"]], "binary_regex": [f"^{re.escape(row['exe'])}$"], **place}


def silenced(findings: pl.DataFrame, proposals: Iterable[Proposal]) -> pl.Series:
    """Return which findings the suppressions among proposals silence, taken together.

    Examples
    --------
    >>> one = Proposal("suppression", {"type": "t", "exe": "/a"}, 1, (), 1)
    >>> silenced(pl.DataFrame({"type": ["t", "t"], "exe": ["/a", "/b"]}), [one]).to_list()
    [True, False]
    """
    tests = [_where(one.change) for one in proposals if one.kind == "suppression"]
    return findings.select(m=pl.any_horizontal(pl.lit(False), *tests).fill_null(False))["m"].alias("")


def _where(change: Mapping[str, Any]) -> pl.Expr:
    tests = [
        condition(name, *(("matches", value["matches"]) if isinstance(value, dict) else ("equals", value)))
        for name, value in change.items()
    ]
    return pl.all_horizontal(tests)
