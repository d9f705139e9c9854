"""Detectors: from windows to one score per window, higher = stranger, NaN = no opinion.

Registering one is an import and an entry in `DETECTORS`; `rtml.detectors.contract` is the promise
and ``tests/detectors/test_laws.py`` holds every entry to it. `rtml.models.calibration` turns
scores into p-values and alarms, `rtml.models.bundle` keeps a whole model in one folder.
"""

from rtml.detectors.contract import CONTRIBUTIONS, Detector, feature_columns, peer_groups
from rtml.detectors.flag_all import FlagAll
from rtml.detectors.half_space_trees import HalfSpaceTrees
from rtml.detectors.isolation_forest import IsolationForest
from rtml.detectors.local_outlier_factor import LocalOutlierFactor
from rtml.detectors.random_scores import RandomScores
from rtml.detectors.rarity import Rarity
from rtml.detectors.single_feature import SingleFeature
from rtml.detectors.surprise import Surprise

__all__ = ["CONTRIBUTIONS", "DETECTORS", "Detector", "feature_columns", "peer_groups"]

DETECTORS: dict[str, type[Detector]] = {
    "flag_all": FlagAll,
    "half_space_trees": HalfSpaceTrees,
    "isolation_forest": IsolationForest,
    "local_outlier_factor": LocalOutlierFactor,
    "random": RandomScores,
    "rarity": Rarity,
    "single_feature": SingleFeature,
    "surprise": Surprise,
}
"""Every detector by name."""
