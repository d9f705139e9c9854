"""Fields of Inspektor Gadget that are mapped: in the new shape, and where older ones had them."""

from __future__ import annotations

import polars as pl

__all__ = ["FIELDS", "LISTS"]

_SAME = """
timestamp timestamp_raw type pid ppid pcomm tid uid comm task exepath cwd path fname filename fullpath file
mode mode_raw err error error_raw ret retval fd args mountnsid mntns_id mntns netns netns_id cgroupPath
saddr daddr sport dport addr port addr_raw proto proto_raw operation qr qr_raw qtype qtype_raw
srcIP srcPort dstIP dstPort protocol podIP pktType pkt_type pkt_type_raw
rcode rcode_raw name tpid target_pid sig signal sig_raw syscall cap cap_raw latency sent received
containerName containerId container node namespace pod gadget flags flags_raw
""".split()
_NESTED = """
proc/comm proc/pid proc/tid proc/mntns_id proc/creds/uid proc/parent/comm proc/parent/pid
k8s/node k8s/namespace k8s/podName k8s/containerName k8s/pod k8s/container
runtime/containerId runtime/containerName runtime/containerImageName runtime/containerImageDigest
src/addr src/port src/proto src/proto_raw dst/addr dst/port dst/proto dst/proto_raw
endpoint/addr endpoint/port nameserver/addr nameserver/port
""".split()

LISTS: dict[str, tuple[str, pl.DataType]] = {
    "flag_names": ("flags", pl.List(pl.String())),
    "words": ("args", pl.List(pl.String())),
    "addresses": ("addresses", pl.List(pl.String())),
}
"""Fields that some versions write as a list, some as a text or a number."""

FIELDS: dict[str, str | tuple[str, pl.DataType]] = {
    **{name: name for name in [*_SAME, *_NESTED] if name not in ("flags", "args")},
    **LISTS,
}
"""Column, which is the field's own path, to where it stands."""
