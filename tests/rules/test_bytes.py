"""A rule speaks of the bytes that it means: two files whose names look alike are two files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rtml.profiles.falco import _quoted
from rtml.reading.escapes import readable
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.examples import matches
from tests.captures.test_bpftrace_exact import exact, read
from tests.rules.sigma_text import rule

BYTE, TEXT = b"/tmp/bad\xff", rb"/tmp/bad\xff"


def hits(folder: Path, condition: str, path: bytes) -> bool:
    file = folder / "rules.yaml"
    file.write_text(
        f"- rule: r\n  desc: d\n  condition: >\n    evt.type = openat and {condition}\n"
        "  output: o\n  priority: NOTICE\n"
    )
    (rule,), skipped = load_falco([file])
    assert skipped == []
    (event,) = read(folder, exact("open", 3, 0, -100, path)).events.to_dicts()
    return matches(rule, [{name: value for name, value in event.items() if value is not None}])[0]


@pytest.mark.parametrize(
    ("condition", "byte", "text"),
    [
        (r'fd.name = "/tmp/bad\xFF"', True, False),
        (r'fd.name = "/tmp/bad\xff"', True, False),
        (r'fd.name = "/tmp/bad\\xff"', False, True),
        (r"fd.name = /tmp/bad\xff", False, True),
        (r'fd.name endswith "\xfF"', True, False),
        (r'fd.name in ("/tmp/bad\xff", /tmp/x)', True, False),
        (r'fd.name glob "/tmp/bad?"', True, False),
        (r'fd.name glob "/tmp/b?d*"', True, True),
        (r'fd.name contains "b\x61d"', True, True),
    ],
)
def test_falco_writes_bytes_and_means_them(tmp_path: Path, condition: str, byte: bool, text: bool):
    assert (hits(tmp_path, condition, BYTE), hits(tmp_path, condition, TEXT)) == (byte, text)


def test_bytes_side_by_side_are_a_letter(tmp_path: Path):
    assert hits(tmp_path, r'fd.name endswith "\xc3\xBC"', "/tmp/ü".encode())


def test_bytes_in_a_regular_expression_are_refused_and_told(tmp_path: Path):
    file = tmp_path / "r.yaml"
    file.write_text(
        '- rule: r\n  desc: d\n  condition: fd.name regex ".*\\xff"\n  output: o\n  priority: NOTICE\n'
    )
    rules, (skipped,) = load_falco([file])
    assert rules == [] and "no UTF-8" in str(skipped)


@pytest.mark.parametrize(("value", "byte", "text"), [(r"*bad\xff", False, True), ("*bad?", True, False)])
def test_sigma_means_the_text_that_it_writes(value: str, byte: bool, text: bool):
    found = rule({"TargetFilename": value}, category="file_event")
    for raw, wanted in ((BYTE, byte), (TEXT, text)):
        event = {"kind": "open", "path": readable(raw), "wrote": True, "result": 0}
        assert matches(found, [event]) == [wanted]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=9).filter(lambda raw: 0 not in raw), st.booleans())
@example(b"\xff", True)
@example(rb"\xff", False)
def test_what_we_export_is_read_as_what_it_was(tmp_path: Path, raw: bytes, other: bool):
    path = b"/tmp/" + raw
    told = _quoted(readable(path)).replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if any(
        ord(c) < 32 or c in "\x7f\x85\u2028\u2029\ufeff\ufffe\uffff" or "\x80" <= c < "\xa0" for c in told
    ):
        return  # control characters are exported as patterns
    assert hits(tmp_path, f"fd.nameraw = {told}", path)
    assert not hits(
        tmp_path, f"fd.nameraw = {told}", path + b"\xff" if other else b"/tmp" + readable(path).encode()
    )
