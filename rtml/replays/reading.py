"""Read the lab's YAML files into their models; errors name the file, the key and the nearest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from rtml.reading.faults import validated
from rtml.reading.user_yaml import read_yaml
from rtml.replays.contract import Action, Attack, Workload
from rtml.replays.scenario import Scenario

__all__ = [
    "HERE",
    "load_attack",
    "load_attacks",
    "load_changes",
    "load_operators",
    "load_scenario",
    "load_workloads",
    "read_model",
]

HERE = Path(__file__).parent


class Operators(BaseModel):
    """The files ``operators.yml`` and ``changes.yml``: one list."""

    model_config = ConfigDict(extra="forbid")
    actions: list[Action]


Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model], **more: Any) -> Model:
    r"""Read one YAML file as ``model``; ``more`` are values that the file itself does not hold.

    Raises
    ------
    UsageError
        The file is absent, no YAML mapping, has an unknown key or a wrong value.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "smoke.yml"
    >>> _ = path.write_text("name: smoke\nsecond: 60\nworkloads: {web: 1}")
    >>> read_model(path, Scenario)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ...smoke.yml: unknown key 'second'; did you mean 'seconds'?
    """
    values = read_yaml(path, dict, "a mapping of keys to values is wanted")
    return validated(model, more | values, str(path))


def load_attack(path: Path) -> Attack:
    """Read one attack; its id is the stem of the file."""
    return read_model(path, Attack, id=path.stem)


def load_attacks(folder: Path = HERE / "attacks") -> dict[str, Attack]:
    """Read every attack of a folder, by id."""
    return {path.stem: load_attack(path) for path in sorted(folder.glob("*.yml"))}


def load_workloads(folder: Path = HERE / "workloads") -> dict[str, Workload]:
    """Read every workload of a folder, by name (the stem of its file)."""
    paths = sorted(folder.glob("*.yml"))
    return {path.stem: read_model(path, Workload, name=path.stem) for path in paths}


def load_operators(path: Path = HERE / "operators.yml") -> list[Action]:
    """Read what operators do in several workloads."""
    return read_model(path, Operators).actions


def load_changes(path: Path = HERE / "changes.yml") -> list[Action]:
    """Read what operators do that is new in the middle of a sitting."""
    return read_model(path, Operators).actions


def load_scenario(path: Path) -> Scenario:
    """Read one scenario; its name is the stem of the file."""
    return read_model(path, Scenario, name=path.stem)
