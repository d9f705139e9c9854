"""What the scoring job prints when it is done, and what it would do."""

from __future__ import annotations

from collections.abc import Mapping

from rtml.commands.output import console
from rtml.commands.progress_facts import amount, duration
from rtml.job.planned import Planned
from rtml.job.running import Ran
from rtml.numbers import plural
from rtml.schema import COMBINED
from rtml.text import visible

__all__ = ["print_done", "print_plan"]


def print_done(out: str, ran: Ran) -> None:
    """Print what a run did, what its budgets promise, what was set aside."""
    done = ran.result
    new = plural(ran.new, "new capture") if ran.new else "nothing new"
    counts = " · ".join(plural(done[f"{noun}s"], noun) for noun in ("window", "alarm", "finding"))
    ruled = f" ({done['ruled']:,} of rules)" if "rules" in done else ""
    skipped = f"{plural(done['skipped'], 'window')} skipped (learnt from)"
    console.print(f"{visible(out, 200)}: {new} · {counts}{ruled} · {skipped}", markup=False)
    for reason in done.get("rules", {}).get("skipped", []):
        console.print(f"  left out: {visible(reason, 300)}", markup=False)
    for rule in done.get("suppressions", []):
        outcome = f"archived {rule['archived']:,}" if rule["active"] else "expired, archived none"
        console.print(f"  {visible(rule['name'])}: {outcome} of {rule['matched']:,}", markup=False)
    for line in _promised(done["budget"]):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    for sentence in done["drift"]:
        console.print(f"  drift: {visible(sentence, 200)}", markup=False)
    for sentence in done["remarks"]:
        console.print(f"  {visible(sentence, 300)}", markup=False)
    for fault in done["aside"]:
        where = fault.get("capture") or fault.get("day", "")
        part = f"/{fault['part']}" if fault.get("part") else ""
        console.print(
            f"  set aside: {visible(where + part, 200)}: {visible(fault['reason'], 300)}", markup=False
        )


def _promised(budget: Mapping[str, str]) -> list[str]:
    """Return what the thresholds promise: the combination's stands for those that it is made of.

    Examples
    --------
    >>> _promised({"combined": "1 a day", "surprise": "1 a day", "rarity": "1 a day"})
    ['combined: 1 a day (2 more detectors: score.json)']
    """
    if COMBINED in budget and len(budget) > 1:
        return [f"{COMBINED}: {budget[COMBINED]} ({len(budget) - 1} more detectors: score.json)"]
    return [f"{name}: {sentence}" for name, sentence in budget.items()]


def print_plan(plan: Planned) -> None:
    """Print what a run would do."""
    console.print(
        f"{plural(plan.new, 'new capture')} · {plural(len(plan.days), 'day')} to score · "
        f"{amount(plan.events, 'events')} in {plural(plan.shards, 'shard')} · about {duration(plan.seconds)}",
        markup=False,
    )
    for day, events in plan.days.items():
        console.print(f"  {day}: {amount(events, 'events')}", markup=False)
    for fault in plan.aside:
        console.print(
            f"  set aside: {visible(fault['capture'], 200)}: {visible(fault['reason'], 300)}", markup=False
        )
