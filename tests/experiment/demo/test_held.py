"""The ledger of the small recording, held by its hash.

A change of structure must not change a number. A change that means to change one says so in its
commit and writes the new hash here: run the test, it prints the hash.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from rtml.experiment import Outcome

HELD = "467cf9c817bb6a67"


def rounded(value: Any) -> Any:
    """Nine digits: the last bits of a float may differ between processors."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


def test_the_ledger_is_the_one_that_is_held(demo: Outcome):
    ledger = rounded(json.loads((demo.out / "ledger.json").read_text("utf-8")))
    text = json.dumps(ledger, sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == HELD
