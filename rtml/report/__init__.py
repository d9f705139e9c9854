"""What people see of a ledger: the page, its pictures, the terminal, and its files.

`write_report` makes one self-contained page, `ledger_view` the terminal's table, `write_ledger`
``ledger.json``, ``ledger.parquet``, `MEASURED` and `LAYER` (for the ATT&CK Navigator).
"""

from rtml.report.ledger_files import MEASURED, write_ledger
from rtml.report.measures_view import MeasuresView
from rtml.report.page import add_robustness, write_report
from rtml.report.pitfalls import LABELS_CLOSED, NO_FORESIGHT, SCORED_TWICE
from rtml.report.techniques import LAYER
from rtml.report.terminal import ledger_table, ledger_view

__all__ = [
    "LABELS_CLOSED",
    "LAYER",
    "MEASURED",
    "NO_FORESIGHT",
    "SCORED_TWICE",
    "MeasuresView",
    "add_robustness",
    "ledger_table",
    "ledger_view",
    "write_ledger",
    "write_report",
]
