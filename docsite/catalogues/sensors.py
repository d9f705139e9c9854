"""Every sensor format: what it never reports, whether it can be followed, what stands for containers."""

from __future__ import annotations

from docsite.markdown import module_said, table
from rtml.captures.sensors import SENSORS, Sensor
from rtml.registered import SENSORS as PLACES

__all__ = ["sensors"]

_HEAD = """# Sensor formats

What `rtml capture import NAME` reads, and `auto` recognises. Generations, envelopes, whose word is taken
and what was tried on real files: [sensors](../sensors.md); rows of any other tool: `generic`, there too.
`blind` are kinds of events that the format can never hold: rules and features that need them say so (`rtml
capture coverage`).

"""


def sensors() -> str:
    """Return the page."""
    head = ("sensor", "what it is", "blind to", "names processes itself", "can be followed", "remarks")
    return _HEAD + table(head, (_row(name, sensor) for name, sensor in SENSORS.working()))


def _row(name: str, sensor: Sensor) -> tuple[str, ...]:
    remarks = [f"{sensor.instead} stand in the place of containers"] if sensor.instead else []
    remarks += [sensor.untimed] if sensor.untimed else []
    return (
        f"`{name}`",
        module_said(PLACES, name),
        ", ".join(f"`{kind}`" for kind in sorted(sensor.blind)) or "nothing by design",
        "yes" if sensor.identified else "",
        "yes" if sensor.lines else "",
        "; ".join(remarks),
    )
