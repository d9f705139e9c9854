"""Bad rule files, through both loaders and the command line: counted, named, in nobody's way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from rtml.cli import app
from rtml.rules import evaluate, load
from rtml.rules.falco.loading import load_falco
from tests.conftest import LAB
from tests.rules.conftest import capture_of
from tests.rules.sigma_text import document

BOMB = "".join(
    f"{name}: &{name} [{', '.join(['x'] * 9 if not i else ['*' + chr(96 + i)] * 9)}]\n"
    for i, name in enumerate("abcdefghi")
)
LITERALS = [f"/opt/{i:05}/x" for i in range(10_000)]


def sigma(fields: object, number: int = 1, condition: str = "s") -> str:
    return yaml.safe_dump(
        document({"s": fields, "condition": condition}, id=f"{number:08}-2222-3333-4444-555555555555")
    )


def falco(condition: str, name: str = "bad") -> str:
    return f"- rule: {name}\n  condition: {condition!r}\n  priority: NOTICE\n"


def listed(items: list[str]) -> str:
    return f"- list: long\n  items: [{', '.join(items)}]\n"


GOOD = {
    "sigma": sigma({"Image|endswith": "/sh"}, 99),
    "falco": falco("evt.type = execve and proc.name = sh", "good"),
}
LOADERS: dict[str, Callable] = {"sigma": load, "falco": load_falco}
both = pytest.mark.parametrize("engine", sorted(LOADERS))

NESTED = "- list: l0\n  items: [a, b]\n" + "".join(
    f"- list: l{i}\n  items: [{', '.join([f'l{i - 1}'] * 9)}]\n" for i in range(1, 12)
)

BAD: dict[str, tuple[str, str | bytes, str]] = {
    "sigma broken YAML": ("sigma", "title: a\nlevel: [", "line 2"),
    "falco broken YAML": ("falco", "- rule: a\n  tags: [", "line 2"),
    "sigma empty": ("sigma", "", "no Sigma rule"),
    "falco empty": ("falco", "", "is a list of"),
    "sigma binary": ("sigma", b"\x7fELF\x02\x01\x00\xff", "not UTF-8"),
    "falco binary": ("falco", b"\x7fELF\x02\x01\x00\xff", "not UTF-8"),
    "sigma UTF-16, cut": ("sigma", "title: é".encode("utf-16")[:-1], "UTF-16"),
    "falco control characters": ("falco", b"- rule: \x00\x01", "not YAML"),
    "sigma bomb": ("sigma", BOMB, "by aliases"),
    "sigma bomb as title": ("sigma", BOMB + "title: *i\ntags: *i\n", "by aliases"),
    "falco bomb of lists": (
        "falco",
        NESTED + falco("evt.type = execve and proc.name in (l11)"),
        "a list of more than 200000 items",
    ),
    "falco bomb": ("falco", "".join(f"- {line[3:]}\n" for line in BOMB.splitlines()), "by aliases"),
    "sigma ring": ("sigma", "title: &a [*a]\n", "refers to itself"),
    "falco ring": ("falco", "- &a [*a]\n", "refers to itself"),
    "sigma deep": ("sigma", "[" * 5000, "nested too deeply"),
    "sigma second key": ("sigma", sigma({"Image": "x"}) + "title: two\n", "the key 'title' is written twice"),
    "sigma tag": ("sigma", "title: !!python/object:x.y {}\n", "has no place here"),
    "falco deep": ("falco", "[" * 5000, "not YAML"),
    "sigma unknown field": ("sigma", sigma({"Imag": "x"}), "did you mean 'Image'?"),
    "falco unknown field": ("falco", falco("evt.type = execve and proc.nam = a"), "'proc.name'?"),
    "falco field of no sensor": (
        "falco",
        falco("evt.type = execve and proc.env contains a"),
        "which no capture holds",
    ),
    "falco unknown macro": ("falco", falco("spawnd and proc.name = a"), "'spawnd' is unknown"),
    "falco recursive macro": (
        "falco",
        "- macro: a\n  condition: b\n- macro: b\n  condition: a\n" + falco("a"),
        "names itself: a > b",
    ),
    "sigma lookahead": ("sigma", sigma({"CommandLine|re": "a(?=b)"}), "(?="),
    "falco lookahead": ("falco", falco("evt.type = execve and proc.name regex 'a(?=b)'"), "look-a"),
    "sigma huge regex": ("sigma", sigma({"CommandLine|re": "(a{1000}){1000}"}), "size"),
    "falco huge regex": ("falco", falco("evt.type=execve and proc.name regex '(a{1000}){1000}'"), "size"),
    "sigma bad regex": ("sigma", sigma({"CommandLine|re": "("}), "missing"),
    "falco bad regex": ("falco", falco("evt.type = execve and proc.name regex '('"), "regex"),
    "sigma selection that is not there": ("sigma", sigma({"Image": "x"}, condition="s or t"), "t"),
    "falco bad condition": ("falco", falco("evt.type = execve and ("), "does not parse"),
    "sigma same id": ("sigma", GOOD["sigma"], "is also in"),
}


def lay(folder: Path, engine: str, content: str | bytes) -> Path:
    (folder / "a_good.yaml").write_text(GOOD[engine])
    bad = folder / "bad.yaml"
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    return bad


@pytest.mark.parametrize("case", sorted(BAD))
def test_is_named_and_stops_no_other(tmp_path: Path, case: str):
    engine, content, reason = BAD[case]
    bad = lay(tmp_path, engine, content)
    start = time.perf_counter()
    rules, skipped = LOADERS[engine]([tmp_path])
    assert time.perf_counter() - start < 20
    assert [rule.source for rule in rules] == [str(tmp_path / "a_good.yaml")]
    assert {one.file for one in skipped} == {str(bad)}
    assert reason in " ".join(one.reason for one in skipped)
    assert all("\n" not in one.reason and len(one.reason) < 1000 for one in skipped)


@both
def test_what_is_no_file_is_named(tmp_path: Path, engine: str):
    lay(tmp_path, engine, "x")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    rules, skipped = LOADERS[engine]([tmp_path])
    assert len(rules) == 1
    named = {Path(one.file).name: one.reason for one in skipped}
    assert named["folder.yaml"] == named["gone.yaml"] == "not a regular file"


@both
def test_a_regex_that_blows_up_elsewhere_is_fast_here(tmp_path: Path, engine: str):
    evil = "(x+x+)+y"
    text = {
        "sigma": sigma({"CommandLine|re": evil}),
        "falco": falco(f"evt.type=execve and proc.exepath regex '{evil}'"),
    }[engine]
    (tmp_path / "evil.yaml").write_text(text)
    rules, skipped = LOADERS[engine]([tmp_path])
    assert skipped == []
    lines = [{"kind": "exec", "exe": "x" * 5000 + tail, "cmdline": "x" * 5000 + tail} for tail in ("", "y")]
    start = time.perf_counter()
    assert evaluate(capture_of(lines), rules).hits["seq"].to_list() == [1]
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("how", ["", "|contains", "|startswith", "|endswith", "falco"])
def test_ten_thousand_literals_load_and_run_fast(tmp_path: Path, how: str):
    engine = "falco" if how == "falco" else "sigma"
    text = (
        listed(LITERALS) + falco("evt.type = execve and proc.exepath in (long)")
        if engine == "falco"
        else sigma({f"Image{how}": LITERALS})
    )
    (tmp_path / "long.yaml").write_text(text)
    start = time.perf_counter()
    rules, skipped = LOADERS[engine]([tmp_path])
    assert (len(rules), skipped) == (1, [])
    exes = [*LITERALS[::500], *(f"/usr/bin/other{i}" for i in range(1000))]
    events = [{"kind": "exec", "exe": exe} for exe in exes]
    assert evaluate(capture_of(events), rules).hits.height == len(LITERALS[::500])
    assert time.perf_counter() - start < 30


def test_columns_that_are_all_null_could_not_match(tmp_path: Path):
    (tmp_path / "cwd.yaml").write_text(sigma({"CurrentDirectory": "/x"}))
    rules, _ = load([tmp_path])
    table = evaluate(capture_of([{"kind": "exec", "exe": "/bin/sh"}]), rules).table
    assert table.select("could_match", "why_not").row(0) == (False, "always null here: cwd")


def test_the_command_names_everything_and_goes_on(tmp_path: Path):
    for engine in LOADERS:
        (tmp_path / engine).mkdir()
        (tmp_path / engine / "a_good.yaml").write_text(GOOD[engine])
    for number, (engine, content, _) in enumerate(BAD.values()):
        place = tmp_path / engine / f"bad{number:02}.yaml"
        # All files of Falco make one set: names of their own, or the last would replace the others.
        own = content if isinstance(content, bytes) else content.replace("bad", f"b{number}").encode()
        place.write_bytes(own)
    command = [
        "rules",
        str(LAB / "capture"),
        "--pack",
        "none",
        "--json",
        "--sigma",
        str(tmp_path / "sigma"),
        "--falco",
        str(tmp_path / "falco"),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert {Path(one["file"]).name for one in said["skipped"]} == {f"bad{n:02}.yaml" for n in range(len(BAD))}
    good = {rule["rule"]: rule["hits"] for rule in said["rules"]}
    assert good["falco/good"] > 0 and len(good) == 2


def test_what_stands_before_a_mistake_is_kept(tmp_path: Path):
    (tmp_path / "a.yaml").write_text(GOOD["sigma"] + "\n---\ntitle: [\n")
    rules, skipped = LOADERS["sigma"]([tmp_path])
    assert len(rules) == 1 and "not YAML" in skipped[0].reason and len(skipped) == 1
