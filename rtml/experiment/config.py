"""Experiments are data: a YAML file, perhaps on top of a ``base``, checked and hashed.

``base: default`` takes every value of ``default.yml`` beside the file, or of the one that comes with rtml,
and overrides what is written; mappings merge key by key. An unknown key is an error that names the file, the
key and the nearest known one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rtml.errors import UsageError
from rtml.reading.faults import Amount, Count, Seed, validated
from rtml.reading.user_yaml import YamlError, parse_yaml, read_yaml
from rtml.rules.chosen import Chosen
from rtml.splits import Split
from rtml.times import Window

if TYPE_CHECKING:
    from rtml.captures.scope import Scope

__all__ = ["DEFAULT", "Experiment", "experiment_of", "load_experiment"]

DEFAULT = Path(__file__).parent / "default.yml"
"""What every experiment starts from that says ``base: default`` and has no such file beside it."""

_MOST_BYTES = 1_000_000
_MOST_BASES = 8


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Experiment(_Strict):
    """Everything that decides the result of an experiment."""

    name: str = "experiment"
    capture: list[str] = []
    labels: Path | None = None
    scope: dict[str, Any] = {}
    window: str = "60s"
    split: Split = Split()
    hold_out: dict[Literal["host", "image", "workload", "technique"], list[str]] = {}
    families: list[str] | None = None
    blocks: Count = Field(8, ge=2, le=1000)
    detectors: dict[str, dict[str, Any]] = {}
    combine: list[str] | None = None
    rules: Chosen = Chosen(level="low")
    budget: Amount = Field(1.0, gt=0)
    vouched: bool | None = None
    seed: Seed = 0
    tried: Count | None = Field(None, ge=1)
    notes: list[str] = []

    @field_validator("capture", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("hold_out", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {kind: [name] if isinstance(name, str) else name for kind, name in value.items()}

    @field_validator("detectors", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return {name: {} for name in value}
        return {k: v or {} for k, v in value.items()} if isinstance(value, Mapping) else value

    @field_validator("split", mode="before")
    @classmethod
    def _utc(cls, value: Any) -> Any:
        """Take times without an offset for UTC, not for the local time of the machine that reads the file."""
        if not isinstance(value, Mapping):
            return value
        truths = [key for key, edge in value.items() if isinstance(edge, bool)]
        if truths:
            raise ValueError(
                f"{truths[0]}: a moment or a share is wanted, not {str(value[truths[0]]).lower()}"
            )
        return {k: v.replace(tzinfo=dt.UTC) if _bare(v) else v for k, v in value.items()}

    @field_validator("rules", mode="before")
    @classmethod
    def _level(cls, value: Any) -> Any:
        return {"level": "low", **value} if isinstance(value, Mapping) else value

    @field_validator("window")
    @classmethod
    def _length(cls, value: str) -> str:
        return Window.of(value).text

    @field_validator("scope", mode="before")
    @classmethod
    def _in_scope(cls, value: Any) -> Any:
        if value:
            from rtml.captures.scope import scope_of  # which needs Polars

            scope_of(value, "scope")  # says what is wrong with it
        return value or {}

    @property
    def looked_at(self) -> Scope:
        """What is looked at of the capture (`rtml.captures.scope`)."""
        from rtml.captures.scope import scope_of

        return scope_of(self.scope, "scope")

    @property
    def every(self) -> Window:
        """Length of the windows."""
        return Window.of(self.window)

    def digest(self) -> str:
        """Short hash of the resolved experiment: the same values give the same name."""
        unsaid = {name for name in ("scope", "vouched") if getattr(self, name) in ({}, None)}
        text = json.dumps(self.model_dump(mode="json", exclude=unsaid), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _bare(value: object) -> bool:
    return isinstance(value, dt.datetime) and value.tzinfo is None


def load_experiment(path: Path, overrides: Sequence[str] = ()) -> Experiment:
    r"""Read an experiment file, its bases, and ``key.sub=value`` overrides.

    Raises
    ------
    UsageError
        The file is absent or no YAML mapping, a key is unknown, a value has the wrong type, or
        bases form a ring.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "default.yml").write_text("seed: 3\nsplit: {test: 0.9}")
    >>> _ = (folder / "strict.yml").write_text("base: default\nbudget: 2")
    >>> strict = load_experiment(folder / "strict.yml", ["seed=5"])
    >>> strict.seed, strict.budget, strict.split.test
    (5, 2.0, 0.9)
    >>> load_experiment(folder / "strict.yml", ["budgit=1"])
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: ...strict.yml: unknown key 'budgit'; did you mean 'budget'?
    """
    return _overridden(_with_bases(path, ()), overrides, str(path))


def experiment_of(
    values: Mapping[str, Any], overrides: Sequence[str] = (), where: str = "values"
) -> Experiment:
    """Return the experiment that values make on top of the default one; fails as `load_experiment` does."""
    return _overridden(_merge(_with_bases(DEFAULT, ()), values), overrides, where)


def _overridden(values: dict[str, Any], overrides: Sequence[str], where: str) -> Experiment:
    for override in overrides:
        _set(values, override)
    return validated(Experiment, values, where)


def _with_bases(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen or len(seen) > _MOST_BASES:
        raise UsageError(f"{path}: bases refer to each other in a ring")
    values = read_yaml(path, dict, "an experiment is a mapping of keys to values", _MOST_BYTES)
    base = values.pop("base", None)
    if base is None:
        return values
    if not isinstance(base, str) or Path(base).name != base:
        raise UsageError(f"{path}: base {base!r} must be the plain name of a file beside it")
    below = path.parent / f"{base}.yml"
    if base == DEFAULT.stem and not below.exists():
        below = DEFAULT
    return _merge(_with_bases(below, (*seen, path.resolve())), values)


def _merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        mappings = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merge(old, value) if mappings else value  # type: ignore[arg-type]
    return merged


def _set(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise UsageError(f"{override!r}: write key=value, for instance seed=3", argument="overrides")
    *path, last = key.split(".")
    for name in path:
        inner = values.setdefault(name, {})
        if not isinstance(inner, dict):
            raise UsageError(f"{override!r}: {name!r} has no keys of its own", argument="overrides")
        values = inner
    try:
        values[last] = parse_yaml(text, key)
    except YamlError as error:
        raise UsageError(f"{override!r}: {error.reason}", argument="overrides") from error
