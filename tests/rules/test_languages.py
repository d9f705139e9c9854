"""Where Sigma and Falco mean different things: each row of the table against a plain oracle.

Strings and wildcards, regular expressions, absent fields and their negation are in
`test_oracle` (Sigma) and `test_falco_oracle` (Falco); here stand the rows that need more than one
rule, another column, or both languages side by side.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rtml.rules import Rule, evaluate
from rtml.rules.falco.first_match import first_matches, with_first
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.examples import matches
from tests.rules.conftest import capture_of
from tests.rules.sigma_text import rule as sigma

TEXT = st.text(alphabet="aAbB_%'\"\n .$/", max_size=5)
WORD = st.text(alphabet="aAbB_%'\".$", min_size=1, max_size=3)
MAYBE = TEXT | st.none()
LONG = st.text(alphabet="ab/_", min_size=0, max_size=24).map(lambda text: "/" + text)
many = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def falco(folder: Path, *conditions: str) -> list[Rule]:
    entries = []
    for number, text in enumerate(conditions):
        body = text.replace("\n", "\n    ")
        entries.append(f"- rule: r{number}\n  condition: |-\n    {body}\n  priority: NOTICE\n")
    file = folder / "generated.yaml"
    file.write_text("".join(entries))
    return load_falco([file])[0]


def execs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"kind": "exec", **row} for row in rows]


@many
@given(value=WORD, texts=st.lists(MAYBE, min_size=1, max_size=10))
def test_case_counts_in_falco_and_not_in_sigma(tmp_path, value, texts):
    (cased,) = falco(tmp_path, f"evt.type = execve and proc.exepath contains {quoted(value)}")
    loose = sigma({"Image|contains": value})
    rows = [{"exe": text} for text in texts]
    assert matches(cased, execs(rows)) == [t is not None and value in t for t in texts]
    assert matches(loose, rows) == [t is not None and value.lower() in t.lower() for t in texts]


@many
@given(
    regex=st.sampled_from(["[ab]", "a+b?", "(?:aB|_%)", "A|b$"]),
    texts=st.lists(MAYBE, min_size=1, max_size=10),
)
def test_regex_searches_in_sigma_and_takes_the_whole_text_in_falco(tmp_path, regex, texts):
    (whole,) = falco(tmp_path, f"evt.type = execve and proc.exepath regex {quoted(regex)}")
    found = sigma({"Image|re": regex})
    rows = [{"exe": text} for text in texts]
    # "$" is the very end of the text in both engines; Python's also means before a last newline.
    exact = regex.replace("$", r"\Z")
    assert matches(whole, execs(rows)) == [
        t is not None and re.fullmatch(exact, t) is not None for t in texts
    ]
    assert matches(found, rows) == [t is not None and re.search(exact, t) is not None for t in texts]


@many
@given(value=WORD, texts=st.lists(MAYBE, min_size=1, max_size=10))
def test_an_absent_field_is_unequal_to_nothing_in_falco(tmp_path, value, texts):
    unequal, negated = falco(
        tmp_path,
        f"evt.type = execve and proc.exepath != {quoted(value)}",
        f"evt.type = execve and not (proc.exepath = {quoted(value)})",
    )
    rows = execs([{"exe": text} for text in texts])
    assert matches(unequal, rows) == [t is not None and t != value for t in texts]
    assert matches(negated, rows) == [t != value for t in texts]


@many
@given(
    names=st.lists(
        st.tuples(LONG | st.none(), st.none() | st.sampled_from(["a", "ab", "nvidia-installe"])),
        min_size=1,
        max_size=10,
    ),
    wanted=LONG,
)
def test_names_are_fifteen_characters_in_falco_and_paths_in_sigma(tmp_path, names, wanted):
    base = wanted.rsplit("/", 1)[1][:15] or "a"
    (by_name,) = falco(tmp_path, f"evt.type = execve and proc.name = {quoted(base)}")
    by_path = sigma({"Image|endswith": "/" + base})
    rows = [{"exe": exe, "comm": comm} for exe, comm in names]
    named = [comm if comm is not None else exe and exe.rsplit("/", 1)[1][:15] for exe, comm in names]
    paths = [exe if exe is not None else comm and "/" + comm for exe, comm in names]
    assert matches(by_name, execs(rows)) == [name == base for name in named]
    assert matches(by_path, rows) == [p is not None and p.endswith("/" + base) for p in paths]


@many
@given(value=WORD, texts=st.lists(MAYBE, min_size=1, max_size=8))
def test_never_and_always_of_falco(tmp_path, value, texts):
    test = f"proc.exepath contains {quoted(value)}"
    plain, never, always, beside = falco(
        tmp_path,
        f"evt.type = execve and {test}",
        f"evt.type = execve and {test} and evt.num = 0",
        f"evt.type = execve and {test} and evt.num >= 0",
        f"evt.type = execve and ({test} or evt.num = 0)",
    )
    rows = execs([{"exe": text} for text in texts])
    assert never.kinds == ()
    assert matches(always, rows) == matches(beside, rows) == matches(plain, rows)


@pytest.mark.parametrize(
    ("test", "expected"),
    [("container.id != host", True), ("container.id = host", False), ("container", None)],
)
def test_only_falco_has_a_notion_of_containers(tmp_path, test, expected):
    macro = "- macro: container\n  condition: (container.id != host)\n"
    file = tmp_path / "r.yaml"
    condition = f"evt.type = execve and proc.name = a and {test}"
    file.write_text(f"{macro}- rule: r\n  condition: {condition}\n  priority: NOTICE\n")
    (found,) = load_falco([file])[0]
    assert (found.kinds == ()) == (expected is False)
    if found.kinds:
        assert matches(found, execs([{"comm": "a"}])) == [True]
    hits = evaluate(
        capture_of(
            [{"kind": "exec", "exe": "/bin/a", "container_id": None}, {"kind": "exec", "exe": "/bin/a"}]
        ),
        [sigma({"Image|endswith": "/a"}), found],
    ).hits
    assert set(hits["seq"]) == {1}, "what runs on the host is looked at by nobody"


@many
@given(data=st.data(), texts=st.lists(MAYBE, min_size=1, max_size=8))
def test_the_first_match_is_recorded_and_all_are_kept(tmp_path, data, texts):
    values = data.draw(st.lists(WORD, min_size=2, max_size=4))
    rules = falco(tmp_path, *(f"evt.type = execve and proc.exepath contains {quoted(v)}" for v in values))
    ours = sigma({"Image|contains": values[0]})
    result = evaluate(capture_of(execs([{"exe": text} for text in texts])), [ours, *rules])
    marked = first_matches(result.hits, [ours, *rules])
    want = {
        (seq, f"falco/r{n}"): n == min(m for m, v in enumerate(values) if v in text)
        for seq, text in enumerate(texts)
        if text is not None
        for n, value in enumerate(values)
        if value in text
    }
    own = marked.filter(marked["rule"] != ours.id)
    assert {(seq, name): first for seq, name, first in own.select("seq", "rule", "first").rows()} == want
    assert marked.filter(marked["rule"] == ours.id)["first"].null_count() == marked.height - own.height
    table = with_first(result.table, result.hits, [ours, *rules]).sort("rule")
    counts = [
        sum(first for (_, name), first in want.items() if name == f"falco/r{n}") for n in range(len(values))
    ]
    assert table["first"].to_list() == [None, *counts]
