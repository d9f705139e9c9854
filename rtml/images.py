"""Names of container images: ``[registry[:port]/]path[:tag][@digest]``."""

from __future__ import annotations

import polars as pl

__all__ = ["named_repository", "repository", "tag", "without_digest"]

_TAG_AND_DIGEST = r"(?s)(?::[^/:@]*)?(?:@.*)?$"
_NAMELESS = r"^(?:sha256:)?[0-9a-f]{12,}$"


def repository(image: pl.Expr) -> pl.Expr:
    """Return the repository of an image: its name without tag and digest; a registry's port stays.

    Parameters
    ----------
    image
        Names of images; dictionary-encoded ones too.

    Returns
    -------
    Null where the image is null, or has no name but its digest.

    Examples
    --------
    >>> names = ["web:1.2", "registry:5000/shop/web", "web:1@sha256:ab", "sha256:0123456789ab"]
    >>> pl.DataFrame({"image": names}).select(repository(pl.col("image")))["image"].to_list()
    ['web', 'registry:5000/shop/web', 'web', None]
    """
    text = image.cast(pl.String)
    name = text.str.replace(_TAG_AND_DIGEST, "")
    return pl.when(~text.str.contains(_NAMELESS) & (name != "")).then(name)


def tag(image: pl.Expr) -> pl.Expr:
    """Return the tag of an image; null where it has none (a digest is no tag, a port neither).

    Examples
    --------
    >>> names = ["web:1.2", "registry:5000/shop/web", "r:5000/a/web:1@sha256:ab", "sha256:0123456789ab"]
    >>> pl.DataFrame({"image": names}).select(tag(pl.col("image")))["image"].to_list()
    ['1.2', None, '1', None]
    """
    named = pl.when(~image.cast(pl.String).str.contains(_NAMELESS)).then(image.cast(pl.String))
    return named.str.replace(r"(?s)@.*$", "").str.extract(r"[^/:]:([^/:]+)$")


def named_repository(image: pl.Expr) -> pl.Expr:
    """Return the repository, or the digest of an image that has no other name.

    For lists of images in which none may get lost.

    Examples
    --------
    >>> names = pl.DataFrame({"image": ["web:1.2", "sha256:0123456789ab"]})
    >>> names.select(named_repository(pl.col("image")))["image"].to_list()
    ['web', 'sha256:0123456789ab']
    """
    return pl.coalesce(repository(image), image.cast(pl.String))


def without_digest(image: pl.Expr) -> pl.Expr:
    """Return the name of an image without its digest; null for one that has no other name.

    Examples
    --------
    >>> end = "sha256:" + "0a" * 32
    >>> names = [f"web:1@{end}", end, f"docker-pullable://web@{end}", f"@{end}"]
    >>> pl.DataFrame({"image": names}).select(without_digest(pl.col("image")))["image"].to_list()
    ['web:1', None, 'web', None]
    """
    plain = image.str.replace(r"^[a-z-]+://", "")
    return pl.when(repository(plain).is_not_null()).then(plain.str.replace(r"@.*$", ""))
