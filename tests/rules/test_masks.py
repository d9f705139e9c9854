"""Rules asked once per distinct value, and only of rows that are left, say what they say of every row."""

from __future__ import annotations

import dataclasses
import random

import polars as pl
import pytest

from rtml.rules.language.conditions import Absent, All, AnyOf, Condition, Not, Number, Pattern, Same, Text
from rtml.rules.language.contract import Rule
from rtml.rules.language.expressions import prepare
from rtml.rules.language.inputs import blank
from rtml.rules.language.masks import masks
from rtml.rules.sigma.loading import load_pack

TEXTS = [
    None,
    "",
    "/bin/sh",
    "/BIN/SH",
    "/usr/bin/curl",
    "curl -o /tmp/x",
    "a\nb",
    "é" * 9,
    "%_*?[",
    "\x1b[2J",
]


def by_row(inputs: pl.DataFrame, rules: list[Rule]) -> pl.DataFrame:
    prepared = prepare(inputs, (rule.condition for rule in rules))
    return prepared.select((pl.repeat(True, pl.len()) & rule.expression).alias(rule.id) for rule in rules)


def drawn(columns: list[str], rows: int, seed: int) -> pl.DataFrame:
    draw = random.Random(seed)
    made = {}
    for name, kind in blank(columns).schema.items():
        if kind == pl.String:
            several = [f"{text or ''}{draw.random() if seed % 2 else ''}" for text in TEXTS]
            pool: list[object] = [*TEXTS, *several]
        elif kind == pl.Boolean:
            pool = [None, True, False]
        else:
            pool = [None, 0, -2, 22, 443]
        # Some columns have few values, some as many as rows.
        unlike = kind == pl.String and draw.random() < 0.3
        made[name] = [f"{draw.choice(TEXTS)} {n}" if unlike else draw.choice(pool) for n in range(rows)]
    return pl.DataFrame(made, blank(columns).schema, strict=False)


@pytest.mark.parametrize("seed", range(4))
def test_the_pack_on_drawn_rows(seed: int):
    rules = [rule for rule in load_pack()[0] if isinstance(rule, Rule)]
    columns = sorted(frozenset().union(*(rule.columns for rule in rules)))
    for rows in (1, 3, 400):
        inputs = drawn(columns, rows, seed)
        assert masks(inputs, rules).equals(by_row(inputs, rules))


def conditions(draw: random.Random, depth: int) -> Condition:
    some = draw.choice(["exe", "cmdline", "path"])
    if depth == 0:
        leaf = draw.randrange(5)
        value = draw.choice([text for text in TEXTS if text])
        how = draw.choice(["equals", "contains", "starts", "ends"])
        return [
            Text(some, how, (value,)), Pattern(some, "[a-c]"), Absent(some), Same(some, how, "exe"),
            Number("result", "<", 0.0),
        ][leaf]  # fmt: skip
    parts = tuple(conditions(draw, depth - 1) for _ in range(draw.randrange(4)))
    return draw.choice([All(parts), AnyOf(parts), Not(conditions(draw, depth - 1))])


@pytest.mark.parametrize("seed", range(30))
def test_drawn_conditions_on_drawn_rows(seed: int):
    pack = next(rule for rule in load_pack()[0] if isinstance(rule, Rule))
    draw = random.Random(seed)
    rules = [
        dataclasses.replace(pack, id=f"r{n}", condition=conditions(draw, draw.randrange(4)))
        for n in range(12)
    ]
    inputs = drawn(["cmdline", "exe", "path", "result"], draw.choice([1, 7, 90]), seed)
    assert masks(inputs, rules).equals(by_row(inputs, rules))
