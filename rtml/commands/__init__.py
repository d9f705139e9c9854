"""Commands: one file each, registered here. Heavy imports stay inside the functions."""

from __future__ import annotations

import typer

from rtml.commands import baseline, capture, dataset, experiment, findings, replay, reputation
from rtml.commands.baseline_diff import diff_baselines
from rtml.commands.baseline_export import export_baseline
from rtml.commands.baseline_show import show
from rtml.commands.evaluate import evaluate
from rtml.commands.evaluate_selftest import JudgeByDefault, selftest_command
from rtml.commands.experiment_ablate import ablate
from rtml.commands.experiment_attacks import attacks
from rtml.commands.experiment_compare import compare
from rtml.commands.experiment_robustness import robustness
from rtml.commands.experiment_sweep import sweep
from rtml.commands.features import features
from rtml.commands.findings_correlate import correlate
from rtml.commands.findings_import import import_findings
from rtml.commands.findings_sample import sample_findings
from rtml.commands.findings_send import send_findings
from rtml.commands.findings_show import show_incidents
from rtml.commands.findings_suppress import suppress_findings
from rtml.commands.findings_tune import tune_findings
from rtml.commands.init import init
from rtml.commands.leaderboard import leaderboard
from rtml.commands.rules import rules
from rtml.commands.score import score
from rtml.commands.usage import usage
from rtml.commands.watch import watch_log

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add every command to the ``rtml`` application."""
    findings.app.command("import")(import_findings)
    findings.app.command("correlate")(correlate)
    findings.app.command("show")(show_incidents)
    findings.app.command("sample")(sample_findings)
    findings.app.command("send")(send_findings)
    findings.app.command("suppress")(suppress_findings)
    findings.app.command("tune")(tune_findings)
    for choosing in (compare, attacks, sweep, ablate, robustness):
        experiment.app.command()(choosing)
    baseline.app.command("show")(show)
    baseline.app.command("diff")(diff_baselines)
    baseline.app.command("export")(export_baseline)
    experiment.app.command("leaderboard")(leaderboard)
    app.add_typer(baseline.app, name="baseline")
    app.add_typer(capture.app, name="capture")
    app.add_typer(dataset.app, name="dataset")
    app.add_typer(experiment.app, name="experiment")
    app.add_typer(findings.app, name="findings")
    app.add_typer(replay.app, name="replay")
    app.add_typer(reputation.app, name="reputation")
    judging = typer.Typer(cls=JudgeByDefault, help="Judge findings against labels.", no_args_is_help=True)
    judging.command("judge")(evaluate)
    judging.command("selftest")(selftest_command)
    app.add_typer(judging, name="evaluate")
    for command in (init, features, rules, experiment.train, score, usage):
        app.command()(command)
    app.command("watch")(watch_log)
