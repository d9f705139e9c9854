"""The shape of domain names: how long, how random."""

from __future__ import annotations

import polars as pl

from rtml.features.entropy import weight

__all__ = ["LONGEST_NAME", "label_shape", "letters_entropy"]

LONGEST_NAME = 255
"""Characters of a name that are looked at (RFC 1035)."""

_LENGTHS = (32, 16, 8)
_MOST_LABELS = 8
_DIGITS = 4
_CONSONANTS = "[bcdfghjklmnpqrstvwxz]{5}"


def letters_entropy(domains: pl.Series) -> pl.DataFrame:
    """Return the entropy of the characters of each distinct name, dots left out.

    ``H = log2 L - (1/L) sum c log2 c`` over the counts c of its L characters, in bits per
    character; no row for a name without any.

    Examples
    --------
    >>> letters_entropy(pl.Series("domain", ["aabb.", "aaaa"])).sort("domain").rows()
    [('aaaa', 0.0), ('aabb.', 1.0)]
    """
    names = pl.DataFrame({"domain": domains.drop_nulls().unique()})
    letters = pl.col("domain").str.slice(0, LONGEST_NAME).str.to_lowercase().str.split("")
    single = names.with_columns(letter=letters).explode("letter", empty_as_null=False)
    counts = single.filter(~pl.col("letter").is_in(["", "."])).group_by("domain", "letter").len("c")
    total = pl.col("c").sum().cast(pl.Float64)
    bits = (total.log(2) - weight(pl.col("c")).sum() / 1024 / total).clip(lower_bound=0.0)
    return counts.group_by("domain").agg(bits=bits)


def label_shape(domain: pl.Expr) -> pl.Expr:
    """Return in few words what a name looks like: its longest label, how many labels, digits, consonants.

    Lengths are told by powers of two from 8 on; digits from four on, and five consonants in a row, are what
    names have that nobody has to remember.

    Examples
    --------
    >>> names = ["cache.shop.internal", "q7z2xkfp91mvt.example.com", "bcdfghk.top", "localhost", ""]
    >>> for row in pl.DataFrame({"d": names}).select(d=label_shape(pl.col("d")))["d"]: row
    'label of 8, 3 labels'
    'label of 8, 3 labels, digits'
    'label of 0, 2 labels, consonants'
    'label of 8, 1 labels'
    'label of 0, 1 labels'
    """
    name = domain.str.slice(0, LONGEST_NAME).str.to_lowercase().str.strip_chars_end(".")
    labels = name.str.split(".")
    longest = labels.list.eval(pl.element().str.len_chars()).list.max()
    length = pl.coalesce(*(pl.when(longest >= n).then(pl.lit(str(n))) for n in _LENGTHS), pl.lit("0"))
    parts = [
        pl.concat_str([pl.lit("label of "), length]),
        pl.concat_str([labels.list.len().clip(upper_bound=_MOST_LABELS).cast(pl.String), pl.lit(" labels")]),
        pl.when(name.str.count_matches("[0-9]") >= _DIGITS).then(pl.lit("digits")),
        pl.when(name.str.contains(_CONSONANTS)).then(pl.lit("consonants")),
    ]
    return pl.concat_str(parts, separator=", ", ignore_nulls=True)
