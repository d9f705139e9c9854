"""Captures are made without pandas: it takes half a second to import, in every process that makes one."""

from __future__ import annotations

import subprocess
import sys


def test_process_images_are_made_without_pandas():
    code = (
        "import sys; from rtml.testing.events import busy; events, images = busy();"
        " assert images['ancestors'].list.len().sum(); sys.exit('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr or "pandas was imported"
