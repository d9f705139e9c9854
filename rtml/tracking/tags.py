"""Tags of our runs and of versions of models, by name: what each says."""

from __future__ import annotations

__all__ = [
    "ALIAS",
    "CHALLENGED",
    "COMMIT",
    "DATA",
    "EXPERIMENT",
    "KIND",
    "MODEL",
    "MODEL_DIGEST",
    "PROCESS",
    "PROMOTION",
    "REASON",
    "REGISTERED",
    "RUN",
    "SELFTEST",
    "SIDE",
    "SPLIT",
    "TAGS",
    "TEST",
    "VERSION",
]

KIND = "rtml.kind"
VERSION = "rtml.version"
COMMIT = "rtml.git_commit"
PROCESS = "rtml.process"
REASON = "rtml.status_reason"
EXPERIMENT = "rtml.experiment"
SPLIT = "rtml.split_proof"
DATA = "rtml.data"
TEST = "rtml.test"
SIDE = "rtml.side"
SELFTEST = "rtml.selftest"
REGISTERED = "rtml.registered"
MODEL = "rtml.model_id"
MODEL_DIGEST = "rtml.model_digest"
ALIAS = "rtml.model_alias"
RUN = "rtml.run"
PROMOTION = "rtml.promotion"
CHALLENGED = "rtml.challenged_by"

TAGS = {
    KIND: "experiment, side, train or score",
    VERSION: "version of rtml",
    COMMIT: "commit of the checkout, with +changes where files differ from it",
    PROCESS: "boot, process namespace, number and start of the process whose run it is",
    REASON: "why a run failed or was stopped",
    EXPERIMENT: "digest of the resolved configuration",
    SPLIT: "proof that training, calibration and test lie one after the other",
    DATA: "followed by a number: digest of a capture that was learnt or scored",
    TEST: "digest of what sides were judged on; runs of another test are not compared",
    SIDE: "the side that a run's numbers are of",
    SELFTEST: "what the harness's own canaries said, where the ledger's facts know it",
    REGISTERED: "the version of the registered model, or why there is none",
    MODEL: "the logged model that the run made or used",
    MODEL_DIGEST: "digest of the model's folder",
    ALIAS: "the alias by which a scoring job asked for its model",
    RUN: "of a version: the run that made it",
    PROMOTION: "of a version: how its challenge of the champion ended",
    CHALLENGED: "of a champion, followed by a run: that run's p-value",
}
"""What each tag says."""
