"""From a rule of Falco to an event that makes it fire: values for the views that it tests."""

from __future__ import annotations

import random
from typing import Any

import polars as pl

from rtml.rules.language.columns import DERIVED, LISTS
from rtml.rules.language.contract import Rule
from rtml.rules.language.expressions import SEPARATOR, expression, prepare
from rtml.rules.language.inputs import blank
from rtml.rules.language.views import VIEWS
from tests.rules.witness import _value, _wish

TRIES = 80


def falco_witness(rule: Rule) -> dict[str, Any] | None:
    """Return values of the columns that the condition reads which make it true."""
    dice = random.Random(rule.id)
    types = {name: blank([name]).schema[name] for name in rule.columns}
    rows = []
    for _ in range(TRIES):
        wishes: list[tuple[str, str, Any]] = []
        _wish(rule.condition, dice, wishes)
        row: dict[str, Any] = dict.fromkeys(types)
        for column in sorted({column for column, _, _ in wishes}):
            _put(row, column, _value([(how, v) for name, how, v in wishes if name == column]))
        rows.append(row)
    plain = {name: [_typed(types[name], row[name]) for row in rows] for name in types}
    frame = pl.DataFrame([pl.Series(n, v, types[n], strict=False) for n, v in plain.items()])
    fired = prepare(frame, [rule.condition]).select(expression(rule.condition)).to_series()
    hits = fired.arg_true()
    return rows[hits[0]] if len(hits) else None


def _typed(dtype: pl.DataType, value: Any) -> Any:
    """Give a wish the column's type; any number is there where any text was wished."""
    if value is None or dtype == pl.String:
        return None if value is None else str(value)
    if dtype == pl.Boolean:
        return str(value).lower() == "true"
    return 1001 if isinstance(value, str) else int(value)


def _put(row: dict[str, Any], column: str, value: Any) -> None:
    """Set what a view is cut out of, so that the view comes out as wished."""
    text = str(value)
    if column in VIEWS:
        _view(row, column, text)
    elif column in DERIVED and DERIVED[column].dtype == pl.Boolean:
        row[column] = text == "true"
    elif row.get(column) is None or column in LISTS:
        row[column] = value


def _view(row: dict[str, Any], column: str, text: str) -> None:
    chain = (row.get("ancestors") or SEPARATOR.join(["/none"] * 8)).split(SEPARATOR)
    match column:
        case "proc_name":
            row["comm"] = text
        case "proc_exe":
            row["cmdline"] = text
        case "proc_args":
            row["cmdline"] = f"{row.get('comm') or 'x'} {text}"
        case "proc_cmdline":
            name, _, rest = text.partition(" ")
            row.update(comm=name, cmdline=f"{name} {rest}".rstrip(" "))
        case "proc_cwd":
            row["cwd"] = text
        case "parent_name" | "parent_exe":
            row["parent_image"] = text if text.startswith("/") else f"/{text}"
        case "ancestor_names":
            row["ancestors"] = f"/{text}"
        case "file_resolved":
            row["file"] = text.replace("//", "/x/") if text.startswith("/") else f"/x/{text}"
        case "file_folder":
            row["file"] = f"{text.rstrip('/')}/x"
        case "file_name":
            row["file"] = f"/x/{text}"
        case "image_repository":
            row["image"] = f"{text}:1"
        case "mode_names":
            row["mode"] = 0o7777
        case "ptrace_request":
            row["request"] = text.removeprefix("PTRACE_")
        case "creation_flags":
            row["flags"] = text
        case "tty_number":
            row["tty"] = "pts/0"
        case "fd_typechar" | "fd_family":
            row["fd_type"] = {"f": "file", "d": "directory", "6": "ipv6"}.get(text, "ipv4")
        case "fd_number" | "error_name":
            row["error"] = -2 if text.startswith(("-", "E")) else 0
        case "target_user":
            row["euid"] = 0
        case _ if column.startswith("ancestor_"):
            chain[int(column.rpartition("_")[2]) - 1] = f"/{text}"
            row["ancestors"] = SEPARATOR.join(chain)
