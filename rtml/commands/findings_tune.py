"""``rtml findings tune``: fewer false findings, and what each way would cost."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rtml.commands import arguments
from rtml.commands.output import console, print_json, print_table
from rtml.commands.progress import progress

if TYPE_CHECKING:
    import polars as pl

    from rtml.evaluation.matching import Matched
    from rtml.findings.tuning import Proposal

__all__ = ["tune_findings"]

_DAYS = 90
_FILES = {
    "suppression": "suppressions.yml",
    "falco": "falco-exceptions.yml",
    "tetragon": "tetragon-denylist.jsonl",
}


def tune_findings(
    file: Annotated[Path, typer.Argument(metavar="FINDINGS", help="Findings.", callback=arguments.existing)],
    labels: Annotated[Path, typer.Option("--labels", help="Labels of attacks.", callback=arguments.existing)],
    capture: Annotated[
        str, typer.Option("--capture", help="The capture that both are of.", callback=arguments.capture)
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="New folder for what costs no attack.", callback=arguments.new),
    ] = None,
    owner: Annotated[str, typer.Option("--owner", help="Who answers for suppressions.")] = "nobody yet",
    top: Annotated[int, typer.Option("--top", min=1, help="Proposals to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable output.")] = False,
) -> None:
    """Propose tuning with its price: `rtml findings tune f.parquet --labels L --capture C --out tuned`.

    Exceptions of Falco rules, deny filters of Tetragon's export and suppressions, each for one program in
    one place. The price is that on these labels: false units saved (container x 5 minutes x process tree),
    attacks lost. Labels that it was tuned on cannot judge the result; the look is counted beside them.
    """
    from rtml.findings.tuning import propose

    with progress("tuning"):
        findings, matched, strange = _judged(file, labels, capture)
        rows = range(findings.height)
        charged = set(matched.claims.filter(outcome="false")["finding"])
        false = _mask([row in charged for row in rows])
        proposals = propose(findings, false, lambda stays: _cost(matched, stays), top)
    free = [one for one in proposals if one.free and one.saved]
    everything = _together(findings, free, matched)
    if out is not None:
        _write(out, free, owner)
    if as_json:
        facts = [{**vars(one), "lost": list(one.lost)} for one in proposals]
        print_json(
            {"false": matched.false, "attacks": len(_found(matched)), **everything}
            | {"not_judged": strange, "proposals": facts}
        )
        return
    _show(proposals, matched, everything)
    for note in strange:
        console.print(note, markup=False)
    if out is not None:
        console.print(f"{out}: {len(free)} that cost no attack", markup=False)


def _judged(file: Path, labels: Path, place: str) -> tuple[pl.DataFrame, Matched, list[str]]:
    """Read findings under the capture's ids, fill them, and match them with the labels; say of which not."""
    from rtml.captures import open_captures
    from rtml.evaluation import Side
    from rtml.evaluation.activity import activity
    from rtml.evaluation.evidence import evidence_processes
    from rtml.evaluation.incoming import account
    from rtml.evaluation.matching import match
    from rtml.evaluation.naming import in_the_capture
    from rtml.experiment.labelled import labels_of
    from rtml.experiment.looks import look
    from rtml.findings.context import with_context
    from rtml.findings.reading import read_findings

    capture = open_captures([place])
    known = capture.containers()["container_id"]
    sides, _ = in_the_capture([Side("", "rules", read_findings(file))], known)
    strange = account(sides[0].findings, str(file), known, known, [], None)
    findings = with_context(sides[0].findings, capture.events(), capture.processes(), capture.audit())
    attacks, _ = labels_of(capture, labels)
    look(labels, hashlib.sha256(file.read_bytes()).hexdigest()[:12])
    processes = capture.processes().collect()
    shown = evidence_processes([findings], capture.events())
    active = activity(capture.events(), processes)
    return findings, match(findings, attacks, processes, shown, active=active), strange


def _mask(values: Sequence[bool]) -> pl.Series:
    import polars as pl

    return pl.Series(values, dtype=pl.Boolean)


def _found(matched: Matched) -> frozenset[str]:
    return frozenset(matched.hits["attack_id"])


def _cost(matched: Matched, stays: pl.Series) -> tuple[int, frozenset[str]]:
    """Return false units and attacks found of the findings that stay."""
    left = matched.only(stays.arg_true().cast(matched.claims.schema["finding"]))
    return left.false, _found(left)


def _together(findings: pl.DataFrame, free: Sequence[Proposal], matched: Matched) -> dict[str, int]:
    """Price all suppressions that cost nothing alone as one: together they may lose what each spared."""
    from rtml.findings.tuning import silenced

    stays = ~silenced(findings, free)
    false, attacks = _cost(matched, stays)
    return {"saved_together": matched.false - false, "lost_together": len(_found(matched) - attacks)}


def _show(proposals: Sequence[Proposal], matched: Matched, together: dict[str, int]) -> None:
    rows = [
        (one.kind, one.saved, f"{len(one.lost)} {', '.join(one.lost[:3])}".strip(), json.dumps(one.change))
        for one in proposals
    ]
    print_table(f"{matched.false:,} false units, {len(_found(matched)):,} attacks found", _COLUMNS, rows)
    console.print(
        f"all suppressions that cost no attack, together: {together['saved_together']:,} false units saved,"
        f" {together['lost_together']:,} attacks lost (on these labels)",
        markup=False,
    )


_COLUMNS = ("kind", "false units saved", "attacks lost", "change")


def _write(out: Path, free: Sequence[Proposal], owner: str) -> None:
    """Write one file per kind into a new folder, whole or not at all."""
    from rtml.profiles.written import yaml_text
    from rtml.reading.whole import whole_folder

    by_kind: dict[str, list[Proposal]] = {kind: [one for one in free if one.kind == kind] for kind in _FILES}
    with whole_folder(out) as half:
        for kind, chosen in by_kind.items():
            about = [f"{one.saved} false units saved, {len(one.lost)} attacks lost" for one in chosen]
            if kind == "tetragon":
                text = "".join(f"{json.dumps(one.change)}\n" for one in chosen)
            else:
                rows = [
                    one.change if kind == "falco" else _rule(one, owner, n) for n, one in enumerate(chosen, 1)
                ]
                text = yaml_text(
                    rows, ["Proposed by rtml findings tune; prices on its labels, in this order:", *about]
                )
            (half / _FILES[kind]).write_text(text, "utf-8", newline="\n")


def _rule(one: Proposal, owner: str, number: int) -> dict[str, Any]:
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=_DAYS)
    return {
        "name": f"tuned {number}: {one.change['type']}",
        "owner": owner,
        "reason": f"{one.saved} false units saved, {len(one.lost)} attacks lost on labelled replays",
        "expires": until,
        "where": one.change,
    }
