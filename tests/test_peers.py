"""One definition of peer groups and of an image's repository, and nobody else's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.baselines.counting import COUNTS
from rtml.baselines.maturity import maturity
from rtml.features import windows
from rtml.features.source import open_source
from rtml.images import named_repository, repository
from rtml.peers import image_group, peer_group, peer_groups
from rtml.rules.running.detector import container_days
from rtml.schema import IDENTITY, conform

ROOT = Path(__file__).parents[1]
DIGEST = "0123456789ab" * 5 + "0123"
PART = st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)*", fullmatch=True)
NAMED = st.builds(
    lambda host, path: "/".join([*host, *path]),
    st.lists(st.builds("{}.example:{}".format, PART, st.integers(1, 65535)), max_size=1),
    st.lists(PART, min_size=1, max_size=3).filter(lambda path: any(c > "f" for c in path[0])),
)
TAG = st.sampled_from(["", ":latest", ":v1.2-rc_3"])
HASH = st.sampled_from(["", f"@sha256:{DIGEST}"])
NAMES = st.sampled_from([None, "web", "job"])
IMAGES = st.sampled_from([None, "shop/web:1", "shop/web:2", f"sha256:{DIGEST}"])


def repository_of(image: str) -> str | None:
    return pl.DataFrame({"i": [image]}).select(repository(pl.col("i"))).item()


@settings(deadline=None)
@given(NAMED, TAG, HASH)
def test_a_repository_is_the_name_whatever_tag_and_digest(name: str, tag: str, digest: str):
    assert repository_of(name + tag + digest) == name


@settings(deadline=None)
@given(st.text())
def test_a_repository_of_a_repository_is_itself_or_nothing(text: str):
    once = repository_of(text)
    assert once is None or len(once) <= len(text)
    categorical = pl.DataFrame({"i": [text]}, schema={"i": pl.Categorical()})
    assert categorical.select(repository(pl.col("i"))).item() == once


@pytest.mark.parametrize("image", [DIGEST, f"sha256:{DIGEST}", DIGEST[:12]])
def test_an_image_without_a_name_has_no_repository_but_stays_in_lists(image: str):
    assert repository_of(image) is None
    assert pl.DataFrame({"i": [image]}).select(named_repository(pl.col("i"))).item() == image


@settings(deadline=None)
@given(NAMES, IMAGES, st.sampled_from([None, DIGEST]), st.sampled_from([None, "c1"]))
def test_the_first_that_is_known_names_the_group(
    workload: str | None, image: str | None, digest: str | None, container: str | None
):
    row = {"workload": workload, "image": image, "image_digest": digest, "container_id": container}
    rows = pl.DataFrame([row], schema=dict.fromkeys(row, pl.String))
    named = None if image is None else repository_of(image)
    wanted = next((name for name in (workload, named, digest, image, container) if name), "?")
    assert peer_groups(rows) == [wanted]
    (by_image,) = rows.select(image_group(rows.columns)).to_series().fill_null("?")
    assert by_image == (image or wanted)


ROWS = pl.DataFrame(
    {
        "time": pl.Series(range(5)).cast(pl.Datetime("ns")),
        "seq": range(5),
        "kind": ["exec"] * 5,
        "exe": ["/bin/sh"] * 5,
        "container_id": list("abcde"),
        "workload": ["web", None, None, None, None],
        "image": ["shop/web:1", "shop/web:1", "shop/web:2", f"sha256:{DIGEST}", None],
    }
)
GROUPS = ["web", "shop/web", "shop/web", f"sha256:{DIGEST}", "e"]


def test_windows_baselines_features_and_rules_mean_the_same_groups():
    frame = windows(ROWS, families=[]).sort("container_id")
    assert peer_groups(frame) == GROUPS
    source = open_source(ROWS)
    peers = source.peers.sort("container_id")
    assert peers["peers"].to_list() == GROUPS
    counts = peers.drop("peers").rename({"container_id": "container"})
    assert counts.select(peer_group(COUNTS)).to_series().to_list() == GROUPS
    rows = counts.with_columns(family=pl.lit("f"), subject=pl.lit(""), key=pl.lit("k"), count=pl.lit(1))
    assert set(maturity(conform(rows, COUNTS))["group"]) == set(GROUPS)
    assert set(container_days(frame, "60s")["workload"]) == set(GROUPS)
    assert set(IDENTITY) >= {"workload", "image", "image_digest", "container_id"}


STAND_INS = {"image", "image_digest", "repository", "container_id", "container", "fleet"}


def coalesced(path: Path) -> Iterator[set[str]]:
    """The names in every coalesce of a file, those in expressions within it too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("coalesce", "fill_null")):
            inner = [part for part in ast.walk(node) if isinstance(part, ast.Constant)]
            yield {part.value for part in inner if isinstance(part.value, str)}


@pytest.mark.parametrize("path", sorted((ROOT / "rtml").rglob("*.py")), ids=lambda path: path.stem)
def test_no_other_file_says_what_stands_for_a_workload(path: Path):
    for names in coalesced(path) if path.name != "peers.py" else ():
        assert not ("workload" in names and names & STAND_INS), f"{path}: use rtml.peers"
