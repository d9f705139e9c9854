"""JSON records of any sensor: declare the fields and what they mean, all else is read here.

`format.Format` is what a sensor declares, `reading.read_records` reads a file of it. `values`, `moments`
and the small files beside them turn texts into what the event table holds.
"""

from __future__ import annotations

from rtml.captures.sensors.records.format import BESIDE, LOSS, PROBLEM, Format
from rtml.captures.sensors.records.reading import Part, parts, read_records
from rtml.captures.sensors.records.shapes import JSON

__all__ = ["BESIDE", "JSON", "LOSS", "PROBLEM", "Format", "Part", "parts", "read_records"]
