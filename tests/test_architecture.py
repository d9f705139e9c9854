"""The rules of the house, where a machine reads them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "rtml").rglob("*.py"))
SOURCES = [
    *MODULES,
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
    *sorted((ROOT / "docsite").rglob("*.py")),
]

# Rooms from the ground up: a room may import those before it, never those after it.
FLOORS = [
    set(floor.split())
    for floor in (
        "absent addresses arrays asof conforming connected container_ids costs errors images lazy lineage"
        " once peers progress numbers registered registry distinct instants schema showing splits text times"
        " version wildcards",
        "reading",
        "captures baselines findings",
        "features detectors rules",
        "models profiles datasets coverage serving usage",
        "job",
        "evaluation",
        "report splicing replays tracking watching",
        "experiment",
        "boards",
        "notebook commands testing",
        "analyst",
        "cli",
    )
]
# Frames in, frames out: these open no capture and run no rule or model.
PURE = {
    "evaluation": FLOORS[0] | {"reading", "findings", "evaluation"},
    "findings": FLOORS[0] | {"reading", "findings"},
}
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
WRAPPED = {
    "mlflow": {"rtml/tracking/"},
    "sigma": {"rtml/rules/sigma/"},
    "river": {"rtml/detectors/"},
    "ray": {"rtml/job/engines/"},
    "boto3": {"rtml/findings/sinks/"},
    "starlette": {"rtml/serving/"},
    "uvicorn": {"rtml/serving/"},
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_point_one_way(path: Path):
    room = path.relative_to(ROOT / "rtml").parts[0].removesuffix(".py")
    for target in (t.split(".")[1] for t in imports(path) if t.startswith("rtml.")):
        if room in LEVEL and target in LEVEL:
            assert LEVEL[target] <= LEVEL[room], f"{name(path)} imports rtml.{target}"
            same_floor = LEVEL[target] == LEVEL[room] and target != room
            assert not same_floor or LEVEL[room] == 0, f"{name(path)} imports its neighbour {target}"


@pytest.mark.parametrize("room", PURE)
def test_who_only_looks_at_frames_imports_no_captures_rules_or_models(room: str):
    for path in sorted((ROOT / "rtml" / room).rglob("*.py")):
        rooms = {target.split(".")[1] for target in imports(path) if target.startswith("rtml.")}
        assert rooms <= PURE[room], f"{name(path)} imports {rooms - PURE[room]}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_room_has_its_floor(path: Path):
    room = path.relative_to(ROOT / "rtml").parts[0].removesuffix(".py")
    assert room in LEVEL or room == "__init__", f"{room} is not in FLOORS: say where it belongs"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_heavy_packages_are_imported_in_the_one_module_that_wraps_them(path: Path):
    for target in imports(path):
        package = target.split(".")[0]
        if package in WRAPPED:
            assert name(path).startswith(tuple(WRAPPED[package])), f"{name(path)} imports {package}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_holds_one_concept(path: Path):
    assert len(path.read_text("utf-8").splitlines()) <= 300
    assert not re.search(r"utils?|helpers?|manager", path.stem)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_functions_fit_on_a_screen(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef):
            doc = node.body[0] if ast.get_docstring(node) else None
            length = node.end_lineno - (doc.end_lineno if doc else node.lineno)
            assert length <= 40, f"{name(path)}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_dangerous_is_called(path: Path):
    banned = {"eval", "exec", "compile", "__import__"}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in banned, f"{name(path)}:{node.lineno} calls {called}"
            assert called not in {"yaml.load", "pickle.load", "pickle.loads", "os.system"}
    assert not {"pickle", "cloudpickle", "joblib", "dill"} & {t.split(".")[0] for t in imports(path)}


@pytest.mark.parametrize("module", ["rtml", "rtml.schema", "rtml.captures", "rtml.cli"])
def test_the_ground_floor_and_the_command_line_load_nothing_heavy(module: str):
    heavy = {"sklearn", "river", "mlflow", "sigma", "plotly", "pandas", "scipy"}
    code = f"import sys, {module}; sys.exit(' '.join({heavy} & set(sys.modules)) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_file_names_a_package_registry():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    address = re.compile("|".join(["py" + r"pi\.org", "python" + "hosted", "deb." + "debian"]))
    for file in listed.stdout.split():
        path = ROOT / file
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yml", ".ipynb", ".json", ""} and path.is_file():
            assert not address.search(path.read_text("utf-8", "replace")), file
