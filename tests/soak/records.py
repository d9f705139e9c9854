"""Single records with something odd in them: of JSON by its structure, of any text by its bytes."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.soak.mutation import ODD, bent

__all__ = ["mutated_record"]

Dice = random.Random
Place = tuple[Any, Any]
"""A mapping or a list, and a key of it."""

VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, "", [], {}, [None], {"": ""}, [[]], "null", "true", "<NA>", "-", "0"),
    *(2**31, 2**32, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 1e308, -0.0),
    *(float("nan"), float("inf"), float("-inf")),
    *(
        "\ud800",
        "\udfff\ud800",
        "\0",
        "a\0b",
        "\x1f",
        "\x1fa\x1f",
        "\n",
        "\r\n",
        "\u2028",
        "\ufeff",
        "é" * 300,
    ),
    *("a" * 3000, "\\", '"', "\x1b[2J", "../../../etc", "0x", "NaN", "1e400", "9" * 40, "-1", "1.0", " 7 "),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1677-09-21T00:12:43Z", "2262-04-12T00:00:00Z"),
    *("1754-08-30T22:43:41.128654848Z", "2027-01-01", "12:00:00", "1795490205", "1795490205123456789"),
    *("::ffff:1.2.3.4", "1.2.3.4/33", "[::1]:80", "256.1.1.1", "docker://", "cri-o://x", "sha256:", ":", "/"),
    *(".", "..", "a,b", "a=b", "a|b", "a;b", "a:b:c", "host", "pod/x", "a/b/c/d", " ", "\t"),
]


def _value(dice: Dice) -> Any:
    return _copy(dice.choice(VALUES))


def _nest(depth: int, dice: Dice) -> Any:
    inner: Any = _value(dice)
    for _ in range(depth):
        inner = [inner] if dice.random() < 0.5 else {"a": inner}
    return inner


def _copy(value: Any) -> Any:
    """Return a copy; what is nested too deeply for one stays as it is, and stands in two places."""
    try:
        return copy.deepcopy(value)
    except RecursionError:
        return value


def mutated_record(record: bytes, others: list[bytes], dice: Dice) -> bytes:
    """Return a record made of one, with values of others now and then; it may no longer be one."""
    try:
        value = json.loads(record)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict | list) and dice.random() < 0.85:
        for _ in range(dice.choice((1, 1, 2, 3, 6))):
            value = dice.choice(_CHANGES)(value, others, dice)
        record = _written(value, dice)
        if dice.random() < 0.8:
            return record
    for _ in range(dice.choice((1, 1, 2, 4))):
        record = bent(record, dice)
    return record


def _written(value: Any, dice: Dice) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=dice.random() < 0.5)
    except (ValueError, RecursionError):
        text = "[" * 600
    if dice.random() < 0.1:
        text = _twice(text, dice)
    return text.encode("utf-8", "surrogatepass")


def _twice(text: str, dice: Dice) -> str:
    """Give an object one of its keys again, with another value."""
    keys = [part.split('"')[-1] for part in text.split('":')[:-1]]
    if not keys or not text.startswith("{"):
        return text
    odd = json.dumps(_value(dice))
    return f'{{"{dice.choice(keys)}": {odd}, {text[1:]}' if dice.random() < 0.5 else f"{text[:-1]}{text[1:]}"


def _places(value: Any) -> Iterator[Place]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = one.keys() if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in list(keys):
            yield one, key
            waiting.append(one[key])


def _somewhere(value: Any, dice: Dice) -> Place | None:
    places = list(_places(value))
    return dice.choice(places) if places else None


def _odd(value: Any, others: list[bytes], dice: Dice) -> Any:
    place = _somewhere(value, dice)
    if place is not None:
        place[0][place[1]] = _value(dice)
    return value


def _other_type(value: Any, others: list[bytes], dice: Dice) -> Any:
    place = _somewhere(value, dice)
    if place is None:
        return value
    old = place[0][place[1]]
    forms: list[Any] = [str(old), [old], {"a": old}, [old, old], json.dumps(old, default=str), bool(old)]
    if isinstance(old, str):
        forms += [
            *([int(old), float(old)] if old.isdecimal() and len(old) < 19 else []),
            old.upper(),
            old[::-1],
        ]
        forms += [old + "\x1f" + old, old + "\0", " " + old, old[: len(old) // 2], old * 3]
    if isinstance(old, int | float):
        forms += [-old, old + 0.5, f"{old}.0", old * 1000]
    place[0][place[1]] = dice.choice(forms)
    return value


def _gone(value: Any, others: list[bytes], dice: Dice) -> Any:
    place = _somewhere(value, dice)
    if place is not None:
        del place[0][place[1]]
    return value


def _new(value: Any, others: list[bytes], dice: Dice) -> Any:
    place = _somewhere(value, dice)
    if place is not None and isinstance(place[0], dict):
        odd = dice.choice(ODD).encode("utf-8", "replace").decode()
        name = dice.choice((str(place[1]).upper(), odd, str(place[1]) + ".x"))
        place[0][name] = _value(dice)
    return value


def _swapped(value: Any, others: list[bytes], dice: Dice) -> Any:
    a, b = _somewhere(value, dice), _somewhere(value, dice)
    if a is not None and b is not None and not isinstance(a[0][a[1]], dict | list):
        a[0][a[1]], b[0][b[1]] = _copy(b[0][b[1]]), a[0][a[1]]  # one may lie within the other
    return value


def _of_another(value: Any, others: list[bytes], dice: Dice) -> Any:
    try:
        other = json.loads(dice.choice(others))
    except ValueError:
        return value
    place, taken = _somewhere(value, dice), _somewhere(other, dice)
    if place is not None and taken is not None:
        place[0][place[1]] = taken[0][taken[1]]
    return value


def _deep(value: Any, others: list[bytes], dice: Dice) -> Any:
    place = _somewhere(value, dice)
    if place is not None:
        place[0][place[1]] = _nest(dice.choice((2, 5, 30, 300)), dice)
    return value


_CHANGES: list[Callable[[Any, list[bytes], Dice], Any]] = [
    *(_odd, _odd, _odd, _other_type, _other_type),
    *(_gone, _new, _swapped, _of_another, _deep),
]
