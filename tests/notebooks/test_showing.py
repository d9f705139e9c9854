"""What notebooks show is markup that no captured string can change."""

from __future__ import annotations

import datetime as dt
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from rtml.evaluation.headline import HEADLINE
from rtml.notebook import activity, connections, differences, facts, history, peers, table, timeline, tree
from rtml.notebook.trees import QUIET
from rtml.profiles.diff import DIFFERENCES
from rtml.report.headline_picture import dots
from rtml.schema import FINDINGS, conform
from rtml.showing.drawing import WIDTH
from rtml.showing.shown import NO_MATH, Shown, element, verbatim
from rtml.showing.shown import SVG as PICTURE

HOSTILE = (
    "<script>alert(1)</script>",
    "\x1b[2J\x1b]0;x\x07",
    "\u202egnp.exe",
    "a\u200bb\u2066c",
    "\"'><img src=x onerror=alert(1)>",
    "]]></svg><script>",
    "&lt;b&gt;",
    "$\\href{javascript:x}{y}$",
    "\ud800 lone",
    "\x00\ufffe",
    "line\nbreak\ttab",
    "x" * 5000,
    "",
)
KNOWN = {
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "pre",
    "b",
    "br",
    "p",
    "svg",
    "rect",
    "text",
    "title",
    "line",
    "circle",
    "path",
    "div",
    "span",
    "details",
    "summary",
}
AT = dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        assert not any(name.startswith("on") or name in ("href", "src") for name, _ in attrs)


SVG = "{http://www.w3.org/2000/svg}"


def whole(picture: ET.Element) -> None:
    """Check that no label is cut off at an edge of the paper."""
    for label in picture.iter(f"{SVG}text"):
        x, y = float(label.attrib["x"]), float(label.attrib["y"])
        width = 0.5 * float(label.attrib["font-size"]) * len(label.text or "")
        left = x - width * {"start": 0, "middle": 0.5, "end": 1}[label.attrib["text-anchor"]]
        assert left >= 0 and left + width <= WIDTH, ET.tostring(label)
        assert 0 < y <= float(picture.attrib["height"])


def clean(shown: Shown) -> set[str]:
    """Check that nothing hostile survived; return the elements there are."""
    bundle = shown._repr_mimebundle_()
    page = {"text/html": f'<div class="{NO_MATH}">{shown.markup}</div>'} if shown.kind == PICTURE else {}
    assert bundle == {shown.kind: shown.markup, "text/plain": repr(shown), **page}
    shown.markup.encode("utf-8")
    for text in (shown.markup, shown.text):
        assert all(c.isprintable() or c == "\n" for c in text)
    parser = Tags()
    parser.feed(shown.markup)
    if shown.kind == "image/svg+xml":
        whole(ET.fromstring(shown.markup))
    assert set(parser.found) <= KNOWN
    return set(parser.found)


def hostile_events(text: str) -> pl.LazyFrame:
    times = [AT + dt.timedelta(seconds=n) for n in range(4)]
    return pl.LazyFrame(
        {
            "time": times,
            "kind": ["exec", text, "open", text],
            "workload": text,
            "container_id": text,
            "count": [None, 2, None, 1],
        },
        schema_overrides={"time": pl.Datetime("ns", "UTC"), "count": pl.Int64},
    )


def edges(name: str, number: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "who": [f"{name}{n % 7 or ''}" for n in range(number)],
            "where": [f"{name}{n or ''}" for n in range(number)],
            "count": range(1, number + 1),
            "new": [n % 2 == 0 for n in range(number)],
            "first_seen": [AT] * number,
        }
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_string_becomes_markup(text: str):
    # A lone surrogate cannot enter a frame at all; everything else can.
    framed = text.encode("utf-8", "replace").decode("utf-8")
    frame = pl.DataFrame({framed or "n": [framed], "list": [[framed]], "n2": [1.0]})
    assert clean(table(frame)) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "code" in clean(table(frame, code=["list"]))
    clean(facts({text: text, "list": [text, None]}))
    node = {
        "process_id": 1,
        "pid": 1,
        "left_out": 0,
        "children": [],
        "images": [{"exe": text, "comm": text, "cmdline": text}],
    }
    assert clean(tree(node, {1: text}, {1: 9.5}, [1])) <= {"div", "span", "b"}
    quiet = [{**node, "process_id": n, "left_out": 3} for n in range(2, 12)]
    folded = clean(tree({**node, "children": quiet}, {1: text}, {2: 0.5}))
    assert folded == {"div", "span", "b", "details", "summary"}
    clean(activity(hostile_events(framed), marks={framed: AT}))
    values = {"who": [framed], "window": [AT], "here": [True], "a.b": [1.0]}
    clean(peers(pl.DataFrame(values), "a.b", framed))
    clean(peers(pl.DataFrame(values), "a.b", framed, framed))
    clean(connections(edges(framed), framed, framed))
    scores = {"container_id": [framed], "window": [AT], "margin": [1.0], "alarm": [True]}
    changes = pl.DataFrame({"time": [AT], "what": [framed]})
    clean(history(pl.DataFrame(scores), 0.5, {framed or "n": 0.1}, changes, framed))
    side = {"side": framed, "kind": framed, "asked": 1.0, "found": 1, "false": 10**12, "budget": framed}
    clean(dots(conform(pl.DataFrame([side]), HEADLINE), 3, [framed]))
    thing = {"group": framed, "family": framed, "given": framed, "key": framed, "containers": 1, "count": 1}
    new = conform(pl.DataFrame([{**thing, "by_new_program": False}]), DIFFERENCES)
    clean(differences(new, new, framed))
    finding = {
        "finding_id": ["f"],
        "detector": [framed],
        "title": [framed],
        "first_seen": [AT],
        "last_seen": [AT],
    }
    times = {name: pl.Datetime("ns", "UTC") for name in ("first_seen", "last_seen")}
    findings = conform(pl.DataFrame(finding, schema_overrides=times), FINDINGS)
    clean(timeline(hostile_events(framed), findings, "f"))


def test_hostile_strings_can_still_be_read():
    shown = table(pl.DataFrame({"command": ["rm \x1b[2J <b> \u202e"]}))
    assert "rm \\x1b[2J &lt;b&gt; \\u202e" in shown.markup
    assert "rm \\x1b[2J <b> \\u202e" in repr(shown)
    assert "(+4400)" in facts({"long": "x" * 5000}).markup


def test_attributes_are_escaped_too():
    made = ET.tostring(element("td", "x", title='"><script>\x1b'), encoding="unicode")
    assert made == '<td title="&quot;&gt;&lt;script&gt;\\x1b">x</td>'


def test_a_time_has_its_day_where_days_differ():
    later = [AT, AT + dt.timedelta(days=1)]
    assert table(pl.DataFrame({"at": [AT]})).text.splitlines()[1] == "03:00:00"
    assert table(pl.DataFrame({"at": later})).text.splitlines()[1] == "2026-11-24 03:00:00"
    assert facts({"begin": AT}).text == "begin  2026-11-24 03:00:00"


def test_what_is_left_out_is_counted():
    many = pl.DataFrame({"n": range(100)})
    assert table(many, most=3).text.endswith("… 97 more rows")
    leaves = [{"process_id": n, "pid": n, "left_out": 0, "children": [], "images": []} for n in range(1, 30)]
    root = {**leaves[0], "process_id": 0, "pid": 0, "children": leaves, "left_out": 4}
    lines = tree(root, {20: "strange"}).text.splitlines()
    assert lines[-1] == f"└─ … {29 - QUIET - 1 + 4} more"
    assert len(lines) == 1 + QUIET + 1 + 1 and any("◀ strange" in line for line in lines)


def test_empty_inputs_say_so():
    nothing = hostile_events("x").filter(pl.lit(False))
    assert repr(activity(nothing)) == "no events"
    assert repr(timeline(nothing, conform(pl.DataFrame(), FINDINGS), "f")) == "no events"
    assert repr(tree({})) == "not in the capture"
    assert repr(table(pl.DataFrame({"a": []}))) == "a\nnone"
    assert ">none<" in table(pl.DataFrame({"a": [], "b": []}), above=["b"]).markup
    clean(table(pl.DataFrame()))
    clean(facts({}))
    columns = {"who": pl.String, "window": pl.Datetime, "here": pl.Boolean, "a.b": pl.Float64}
    clean(peers(pl.DataFrame(schema=columns), "a.b"))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -1e300, 1e300, 0.0])
def test_odd_numbers_are_shown(value: float | None):
    window = {"who": ["a", "b"], "window": [AT, AT], "here": [True, False], "a.b": [value, 1.0]}
    clean(peers(pl.DataFrame(window, strict=False), "a.b"))
    clean(table(pl.DataFrame({"share": [value], "n": [value]}, strict=False), shares=["share"]))


def test_a_capture_of_centuries_draws_a_bounded_picture():
    far = [dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(2200, 1, 1, tzinfo=dt.UTC)]
    events = pl.LazyFrame(
        {"time": far, "kind": "exec", "workload": "w", "container_id": "c", "count": None},
        schema_overrides={"time": pl.Datetime("ns", "UTC"), "count": pl.Int64},
    )
    for shown in (activity(events), timeline(events, conform(pl.DataFrame(), FINDINGS), "f")):
        clean(shown)
        assert len(shown.markup) < 50_000


def test_text_to_be_copied_is_whole_and_line_by_line():
    long = "x" * 3000
    made = verbatim(f"title: <script>\n  {long}\n\x1b[2J\u202e")
    lines = [made.text, *(part.tail for part in made)]
    assert lines == ["title: <script>", f"  {long}", r"\x1b[2J\u202e"]
    assert "<script>" not in ET.tostring(made, encoding="unicode")


def test_what_marks_a_finding_lets_what_lies_below_answer_the_pointer():
    at = AT + dt.timedelta(seconds=2)
    row = {"finding_id": "f", "detector": "rules", "first_seen": at, "last_seen": at, "title": "t"}
    findings = conform(pl.DataFrame([row]), FINDINGS)
    drawn = ET.fromstring(timeline(hostile_events("x"), findings, "f").markup)
    over = [mark for mark in drawn.iter(f"{SVG}rect") if mark.get("fill-opacity") == "0.16"]
    assert over and all(mark.get("pointer-events") == "none" for mark in over)


def test_long_text_stands_above_its_row_and_is_a_column_of_plain_text():
    frame = pl.DataFrame({"n": [1, 2, 3], "said": ["<b>long</b>", "", "again"]})
    shown = table(frame, code=["said"], above=["said"], most=2)
    root = ET.fromstring(shown.markup)
    bodies = [[row.findall("td") for row in body.findall("tr")] for body in root.findall("tbody")]
    assert [len(body) for body in bodies] == [4], "a line above, two rows, and how many more"
    assert "".join(bodies[0][0][0].itertext()) == "<b>long</b>" and bodies[0][0][0].get("colspan") == "1"
    assert shown.text.splitlines()[0].split() == ["n", "said"] and "<b>long</b>" in shown.text
    assert len(ET.fromstring(table(frame, above=["said"]).markup).findall("tbody")) == 2


def test_an_id_is_shown_by_its_beginning_and_whole_under_the_pointer():
    name = "0123456789ab" * 5 + "cdef"
    shown = table(pl.DataFrame({"container_id": [name]}), code=["container_id"])
    assert f'<code title="{name}">0123456789ab…</code>' in shown.markup
    assert shown.text.splitlines()[1] == "0123456789ab…"


def test_a_bar_keeps_to_its_line():
    assert "nowrap" in table(pl.DataFrame({"share": [0.24]}), shares=["share"]).markup


def test_what_has_no_place_to_break_is_broken_and_a_day_is_not():
    frame = pl.DataFrame(
        {"workload": ["default/privileged-pod/privileged-pod", "web"], "seen": [AT, AT.replace(year=2001)]}
    )
    cells = [cell.get("style", "") for cell in ET.fromstring(table(frame).markup).iter("td")]
    assert ["anywhere" in style for style in cells] == [True, False, False, False]
    assert ["5.5em" in style for style in cells] == [False, True, False, True]
