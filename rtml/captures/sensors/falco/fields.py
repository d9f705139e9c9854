"""Fields of Falco's JSON that are mapped, as ``deploy/falco-rtml.yaml`` asks for them; alerts have some."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FIELDS", "FLAT", "NESTED", "OBJECTS", "WITHOUT_DOTS"]

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
OBJECTS = ("container/id", "evt/type", "proc/name")
"""Fields of which one at least is there if names with dots have become objects in objects."""


def _fields(written: Callable[[str], str], flat: str, objects: str) -> dict[str, str]:
    return {
        **{name: name for name in _TOP},
        **{name: f"output_fields/{written(name)}" for name in _OUTPUT},
        **{f"flat.{name}": flat.format(name) for name in FLAT},
        **{f"objects.{name}": objects.format(name) for name in OBJECTS},
    }


_OUT, _NONE = "output_fields/{}", "no_fields/{}"
FIELDS = _fields(str, _OUT, _OUT)
"""Column, which is Falco's own name of the field, to where it stands."""
WITHOUT_DOTS = _fields(lambda name: name.replace(".", "_"), _NONE, _OUT)
"""The same where a collector's names hold no dots."""
_TWICE = ("evt.time", "evt.time.iso8601", "proc.pid.ts", "proc.ppid.ts", "container.image")
"""Names of which one begins another: as objects in objects they cannot both be; times are cut there."""
NESTED = _fields(lambda name: f"no_fields/{name}" if name in _TWICE else name.replace(".", "/"), _NONE, _NONE)
"""The same as objects in objects, as Elastic's integration keeps them."""
