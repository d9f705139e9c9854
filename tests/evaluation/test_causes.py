"""False findings by cause: the same key, the same feature of a workload, the same roll-out."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.evaluation.causes import ROLL_OUT, causes, key_of
from rtml.schema import FINDINGS, empty
from tests.evaluation.frames import make_finding


def finding(box, title, workload=None, minute=0.0, kind="T", feature=None):
    reasons = [] if feature is None else [{"feature": feature, "value": 1.0, "usual": 0.0, "share": 1.0}]
    more = {"title": title, "workload": workload, "type": kind, "contributions": reasons}
    return make_finding(box, first=minute, **more)


def counted(*findings):
    return causes(pl.concat(findings)).to_list()


def test_the_same_name_from_anywhere_is_one_cause():
    titles = [
        "app: sh -> curl -> pay.example (never seen: name given the program, 9.1 bits)",
        "web: python3 -> pay.example (rare: name given the program, 4 bits); 3 trees alike",
        "app: sh -> curl -> pay2.example (never seen: name given the program, 9.1 bits)",
    ]
    boxes = [finding(f"c{n}", title, f"w{n}", 60.0 * n) for n, title in enumerate(titles)]
    assert counted(*boxes) == [0, 0, 1]


def test_a_rule_that_is_wrong_everywhere_is_one_cause():
    one = finding("a", "Reverse shell (rule by x) and 3 more", "w", 0)
    two = finding("b", "Reverse shell (rule by x)", "v", 600)
    assert counted(one, two) == [0, 0]
    keys = pl.concat([one, two]).select(key_of()).to_series().to_list()
    assert keys == ["Reverse shell", "Reverse shell"]


def test_one_feature_of_one_workload_is_one_cause():
    same = [finding("a", "x", "w", 0, "T", "files.bits"), finding("a", "y", "w", 300, "U", "files.bits")]
    assert counted(*same) == [0, 0]
    other = finding("b", "z", "v", 600, "V", "files.bits")
    assert counted(*same, other) == [0, 0, 1]


def test_a_roll_out_is_one_cause_and_a_busy_container_is_not():
    late = ROLL_OUT.total_seconds() / 60
    replicas = [finding(f"c{n}", f"k{n}", "w", 0.9 * late * n) for n in range(3)]
    assert counted(*replicas) == [0, 0, 0], "a chain within the time"
    apart = [finding(f"c{n}", f"k{n}", "w", 1.1 * late * n) for n in range(3)]
    assert counted(*apart) == [0, 1, 2]
    alone = [finding("c0", f"k{n}", "w", 6.0 * n) for n in range(3)]
    assert counted(*alone) == [0, 1, 2], "one container rolls nothing out"
    unknown = [finding(f"c{n}", f"k{n}", None, float(n)) for n in range(3)]
    assert counted(*unknown) == [0, 1, 2], "containers of unknown workloads have nothing in common"


def test_one_unit_is_one_cause_however_much_it_tells():
    two = [finding("c0", "x", "w", 1.0, "T"), finding("c0", "y", "w", 2.0, "U")]
    assert counted(*two) == [0, 0]
    assert counted(two[0], finding("c0", "y", "w", 6.0, "U")) == [0, 1], "another five minutes"


def test_bare_findings_are_causes_of_their_own():
    bare = pl.concat([make_finding("c0", first=n, type=None, title=None) for n in (0, 9)])
    assert causes(bare).to_list() == [0, 1]
    assert causes(empty(FINDINGS)).len() == 0


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["k", "l -> m", None, "x: q (1)", "\0", "(((", "-> "]),
            st.sampled_from(["w", "v", None]),
            st.integers(0, 60),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
@pytest.mark.filterwarnings("error")
def test_order_does_not_matter_and_codes_are_dense(rows, random):
    frame = pl.concat([finding(box, title, workload, minute) for box, title, workload, minute in rows])
    codes = causes(frame).to_numpy()
    assert set(codes) == set(range(codes.max() + 1)) and codes.max() < len(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = causes(frame[order]).to_numpy()
    alike = codes[order][:, None] == codes[order][None, :]
    assert (alike == (shuffled[:, None] == shuffled[None, :])).all()
    assert np.all(codes >= 0)
