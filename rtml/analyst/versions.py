"""What the newer of two versions of an image does that the older did not."""

from __future__ import annotations

from rtml.baselines import Baseline
from rtml.baselines.groups import of_groups, of_image
from rtml.errors import UsageError
from rtml.notebook.differences import differences
from rtml.profiles.diff import diff
from rtml.showing.shown import Shown

__all__ = ["versions"]


def versions(baseline: Baseline, old: str, new: str, workload: str | None = None) -> Shown:
    """Draw what containers of one image do that those of another did not, and how much is gone.

    Parameters
    ----------
    baseline
        What was learnt from both: ``model.baseline``, or `rtml.features.learn` of a capture.
    old, new
        Images, as `rtml.baselines.groups.of_image` takes them: a digest or its beginning where the sensor
        names one, else the name.
    workload
        Only of this peer group; None: of all.

    Returns
    -------
    The picture of `rtml.notebook.differences`.

    Raises
    ------
    UnknownNameError
        The baseline knows no such image or workload.
    UsageError
        Both are one image.
    """
    chosen = of_groups(baseline, [] if workload is None else [workload])
    before, after = of_image(chosen, old), of_image(chosen, new)
    if before.counts.equals(after.counts):
        raise UsageError(f"{old} and {new} are one image here")
    return differences(diff(before, after), diff(after, before), f"{new} against {old}")
