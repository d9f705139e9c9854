"""Every file of YAML that users write goes through one door, and every mistake has its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.errors import RtmlError, UsageError
from rtml.experiment.config import load_experiment
from rtml.findings.suppression.files import read_suppressions
from rtml.reading import user_yaml
from rtml.reading.user_yaml import parse_yaml, read_yaml
from rtml.replays.reading import load_attack, load_operators, load_scenario
from rtml.rules import load
from rtml.rules.falco.loading import load_falco
from rtml.rules.intelligence.description import described
from rtml.rules.sigma.placeholders import rule_lists
from tests.conftest import REPOSITORY

Reader = Callable[[Path], Any]
SETTINGS: dict[str, Reader] = {
    "experiment": load_experiment,
    "base of an experiment": lambda path: load_experiment(_on_top_of(path)),
    "threat lists": described,
    "lists of rules": rule_lists,
    "suppressions": read_suppressions,
    "attack": load_attack,
    "operators": load_operators,
    "scenario": load_scenario,
}
RULES: dict[str, Reader] = {"sigma": lambda path: load([path]), "falco": lambda path: load_falco([path])}
every_reader = pytest.mark.parametrize("kind", [*SETTINGS, *RULES])
every_settings = pytest.mark.parametrize("kind", SETTINGS)
LISTS = ("suppressions", "falco")


def _on_top_of(path: Path) -> Path:
    top = path.with_name("top.yml")
    top.write_text(f"base: {path.stem}")
    return top


def refusal(kind: str, path: Path, content: str | bytes) -> str:
    """Return what a reader says of a file; a rule file is skipped, all others are refused."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    if kind in RULES:
        rules, skipped = RULES[kind](path)
        assert rules == [] and {one.file for one in skipped} == {str(path)}
        return str(skipped[0].reason)
    with pytest.raises(UsageError) as caught:
        SETTINGS[kind](path)
    return str(caught.value)


def grown(kind: str, deep: int) -> str:
    """Return a document of a few hundred bytes that stands for 9 ** ``deep`` values."""
    dash = "- " if kind in LISTS else ""
    rows = [f"{dash}a0: &a0 [{', '.join('x' * 9)}]"]
    rows += [f"{dash}a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, deep)]
    return "\n".join(rows)


@every_reader
def test_a_bomb_of_aliases_is_refused_in_every_kind_of_file(tmp_path: Path, kind: str):
    assert "more than 1,000,000 values by aliases" in refusal(kind, tmp_path / "a.yml", grown(kind, 9))
    merged = "a: &a {k1: 1, k2: 2}\nb: &b {<<: [*a, *a]}\n"
    for one, two in zip("bcdefghijklmnopqrstu", "cdefghijklmnopqrstuv", strict=True):
        merged += f"{two}: &{two} {{<<: [*{one}, *{one}]}}\n"
    if kind not in LISTS:
        assert "by aliases" in refusal(kind, tmp_path / "b.yml", merged)


@every_reader
def test_a_ring_of_aliases_is_refused_in_every_kind_of_file(tmp_path: Path, kind: str):
    text = "- &a [*a]" if kind in LISTS else "notes: &a [*a]"
    assert "an alias refers to itself" in refusal(kind, tmp_path / "a.yml", text)


@every_reader
def test_honest_aliases_are_followed(tmp_path: Path, kind: str):
    assert "by aliases" not in refusal(kind, tmp_path / "a.yml", grown(kind, 3))


@every_reader
@pytest.mark.parametrize("text", ["a: [b\nc: d", "a: 'b", "\t- a", "a: b: c", "a: !<x", "%YAML 9"])
def test_what_is_no_yaml_says_the_line(tmp_path: Path, kind: str, text: str):
    said = refusal(kind, tmp_path / "a.yml", text)
    assert re.search(r"a\.yml:\d+:\d+: not YAML: |^line \d+: not YAML: |line \d+", said), said


MISTAKES = {
    "a: 1\nb: 2\na: 3": ":3:1: the key 'a' is written twice, first in line 1",
    "x: {b: 1, 'b': 2}": ":1:11: the key 'b' is written twice, first in line 1",
    "a: 2026-02-30": ":1:4: '2026-02-30' is no timestamp",
    "a: !!int x": ":1:4: 'x' is no int",
    "a: !!float abc": ":1:4: 'abc' is no float",
    "a: !!bool zz": ":1:4: 'zz' is no bool",
    "a: !!int ''": ":1:4: '' is no int",
    "a: !!binary aGk=": ":1:4: the tag 'tag:yaml.org,2002:binary' has no place here",
    "a: !!python/name:os.system x": "has no place here",
    'a: "\\0"': ":1:4: the character U+0000 has no place here",
    'a: "\\ud800"': "the character U+D800",
    "? [a]\n: b": "unhashable key",
    "a: *b": ":1:4: not YAML: found undefined alias",
    "a: \x01": "1:4: not YAML: the character U+0001",
    "---\na: 1\n---\nb: 2": "expected a single document",
    "[" * 5000: "nested too deeply",
    "{a: " * 5000: "nested too deeply",
}


@every_settings
@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
def test_every_mistake_is_named_with_its_place(tmp_path: Path, kind: str, text: str):
    said = refusal(kind, tmp_path / "a.yml", text)
    assert MISTAKES[text] in said and f"{tmp_path / 'a.yml'}:" in said


@every_settings
def test_what_is_no_such_file_is_wrong_use(tmp_path: Path, kind: str):
    (tmp_path / "folder.yml").mkdir()
    for name, reason in (("absent.yml", "No such file"), ("folder.yml", "Is a directory")):
        with pytest.raises(UsageError, match=reason) as caught:
            SETTINGS[kind](tmp_path / name)
        assert caught.value.exit_code == 2
        assert isinstance(caught.value, FileNotFoundError) == (name == "absent.yml")
    assert "not UTF-8 (line 2)" in refusal(kind, tmp_path / "a.yml", b"a: b\n\xff")
    same = refusal(kind, tmp_path / "a.yml", b"a: b")
    assert refusal(kind, tmp_path / "a.yml", "a: b".encode("utf-16")) == same
    assert "larger than" in refusal(kind, tmp_path / "a.yml", b"# " + b"x" * 5_000_001)
    for other in ("7", "", "- a" if kind not in LISTS else "a: b"):
        assert f"{tmp_path / 'a.yml'}" in refusal(kind, tmp_path / "a.yml", other)


def test_rules_of_falco_keep_their_meaning():
    text = "- list: a\n  items: [on, 1.0, 2026-01-01]\n  items: [yes]\n  more: !!binary x"
    assert parse_yaml(text, "x", texts_only=True) == [{"list": "a", "items": ["yes"], "more": "x"}]


def test_a_merge_may_set_a_key_again():
    text = "a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}"
    assert parse_yaml(text, "x")["b"] == {"x": 3, "y": 2}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.lists(st.sampled_from("&a *a - : ? ! { } [ ] ' \" | > \n <<: 0x .inf 1:2".split())))
def test_any_text_is_read_or_refused(tmp_path: Path, text: str | list[str]):
    path = tmp_path / "any.yml"
    path.write_text(text if isinstance(text, str) else " ".join(text), "utf-8", newline="")
    for kind, reader in [*SETTINGS.items(), *RULES.items()]:
        try:
            reader(path)
        except RtmlError as error:
            assert kind not in RULES and isinstance(error, UsageError) and str(tmp_path) in str(error)


@pytest.mark.parametrize("override", ["seed", "=3", "seed=[", "seed=2026-02-30", "seed=&a [*a]", "seed.x=1"])
def test_a_wrong_override_is_wrong_use(tmp_path: Path, override: str):
    (tmp_path / "a.yml").write_text("seed: 3")
    with pytest.raises(UsageError) as caught:
        load_experiment(tmp_path / "a.yml", [override])
    assert caught.value.argument == "overrides" and repr(override) in str(caught.value)


def both_readings(text: str, texts_only: bool) -> list[str]:
    """Return the value or mistake as libyaml reads it, if it may, and as Python does."""
    outcomes = []
    for shallow in (user_yaml._shallow, lambda _: False):  # what is not shallow is read by Python
        with mock.patch.object(user_yaml, "_shallow", shallow):
            try:
                outcomes.append(repr(parse_yaml(text, "x", texts_only)))
            except UsageError as error:
                outcomes.append(str(error))
    return outcomes


PACKED = sorted((REPOSITORY / "rtml" / "rules" / "packs").rglob("*.yml"))


@pytest.mark.parametrize("texts_only", [False, True])
@given(data=st.data())
def test_libyaml_says_what_python_says(texts_only: bool, data: st.DataObject):
    """A fast reader is no other reader: rules with a character too many have the same value or mistake."""
    text = data.draw(st.sampled_from(PACKED)).read_text("utf-8")[: data.draw(st.integers(1, 2_000))]
    at = data.draw(st.integers(0, len(text)))
    text = (
        text[:at]
        + data.draw(st.sampled_from(["", *"\t\r\x07\x85\u2028:'\"&*[{]}%!|>#-?", "[a?", "- ", "\n---\n"]))
        + text[at:]
    )
    by_libyaml, by_python = both_readings(text, texts_only)
    assert by_libyaml == by_python


@pytest.mark.parametrize(
    "text", ["a: [!b, c]", "{a: !b, c: d}", "*a:\n  b: c", "a: &b, c\nd: *b", "[&a, *a, b]"]
)
@pytest.mark.parametrize("texts_only", [False, True])
def test_names_of_tags_and_anchors_end_where_python_ends_them(text: str, texts_only: bool):
    by_libyaml, by_python = both_readings(text, texts_only)
    assert by_libyaml == by_python


def test_nobody_else_reads_yaml_of_users():
    ours = re.compile(r"\.joinpath\(|importlib|HERE /|read_text\(.utf-8.\)")
    for path in (REPOSITORY / "rtml").rglob("*.py"):
        text = path.read_text("utf-8")
        if "yaml.safe_load" in text and "reading" not in path.parts:
            assert ours.search(text) and "path.read_text" not in text, path


def test_a_file_is_what_was_asked_for(tmp_path: Path):
    (tmp_path / "a.yml").write_text("a: [1]")
    assert read_yaml(tmp_path / "a.yml", dict, "") == {"a": [1]}
    with pytest.raises(UsageError, match="a.yml: a list of colours"):
        read_yaml(tmp_path / "a.yml", list, "a list of colours")
