"""``rtml baseline diff``: what one baseline has seen that another has not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.baseline_options import Workloads
from rtml.commands.output import console, print_json
from rtml.errors import RtmlError, UsageError
from rtml.text import visible

if TYPE_CHECKING:
    import polars as pl

    from rtml.baselines import Baseline

__all__ = ["diff_baselines"]


def diff_baselines(
    old: Annotated[
        str, typer.Argument(metavar="A", help="Older baseline (or a model).", callback=arguments.baseline)
    ],
    new: Annotated[
        str | None,
        typer.Argument(metavar="B", help="Newer baseline (or a model).", callback=arguments.baseline),
    ] = None,
    workload: Workloads = None,
    images: Annotated[
        tuple[str, str] | None,
        typer.Option("--images", help="Two images (OLD NEW) of one baseline instead of A and B."),
    ] = None,
    gone: Annotated[bool, typer.Option("--gone", help="What A did and B did not.")] = False,
    top: Annotated[
        int, typer.Option("--top", help="Lines per workload; 0: all, also those of new programs.", min=0)
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output, all of it.")] = False,
) -> None:
    """Say what is new: `rtml baseline diff A B --workload web`.

    Sorted by how many containers show it. What a new program did is counted behind it; `--top 0`
    lists it. `--images web:1 web:2` compares two versions inside one baseline, `--gone` asks the
    other way. Where A itself expected something new (it was not mature), the line says how much.
    """
    before, after = _sides(old, new, images)
    if gone:
        before, after = after, before
    from rtml.baselines.groups import containers_of
    from rtml.profiles.diff import diff, groups_only_in

    names = _known(workload or [], before, after)
    table, alone, lost = diff(before, after), groups_only_in(after, before), groups_only_in(before, after)
    table, alone, lost = (_only(part, names) for part in (table, alone, lost))
    if as_json:
        only = {"only_before": lost.to_dicts(), "only_after": alone.to_dicts()}
        print_json({"gone" if gone else "new": table.to_dicts(), **only})
        return
    whole = set(alone["group"]) - set(names)  # told in one line, unless it was asked for
    shared = [group for group in containers_of(after)["group"] if group not in whole and _asked(group, names)]
    for line in _lines(table, shared, "gone" if gone else "new", top):
        console.print(visible(line, 1000), markup=False, soft_wrap=True)
    for group in lost["group"] if names else ():
        console.print(visible(f"{group}: only the other side knows it", 1000), markup=False, soft_wrap=True)
    for row in [row for row in alone.to_dicts() if row["group"] in whole]:
        said = "not seen any more" if gone else "a new workload, nothing to compare with"
        text = f"{row['group']}: {said} ({row['containers']} containers, {row['events']:,} events)"
        console.print(visible(text, 1000), markup=False, soft_wrap=True)


def _sides(old: str, new: str | None, images: tuple[str, str] | None) -> tuple[Baseline, Baseline]:
    if (new is None) == (images is None):
        raise UsageError("give two baselines A B, or one baseline and --images OLD NEW")
    from rtml.commands.baseline_places import learnt_baseline

    first = learnt_baseline(old)
    if images is None:
        return first, learnt_baseline(str(new))
    from rtml.baselines.groups import of_image

    before, after = (of_image(first, image) for image in images)
    if before.counts.equals(after.counts):
        raise RtmlError(f"{images[0]} and {images[1]} are one image here")
    return before, after


def _known(names: list[str], *sides: Baseline) -> list[str]:
    """Check that every workload asked for is known to one of the sides."""
    from rtml.baselines import merge
    from rtml.baselines.groups import of_groups

    of_groups(merge(*sides), names)
    return names


def _asked(group: str, names: list[str]) -> bool:
    return not names or group in names


def _only(table: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    return table.filter(table["group"].is_in(names)) if names else table


def _lines(table: pl.DataFrame, groups: list[str], word: str, top: int) -> Iterator[str]:
    """Yield the lines of every workload; one that shows no difference says so."""
    for group in groups:
        rows = table.filter(table["group"] == group).to_dicts()
        shown = [row for row in rows if top == 0 or not row["by_new_program"]]
        if not rows:
            yield f"{group}: nothing {word}"
        for row in shown[: top or None]:
            yield _line(row, rows, word, told=top == 0)
        if top and len(shown) > top:
            yield f"{group}: … and {len(shown) - top:,} more (--top 0 lists all)"


def _line(row: dict[str, Any], rows: list[dict[str, Any]], word: str, told: bool) -> str:
    from rtml.baselines.maturity import MATURE
    from rtml.features.binaries import PROGRAMS
    from rtml.profiles.wording import phrase

    text = f"{row['group']}: {word} {phrase(row['family'], row['given'], row['key'])}"
    text += f" ({row['containers']} of {row['of']} containers, {row['count']:,}×)"
    if row["family"] == PROGRAMS.name and not told:
        done = sum(other["by_new_program"] and other["given"] == row["key"] for other in rows)
        text += f" · and {done} things that it did" if done else ""
    before = row["unseen_before"]
    if before is None:
        return text + " · before: none of this kind"
    return text + (f" · before: up to {before:.0%} new" if before > MATURE else "")
