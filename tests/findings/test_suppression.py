"""Suppression archives and counts; it never loses a finding and never guesses what was meant."""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from rtml.errors import RtmlError, UsageError
from rtml.findings.suppression.archiving import ARCHIVED, SUPPRESSIONS, Suppression, suppress
from rtml.findings.suppression.files import read_suppressions
from rtml.findings.suppression.filters import TESTS, condition
from rtml.schema import FINDINGS, conform

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
TEXTS = ["shop/web:1", "shop/*", "SHOP/web:1", "a.c", "abc", "", "x\ny", "[a]", "é%_'\""]


def findings(*rows: dict) -> pl.DataFrame:
    named = [{"finding_id": str(i), **row} for i, row in enumerate(rows)]
    return conform(pl.DataFrame(named, schema={n: FINDINGS[n] for n in _columns(named)}), FINDINGS)


def _columns(rows: list[dict]) -> list[str]:
    return [name for name in FINDINGS if any(name in row for row in rows)] or ["finding_id"]


def rule(where: dict, name: str = "r", expires: dt.datetime = NOW + dt.timedelta(days=9)):
    return Suppression(name=name, owner="o", reason="why", expires=expires, where=where)


def oracle(test: str, have, value) -> bool:
    if test in ("not_equals", "not_matches"):
        return not oracle(test.removeprefix("not_"), have, value)
    if have is None:
        return False
    match test:
        case "equals":
            return have == value
        case "in":
            return have in value
        case "less":
            return have < value
        case "greater":
            return have > value
    plain = value.replace("[", "[[]")
    return re.match(fnmatch.translate(plain), have) is not None


@given(
    st.sampled_from(["equals", "not_equals", "matches", "not_matches", "in"]),
    st.lists(st.none() | st.sampled_from(TEXTS), max_size=6),
    st.sampled_from(TEXTS),
)
def test_text_tests_mean_what_they_say(test, have, text):
    value = [text, "abc"] if test == "in" else text
    frame = pl.DataFrame({"image": have}, schema={"image": pl.String})
    got = frame.select(m=condition("image", test, value))["m"].to_list()
    assert got == [oracle(test, one, value) for one in have]


@given(
    st.sampled_from(["equals", "not_equals", "less", "greater", "in"]),
    st.lists(st.none() | st.integers(-3, 3), max_size=6),
    st.integers(-3, 3),
)
@pytest.mark.parametrize("field", ["count", "severity"])
def test_number_tests_mean_what_they_say(field, test, have, number):
    value = [number, 2] if test == "in" else number
    frame = pl.DataFrame({field: have}, schema={field: FINDINGS[field]})
    got = frame.select(m=condition(field, test, value))["m"].to_list()
    assert got == [oracle(test, one, value) for one in have]


def test_lists_pass_by_one_element_and_negative_tests_by_all():
    frame = findings({"techniques": ["T1059", "T1105"]}, {"techniques": []}, {"techniques": None})
    for test, expected in {"equals": [True, False, False], "not_equals": [False, True, True]}.items():
        assert frame.select(m=condition("techniques", test, "T1105"))["m"].to_list() == expected
    reasons = [{"feature": "A rule (rule by X)", "value": 1.0, "usual": None, "share": 1.0}]
    told = findings({"contributions": reasons}, {})
    assert told.select(m=condition("contributions", "matches", "A rule*"))["m"].to_list() == [True, False]


def test_times_compare_as_times():
    frame = findings({"first_seen": NOW}, {"first_seen": None})
    for value in ("2026-06-01T02:00:01+02:00", dt.date(2026, 6, 2)):
        assert frame.select(m=condition("first_seen", "less", value))["m"].to_list() == [True, False]


where = st.dictionaries(st.sampled_from(["image", "type"]), st.sampled_from(TEXTS), min_size=1, max_size=2)


@given(
    st.lists(
        st.fixed_dictionaries({"image": st.none() | st.sampled_from(TEXTS), "type": st.sampled_from(TEXTS)}),
        max_size=8,
    ),
    st.lists(st.tuples(where, st.integers(-2, 2)), max_size=4),
)
def test_kept_and_archived_are_all_of_them(rows, wheres):
    frame = findings(*rows)
    rules = [rule(asked, str(i), NOW + dt.timedelta(days=days)) for i, (asked, days) in enumerate(wheres)]
    done = suppress(frame, rules, NOW)
    both = pl.concat([done.kept, done.archived.select(FINDINGS.names())]).sort("finding_id")
    assert_frame_equal(both, frame.sort("finding_id"))
    assert done.archived.schema == ARCHIVED and done.account.schema == SUPPRESSIONS
    assert done.account["archived"].sum() == done.archived.height
    expired = {one.name for one in rules if one.expires <= NOW}
    assert not expired & set(done.archived["suppressed_by"])
    for name, image in done.archived.select("suppressed_by", "image").iter_rows():
        asked = rules[int(name)].where
        assert asked.get("image", image) == image


def test_the_first_rule_takes_it_and_an_expired_one_only_counts():
    frame = findings({"type": "A"}, {"type": "B"})
    rules = [rule({"type": "A"}, "old", NOW), rule({"type": ["A", "B"]}, "all"), rule({"type": "B"}, "b")]
    done = suppress(frame, rules, NOW)
    assert done.kept.is_empty()
    assert done.archived["suppressed_by"].to_list() == ["all", "all"]
    assert done.account.select("active", "matched", "archived").rows() == [
        (False, 1, 0),
        (True, 2, 2),
        (True, 1, 0),
    ]


GOOD = "name: n\n  owner: o\n  reason: r\n  expires: 2027-01-01\n  where: "
LAUGHS = "&a [x, x, x, x, x, x, x, x]"
for letter, before in zip("bcdefghijklm", "abcdefghijkl", strict=True):
    LAUGHS = f"[{LAUGHS}, &{letter} [{', '.join(['*' + before] * 8)}]]"
WRONG = {
    "values by aliases": f"- {GOOD}{{image: {{in: {LAUGHS}}}}}",
    "refers to itself": f"- {GOOD}{{type: &x {{y: *x}}}}",
    "did you mean 'severity'": f"- {GOOD}{{severty: {{less: 3}}}}",
    "did you mean 'matches'": f"- {GOOD}{{image: {{match: a}}}}",
    "empty condition": f"- {GOOD}{{image: {{}}}}",
    "is no text": f"- {GOOD}{{image: 3}}",
    "is no number": f"- {GOOD}{{severity: high}}",
    "whole number": f"- {GOOD}{{count: 2.5}}",
    "this is text": f"- {GOOD}{{image: {{less: a}}}}",
    "needs a list": f"- {GOOD}{{image: {{in: a}}}}",
    "no time": f"- {GOOD}{{first_seen: {{less: soon}}}}",
    "owner: is required": "- {name: n, reason: r, expires: 2027-01-01, where: {type: a}}",
    "expires: is required": "- {name: n, owner: o, reason: r, where: {type: a}}",
    "did you mean 'expires'": f"- {GOOD}{{type: a}}\n  expire: 3",
    "two rules are called 'n'": f"- {GOOD}{{type: a}}\n- {GOOD}{{type: b}}",
    "a list": "name: n",
    "not YAML": "- [",
}


@pytest.mark.parametrize("reason", WRONG)
def test_wrong_rules_are_refused_with_the_reason(tmp_path: Path, reason: str):
    file = tmp_path / "quiet.yml"
    file.write_text(WRONG[reason])
    with pytest.raises(UsageError, match="quiet.yml") as error:
        read_suppressions(file)
    assert reason in str(error.value)


def test_files_that_are_none(tmp_path: Path):
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    for file in (tmp_path, tmp_path / "absent", tmp_path / "binary"):
        with pytest.raises(RtmlError, match=re.escape(str(file))):
            read_suppressions(file)


def test_every_test_is_tested_here():
    assert set(TESTS) == {"equals", "not_equals", "less", "greater", "matches", "not_matches", "in"}


@pytest.mark.parametrize("day", ["2027-01-31", "'2027-01-31'", "2027-02-01T02:00:00+02:00", "'2027-02-01'"])
def test_a_day_lasts_to_its_end_however_it_is_written(day: str, tmp_path: Path):
    (tmp_path / "s.yml").write_text(f"- {GOOD.replace('2027-01-01', day)}{{type: a}}\n")
    end = dt.datetime(2027, 2, 2 if day == "'2027-02-01'" else 1, tzinfo=dt.UTC)
    assert read_suppressions(tmp_path / "s.yml")[0].expires == end


@pytest.mark.parametrize(
    "odd",
    ["20270131", "'1798761600'", "1798761600000", "93.5", "12:30:00", "true", "0001-01-01", "9999-12-31"],
)
def test_a_number_is_no_day_and_no_day_lies_beyond_the_calendar(odd: str, tmp_path: Path):
    (tmp_path / "s.yml").write_text(f"- {GOOD.replace('2027-01-01', odd)}{{type: a}}\n")
    with pytest.raises(UsageError, match="expires: a day of the years 1970 to 2199 like 2027-01-31"):
        read_suppressions(tmp_path / "s.yml")
