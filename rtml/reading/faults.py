"""What pydantic refuses, in the same words for every file: the key, what is wrong, the nearest name."""

from __future__ import annotations

import dataclasses
import reprlib
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import pydantic

from rtml.errors import UsageError, did_you_mean

__all__ = ["Amount", "Count", "Seed", "explained", "validated"]

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_WORDS = {
    "missing": "is required",
    **dict.fromkeys(("model_type", "dict_type", "dataclass_type"), "a mapping of keys to values is wanted"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list is wanted"),
}
Model = TypeVar("Model", bound=pydantic.BaseModel)


def _number(value: Any) -> Any:
    """Refuse true and false, which pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError(f"a number is wanted, not {str(value).lower()}")
    return value


Count = Annotated[int, pydantic.BeforeValidator(_number)]
"""A whole number in a user's file."""

Amount = Annotated[float, pydantic.BeforeValidator(_number)]
"""Any number in a user's file."""

Seed = Annotated[Count, pydantic.Field(ge=0, lt=2**32)]
"""Where chance begins, as far as every library takes it."""


def validated(model: type[Model], values: Any, where: str) -> Model:
    """Return the values of a user's file as a model.

    Raises
    ------
    UsageError
        A key is unknown or missing, or a value is wrong; the message begins with ``where``.

    Examples
    --------
    >>> strict = pydantic.ConfigDict(extra="forbid")
    >>> Step = pydantic.create_model("Step", __config__=strict, run=str)
    >>> Plan = pydantic.create_model("Plan", __config__=strict, steps=(list[Step], []))
    >>> for values in ({"stepps": []}, {"steps": [{"runn": "id"}]}, {"steps": [{}]}, {"steps": 7}, 7):
    ...     try:
    ...         _ = validated(Plan, values, "plan.yml")
    ...     except UsageError as error:
    ...         print(error)
    plan.yml: unknown key 'stepps'; did you mean 'steps'?
    plan.yml: unknown key 'steps.0.runn'; did you mean 'run'?
    plan.yml: steps.0.run: is required
    plan.yml: steps: a list is wanted, not 7
    plan.yml: a mapping of keys to values is wanted, not 7
    """
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as error:
        raise UsageError(f"{where}: {explained(error, model)}") from error
    except OverflowError as error:
        raise UsageError(f"{where}: a time is out of range ({error})") from error


def explained(error: pydantic.ValidationError, model: type[pydantic.BaseModel]) -> str:
    """Say what the first fault is; an unknown key comes before a missing one, its likely effect."""
    fault = min(error.errors(include_url=False), key=lambda fault: fault["type"] not in _UNKNOWN)
    keys = _keys(model, fault["loc"])
    where = ".".join(map(str, keys))
    if fault["type"] in _UNKNOWN:
        return f"unknown key {where!r}; {did_you_mean(str(keys[-1]), _names(model, keys[:-1]))}"
    words = _WORDS.get(fault["type"]) or fault["msg"].removeprefix("Value error, ")
    value, shows_value = fault["input"], fault["type"] in ("value_error", "json_invalid")
    if isinstance(value, str | int | float) and not shows_value:
        words += f", not {reprlib.repr(value)}"
    return f"{where}: {words}" if where else words


def _keys(model: type[pydantic.BaseModel], place: Sequence[str | int]) -> list[str | int]:
    """Return the keys of a place, without the names that pydantic gives to the types it tried."""
    keys: list[str | int] = []
    kinds: list[Any] = [model]
    for part in place:
        inside = [kind for outer in kinds for kind in _inside(outer, part)]
        chosen = [kind for kind in kinds if len(kinds) > 1 and getattr(kind, "__name__", None) == part]
        if chosen and not inside:
            kinds = chosen
        elif inside or any(map(_fields, kinds)):
            keys.append(part)
            kinds = [plain for kind in inside for plain in _plain(kind)]
    return keys


def _names(model: type[pydantic.BaseModel], keys: Sequence[str | int]) -> list[str]:
    kinds: list[Any] = [model]
    for key in keys:
        kinds = [plain for outer in kinds for kind in _inside(outer, key) for plain in _plain(kind)]
    return [str(name) for kind in kinds for name in _fields(kind)]


def _inside(kind: Any, key: str | int) -> Iterator[Any]:
    """Yield the type that a key has in a model, a mapping or a list."""
    inner, outer, fields = typing.get_args(kind), typing.get_origin(kind), _fields(kind)
    if key in fields:
        yield fields[key]
    elif inner and isinstance(outer, type) and issubclass(outer, Mapping):
        yield inner[-1]
    elif inner and isinstance(key, int):
        yield inner[0]


def _plain(kind: Any) -> list[Any]:
    """Return the types of a union, without their notes."""
    if typing.get_origin(kind) is typing.Annotated:
        return _plain(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [plain for part in typing.get_args(kind) for plain in _plain(part)]
    return [kind]


def _fields(kind: Any) -> dict[str | int, Any]:
    """Return names and types of the fields of a model or a dataclass; none of anything else."""
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return {}
