"""``rtml rules``: the rule baseline over a capture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands import amounts, arguments, names
from rtml.commands.archived import suppression_lines
from rtml.commands.destinations import print_destinations_only
from rtml.commands.output import console, print_json, print_table, write_parquet
from rtml.commands.progress import progress
from rtml.commands.rule_types import show_types
from rtml.commands.shared_options import Falco, Lists, Sigma, Suppress
from rtml.errors import UsageError
from rtml.text import visible

if TYPE_CHECKING:
    import polars as pl

    from rtml.captures import Capture
    from rtml.findings.suppression.archiving import Suppressed
    from rtml.rules.chosen import Chosen
    from rtml.rules.running.run import Ran

__all__ = ["rules"]

_MOST_REASONS = 4
_MOST_REJECTS = 20
_COLUMNS = ["level", "events", "hits", "gated", "containers", "suppressed", "title", "authors", "why_not"]


def rules(
    captures: Annotated[
        list[str] | None, typer.Argument(metavar="CAPTURE...", help="Captures.", callback=arguments.capture)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Parquet file of findings.")] = None,
    sigma: Sigma = None,
    falco: Falco = None,
    intel: Annotated[
        list[Path] | None,
        typer.Option(
            "--intel",
            help="Threat lists: a description, or 'test' (repeatable).",
            callback=arguments.intelligence,
        ),
    ] = None,
    reputation: Annotated[
        Path | None,
        typer.Option(
            "--reputation",
            help="Model of domain names, by `rtml reputation train`.",
            callback=arguments.existing,
        ),
    ] = None,
    suppress: Suppress = None,
    gate: Annotated[
        str,
        typer.Option(
            "--gate",
            help="Which hits of 14 gated types count: 'none' (all), 'ours'.",
            callback=arguments.one_of("gate", names.GATES),
        ),
    ] = "none",
    lists: Lists = None,
    pack: Annotated[
        str | None,
        typer.Option(
            "--pack", help="container, k8s-audit, or 'none'; default: what fits.", callback=arguments.pack
        ),
    ] = None,
    types: Annotated[
        bool, typer.Option("--types", help="Only list the finding types and what covers them.")
    ] = False,
    every: Annotated[
        str, typer.Option("--window", help="Length of a window of the scores.", callback=amounts.window)
    ] = "60s",
    every_rule: Annotated[bool, typer.Option("--all", help="Also rules without hits.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Run rules: `rtml rules CAPTURE --sigma rules/linux --out findings.parquet`.

    Falco's own files are given with `--falco`, in the order in which Falco would read them; threat
    lists with `--intel lists.yml`; lists that rules name (allowed users, images) with `--lists`; a
    model of domain names with `--reputation model`. Findings that `--suppress quiet.yml` means are
    archived beside `--out`.

    `--gate ours` lets only those hits of 14 finding types count that pass our gate (new for the
    workload or beside other hits, not an installer's work); both numbers are always shown.

    Beside `--out findings.parquet`, `scores.parquet` says of every window which level matched in it
    (beside `--out rules.parquet`, `rules.scores.parquet`): `rtml evaluate` ranks windows by it.

    A rule whose columns are all null in the capture could not match, which is said: it did not
    find nothing.
    """
    if types:
        show_types(_packs(pack), sigma or (), falco or (), as_json)
        return
    if not captures:
        raise UsageError("no capture: name one, or ask for --types")
    from rtml.rules.chosen import Chosen
    from rtml.rules.falco.first_match import with_first
    from rtml.rules.running.suppressed import with_suppressed

    chosen = Chosen(
        pack=_packs(pack),
        sigma=tuple(sigma or ()),
        falco=tuple(falco or ()),
        intel=tuple(intel or ()),
        reputation=reputation,
        gate=gate,
        lists=lists,
    )
    ran, done, none = _run(captures, chosen, pack is None, suppress, out, every)
    table = with_first(with_suppressed(ran, done.archived), ran.hits, ran.rules)
    table = table.sort(["hits", "rule"], descending=[True, False])
    if as_json:
        print_json({**_document(ran, done, table), "nameless": none})
        return
    _show(ran, done, table, every_rule)
    if none:
        console.print(f"! {none}", markup=False)
    print_destinations_only(captures)


def _run(
    captures: list[str], chosen: Chosen, fitting: bool, suppress: Path | None, out: Path | None, every: str
) -> tuple[Ran, Suppressed, str | None]:
    """Run rules, of the packs that fit the capture if none was named, archive, and write.

    The third is why nothing can match in a capture without containers.
    """
    from rtml.captures import open_captures
    from rtml.captures.notes import nameless
    from rtml.findings.context import with_context
    from rtml.findings.suppression.archiving import suppress as archive
    from rtml.findings.suppression.files import read_suppressions
    from rtml.rules.fitting import packs_for
    from rtml.rules.running.run import run_all

    suppressions = read_suppressions(suppress) if suppress is not None else []
    capture = open_captures(captures)
    if fitting:
        chosen = replace(chosen, pack=packs_for(capture.manifest))
    with progress("running rules"):
        ran = run_all(capture, chosen)
        findings = ran.findings()
        if out is not None:
            findings = with_context(findings, capture.events(), capture.processes(), capture.audit())
        done = archive(findings, suppressions)
        if out is not None:
            _write(out, done, _scores(ran, capture, every), suppressed=bool(suppressions))
    return ran, done, nameless(capture.manifest)


def _packs(pack: str | None) -> tuple[str, ...]:
    return () if pack == "none" else (pack or "container",)


def _scores(ran: Ran, capture: Capture, every: str) -> pl.DataFrame:
    """Score every observed window by what matched in it; suppressing changes findings, not scores."""
    import polars as pl

    from rtml import features
    from rtml.rules import RuleDetector
    from rtml.rules.running.scores import score_table

    windows = features.observed(capture, every)
    detector = RuleDetector(ran.rules, every)
    scored = windows.with_columns(score=pl.Series(detector.score(ran.hits, windows)))
    return score_table(detector.name, scored)


def _write(out: Path, done: Suppressed, scores: pl.DataFrame, *, suppressed: bool) -> None:
    from rtml.findings.beside import own_name
    from rtml.findings.suppression.archiving import archive_of

    write_parquet(done.kept, out)
    write_parquet(scores, own_name(out, "scores.parquet"))
    if suppressed:
        write_parquet(done.archived, archive_of(out))


def _document(ran: Ran, done: Suppressed, table: pl.DataFrame) -> dict[str, Any]:
    return {
        "rules": table.to_dicts(),
        "findings": done.kept.height,
        "skipped": [vars(rule) for rule in ran.skipped],
        "silenced": ran.silenced.to_dicts(),
        "archived": done.archived.height,
        "suppressions": done.account.to_dicts(),
        "rejects": ran.rejects.to_dicts(),
    }


def _why_silent(table: pl.DataFrame) -> str | None:
    """Say why rules could not match, the commonest reasons first; `--all` lists every rule with its own."""
    reasons = table.filter(~table["could_match"])["why_not"].drop_nulls().value_counts(sort=True, name="n")
    rows = reasons.sort("n", "why_not", descending=[True, False]).head(_MOST_REASONS).rows()
    return "; ".join(f"{count} x {reason}" for reason, count in rows) or None


def _show(ran: Ran, done: Suppressed, table: pl.DataFrame, every_rule: bool) -> None:
    shown = table if every_rule else table.filter((table["hits"] > 0) | (table["suppressed"] > 0))
    if shown.height:
        print_table("", _COLUMNS, shown.select(_COLUMNS).rows())
    silent = table.filter(~table["could_match"]).height
    console.print(
        f"{table.height} rules · {silent} could not match here · {len(ran.skipped)} skipped ·"
        f" {done.kept.height:,} findings",
        markup=False,
    )
    from rtml.rules.falco.first_match import first_line

    lines = [
        _why_silent(table),
        first_line(table),
        *(f"skipped {rule.file}: {rule.reason}" for rule in ran.skipped),
    ]
    lines += [
        f"silenced {row['events']:,} events of {row['rule']} ({row['by']})" for row in ran.silenced.to_dicts()
    ]
    lines += [
        f"refused {row['file']}:{row['line']}: {row['reason']}: {row['text']}"
        for row in ran.rejects.head(_MOST_REJECTS).to_dicts()
    ]
    if ran.rejects.height > _MOST_REJECTS:
        lines.append(f"refused {ran.rejects.height - _MOST_REJECTS:,} lines more (--json has all)")
    for line in filter(None, [*lines, *suppression_lines(done)]):
        console.print(f"  {visible(line, 500)}", markup=False)
