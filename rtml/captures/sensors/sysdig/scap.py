r"""Captures of system calls (``.scap``): told by their blocks, read by an installed ``sysdig`` or ``falco``.

A capture is a file of blocks as pcapng has them, whose second block is one of scap's own. What is in it
depends on the kernel and the tool that wrote it; the tools of its makers know all of them, so one of them is
run, and what it prints is read as any other output of it.

References
----------
https://github.com/falcosecurity/libs/blob/master/userspace/libscap/scap_savefile.h
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.sensors.contract import NothingReadError, Reading
from rtml.captures.sensors.sysdig.running import run
from rtml.errors import RtmlError
from rtml.reading.content import first_bytes, opened
from rtml.reading.unpacking import GZIP, LONGEST_MAGIC
from rtml.schema import REJECTS

__all__ = ["FIELDS", "is_scap", "is_scap_file", "read_scap"]

_SECTION = b"\x0a\x0d\x0d\x0a"
_ORDERS = {b"\x4d\x3c\x2b\x1a": "little", b"\x1a\x2b\x3c\x4d": "big"}


FIELDS = """
evt.num evt.rawtime evt.dir evt.type evt.args evt.rawres evt.is_open_write evt.arg.flags evt.arg.mode
evt.arg.request thread.tid proc.pid proc.ppid proc.vpid proc.pid.ts proc.ppid.ts proc.name proc.exepath
proc.exe proc.cmdline proc.cwd proc.tty proc.pname proc.pexepath proc.pcmdline proc.is_exe_from_memfd user.uid
container.id container.name container.image.repository container.image.tag container.image.digest k8s.ns.name
k8s.pod.name fd.name fd.type fd.cip fd.cport fd.sip fd.sport fd.lip fd.lport fd.rip fd.rport fd.l4proto
fs.path.name fs.path.source fs.path.target
""".split()
"""What is asked of the tool, every field that is read."""

_OF_ALL_VERSIONS = """
evt.num evt.rawtime evt.type evt.args evt.rawres thread.tid proc.pid proc.ppid proc.vpid proc.name proc.exe
proc.cmdline proc.cwd user.uid container.id container.name fd.name fd.type fd.cip fd.cport fd.sip fd.sport
fd.l4proto
""".split()
"""What is asked of one that does not know them all."""

_RULE = """- rule: rtml
  desc: everything
  condition: evt.num >= 0
  output: "{output}"
  priority: DEBUG
"""

Command = Callable[[str, Path, Path], Sequence[str]]


def is_scap(head: bytes) -> bool:
    r"""Tell by its first bytes whether a file, unpacked, is a capture of system calls.

    Examples
    --------
    >>> section = b"\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a" + b"\1\0\2\0" + b"\xff" * 8 + b"\x1c\0\0\0"
    >>> is_scap(section + b"\1\2\0\0"), is_scap(section + b"\1\0\0\0"), is_scap(b"")
    (True, False, False)
    """
    order = _ORDERS.get(head[8:12])
    if not head.startswith(_SECTION) or order is None:
        return False
    size = int.from_bytes(head[4:8], order)  # type: ignore[arg-type]
    block = head[size : size + 4]
    return len(block) == 4 and 0x200 <= int.from_bytes(block, order) < 0x300  # type: ignore[arg-type]


def is_scap_file(path: Path) -> bool:
    """Tell whether a file is a capture; a pipe, which can be read once, is taken for none."""
    return path.is_file() and is_scap(first_bytes(path, 4096))


def read_scap(path: Path, read: Callable[[Path], Reading], read_alerts: Callable[[Path], Reading]) -> Reading:
    """Read a capture by the tool that is installed.

    Parameters
    ----------
    read, read_alerts
        What reads the output of sysdig, and of Falco.

    Raises
    ------
    RtmlError
        Neither tool is installed, or it prints no event: it fails, hangs, or the capture is empty.
    """
    ways = [("sysdig", _sysdig(FIELDS), read), ("falco", _falco, read_alerts)]
    ways.insert(1, ("sysdig", _sysdig(_OF_ALL_VERSIONS), read))
    installed = [(found, *way[1:]) for way in ways if (found := shutil.which(way[0])) is not None]
    if not installed:
        raise RtmlError(
            f"{path}: a capture of system calls (scap), which sysdig or falco reads: install one of them,"
            f" or run `sysdig -j -r {path.name}` where it is and import what it prints"
        )
    problem: str | None = None
    with tempfile.TemporaryDirectory(prefix="rtml-scap-") as place:
        file, printed = _plain(path, Path(place)), Path(place) / "printed" / path.name
        printed.parent.mkdir()
        for tool, command, reader in installed:
            problem = run(command(tool, file, Path(place)), printed)
            if any(line.startswith(b"{") for line in _first_lines(printed)):
                return _read(path, printed, reader, problem)
    tool = Path(installed[-1][0]).name
    raise RtmlError(f"{path}: {problem or f'{tool} finds no event in it: an empty capture'}")


def _sysdig(fields: Sequence[str]) -> Command:
    asked = "*" + " ".join(f"%{name}" for name in fields)
    return lambda tool, file, _: [tool, "-j", "-p", asked, "-r", str(file)]


def _falco(tool: str, file: Path, place: Path) -> Sequence[str]:
    rules = place / "rules.yaml"
    rules.write_text(_RULE.format(output=" ".join(f"%{name}" for name in _OF_ALL_VERSIONS)), "utf-8")
    settings = {
        "engine.kind": "replay",
        "engine.replay.capture_file": str(file),
        "json_output": "true",
        "json_include_output_fields_property": "true",
        "stdout_output.enabled": "true",
        "log_stderr": "true",
    }
    return [tool, "-r", str(rules), *(word for key in settings.items() for word in ("-o", "=".join(key)))]


def _plain(path: Path, place: Path) -> Path:
    """Return a file that the tools can open: they unpack gzip themselves, and nothing else."""
    with path.open("rb") as file:
        head = file.read(LONGEST_MAGIC)
    if head.startswith((_SECTION, GZIP)):
        return path.resolve()
    with opened(path) as (stream, _), (place / "plain").open("wb") as plain:
        shutil.copyfileobj(stream, plain, 1 << 20)
    return place / "plain"


def _first_lines(printed: Path) -> list[bytes]:
    with printed.open("rb") as file:
        return file.read(1 << 20).splitlines()


def _read(path: Path, printed: Path, read: Callable[[Path], Reading], problem: str | None) -> Reading:
    """Read what a tool printed; where it did not come to the end of the capture, that is a reject."""
    try:
        reading = read(printed)
    except NothingReadError as error:
        raise RtmlError(str(error).replace(str(printed), str(path))) from error
    if problem is None:
        return reading
    line = int(printed.read_bytes().count(b"\n")) + 1
    end = pl.DataFrame([(path.name, line, problem, "")], schema=REJECTS, orient="row")
    return replace(reading, rejects=pl.concat([reading.rejects, end]), records=reading.records + 1)
