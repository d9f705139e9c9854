"""Many trials from few recordings: recorded attacks put into benign time of other containers.

A spliced trial is a recorded attack moved into a container that really ran, at a time when it
was really benign. It is made for tight intervals, not for new evidence: the attack's own events
are the same each time, only what surrounds them differs. So every label of a trial is marked
``spliced`` and reports say so.

Fails to be like the real thing where an attack changes what the container does afterwards (a
slower service, a stopped one), and where addresses of the containers differ: they are not changed.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

import polars as pl

from rtml.captures.manifest import Manifest
from rtml.captures.processes import BY_TIME
from rtml.captures.store import Capture
from rtml.errors import RtmlError, UsageError, lookup
from rtml.schema import conform
from rtml.splicing.peers import extents
from rtml.splicing.placing import choose
from rtml.splicing.recorded import Recorded, read_recorded
from rtml.splicing.rewriting import new_names, rewrite_events, rewrite_labels, rewrite_processes
from rtml.splicing.room import places_of_attacks, taken_time
from rtml.splicing.trial_table import trial_table
from rtml.splicing.variants import VARIANTS

__all__ = ["GAP", "Spliced", "splice", "with_trials"]

GAP = 60.0
"""Least seconds between a trial and any other attack in its container: one feature window."""


@dataclass(frozen=True)
class Spliced:
    """A capture with trials in it, in memory. ``left_out``: attacks without a trial, and why."""

    events: pl.DataFrame
    processes: pl.DataFrame
    labels: pl.DataFrame
    manifest: Manifest
    trials: dict[str, int]
    left_out: dict[str, str]


def splice(
    capture: Capture,
    labels: pl.DataFrame,
    trees: pl.DataFrame,
    *,
    trials: int,
    seed: int,
    gap: float = GAP,
    within: tuple[dt.datetime | None, dt.datetime | None] = (None, None),
    into: str = "peers",
    replicas: int = 1,
) -> Spliced:
    """Put ``trials`` recorded attacks into benign time of other containers of ``capture``.

    Parameters
    ----------
    capture
        Holds the attacks and the benign time; several as one: `rtml.captures.open_captures`.
    labels
        Schema `rtml.schema.LABELS`. Those that are spliced already are never spliced again.
    trees
        ``attack_id, process_id``: the processes of each attack
        (`rtml.evaluation.trees.attack_trees`).
    trials
        How many; each attack has about the same number.
    seed
        The same capture, labels and seed give the same bytes.
    gap
        Least seconds between two attacks in one container, also to the recorded ones.
    within
        Use only benign time from the first to before the second (null: no bound).
    into
        Which containers, see `rtml.splicing.variants.VARIANTS`: ``peers``, ``rollouts``, ``images``.
    replicas
        In how many containers each attack is put at once, some seconds apart. Each is a trial (trials that
        make no whole group are left away), and all of one recording count as one in every interval.

    Returns
    -------
    All that was in the capture, unchanged, and the trials. A trial of ``peers`` lies in a container of the
    same image, digest and workload as the recorded one; its root has the process there that corresponds
    to its recorded parent. Infrastructure, other attacks and time with lost events are never used. The
    ``name`` of a label says into what it was spliced.

    Raises
    ------
    UsageError
        ``trials`` or ``replicas`` is no positive number, ``gap`` is negative, or no variant is called so.
    RtmlError
        No attack can be spliced, or not all trials fit; the message says how many do.
    """
    if trials < 1:
        raise UsageError(f"trials is {trials}: at least 1 is wanted", argument="trials")
    if gap < 0:
        raise UsageError(f"gap is {gap:g} seconds: at least 0 is wanted", argument="gap")
    if not 1 <= replicas <= trials:
        raise UsageError(
            f"replicas is {replicas}: from 1 to the number of trials is wanted", argument="replicas"
        )
    variant = lookup(VARIANTS, into, "variant")
    of_service = pl.col("entry").is_in(["service", "rollout"]).fill_null(False)
    inside = labels.filter(of_service)["attack_id"].to_list()
    trees = trees.filter(~pl.col("attack_id").is_in(inside))
    recorded = read_recorded(capture, labels.filter(~pl.col("attack_id").is_in(inside)), trees)
    ends = extents(recorded.labels, recorded.own_events)
    places, left_out = places_of_attacks(capture, recorded, ends, within, variant)
    lengths: dict[str, int] = dict(ends.select("attack_id", "length").iter_rows())
    chosen = choose(
        {name: lengths[name] for name in places},
        places,
        taken_time(capture, labels, ends),
        trials,
        round(gap * 1e9),
        seed,
        replicas,
    )
    if len(chosen) < trials // replicas * replicas:
        raise RtmlError(_refusal(len(chosen), left_out, lengths, trials, replicas))
    left_out |= dict.fromkeys(inside, "it is in the service itself, which cannot be moved")
    left_out |= dict.fromkeys(places.keys() - {t.attack_id for t in chosen}, "no room for its length")
    told = variant.says if replicas == 1 else f"{variant.says or 'spliced'}, in {replicas} containers at once"
    table = trial_table(chosen, ends, recorded, capture.containers())
    return with_trials(capture, recorded, table, labels, left_out, told)


def _refusal(
    placed: int, left_out: dict[str, str], lengths: dict[str, int], trials: int, replicas: int
) -> str:
    if not placed:
        why = next(iter(left_out.values()), "there is no attack")
        if len(left_out) < len(lengths):
            shortest = min(lengths.values()) / 1e9
            why = f"no benign time is long enough (the shortest attack takes {shortest:.1f} s)"
            if replicas > 1:
                why = f"no attack has room in {replicas} containers at once; ask for fewer replicas"
        return f"nothing can be spliced: {why}; record more benign time of these workloads"
    return (
        f"only {placed} of {trials} trials fit into the benign time;"
        " ask for fewer trials, a smaller gap, or record more benign time"
    )


def with_trials(
    capture: Capture,
    recorded: Recorded,
    table: pl.DataFrame,
    labels: pl.DataFrame,
    left_out: dict[str, str],
    told: str = "",
) -> Spliced:
    """Return a capture with the trials of a table (`rtml.splicing.trial_table.trial_table`) in it.

    ``told`` is added to the names of the trials' labels.
    """
    base = recorded.events
    top = base.select(pl.max_horizontal(pl.col("pid").max(), pl.col("target_pid").max())).item()
    names = new_names(recorded.own_events, recorded.own_images, table, top or 0)
    first = int(base.select(pl.col("seq").max().fill_null(0)).item()) + 1
    trial_events = rewrite_events(recorded.own_events, table, names, first)
    images = rewrite_processes(recorded.own_images, table, names, trial_events)
    added = conform(trial_events)
    events = pl.concat([base, added]).sort("time", "seq", maintain_order=True)
    counts = table.group_by("attack_id").len().sort("attack_id")
    trials = rewrite_labels(recorded.labels, table, names[1])
    if told:
        trials = trials.with_columns(name=pl.format("{} ({})", pl.col("name").fill_null(""), pl.lit(told)))
    every = pl.concat([labels, trials])
    return Spliced(
        events=events,
        processes=pl.concat([recorded.images, images]).sort(BY_TIME),
        labels=every.sort("start", "attack_id"),
        manifest=_manifest(capture.manifest, added),
        trials={str(name): int(n) for name, n in counts.iter_rows()},
        left_out=left_out,
    )


def _manifest(old: Manifest, added: pl.DataFrame) -> Manifest:
    """Count what was added; everything else stays as it was."""
    kinds = Counter(old.kinds)
    kinds.update(added["kind"].cast(pl.String).to_list())
    more = Counter(added["container_id"].cast(pl.String).to_list())
    containers = [c.model_copy(update={"events": c.events + more[c.container_id]}) for c in old.containers]
    return old.model_copy(
        update={
            "events": old.events + added.height,
            "kinds": dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
            "containers": containers,
        }
    )
