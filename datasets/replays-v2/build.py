"""Make this dataset from its recordings, and all that is counted on them.

`python datasets/replays-v2/build.py TRAIN CALIBRATE TEST`: folders that `rtml replay record` made, in this
order; the later ones may be missing as long as they are not recorded. Writes ``capture/``, ``labels.parquet``
and ``sittings.json`` here, the numbers of ``README.md``, and where calibration and test begin into
``experiments/demo-v2.yml``. `--out FOLDER` makes a trial elsewhere and changes nothing here.
"""

import argparse
import sys
from pathlib import Path

from rtml.reading.json_text import json_of
from rtml.replays.borders import edges_of, write_edges
from rtml.replays.card import card_of, fill_card
from rtml.replays.shipping import SITTINGS, ship

HERE = Path(__file__).parent
EXPERIMENT = HERE.parents[1] / "experiments" / "demo-v2.yml"
MOST = 90e6


def build(recordings: list[Path], out: Path) -> None:
    """Make the data set, say what it holds, and refuse one that is too large to ship."""
    ship(dict(zip(SITTINGS, recordings, strict=False)), out)
    edges = edges_of(json_of((out / "sittings.json").read_bytes()))
    if out == HERE:
        fill_card(HERE)
        write_edges(EXPERIMENT, edges)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    sys.stdout.write(f"{card_of(out)}\n{edges}\n{size / 1e6:.1f} MB\n")
    if size > MOST:
        raise SystemExit(f"{out}: {size / 1e6:.1f} MB, more than {MOST / 1e6:.0f}")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("recordings", nargs="+", type=Path)
    asked.add_argument("--out", type=Path, default=HERE)
    told = asked.parse_args()
    build(told.recordings, told.out)
