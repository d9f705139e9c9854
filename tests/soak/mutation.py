"""Inputs made of samples: cut, doubled, spliced, with odd values, packed. The same dice, the same input."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable

__all__ = ["ODD", "bent", "mutated"]

ODD = [
    *("", "null", "NaN", "-1", "0", "1e400", "9" * 30, "true", "<NA>", "\ud800", "\\ud800", "\\u0000", "\0"),
    *(
        "\x1f",
        "\u2028",
        "\ufeff",
        "\x1b[2J",
        "../../etc",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "\\",
        "\r\n",
        ",",
        "#",
    ),
    *(
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2262-04-12T00:00:00Z",
        "::ffff:1.2.3.4/129",
        "*",
        "- ",
        ": ",
    ),
    *(
        "&a [*a, *a]",
        "!!python/object:os.system",
        "(" * 200,
        "[" * 200,
        "a" * 5000,
        "xn--",
        "é" * 70,
        "docker://",
    ),
]
Dice = random.Random


def mutated(samples: list[bytes], dice: Dice) -> bytes:
    """Return an input made of one of the samples."""
    raw = _some_lines(dice.choice(samples), dice)
    for _ in range(dice.choice((0, 1, 1, 2, 3, 8))):
        raw = dice.choice(_STEPS)(raw, dice)
    if dice.random() < 0.2:
        raw = dice.choice(_PACKS)(raw, dice)
    return raw


def bent(raw: bytes, dice: Dice) -> bytes:
    """Return bytes with one thing about them changed."""
    return dice.choice(_STEPS)(raw, dice)


def _some_lines(raw: bytes, dice: Dice) -> bytes:
    lines = raw.split(b"\n")
    if len(lines) < 40 or dice.random() < 0.1:
        return raw
    begin = dice.randrange(len(lines))
    head = lines[:1] if dice.random() < 0.7 else []
    return b"\n".join(head + lines[begin : begin + dice.randrange(1, 30)])


def _place(raw: bytes, dice: Dice) -> int:
    return dice.randrange(len(raw) + 1)


def _flip(raw: bytes, dice: Dice) -> bytes:
    if not raw:
        return raw
    at = dice.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ (1 << dice.randrange(8))]) + raw[at + 1 :]


def _noise(raw: bytes, dice: Dice) -> bytes:
    at = _place(raw, dice)
    return raw[:at] + dice.randbytes(dice.randrange(1, 12)) + raw[at:]


def _odd(raw: bytes, dice: Dice) -> bytes:
    at, until = sorted((_place(raw, dice), _place(raw, dice)))
    until = min(until, at + dice.randrange(40))
    return raw[:at] + dice.choice(ODD).encode("utf-8", "surrogatepass") + raw[until:]


def _value(raw: bytes, dice: Dice) -> bytes:
    """Put an odd value in the place of one between quotes, colons or commas."""
    marks = [i for i, byte in enumerate(raw) if byte in b'":,\x1f']
    if len(marks) < 2:
        return raw
    n = dice.randrange(len(marks) - 1)
    return raw[: marks[n] + 1] + dice.choice(ODD).encode("utf-8", "surrogatepass") + raw[marks[n + 1] :]


def _cut(raw: bytes, dice: Dice) -> bytes:
    return raw[: _place(raw, dice)]


def _without(raw: bytes, dice: Dice) -> bytes:
    at, until = sorted((_place(raw, dice), _place(raw, dice)))
    return raw[:at] + raw[until:]


def _doubled(raw: bytes, dice: Dice) -> bytes:
    at, until = sorted((_place(raw, dice), _place(raw, dice)))
    until = min(until, at + 2000)
    return raw[:until] + raw[at:until] * dice.choice((1, 2, 9)) + raw[until:]


def _shuffled(raw: bytes, dice: Dice) -> bytes:
    lines = raw.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


def _zip(raw: bytes, dice: Dice) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", raw)
    return file.getvalue()


_STEPS: list[Callable[[bytes, Dice], bytes]] = [
    _flip,
    _noise,
    _odd,
    _odd,
    _value,
    _value,
    _cut,
    _without,
    _doubled,
    _shuffled,
]
_PACKS: list[Callable[[bytes, Dice], bytes]] = [
    lambda raw, dice: gzip.compress(raw, 1, mtime=0),
    lambda raw, dice: _cut(gzip.compress(raw, 1, mtime=0), dice),
    lambda raw, dice: _flip(gzip.compress(raw, 1, mtime=0), dice),
    lambda raw, dice: raw.decode("utf-8", "replace").encode("utf-16"),
    lambda raw, dice: b"\xef\xbb\xbf" + raw,
    lambda raw, dice: raw.replace(b"\n", b"\r\n"),
    _zip,
]
