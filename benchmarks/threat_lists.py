"""Does a million entries slow the scan that ten do not? ``python -m benchmarks.threat_lists``.

Both sizes are scanned in one process, in turns; the best of three counts. Entries are made up: half
addresses and networks of both families, a quarter names, a quarter hashes.
"""

from __future__ import annotations

import hashlib
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

_SIZES = (10, 1_000_000)
_REPEAT = 3


def entry(number: int, dice: random.Random) -> str:
    """Return one made-up entry of the kind that its number says."""
    match number % 8:
        case 0 | 1:
            return ".".join(str(dice.randrange(1, 255)) for _ in range(4))
        case 2:
            return f"{dice.randrange(1, 224)}.{dice.randrange(256)}.{dice.randrange(256)}.0/24"
        case 3:
            return f"2001:db8:{dice.randrange(65536):x}:{dice.randrange(65536):x}::/64"
        case 4 | 5:
            return f"n{number}.z{dice.randrange(10**6)}.example"
        case _:
            return hashlib.sha256(str(number).encode()).hexdigest()


def describe(folder: Path, size: int) -> Path:
    """Write lists of so many entries and their description."""
    dice = random.Random(size)
    lines = [entry(number, dice) for number in range(size)]
    rows = []
    for name, category in (("net", "command-and-control"), ("file", "malicious-file")):
        mine = [line for line in lines if (len(line) == 64) == (name == "file")]
        (folder / f"{name}{size}.txt").write_text("\n".join(mine))
        rows.append(f"  - {{name: {name}{size}, file: {name}{size}.txt, category: {category}}}")
    description = folder / f"lists{size}.yml"
    description.write_text("lists:\n" + "\n".join(rows))
    return description


def timed(step: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that a step took, and what it returned."""
    start = time.perf_counter()
    result = step()
    return time.perf_counter() - start, result


def main(
    events: Annotated[float, typer.Option(help="events of the synthetic capture")] = 1e6,
    seed: Annotated[int, typer.Option(help="seed of the synthetic capture")] = 1,
) -> None:
    """Measure loading and scanning with ten and with a million entries."""
    from benchmarks.synthetic import write_synthetic
    from rtml.captures import open_capture
    from rtml.rules.intelligence import load_intelligence, match_lists
    from rtml.rules.running.evaluate import evaluate
    from rtml.rules.running.run import load_all

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_synthetic(folder / "capture", int(events), seed)
        capture = open_capture(folder / "capture")
        loads, lists = {}, {}
        for size in _SIZES:
            path = describe(folder, size)
            loads[size], lists[size] = timed(lambda path=path: load_intelligence([path]))
        scans: dict[int, list[float]] = {size: [] for size in _SIZES}
        for _ in range(_REPEAT):
            for size in _SIZES:
                scans[size].append(timed(lambda size=size: match_lists(capture, lists[size]))[0])
        rules, _ = load_all()
        pack = min(timed(lambda: evaluate(capture, rules))[0] for _ in range(_REPEAT))
    best = {size: min(seconds) for size, seconds in scans.items()}
    table = Table(title=f"threat lists over {int(events):,} events", title_justify="left")
    for name in ("entries", "load s", "scan s", "scan x ten", "pack + scan s", "x ten"):
        table.add_column(name, justify="right")
    for size in _SIZES:
        both, ten = pack + best[size], pack + best[_SIZES[0]]
        table.add_row(
            f"{size:,}",
            f"{loads[size]:.2f}",
            f"{best[size]:.2f}",
            f"{best[size] / best[_SIZES[0]]:.2f}",
            f"{both:.2f}",
            f"{both / ten:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
