"""Fields of Falco's JSON that are mapped, as ``deploy/falco-rtml.yaml`` asks for them; alerts have some."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FIELDS", "FLAT", "WITHOUT_DOTS"]

_OUTPUT = """
evt.time evt.time.iso8601 evt.type evt.num evt.dir evt.rawres evt.res evt.args evt.is_open_write
proc.pid proc.ppid proc.vpid proc.pid.ts proc.ppid.ts proc.name proc.exepath proc.exe proc.cmdline proc.cwd
proc.tty proc.pname proc.pexepath proc.pcmdline proc.is_exe_from_memfd user.uid thread.tid
container.full_id container.id container.name container.image.repository container.image.tag
container.image.digest container.image container.start_ts k8s.ns.name k8s.pod.name
fd.name fd.type fd.sip fd.sport fd.cip fd.cport fd.lip fd.lport fd.rip fd.rport fd.l4proto
fs.path.name fs.path.source fs.path.target evt.arg.flags evt.arg.mode evt.arg.request
ka.verb ka.user.name ka.target.namespace jevt.time
n_drops n_evts scap.n_drops falco.start_ts falco.version
""".split()

_TOP = ("rule", "priority", "source", "hostname", "time")
FLAT = ("container_id", "evt_type", "proc_name")
"""Fields of which one at least is there if Falcosidekick was told to write names without dots."""


def _fields(written: Callable[[str], str], flat: str) -> dict[str, str]:
    return {
        **{name: name for name in _TOP},
        **{name: f"output_fields/{written(name)}" for name in _OUTPUT},
        **{f"flat.{name}": flat.format(name) for name in FLAT},
    }


FIELDS = _fields(str, "output_fields/{}")
"""Column, which is Falco's own name of the field, to where it stands."""
WITHOUT_DOTS = _fields(lambda name: name.replace(".", "_"), "no_fields/{}")
"""The same where a collector's names hold no dots."""
