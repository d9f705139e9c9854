"""What a watch says beside its findings: how it falls short of a batch over all events, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rtml import features
from rtml.captures import Manifest
from rtml.models.model import Model
from rtml.models.watching import drifting
from rtml.rules.language.contract import Rule, Skipped
from rtml.text import visible
from rtml.watching.clocks import Clocks
from rtml.watching.looking import Outcome

__all__ = ["Remarks"]

Say = Callable[[str], None]


@dataclass
class Remarks:
    """Says each thing once: ``counts`` are those that were told before, by what they count."""

    say: Say
    counts: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def begun(self, manifest: Manifest, model: Model | None) -> None:
        """Say what of the model the sensor cannot see."""
        blind = set(manifest.blind)
        families = features.families_of(model.description.families) if model is not None else {}
        for name, family in families.items():
            parts = family.conditionals
            dark = [one.name for one in parts if set(one.selection.kinds) <= blind]
            if dark:
                which = f"family {name}" if len(dark) == len(parts) else ", ".join(dark)
                self.say(f"{which} of the model sees nothing: {manifest.sensor} cannot report its events")

    def rules(self, manifest: Manifest, rules: Sequence[Rule], skipped: Sequence[Skipped]) -> None:
        """Say how many rules cannot match, and which were not loaded."""
        dark = [rule for rule in rules if rule.kinds and set(rule.kinds) <= set(manifest.blind)]
        if dark:
            self._first("rules that cannot match", len(dark), f"{manifest.sensor} cannot report their events")
        if skipped:
            one = skipped[0]
            self._first("rules skipped", len(skipped), f"{visible(one.file)}: {visible(one.reason, 200)}")

    def came(self, manifest: Manifest, late: int) -> None:
        """Say what of the log was lost, refused, late, or left out."""
        hosts = ", ".join(sorted({one.host for one in manifest.lost_intervals})[:5])
        self._more("events lost by the sensor", manifest.lost, f"windows of {visible(hosts)} are incomplete")
        self._more("lines refused", manifest.rejected, _reasons(manifest))
        self._more("events came late", late, "their time had been judged for good: they are not judged")
        self._more("events out of scope", sum(manifest.left_out.values()), ", ".join(manifest.left_out))
        broken = 0 if manifest.growing is None else manifest.growing.broken
        self._more("breaks in the log", broken, "it shrank or was replaced before it was read to its end")

    def looked(self, outcome: Outcome) -> None:
        """Say what the model had learnt before, and who drifts."""
        skipped = self.counts.get("windows skipped", 0) + outcome.seen.skipped
        self._more("windows skipped", skipped, "the model has learnt from them")
        for sentence in drifting(outcome.seen.drift):
            self.say(f"drift: {visible(sentence, 200)}")

    def hosts(self, clocks: Clocks) -> None:
        """Say who has fallen silent, and who speaks again."""
        behind = dict(clocks.behind())
        for host in sorted(behind.keys() - self.silent):
            since = f"{behind[host]:%Y-%m-%d %H:%M:%S}"
            self.say(f"host {visible(host)} is silent since {since}: nothing is judged there")
        for host in sorted(self.silent - behind.keys()):
            self.say(f"host {visible(host)} speaks again")
        self.silent = set(behind)

    def _first(self, what: str, count: int, why: str) -> None:
        if what not in self.counts:
            self._more(what, count, why)

    def _more(self, what: str, count: int, why: str) -> None:
        """Say a count when it has grown."""
        before = self.counts.get(what, 0)
        if count > before:
            self.counts[what] = count
            more = f" ({count - before:,} more)" if before else ""
            self.say(f"{count:,} {what}{more}: {why}")


def _reasons(manifest: Manifest) -> str:
    return "; ".join(f"{visible(reason)} ({n:,})" for reason, n in list(manifest.reject_reasons.items())[:3])
