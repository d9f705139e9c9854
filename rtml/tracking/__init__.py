"""MLflow: runs, logged models, the registry. The only room that knows it.

Runs go where ``MLFLOW_TRACKING_URI`` says, else into ``mlflow.db`` in the working folder; credentials come
from the environment alone (``MLFLOW_TRACKING_USERNAME`` and its kin). Models are logged as plain files
(arrays and JSON) with a loader of ours: nothing is ever pickled.

========================= ==========================================================================
`rtml.tracking.store`     where runs are kept, and what goes wrong there
`rtml.tracking.runs`      a run being recorded; how it ends, whatever happens
`rtml.tracking.stopping`  signals, and how a run ends
`rtml.tracking.abandoned` runs whose process was killed, closed by the next one
`rtml.tracking.inputs`    captures, labels and tables as data sets with a digest
`rtml.tracking.logged`    a model with signature and example, and its version in the registry
`rtml.tracking.loader`    what `mlflow.pyfunc.load_model` calls
`rtml.tracking.places`    a model's folder, wherever the model is
`rtml.tracking.opening`   `rtml.load_model`
`rtml.tracking.jobs`      a scoring job as a run
`rtml.tracking.challenge` a paired test of what two runs found
`rtml.tracking.promotion` from challenger to champion, by a paired test
`rtml.tracking.tags`      what the tags of runs and versions say
`rtml.tracking.view`      what MLflow's page shows of our experiment
========================= ==========================================================================
"""
