"""The picture of the README: the headline table of ``make demo``, as SVG.

``python -m docsite.headline runs/…-demo`` draws it from the ledger of that run; without a run, from the
block of ``docs/quality.md`` that shows what was printed. A test holds that block and picture agree.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docsite.places import ROOT

__all__ = ["PAGE", "PICTURE", "Headline", "drawn", "headline_of", "headline_of_run"]

PAGE, PICTURE = ROOT / "docs/quality.md", ROOT / "docs/pictures/headline.svg"
_HEAD = re.compile(r"^found of (\d+) at +(.+)$", re.MULTILINE)
_CELL = re.compile(r"(\d+) / ([\d,]+)( !)?(?: \[\d+\])?")
_NAME, _WIDE, _HIGH, _TOP = 210, 132, 34, 66
_STYLE = """
text { font: 14px system-ui, 'Segoe UI', sans-serif; fill: #1f2328 }
.dim { fill: #59636e } .small { font-size: 12px } .bold { font-weight: 700 }
.ground { fill: #ffffff } .back { fill: #eaeef2 } .held { fill: #4c8fd6 } .broken { fill: url(#broken) }
.stripe { stroke: #d08700 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .dim { fill: #9198a1 } .ground { fill: #0d1117 }
  .back { fill: #2a313c } .held { fill: #316dca }
}
"""


@dataclass(frozen=True)
class Headline:
    """What was printed: number of attacks, budgets; of each side and budget found, false, whether it held."""

    attacks: int
    budgets: tuple[str, ...]
    sides: tuple[tuple[str, tuple[tuple[int, str, bool], ...]], ...]


def headline_of(printed: str) -> Headline:
    r"""Read the table that `rtml experiment run` prints.

    Examples
    --------
    >>> headline_of("found of 5 at   1 a day\nrules, tuned   3 / 1,2 ! [1]\n… said").sides
    (('rules, tuned', ((3, '1,2', False),)),)
    """
    head = _HEAD.search(printed)
    if head is None:
        raise SystemExit("no line 'found of N at …' here: what `make demo` prints is wanted")
    lines = printed[head.end() :].strip("\n").splitlines()
    sides = []
    for line in lines[: next((at for at, line in enumerate(lines) if line.startswith("…")), len(lines))]:
        cells = list(_CELL.finditer(line))
        row = tuple((int(cell[1]), cell[2], cell[3] is None) for cell in cells)
        sides.append((line[: cells[0].start()].strip(), row))
    return Headline(int(head[1]), tuple(re.split(r" {2,}", head[2].strip())), tuple(sides))


def headline_of_run(run: Path) -> Headline:
    """Read the same from the ledger that a run leaves behind."""
    ledger = json.loads((run / "ledger.json").read_text("utf-8"))
    rows = sorted(ledger["headline"], key=lambda row: row["asked"])
    budgets = tuple(f"{asked:g} a day" for asked in dict.fromkeys(row["asked"] for row in rows))
    sides = tuple(
        (
            name,
            tuple(
                (row["found"], f"{row['false']:,}", row["budget"] == "held")
                for row in rows
                if row["side"] == name
            ),
        )
        for name in dict.fromkeys(row["side"] for row in ledger["headline"])
    )
    return Headline(ledger["facts"]["counts"]["attacks"], budgets, sides)


def drawn(headline: Headline) -> str:
    """Return the picture: a bar for what was found, beside it the numbers; striped where the budget broke.

    Of sides that are joined only the recommended one is drawn, to be read in one look; the table has all.
    """
    sides = [side for side in headline.sides if " + " not in side[0] or side[0].endswith("+ combined")]
    wide = _NAME + _WIDE * len(headline.budgets) + 10
    high = _TOP + _HIGH * len(sides) + 34
    title = f"Attacks found of {headline.attacks} / false findings, at each budget per container-day"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}"'
        f' role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        '<defs><pattern id="broken" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)">'
        '<path class="stripe" d="M0 0V6" stroke-width="5"/></pattern></defs>',
        f'<rect width="{wide}" height="{high}" rx="6" class="ground"/>',
        f'<text x="10" y="24" class="bold">{escape(title)}</text>',
    ]
    for place, budget in enumerate(headline.budgets):
        parts.append(f'<text x="{_NAME + place * _WIDE}" y="52" class="dim small">{escape(budget)}</text>')
    for row, (name, cells) in enumerate(sides):
        y = _TOP + row * _HIGH
        bold = " bold" if name == "combined" else ""
        parts.append(f'<text x="10" y="{y + 17}" class="side{bold}">{escape(name)}</text>')
        parts += [_cell(place, y, cell, headline.attacks) for place, cell in enumerate(cells)]
    said = "striped, !: the budget was broken · one lab, attacks known in advance to those who wrote them"
    parts.append(f'<text x="10" y="{high - 12}" class="dim small">{escape(said)}</text></svg>')
    return "\n".join(parts) + "\n"


def _cell(place: int, y: int, cell: tuple[int, str, bool], attacks: int) -> str:
    found, false, held = cell
    x, most = _NAME + place * _WIDE, _WIDE - 20
    bar = f'<rect x="{x}" y="{y + 21}" width="{{}}" height="5" rx="2" class="{{}}"/>'
    filled = bar.format(round(most * found / attacks, 1), "held" if held else "broken")
    words = f'{found} <tspan class="dim">/ {escape(false)}{"" if held else " !"}</tspan>'
    return f'<text x="{x}" y="{y + 16}">{words}</text>{bar.format(most, "back")}{filled}'


if __name__ == "__main__":
    read = headline_of_run(Path(sys.argv[1])) if len(sys.argv) > 1 else headline_of(PAGE.read_text("utf-8"))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(read), "utf-8")
