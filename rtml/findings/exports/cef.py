r"""CEF, ArcSight's Common Event Format, version 0: one line per finding, as syslog carries it.

In the header ``\`` and ``|`` are escaped, in the extension ``\`` and ``=``; line ends do not occur in rows.
Custom strings carry what CEF has no key for, each with its label. References: ArcSight, *Implementing the
Common Event Format*, version 25.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import polars as pl

from rtml.findings.exports.contract import Export, Origin
from rtml.findings.exports.places import address_of
from rtml.findings.exports.rows import Row, given, instant_ms, rows_of
from rtml.findings.reasons import in_short
from rtml.text import basename
from rtml.version import VERSION

__all__ = ["CEF", "line"]

_CUSTOM = {
    "cs1": ("container", "container_id"),
    "cs2": ("image", "image"),
    "cs3": ("workload", "workload"),
    "cs4": ("namespace", "namespace"),
    "cs5": ("detector", "detector"),
}


def line(row: Row, origin: Origin) -> str:
    r"""Return one finding as a line.

    Examples
    --------
    >>> row = next(rows_of(pl.DataFrame({"title": ["a|b"], "type": ["X:Y/Z"], "cmdline": ["env A=1"]})))
    >>> line(row, Origin()).split("|")[4:6], r"sproc=env A\=1" in line(row, Origin())
    (['X:Y/Z', 'a\\'], True)
    """
    names = ("CEF:0", "rtml", "rtml", VERSION, row["type"], row["title"], str(int(row["severity"])))
    header = "|".join([names[0], *(_header(name) for name in names[1:])])
    told = " ".join(f"{key}={_value(value)}" for key, value in _extension(row).items())
    return f"{header}|{told}"


def _extension(row: Row) -> dict[str, Any]:
    file = row["files"][0] if row["files"] else row["exe"]
    custom = {
        key: value
        for slot, (label, name) in _CUSTOM.items()
        if row[name]
        for key, value in ((f"{slot}Label", label), (slot, row[name]))
    }
    return {
        **given(
            externalId=row["finding_id"],
            rt=instant_ms(row["last_seen"]),
            start=instant_ms(row["first_seen"]),
            end=instant_ms(row["last_seen"]),
            cnt=row["count"],
            cat="anomaly" if row["model"] else "rule",
            dvchost=row["host"],
            suser=row["user"] or row["actor"],
            sproc=row["cmdline"] or row["exe"],
            spid=row["pid"],
            filePath=file,
            fname=basename(file) if file else None,
            fileHash=row["exe_sha256"],
            msg=_message(row),
            **_destination(row),
        ),
        **custom,
        **given(cs6Label="techniques" if row["techniques"] else None, cs6=",".join(row["techniques"])),
    }


def _message(row: Row) -> str:
    sample = "[SAMPLE] " if row["sample"] else ""
    return f"{sample}{in_short(row) or row['output'] or row['title']}. {row['advice'].check}"


def _destination(row: Row) -> dict[str, Any]:
    """Return the first destination; CEF has one key for addresses of version 4 and a custom one for 6."""
    place = address_of(row)
    if place is None:
        return {}
    if ipaddress.ip_address(place.address).version == 4:
        return given(dst=place.address, dpt=place.port)
    return given(c6a3=place.address, c6a3Label="Destination IPv6 Address", dpt=place.port)


def _header(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _value(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("=", "\\=")


def _write(findings: pl.DataFrame, origin: Origin) -> bytes:
    return "".join(f"{line(row, origin)}\n" for row in rows_of(findings)).encode()


CEF = Export("cef", ".cef", _write)
