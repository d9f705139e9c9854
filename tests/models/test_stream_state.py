"""A stream on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.models.ongoing import read_ongoing
from rtml.reading.state import write_files
from tests.models.conftest import minute, opened
from tests.models.stories import BEGIN, shop_with, three_replicas


def test_a_stream_that_is_not_as_it_was_written_is_refused_by_name(tmp_path: Path):
    model = opened(three_replicas(tmp_path))
    model.stream(shop_with(tmp_path / "more", "nothing"), start=minute(BEGIN))
    place = model.save(tmp_path / "m") / "stream"
    assert model.ongoing is not None and read_ongoing(place).watermark == model.ongoing.watermark

    def rewritten(**changes: object) -> None:
        data = json.dumps({**state, **changes}).encode()
        write_files(place / "state", {"state.json": data})

    state = json.loads((place / "state" / "state.json").read_text())
    rewritten(known={"../../x": "surprise"})
    with pytest.raises(RtmlError, match=r"no detector '\.\./\.\./x'"):
        read_ongoing(place)
    rewritten(hour="noon")
    with pytest.raises(RtmlError, match="noon"):
        read_ongoing(place)
    rewritten()
    (place / "first.parquet").unlink()
    with pytest.raises(RtmlError, match=r"first\.parquet"):
        read_ongoing(place)
    with pytest.raises(RtmlError, match="missing"):
        opened(tmp_path / "m")
