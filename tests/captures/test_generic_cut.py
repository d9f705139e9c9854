"""Rows of any tool in a log that was cut in the middle of a line: the other lines are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtml.captures.sensors.generic import generic

MAPPING = "time: {column: At, format: s}\nkind: exec\ncolumns: {exe: Path}\n"
ROW = '{"At": 1798761600, "Path": "/bin/sh"}'


@pytest.mark.parametrize("first", ['", "Path": "/bin/ls"}', "61600}", "}", "note", '"'])
def test_half_a_line_before_the_others_is_one_reject(tmp_path: Path, first: str):
    (tmp_path / "m.yml").write_text(MAPPING)
    (tmp_path / "rows").write_text("\n".join([first, ROW, ROW]))
    reading = generic(tmp_path / "m.yml").read(tmp_path / "rows")
    assert (reading.events.height, reading.rejects.height) == (2, 1)


def test_a_cell_in_braces_is_no_object(tmp_path: Path):
    (tmp_path / "m.yml").write_text(MAPPING)
    (tmp_path / "rows").write_text("Id,At,Path\n{8a4b-11},1798761600,/bin/sh\n")
    reading = generic(tmp_path / "m.yml").read(tmp_path / "rows")
    assert (reading.events["exe"].to_list(), reading.rejects.height) == (["/bin/sh"], 0)
