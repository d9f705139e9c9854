"""The reputation model: what it promises on names that it has not seen, and its files."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.errors import RtmlError, UsageError
from rtml.rules.reputation.categories import CATEGORIES
from rtml.rules.reputation.lists import bad_files, read_names
from rtml.rules.reputation.model import LOW, Model
from rtml.rules.reputation.names import split_names
from rtml.rules.reputation.training import FOLDS, _held_out, _parts, train
from tests.rules.written import written
from tests.test_cli import rtml

SYLLABLES = ["ba", "der", "mon", "ti", "wel", "port", "sa", "lin", "gra", "ho", "stone", "ri", "ver"]


def good_names(count: int, seed: int = 1) -> list[str]:
    dice = random.Random(seed)
    return [f"{''.join(dice.choices(SYLLABLES, k=4))}{dice.choice(['.org', '.com'])}" for _ in range(count)]


def random_names(count: int, letters: str, seed: int) -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choices(letters, k=16)) + ".com" for _ in range(count)]


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of good names and of two families, and a small category of one family."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "bad").mkdir()
    (folder / "good.txt").write_text("# fine\n" + "\n".join(good_names(1200)))
    for number in range(2):
        names = random_names(150, string.ascii_lowercase[number:], number)
        (folder / "bad" / f"family{number}_x.txt").write_text("\n".join(names))
    (folder / "dyn.txt").write_text("\n".join(f"h{i}.dyn{i % 7}zqxj.net" for i in range(40)))
    return folder


@pytest.fixture(scope="module")
def trained(lists: Path):
    names, digests = read_names(
        [lists / "good.txt"], bad_files([f"malicious={lists / 'bad'}", f"abused={lists / 'dyn.txt'}"])
    )
    return names, *train(names, digests, false_rate=0.01)


def test_a_family_that_was_held_out_is_found_and_good_names_are_not(trained):
    names, model, quality = trained
    whole = quality.filter((pl.col("category") == "malicious") & pl.col("family").is_null())
    assert whole["names"].item() == 300
    assert whole["auroc"].item() > 0.99 and whole["recall_1pct"].item() > 0.9
    low = model.low(pl.Series(random_names(200, string.ascii_lowercase, seed=77)))
    assert low.height > 180 and low.schema == LOW
    fresh = [name for name in good_names(1500, seed=5) if name not in set(names["name"])]
    assert model.low(pl.Series(fresh)).height < 0.03 * len(fresh)


def test_no_family_and_no_registered_domain_is_on_both_sides(trained):
    names = trained[0].sort("category", "family", "registered", "under")
    parts = names.with_columns(part=pl.Series(_parts(names, 0)))
    assert parts["part"].max() < FOLDS
    assert parts.group_by("category", "family").agg(pl.col("part").n_unique())["part"].max() == 1
    assert set(names.filter(pl.col("category") == "malicious")["family"]) == {"family0", "family1"}
    assert names.filter(pl.col("category") == "abused")["family"].n_unique() == 7


def test_held_out_scores_do_not_depend_on_the_label_of_their_own_family():
    """The part that is scored may be anything: a canary for leakage."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(400, 5))
    part = np.arange(400) % FOLDS
    bad = rng.random(400) < 0.5
    held = _held_out(matrix, ~bad, bad, part)
    other = matrix.copy()
    other[(part == 0) & bad] += 50  # only names of this part change: no model of others may
    again = _held_out(other, ~bad, bad, part)
    assert np.array_equal(held[part == 0][~bad[part == 0]], again[part == 0][~bad[part == 0]])
    auc = (held[bad][:, None] > held[~bad][None, :]).mean()
    assert 0.4 < auc < 0.6, "noise cannot be told apart"


def test_thresholds_keep_their_promise_on_held_out_names_and_say_when_they_cannot(trained, lists):
    _, model, _ = trained
    limit = model.card.thresholds["malicious"]
    assert limit.resolvable and limit.benign > 1000
    names, digests = read_names([lists / "good.txt"], [("malicious", lists / "bad/family0_x.txt")])
    strict, _ = train(names, digests, false_rate=1e-6)
    assert not strict.card.thresholds["malicious"].resolvable
    assert strict.card.thresholds["malicious"].value > limit.value


def test_the_same_names_give_the_same_bits_in_any_order(trained, lists):
    names, model, _ = trained
    again, _ = train(names.sample(fraction=1, shuffle=True, seed=3), model.card.files, 0.01)
    assert np.array_equal(model.weights, again.weights)
    assert model.card == again.card


def test_a_saved_model_scores_the_same_and_a_changed_one_is_refused(trained, tmp_path: Path):
    model, names = (trained[1], pl.Series(["qzxkvjqw.com", "monport.org", None, "db.svc", "qzxkvjqw.com"]))
    model.save(tmp_path / "m")
    assert Model.load(tmp_path / "m").scores(names).equals(model.scores(names))
    assert model.scores(names)["value"].to_list() == ["monport.org", "qzxkvjqw.com"]
    assert {p.suffix for p in (tmp_path / "m").iterdir()} == {".json", ".npy"}
    (tmp_path / "m" / "weights.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(RtmlError, match="damaged or changed"):
        Model.load(tmp_path / "m")
    with pytest.raises(RtmlError):
        Model.load(tmp_path / "absent")


@given(st.lists(st.text(max_size=40) | st.none() | st.just("a" * 300 + ".com"), max_size=10))
def test_hostile_names_score_finitely_or_have_no_reputation(texts):
    split = split_names(pl.Series(texts, dtype=pl.String))
    assert split.height == len(texts)
    both = split.drop_nulls("registered")
    assert both["under"].null_count() == 0
    assert (both["registered"].str.len_chars() <= 253).all()


def test_every_category_fires_through_the_command_line(lists: Path, tmp_path: Path):
    files = {}
    for i, category in enumerate(CATEGORIES):
        names = [f"{letters}{n}{letters}.net" for n in range(60) for letters in [f"{category}zq{i}"]]
        files[category] = tmp_path / f"{category}.txt"
        files[category].write_text("\n".join(names))
    bad = [part for name, file in files.items() for part in ("--bad", f"{name}={file}")]
    made = rtml(
        "reputation",
        "train",
        "--benign",
        lists / "good.txt",
        *bad,
        "--false-rate",
        "0.01",
        "--out",
        tmp_path / "model",
        "--json",
    )
    assert made.returncode == 0, made.stderr
    assert set(json.loads(made.stdout)["thresholds"]) == set(CATEGORIES)
    rows = [
        {
            "kind": "dns",
            "exe": "/usr/bin/curl",
            "container_id": name,
            "process_id": i,
            "domain": f"{name}zq{i}999{name}zq{i}.net",
        }
        for i, name in enumerate(CATEGORIES)
    ]
    quiet = [
        {"kind": "dns", "container_id": "quiet", "process_id": 9, "domain": name}
        for name in ("web.default.svc.cluster.local", "monport.org", "db", None)
    ]
    done = rtml(
        "rules",
        written(tmp_path, [*rows, *quiet]),
        "--pack",
        "none",
        "--reputation",
        tmp_path / "model",
        "--out",
        tmp_path / "f.parquet",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    found = pl.read_parquet(tmp_path / "f.parquet")
    assert dict(found.select("container_id", "type").rows()) == {
        name: kind.finding_type for name, kind in CATEGORIES.items()
    }
    reasons = found["contributions"].explode().struct.field("feature")
    assert reasons.str.contains(r"scores \d+\.\d, threshold").all()


def test_trusted_names_and_the_resolvers_copy_are_silenced(lists: Path, trained, tmp_path: Path):
    trained[1].save(tmp_path / "model")
    (tmp_path / "ok.txt").write_text("qzxkvjqwbbfw.com")
    (tmp_path / "ok.yml").write_text("lists: [{name: ok, file: ok.txt, trusted: true}]")
    query = {"kind": "dns", "exe": "/usr/bin/curl", "domain": "xwqkjvzpqyyd.com"}
    capture = written(
        tmp_path,
        [
            query,
            {**query, "exe": "/coredns", "container_id": "dns", "process_id": 2},
            {**query, "domain": "www.qzxkvjqwbbfw.com"},
        ],
    )
    done = rtml(
        "rules",
        capture,
        "--pack",
        "none",
        "--intel",
        tmp_path / "ok.yml",
        "--reputation",
        tmp_path / "model",
        "--out",
        tmp_path / "f.parquet",
        "--json",
    )
    assert pl.read_parquet(tmp_path / "f.parquet")["container_id"].to_list() == ["c1"]
    assert {(row["by"], row["events"]) for row in json.loads(done.stdout)["silenced"]} == {
        ("trusted: ok", 1),
        ("the resolver's copy", 1),
    }


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--bad", "malicous={d}/good.txt"], 2, "did you mean 'malicious'"),
        (["--bad", "{d}/good.txt"], 2, "category=FILE"),
        (["--bad", "malicious={d}/absent"], 1, "absent"),
        (["--bad", "malicious={d}/good.txt"], 1, "no good names"),
        (["--bad", "malicious={d}/bad", "--false-rate", "2"], 2, "between 0 and 1"),
    ],
)
def test_wrong_use_is_one_clear_line(lists: Path, tmp_path: Path, arguments, code, text):
    asked = [part.replace("{d}", str(lists)) for part in arguments]
    done = rtml("reputation", "train", "--benign", lists / "good.txt", *asked, "--out", tmp_path / "m")
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done.stderr
    assert text in done.stderr and not (tmp_path / "m").exists()


def test_no_rates_outside_zero_and_one(trained):
    with pytest.raises(UsageError):
        train(trained[0], {}, false_rate=0)
