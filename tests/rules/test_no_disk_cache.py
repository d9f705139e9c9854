"""`diskcache` unpickles what lies in its folder (CVE-2025-69872): pySigma brings it, nothing loads it."""

from __future__ import annotations

import subprocess
import sys

RULES_AND_MLFLOW = """
import importlib, pkgutil, sys, warnings
warnings.simplefilter("ignore")
import rtml.rules, rtml.tracking
for room in (rtml.rules, rtml.tracking):
    for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
        importlib.import_module(module.name)
from rtml.rules.sigma.loading import load_pack
assert load_pack("container")[0]
from rtml.tracking.store import mlflow_here
mlflow_here().pyfunc
assert "sigma" in sys.modules and "mlflow" in sys.modules
sys.exit("diskcache was loaded" if "diskcache" in sys.modules else 0)
"""


def test_nothing_loads_the_disk_cache_that_pysigma_brings():
    done = subprocess.run(
        [sys.executable, "-c", RULES_AND_MLFLOW], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
