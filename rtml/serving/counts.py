"""What a server did, as Prometheus reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

__all__ = ["Counts"]

_HELP = {
    "requests_total": ("counter", "Requests with a batch, by the status of their answer."),
    "lines_total": ("counter", "Lines that were taken, rejects among them."),
    "rejected_total": ("counter", "Lines that were kept as rejects."),
    "bytes_total": ("counter", "Bytes of lines that were taken."),
    "repeated_total": ("counter", "Batches that had come before."),
    "waiting_bytes": ("gauge", "Bytes in memory that are not answered yet."),
    "captures": ("gauge", "Captures that are open."),
    "captures_failing": ("gauge", "Captures that cannot be written now."),
}


class Counts:
    """Totals since the start; no account is named, so whoever may ask learns of nobody."""

    def __init__(self) -> None:
        self._totals: Counter[str] = Counter()
        self._answers: Counter[int] = Counter()

    def answered(self, status: int) -> None:
        """Count an answer."""
        self._answers[status] += 1

    def taken(self, lines: int, rejected: int, size: int) -> None:
        """Count a batch that is new."""
        self._totals.update(lines_total=lines, rejected_total=rejected, bytes_total=size)

    def repeated(self) -> None:
        """Count a batch that had come before."""
        self._totals.update(repeated_total=1)

    def text(self, **now: int) -> str:
        """Return the page; ``now`` are the gauges.

        Examples
        --------
        >>> counts = Counts()
        >>> counts.taken(3, 1, 99)
        >>> [line for line in counts.text(captures=2).splitlines() if line[0] != "#"][-4:]
        ['rtml_serve_rejected_total 1', 'rtml_serve_bytes_total 99', 'rtml_serve_repeated_total 0',
        'rtml_serve_captures 2']
        """
        values = {**{name: self._totals[name] for name in _HELP if name.endswith("_total")}, **now}
        return "".join(
            line for name, (kind, told) in _HELP.items() for line in self._metric(name, kind, told, values)
        )

    def _metric(self, name: str, kind: str, told: str, values: dict[str, int]) -> Iterable[str]:
        if name not in values:
            return
        whole = f"rtml_serve_{name}"
        yield f"# HELP {whole} {told}\n# TYPE {whole} {kind}\n"
        if name == "requests_total":
            for status, n in sorted(self._answers.items()):
                yield f'{whole}{{status="{status}"}} {n}\n'
        else:
            yield f"{whole} {values[name]}\n"
