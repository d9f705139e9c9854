"""What is said once in the source: the unit in time, the separator, wildcards, levels, technique ids."""

from __future__ import annotations

import ast
import fnmatch
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.findings.attack import TECHNIQUE, technique, techniques_of
from rtml.findings.levels import LEVELS, WEIGHTS, level_of
from rtml.rules.language.conditions import Pattern, Text
from rtml.rules.language.wildcards import text_condition
from rtml.schema import feature_columns
from rtml.wildcards import whole

ROOT = Path(__file__).parents[1] / "rtml"
SOURCES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))}


def texts(tree: ast.AST) -> list[str]:
    """Every text in a source but its docstrings."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in prose]
    return [node.value for node in found if isinstance(node.value, str)]


def worths(tree: ast.AST) -> list[set[str]]:
    """The keys of every dictionary of numbers."""
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict) and node.values]
    numbers = [table for table in tables if all(isinstance(value, ast.Constant) for value in table.values)]
    return [
        {key.value for key in table.keys if isinstance(key, ast.Constant)}
        for table in numbers
        if all(isinstance(value.value, float) for value in table.values)
    ]


def has(pattern: str) -> Callable[[str], bool]:
    return lambda source: bool(re.search(pattern, source))


def holds(pattern: str) -> Callable[[str], bool]:
    return lambda source: any(re.search(pattern, text) for text in texts(ast.parse(source)))


ONCE: dict[str, tuple[str, Callable[[str], bool]]] = {
    "the unit in time": ("findings/unit.py", holds("^5m$")),
    "the separator": ("text.py", holds("\x1f")),
    "what a wildcard means": ("wildcards.py", has(r'"\.\*" if|"\*": "\.\*"')),
    "what a level is worth": (
        "findings/levels.py",
        lambda source: any(len(keys & set(LEVELS)) > 2 for keys in worths(ast.parse(source))),
    ),
    "the form of a technique id": ("findings/attack.py", holds(r"[Tt](\\d|\[0-9\])\{4\}")),
    "which columns are features": ("schema.py", has(r'Float64.*"\." in|"\." in.*Float64')),
    "how a tag and a digest are cut off": ("images.py", holds("@[.][*]")),
    "how a stable name is made": ("findings/unit.py", has("digest_size=16")),
}


@pytest.mark.parametrize("what", ONCE)
def test_it_is_said_in_one_file(what: str):
    home, spelt = ONCE[what]
    assert [name for name, source in SOURCES.items() if spelt(source)] == [home]


GLOBS = st.text(st.sampled_from("*?ab.\\+(-\n/é"), max_size=8)


@settings(deadline=None)
@given(GLOBS, st.text(st.sampled_from("ab.\\+(-\n/é"), max_size=8))
def test_wildcards_mean_what_the_shell_means_everywhere(glob: str, value: str):
    wanted = fnmatch.fnmatchcase(value, glob)
    values = pl.Series([value])
    assert values.str.contains(whole(glob)).item() == wanted
    condition = text_condition("c", [(c, c in "*?") for c in glob], cased=True)
    if isinstance(condition, Pattern):
        assert values.str.contains(condition.regex).item() == wanted
    elif isinstance(condition, Text):
        (literal,) = condition.values
        tests = {"equals": value == literal, "contains": literal in value}
        tests |= {"starts": value.startswith(literal), "ends": value.endswith(literal)}
        assert tests[condition.how] == wanted


@given(
    st.lists(st.from_regex(TECHNIQUE, fullmatch=True)),
    st.lists(st.sampled_from(["attack.execution", "T1", "x"])),
)
def test_every_author_s_way_to_write_a_technique_is_read_alike(ids: list[str], others: list[str]):
    sigma = [f"attack.{identifier.lower()}" for identifier in ids]
    assert techniques_of([*others, *ids]) == techniques_of([*sigma, *others]) == tuple(ids)
    assert all(identifier.startswith(pl.select(technique(pl.lit(identifier))).item()) for identifier in ids)


def test_levels_rise_together_and_every_word_names_one():
    assert list(LEVELS) == list(WEIGHTS)
    for worth in (LEVELS, WEIGHTS):
        assert list(worth.values()) == sorted(worth.values())
    words = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"]
    assert [level_of(word.upper()) for word in words] == [
        *["critical"] * 3,
        "high",
        "medium",
        "low",
        *["informational"] * 2,
    ]
    assert [level_of(str(number)) for number in range(5)] == list(LEVELS)
    assert level_of("") == level_of("9") == "low"


def test_feature_columns_do_not_depend_on_the_order_of_the_frame():
    frame = pl.DataFrame({"b.y": [0.5], "events": [1], "a.x": [1.0], "a.text": ["t"], "host": ["h"]})
    assert feature_columns(frame) == feature_columns(frame.select(reversed(frame.columns))) == ["a.x", "b.y"]
