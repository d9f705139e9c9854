"""Files that people write by hand: settings, mappings, tables of hosts, rules, labels, suppressions."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

import rtml.rules
from rtml.boards.config import load_leaderboard
from rtml.captures.inventory.listing import read_listing
from rtml.captures.scope import read_scope
from rtml.captures.sensors.bpftrace.sitting import read_sitting
from rtml.captures.sensors.choosing import choose
from rtml.captures.sensors.generic.mapping import read_mapping
from rtml.captures.sensors.k8s_audit.reading import _place
from rtml.evaluation import read_labels
from rtml.experiment.config import load_experiment
from rtml.experiment.looks import look
from rtml.experiment.result import read_result
from rtml.experiment.sweep import values_of
from rtml.findings.reading import read_findings
from rtml.findings.suppression.files import read_suppressions
from rtml.replays.reading import load_attack, load_scenario
from rtml.rules.falco.loading import load_falco
from rtml.rules.intelligence import load_intelligence
from rtml.rules.sigma.loading import load
from rtml.rules.sigma.placeholders import rule_lists
from rtml.serving.policy import read_policy
from rtml.usage.inventory import read_inventory
from rtml.usage.prices import SHIPPED, read_prices
from tests.captures.inventories import COMPOSE, CRICTL, DOCKER, IDS, pod, pods_of, running
from tests.rules.sigma_over import base, held_back, over
from tests.samples import DATA
from tests.soak.target import Target, file

__all__ = ["SETTINGS"]

ROOT = Path(__file__).parents[2]
PACKS = Path(rtml.rules.__file__).parent / "packs"
OVER = yaml.safe_dump_all(
    [
        base("id"),
        base("ls"),
        over(
            "value_count",
            ["id", "ls"],
            {"gte": 2, "field": "User"},
            aliases={"who": {"id": "User", "ls": "Image"}},
        ),
        held_back(["ls"]),
    ]
).encode()
FALCO_RULES = b"""
- list: shells
  items: [sh, bash, "a b"]
- macro: spawned
  condition: evt.type in (execve, execveat) and proc.name in (shells)
- rule: Shell
  desc: d
  condition: spawned and not fd.name glob "/tmp/*" and proc.cmdline contains "\\xff" or user.name = root
  output: o
  priority: NOTICE
  tags: [T1059]
  exceptions:
    - {name: known, fields: [proc.name, proc.pname], comps: [=, startswith], values: [[sh, ng]]}
"""
SUPPRESSIONS = b"""
- name: n
  owner: o
  reason: r
  expires: 2027-01-01
  where: {image: {matches: "shop/*"}, severity: {less: 5}, container_id: 0123456789ab}
"""
MAPPING = """time: {column: At, format: ms}
kind: {column: What, values: {run: exec, 7: open}}
columns: {exe: [Path, Image], cmdline: Command, path: {folder: Dir, file: Name}, workload: {value: mine}}
optional: [Image, Dir]
"""
SCOPE = """scope:
  sources: {dns: false, file: true}
  namespaces: {exclude: [kube-*, "[a-c]?"]}
  images: {include: ["*shop*"]}
"""
POLICY = f"""tokens:
- {{name: a, env: RTML_A, accounts: ['1*'], clusters: [prod], sensors: [falco]}}
- {{name: b, sha256: {"ab" * 32}}}
"""
EXPERIMENT = """capture: somewhere
seed: 3
split: {test: 0.3, calibrate: 2026-11-24T03:00:00Z}
families: [lineage, files]
detectors: {surprise: {top: 3}, tight: {kind: isolation_forest, trees: 5}}
budget: 2
"""
BOARD = """sets: [cdl]
tables: {mine: {path: rows.parquet}}
seeds: [7, 8]
detectors: [surprise]
"""
ATTACK = (ROOT / "rtml/replays/attacks").glob("*.yml")
FINDING = (
    b'{"finding_id":"f","container_id":"c","first_seen":"2027-01-01T00:00:00Z",'
    b'"last_seen":"2027-01-01T00:00:00Z","detector":"d","source":"rule","techniques":["T1"]}\n'
)


def _listing() -> Target:
    pods = pods_of(pod("web-5c9f8d7b6-x7k2p", containerStatuses=[running(f"containerd://{IDS[0]}")]))
    others = [CRICTL, DOCKER, [{"Id": IDS[1], "Name": "/a", "Config": {"Image": "b", "Labels": COMPOSE}}]]
    return file("list.json", read_listing, *(json.dumps(value) for value in (pods, *others)))


def _look(path: Path) -> None:
    look(path.with_name("labels.parquet"), "of")


def _cluster(path: Path) -> None:
    _place(path, set())


def _set(path: Path) -> None:
    base_file = path.with_name("base.yml")
    base_file.write_text(EXPERIMENT)
    load_experiment(base_file, [path.read_bytes().decode("utf-8", "surrogateescape")])


SETTINGS: dict[str, Target] = {
    "mapping": file("m.yml", read_mapping, MAPPING),
    "scope": file("scope.yml", read_scope, SCOPE),
    "policy": file("t.yml", lambda path: read_policy(path, {"RTML_A": "0123456789abcdef"}), POLICY),
    "prices": file("prices.yml", read_prices, SHIPPED.read_text()),
    "hosts": file("hosts.csv", read_inventory, "host,account,cluster,vcpus\nn1,1,c,8\nn2,,,\n"),
    "containers": _listing(),
    "rule-lists": file("l.yml", rule_lists, "allowed_users: [alice]\nallowed_images: {append: [shop/*]}\n"),
    "experiment": file("e.yml", load_experiment, EXPERIMENT),
    "experiment-set": file("text", _set, "detectors.surprise={top: 3}", "split.test=0.25", "seed=5"),
    "experiment-vary": file(
        "text",
        lambda path: values_of(path.read_bytes().decode("utf-8", "surrogateescape")),
        "detectors.surprise.top=1,3",
        "families=[lineage, files],[dns]",
    ),
    "leaderboard": file("board.yml", load_leaderboard, BOARD),
    "scenario": file("s.yml", load_scenario, (ROOT / "experiments/replay-smoke.yml").read_bytes()),
    "attack": file("a.yml", load_attack, *(path.read_bytes() for path in sorted(ATTACK)[:4])),
    "cluster": file("cluster.json", _cluster, (DATA / "k8s-audit/cluster.json").read_bytes()),
    "sitting": file("sitting.json", read_sitting, (DATA / "bpftrace/sitting.json").read_bytes()),
    "looks": file("labels.looks.jsonl", _look, '{"at": "2026-11-24", "of": "abc"}\n' * 2),
    "result": file("sides.json", read_result, '{"sides": [], "facts": {"detector": "surprise"}}'),
    "auto": Target(
        lambda: [p.read_bytes()[:3000] for p in sorted(DATA.rglob("*.*")) if p.suffix not in (".py", ".md")],
        lambda path: choose([path]),
    ),
    "lists-description": file(
        "lists.yml",
        lambda path: load_intelligence([path]),
        "lists:\n- {name: a, file: x, category: tor, match: exact, column: 2}\n",
    ),
    "rules-falco": file("r.yaml", lambda path: load_falco([path]), FALCO_RULES),
    "rules-sigma": Target(
        lambda: [*(p.read_bytes() for p in sorted(PACKS.rglob("*.yml"))[:40]), OVER],
        lambda path: load([path]),
        "r.yml",
    ),
    "labels-jsonl": file("labels.jsonl", read_labels, (DATA / "bpftrace/labels.jsonl").read_bytes()),
    "labels-csv": file(
        "labels.csv",
        read_labels,
        "attack_id,container_id,start,end,technique\na,c,1795490205,1795490208,T1059\n" * 2,
    ),
    "suppressions": file("s.yml", read_suppressions, SUPPRESSIONS),
    "findings": file("f.jsonl", read_findings, FINDING),
}
"""By name; a new reader of a file that people write is one entry."""
