"""Attributes of OCSF that are mapped, of all versions from 1.0.0-rc.2 to 1.8: where each may stand."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records import JSON

__all__ = ["FIELDS", "PLACES"]

PLACES = (
    "container",
    "process/container",
    "actor/process/container",
    "device/container",
    "src_endpoint/container",
)
"""Where the container profile puts a container, the first that has one counts."""

_TOP = """
class_uid class_name activity_id activity_name time time_dt start_time end_time count status_id status_code
disposition_id exit_code injection_type rcode rcode_id
metadata/version metadata/product/name metadata/product/vendor_name
cloud/account_uid cloud/account/uid cloud/region
device/hostname device/name device/uid device/instance_uid device/ip
file/path file/name file_result/path file_result/name file_diff open_mask
module/file/path module/file/name driver/file/path driver/file/name
query/hostname query/type
connection_info/protocol_name connection_info/protocol_num connection_info/direction_id
connection_info/tcp_flags traffic/bytes traffic/bytes_in traffic/bytes_out
actor/user/uid
""".split()
_PROCESS = """
pid name cmd_line created_time created_time_dt working_directory path file/path file/name user/uid
""".split()
_PARENT = "pid name cmd_line created_time created_time_dt path file/path".split()
_ENDPOINT = "ip port hostname domain interface_uid instance_uid vpc_uid name".split()
_CONTAINER = "uid name image/name image/tag image/uid hash/value hash".split()

FIELDS: dict[str, str | tuple[str, pl.DataType]] = {
    **{name: name for name in _TOP},
    **{f"{p}/{name}": f"{p}/{name}" for p in ("process", "actor/process") for name in _PROCESS},
    **{
        f"{p}/parent_process/{name}": f"{p}/parent_process/{name}"
        for p in ("process", "actor/process")
        for name in _PARENT
    },
    **{f"{e}/{name}": f"{e}/{name}" for e in ("src_endpoint", "dst_endpoint") for name in _ENDPOINT},
    **{f"{c}/{name}": f"{c}/{name}" for c in PLACES for name in _CONTAINER if not name.startswith("hash")},
    **{f"{c}/labels": (f"{c}/labels", JSON) for c in PLACES},
    "answers": ("answers", pl.List(pl.Struct({"rdata": pl.String()}))),
    "hashes": (
        "process/file/hashes",
        pl.List(pl.Struct({"algorithm_id": pl.String(), "value": pl.String()})),
    ),
}
"""Column, which is the attribute's path in OCSF, to where it stands."""

_ABOUT = ("metadata/", "cloud/")
NESTED = tuple(name for name in FIELDS if "/" in name and not name.startswith(_ABOUT))
"""Columns of which a record that is nested has some."""

DOTTED = {
    name: field if name.startswith("metadata/") or not isinstance(field, str) else field.replace("/", ".")
    for name, field in FIELDS.items()
}
"""The same of records that were made flat: only what describes the record itself stays nested there."""
