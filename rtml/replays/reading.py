"""Read the lab's YAML files into their models; errors name the file, the key and the nearest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from rtml.errors import UsageError, did_you_mean
from rtml.replays.contract import Action, Attack, Expectation, Load, Lossy, Rollout, Scenario, Step, Workload

__all__ = [
    "HERE",
    "load_attack",
    "load_attacks",
    "load_operators",
    "load_scenario",
    "load_workloads",
    "read_model",
]

HERE = Path(__file__).parent


class Operators(BaseModel):
    """The file ``operators.yml``: one list."""

    model_config = ConfigDict(extra="forbid")
    actions: list[Action]


_PARTS: dict[str, type[BaseModel]] = {
    "steps": Step,
    "expects": Expectation,
    "load": Load,
    "actions": Action,
    "rollouts": Rollout,
    "lossy": Lossy,
}
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
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path}: a mapping of keys to values is wanted")
    try:
        return model.model_validate(more | values)
    except ValidationError as error:
        raise UsageError(f"{path}: {_explain(error, model)}") from error


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Name the first problem; an unknown key comes before a missing one, it is its likely cause."""
    problems = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    where = [str(part) for part in problems[0]["loc"]]
    if problems[0]["type"] != "extra_forbidden":
        return f"{'.'.join(where) or 'the file'}: {problems[0]['msg']}"
    known = _PARTS.get(where[0], model) if where[1:] else model
    return f"unknown key {'.'.join(where)!r}; {did_you_mean(where[-1], known.model_fields)}"


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


def load_scenario(path: Path) -> Scenario:
    """Read one scenario; its name is the stem of the file."""
    return read_model(path, Scenario, name=path.stem)
