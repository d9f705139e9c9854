"""Make this dataset from three recordings: `python datasets/replays-v1/build.py FOLDER`.

FOLDER holds ``train``, ``calibrate`` and ``test``, each made by `rtml replay record`. The files that are
here were made before labels had grade and entry.
"""

import sys
from pathlib import Path

from rtml.replays.shipping import SITTINGS, ship

if __name__ == "__main__":
    ship({name: Path(sys.argv[1]) / name for name in SITTINGS}, Path(__file__).parent)
