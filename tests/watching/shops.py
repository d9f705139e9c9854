"""A shop that was learnt, its log, what a batch finds in it, and what a watch told."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import import_capture, open_capture
from rtml.captures.following.follow import Pulse
from rtml.findings.context import with_context
from rtml.findings.exports import EXPORTS
from rtml.findings.jsonl import from_jsonl
from rtml.models import load_model, train
from rtml.models.alarm import with_budgets
from rtml.models.files import digest_of
from rtml.rules.chosen import Chosen
from rtml.rules.running.run import run_all
from rtml.schema import FINDINGS, empty
from rtml.splits import Split
from rtml.watching.judges import Judges
from rtml.watching.watch import Watched, watch
from tests.models.conftest import DETECTORS, minute
from tests.watching.acts import LAST, LEARNT, shop
from tests.watching.writing import write_log

FAMILIES = ["lineage", "destinations", "files", "beacon"]


@dataclass(frozen=True)
class Shop:
    """A ``sensor``, the folder of its ``model``, the ``lines`` of its log, and what a batch ``found``."""

    sensor: str
    model: Path
    place: Path
    lines: Sequence[bytes]
    found: pl.DataFrame

    def log(self, folder: Path, lines: Sequence[bytes] | None = None) -> Path:
        """Write a log, with what lies beside it, into a folder; by default all lines."""
        write_log(self.sensor, folder, [])
        (folder / "log.jsonl").write_bytes(b"".join(self.lines if lines is None else lines))
        return folder / "log.jsonl"

    def judges(self, **options: Any) -> Judges:
        """Return a model and rules that have seen nothing yet."""
        usual = {"model": load_model(self.model), "digest": digest_of(self.model), "rules": Chosen()}
        return Judges(**{**usual, **options})


def open_shop(sensor: str, place: Path) -> Shop:
    """Learn half an hour of a shop, and let a batch judge the rest."""
    begin = write_log(sensor, place, shop(0, LEARNT))
    (place / "begin.jsonl").write_bytes(b"".join(begin))
    import_capture(sensor, [place / "begin.jsonl"], place / "learnt")
    split = Split(minute(20), minute(LEARNT))
    model = train(
        open_capture(place / "learnt"), split=split, detectors=DETECTORS, families=FAMILIES, blocks=3, seed=7,
        budget=20.0,
    ).save(place / "model")  # fmt: skip
    lines = write_log(sensor, place, shop(LEARNT, LAST))
    (place / "log.jsonl").write_bytes(b"".join(lines))
    return Shop(sensor, model, place, lines, batch(sensor, place / "log.jsonl", model))


def batch(sensor: str, log: Path, model: Path | None, rules: bool = True) -> pl.DataFrame:
    """Return what `Model.score(capture, hold="10m")` and `rtml rules` find in an imported log."""
    import_capture(sensor, [log], log.with_suffix(".capture"))
    capture, tables = open_capture(log.with_suffix(".capture")), [empty(FINDINGS)]
    if model is not None:
        scored = load_model(model).score(capture, hold="10m")
        tables.append(with_budgets(scored.findings, scored.alarms))
    if rules:
        tables.append(run_all(capture, Chosen()).findings())
    content = capture.events(), capture.processes(), capture.audit()
    return pl.concat([with_context(table, *content) for table in tables]).sort("finding_id")


def watched(
    shop: Shop,
    log: Path,
    out: Path,
    *,
    state: Path | None = None,
    pieces: Sequence[bytes] = (),
    say: Any = None,
    judges: Judges | None = None,
    **options: Any,
) -> Watched:
    """Watch what is in a log, to which ``pieces`` are added one after the other."""
    pulse = Pulse(seconds=1e9, once=True, sleep=0.01)
    if pieces:
        pulse = Pulse(seconds=0, events=1, sleep=0, stopped=growing(log, pieces))
    return watch(
        shop.sensor, str(log), judges or shop.judges(), EXPORTS["jsonl"], out=out, state=state, pulse=pulse,
        say=say or (lambda _: None), **options,
    )  # fmt: skip


def growing(log: Path, pieces: Sequence[bytes]) -> Callable[[], bool]:
    """Return what a follower asks when nothing has come: it adds a piece; stop after the last."""
    left = iter(pieces)

    def stopped() -> bool:
        piece = next(left, None)
        if piece is not None:
            with log.open("ab") as file:
                file.write(piece)
        return piece is None

    return stopped


def cut(raw: bytes, number: int, seed: int) -> list[bytes]:
    """Cut a log anywhere, also within lines."""
    places = sorted(random.Random(seed).sample(range(1, len(raw)), number - 1))
    return [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]


def told(out: Path) -> pl.DataFrame:
    """Return every finding that was told, as it was told last; withdrawn ones are none."""
    rows = from_jsonl(out.read_text("utf-8")) if out.is_file() else empty(FINDINGS)
    last = rows.unique("finding_id", keep="last", maintain_order=True)
    return last.filter(pl.col("count") > 0).sort("finding_id")


def same(ours: pl.DataFrame, theirs: pl.DataFrame, but: Sequence[str] = ()) -> None:
    """Hold findings against others, column by column."""
    assert ours["finding_id"].to_list() == theirs["finding_id"].to_list(), _difference(ours, theirs)
    for name in FINDINGS.names():
        if name not in but:
            assert ours[name].to_list() == theirs[name].to_list(), name


def _difference(ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    shown = ("detector", "type", "first_seen", "last_seen", "title")
    more = [one.join(other, on="finding_id", how="anti") for one, other in ((ours, theirs), (theirs, ours))]
    return "\n".join(f"{name}: {one.select(shown).rows()}" for name, one in zip("+-", more, strict=True))
