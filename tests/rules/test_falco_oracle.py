"""Generated Falco conditions on generated events: our fold and the plain oracle always agree."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.rules.falco.loading import load_falco
from rtml.rules.falco.syntax import parse
from rtml.rules.language.examples import matches
from tests.rules.falco_oracle import holds

COLUMNS = {
    "proc.exepath": "exe",
    "k8s.ns.name": "namespace",
    "container.name": "container_name",
    "user.uid": "uid",
}
TEXT = st.text(alphabet="aAbB/_%'\"\n .$^(\\é", max_size=6) | st.sampled_from(["YWI=", "L0E=", "É/é"])
LITERAL = st.text(alphabet="aAb/_%'\"\n .$(\\", min_size=1, max_size=4)
GLOB = st.text(alphabet="aAb/_%\n*?.$", min_size=1, max_size=5)
FIELDS = st.sampled_from(["proc.exepath", "k8s.ns.name", "container.name"])
OPERATORS = st.sampled_from(["=", "!=", "contains", "icontains", "startswith", "endswith"])


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def in_list(field: str, operator: str, values: list[str]) -> str:
    return f"{field} {operator} ({', '.join(map(quoted, values))})"


ONE = st.sampled_from(["tolower", "toupper", "basename", "b64"])
SINGLE = st.recursive(
    FIELDS,
    lambda inner: st.one_of(
        st.builds(lambda name, part: f"{name}({part})", ONE, inner),
        st.builds(lambda one, other: f"concat({one}, {other})", inner, inner),
        st.builds(lambda text, part: f"concat({quoted(text)},{part})", LITERAL, inner),
        st.builds(lambda text, one, two: f"join({quoted(text)}, ({one}, {two}))", LITERAL, inner, inner),
    ),
    max_leaves=3,
)
RIGHT = st.one_of(FIELDS.map("val({})".format), SINGLE.filter(lambda text: "(" in text))
TRANSFORMED = st.one_of(
    st.builds(lambda f, o, v: f"{f} {o} {quoted(v)}", SINGLE, OPERATORS, LITERAL),
    st.builds(lambda f, o, v: f"{f} {o} {quoted(v)}", SINGLE, st.sampled_from(["glob", "iglob"]), GLOB),
    st.builds(in_list, SINGLE, st.just("in"), st.lists(LITERAL, min_size=1, max_size=3)),
    st.builds(lambda f, o, r: f"{f} {o} {r}", SINGLE, OPERATORS | st.just("in"), RIGHT),
    st.builds(
        lambda f, o, n: f"len({f}) {o} {n}",
        SINGLE,
        st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
        st.integers(0, 5),
    ),
    st.builds(
        lambda f, o, g: f"len({f}) {o} len({g})", SINGLE, st.sampled_from(["<", ">=", "=", "!="]), SINGLE
    ),
    st.builds(lambda f: f"{f} exists", SINGLE),
)
PLAIN = st.one_of(
    st.builds(lambda f, o, v: f"{f} {o} {quoted(v)}", FIELDS, OPERATORS, LITERAL),
    st.builds(lambda f, o, v: f"{f} {o} {quoted(v)}", FIELDS, st.sampled_from(["glob", "iglob"]), GLOB),
    st.builds(
        in_list, FIELDS, st.sampled_from(["in", "intersects"]), st.lists(LITERAL, min_size=1, max_size=3)
    ),
    st.builds(
        in_list,
        FIELDS,
        st.just("pmatch"),
        st.lists(st.sampled_from(["/a", "/a/", "/A/b", "/"]), min_size=1, max_size=2),
    ),
    st.builds(lambda f: f"{f} exists", FIELDS),
    st.builds(
        lambda o, v: f"user.uid {o} {v}",
        st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
        st.integers(-1, 2),
    ),
    st.sampled_from(["proc.exepath regex '[ab]/?'", "proc.exepath regex 'A.*'"]),
)
ITEM = PLAIN | TRANSFORMED
SHAPE = st.sampled_from(
    ["{} and {}", "{} or {}", "not {} and {}", "not ({} and {})", "not {} or not not {}", "({}) and not({})"]
)
EVENT = st.fixed_dictionaries(
    {
        "proc.exepath": TEXT | st.none(),
        "k8s.ns.name": TEXT | st.none(),
        "container.name": st.sampled_from(["/a", "/a/b", "/ab", "/", "A", "", None]),
        "user.uid": st.sampled_from([0, 1, 2, 1000, None]),
    }
)


def test_fold_agrees_with_oracle(tmp_path: Path):
    file = tmp_path / "generated.yaml"

    @settings(max_examples=400, deadline=None)
    @given(ITEM, ITEM, SHAPE, st.lists(EVENT, min_size=1, max_size=12))
    def agree(first: str, second: str, shape: str, events: list[dict]):
        text = shape.format(first, second)
        body = f"evt.type = execve and ({text})".replace("\n", "\n    ")
        file.write_text(f"- rule: r\n  condition: |-\n    {body}\n  priority: NOTICE\n")
        rules, skipped = load_falco([file])
        if not rules:  # "a or not a" and the like
            assert "matches every event" in skipped[0].reason, skipped
            return
        rows = [
            {"kind": "exec", **{COLUMNS[name]: value for name, value in event.items()}} for event in events
        ]
        assert matches(rules[0], rows) == [holds(parse(text), event) for event in events], text

    agree()


def test_bytes_that_are_no_text_count_as_bytes():
    events = [{"container.name": "/a/b", "proc.exepath": "A" * n} for n in (2, 3, 4)]
    text = "len(proc.exepath) = len(b64(container.name))"
    assert [holds(parse(text), event) for event in events] == [False, True, False]
