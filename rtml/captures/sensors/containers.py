"""Where an event happened, as sensors name it: container id, image, tag and digest."""

from __future__ import annotations

import polars as pl

from rtml.absent import NO_ID
from rtml.container_ids import bare_form
from rtml.distinct import by_distinct
from rtml.images import without_digest

__all__ = ["container_id", "digest", "image_name", "plain_image"]

_NOWHERE = sorted({"host", *NO_ID})
_DIGEST = r"(sha256:[0-9a-fA-F]{64})"


def container_id(text: pl.Expr) -> pl.Expr:
    """Return ids without runtime and capitals; null for the host itself, and where none is known.

    Examples
    --------
    >>> texts = ["containerd://0123456789AB", "host", "", "<NA>", "0123456789ab"]
    >>> pl.DataFrame({"id": texts}).select(container_id(pl.col("id")))["container_id"].to_list()
    ['0123456789ab', None, None, None, '0123456789ab']
    """
    return by_distinct(text, _bare).alias("container_id")


def _bare(ids: pl.Expr) -> pl.Expr:
    plain = ids.str.strip_chars()
    return bare_form(pl.when(~plain.str.to_lowercase().is_in(_NOWHERE)).then(plain))


def image_name(name: pl.Expr, tag: pl.Expr) -> pl.Expr:
    """Return ``repository:tag`` of its two halves; null where there is no repository.

    Examples
    --------
    >>> rows = pl.DataFrame({"name": ["web", "db", None], "tag": ["1.2", None, "3"]})
    >>> rows.select(image_name(pl.col("name"), pl.col("tag")))["name"].to_list()
    ['web:1.2', 'db', None]
    """
    return pl.when(name.is_not_null()).then(pl.concat_str(name, ":" + tag, ignore_nulls=True))


def digest(image: pl.Expr) -> pl.Expr:
    """Return the digest that stands in the name of an image or in its id.

    Examples
    --------
    >>> names = pl.DataFrame({"image": ["web:1@sha256:" + "0a" * 32, "web:1"]})
    >>> names.select(digest(pl.col("image")).str.slice(0, 9))["image"].to_list()
    ['sha256:0a', None]
    """
    return by_distinct(image, _digest)


def _digest(image: pl.Expr) -> pl.Expr:
    return image.str.extract(_DIGEST).str.to_lowercase()


def plain_image(name: pl.Expr) -> pl.Expr:
    """Return names of images without their digests (`rtml.images.without_digest`), each looked at once.

    Examples
    --------
    >>> pl.DataFrame({"i": ["web:1@sha256:0a", None]}).select(plain_image(pl.col("i")))["i"].to_list()
    ['web:1', None]
    """
    return by_distinct(name, without_digest)
