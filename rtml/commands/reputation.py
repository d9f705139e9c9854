"""``rtml reputation train``: a model of domain names from lists that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress

__all__ = ["app"]

app = typer.Typer(help="Reputation of domain names.", no_args_is_help=True)
_COLUMNS = ["category", "family", "names", "auroc", "recall_1pct", "recall_01pct", "note"]


@app.callback()
def _group() -> None:
    """Keep ``train`` a command of its own while it is the only one."""


@app.command()
def train(
    benign: Annotated[
        list[Path],
        typer.Option("--benign", help="Names that are good (repeatable).", callback=arguments.existing),
    ],
    bad: Annotated[
        list[str],
        typer.Option(
            "--bad",
            help="category=FILE or category=FOLDER (repeatable); categories:"
            " abused, bitcoin, malicious, suspicious.",
            callback=arguments.bad_list,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="New folder of the model.", callback=arguments.new)],
    false_rate: Annotated[
        float, typer.Option("--false-rate", help="Share of good names that may be called bad.")
    ] = 0.001,
    seed: Annotated[int, typer.Option("--seed", help="Of the division into parts.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Train: `rtml reputation train --benign good.txt --bad malicious=dga/ --out model`.

    Files hold one name a line. Quality is measured on families that were held out (a family is what
    a file is called up to the first `_`, `-`, `.` or space), and on good names of other
    registered domains. `rtml rules CAPTURE --reputation model` uses the model.
    """
    from rtml.reading.whole import whole_folder
    from rtml.rules.reputation.lists import bad_files, read_names
    from rtml.rules.reputation.training import train as fit

    with progress("training"):
        names, digests = read_names(benign, bad_files(bad))
        model, quality = fit(names, digests, false_rate, seed)
        with whole_folder(out) as half:
            model.save(half)
    if as_json:
        print_json(model.card.model_dump())
        return
    shown = quality.with_columns(family=quality["family"].fill_null("(all)"))
    rows = [[_short(cell) for cell in row] for row in shown.select(_COLUMNS).rows()]
    print_table("on families and names that were held out", _COLUMNS, rows)
    for category, limit in model.card.thresholds.items():
        promise = (
            f"at most {limit.false_rate:.2%} of {limit.benign:,} held-out good names lie above"
            if limit.resolvable
            else f"above all of {limit.benign:,} good names, too few for {limit.false_rate:.2%}"
        )
        console.print(f"{category}: threshold {limit.value:.2f}, {promise}", markup=False)
    console.print(f"{out}: {len(model.card.thresholds)} categories", markup=False)


def _short(cell: object) -> object:
    return f"{cell:.3f}" if isinstance(cell, float) else cell
