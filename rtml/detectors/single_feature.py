"""One column as the score: the baseline that shows when a model is a detour."""

from __future__ import annotations

from typing import ClassVar

from rtml.detectors.rarity import Rarity

__all__ = ["SingleFeature"]


class SingleFeature(Rarity):
    """The value of one column, as it is.

    The default, ``events``, is plain volume. An evaluation scores every feature this way and shows
    the best *on the test set*: that choice looks at the answers, so it is an upper bound on what
    one feature can do and not a detector that anybody could have deployed.

    Higher = stranger is taken for granted. NaN when unlearnt and where the value is missing.

    Fails by design on anything that needs two features.

    Parameters
    ----------
    seed
        Has no effect.
    feature
        The column to use.

    References
    ----------
    Arp et al. (2022), Dos and Don'ts of Machine Learning in Computer Security (spurious
    correlation, inappropriate baseline), https://arxiv.org/abs/2010.09470

    Examples
    --------
    >>> import polars as pl
    >>> detector = SingleFeature()
    >>> detector.learn(pl.DataFrame({"events": [3]}))
    >>> detector.score(pl.DataFrame({"events": [3, 40]}))
    array([ 3., 40.])
    """

    name: ClassVar[str] = "single_feature"

    def __init__(self, *, seed: int = 0, feature: str = "events") -> None:
        super().__init__(seed=seed, feature=feature)
