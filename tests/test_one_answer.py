"""A function from frames to frames gives one answer, however often it is asked.

Every function of rtml that returns a frame is listened to while a shop is judged and logs are read; then
each is called again and again with what it was given (200 times each with ``RTML_CALLS=200``, as `make
soak` does).
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
import pkgutil
import sys
import time
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import polars as pl
import pytest

import rtml
from rtml.captures import import_capture, open_capture
from rtml.experiment import run_experiment
from rtml.findings.importing import read_alerts
from rtml.findings.sequences.correlating import correlate
from tests.experiment.shops import small_experiment
from tests.samples import DATA, shipped

CALLS = int(os.environ.get("RTML_CALLS", "0"))
SECONDS = 0.02
"""Of each function, where no number of calls is asked for; three calls at least."""

SENSORS = ("bpftrace", "tracee", "falco", "auditd", "sysflow", "k8s-audit")
PLAIN = (pl.DataFrame, pl.LazyFrame, pl.Series, pl.Expr, pl.Schema, str, int, float, type(None), type)
Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], int]


def frames(value: Any) -> list[pl.DataFrame]:
    """The frames in an answer."""
    if isinstance(value, pl.LazyFrame):
        return [value.collect()]
    if isinstance(value, pl.DataFrame):
        return [value]
    if isinstance(value, pl.Series):
        return [value.to_frame()]
    return [frame for part in value for frame in frames(part)] if isinstance(value, tuple | list) else []


def is_fixed(value: Any) -> bool:
    """Whether a call cannot change an argument."""
    if isinstance(value, tuple | list):
        return all(map(is_fixed, value))
    if isinstance(value, dict):
        return all(map(is_fixed, value.values()))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return all(is_fixed(getattr(value, one.name)) for one in dataclasses.fields(value))
    return isinstance(value, PLAIN) or type(value).__module__ == "datetime"


def rows(arguments: tuple[Any, ...]) -> int:
    return sum(one.height for one in arguments if isinstance(one, pl.DataFrame))


def listening(function: FunctionType, heard: dict[str, Call]) -> Callable[..., Any]:
    name = f"{function.__module__}.{function.__qualname__}"

    @functools.wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        told = function(*given, **named)
        larger = name not in heard or rows(given) > heard[name][3]
        asked = (given, tuple(named.values()))
        if larger and frames_in(asked) and is_fixed(asked) and frames_in(told):
            heard[name] = (function, given, named, rows(given))
        return told

    return call


def frames_in(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(frames_in, value))
    return isinstance(value, pl.DataFrame | pl.LazyFrame | pl.Series)


def listened(patch: pytest.MonkeyPatch) -> dict[str, Call]:
    """Put an ear at every function that returns frames, wherever it is called by name."""
    for module in pkgutil.walk_packages(rtml.__path__, "rtml."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    heard: dict[str, Call] = {}
    ears: dict[FunctionType, Callable[..., Any]] = {}
    for module in [one for name, one in sys.modules.items() if name.startswith("rtml.")]:
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and value.__module__.startswith("rtml."):
                if any(word in str(value.__annotations__.get("return")) for word in ("Frame", "Series")):
                    patch.setattr(module, name, ears.setdefault(value, listening(value, heard)))
    return heard


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether the rows are the same, in whatever order and however they are numbered within."""
    return one.equals(other) or (one.schema == other.schema and in_order(one).equals(in_order(other)))


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    numbers = [name for name, kind in frame.schema.items() if name.startswith("_") and kind == pl.UInt32]
    plain = frame.drop(numbers)
    return plain.sort(pl.struct(pl.all()).hash()) if plain.width else plain


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Call]]:
    folder = tmp_path_factory.mktemp("shop")
    with pytest.MonkeyPatch.context() as patch:
        calls = listened(patch)
        run_experiment(small_experiment(folder), folder / "run", tracked=False)
        for sensor in SENSORS:
            import_capture(sensor, list(shipped(sensor)), folder / sensor)
            open_capture(folder / sensor).processes().collect()
        alerts = read_alerts(DATA / "falco/alerts.jsonl", "falco").findings
        correlate(pl.concat([alerts, pl.read_parquet(folder / "run" / "findings.parquet")]))
    yield calls


def test_every_function_of_frames_gives_one_answer(heard: dict[str, Call]):
    asked, differing = 0, []
    for name, (function, given, named, _) in sorted(heard.items()):
        try:
            first, begin, calls = frames(function(*given, **named)), time.process_time(), 1
        except (OSError, pl.exceptions.ComputeError):  # of a file that was there for a while
            continue
        asked += 1
        while calls < (CALLS or 3) or (not CALLS and time.process_time() - begin < SECONDS):
            again, calls = frames(function(*given, **named)), calls + 1
            if not all(same(one, other) for one, other in zip(first, again, strict=True)):
                differing.append(f"{name}: other after {calls} calls")
                break
    assert differing == [] and asked > 150
