"""Arguments of Tracee's events: a list of names and values, each value of a type of its own."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.records.decoding import decode
from rtml.captures.sensors.records.values import said
from rtml.captures.sensors.tracee.fields import TYPED

__all__ = ["arguments"]

_TEXTS = """
pathname path file_path cmdpath old_path oldpath oldname new_path newpath newname target linkpath linkname
dir_name name flags mode prot type request pid tgid child_pid child_tid uid euid fsuid src dst
src_port dst_port fd nstype exit_code process_group_exit returnValue sha256
""".split()
_ADDRESS = pl.Struct(
    dict.fromkeys(("sa_family", "sin_addr", "sin_port", "sin6_addr", "sin6_port", "sun_path"), pl.String())
)
_PORTS = pl.Struct({"srcPort": pl.String(), "dstPort": pl.String()})
_QUESTION = {"query": pl.String(), "query_type": pl.String()}
_OBJECTS = {
    "argv": pl.List(pl.String()),
    "addr": _ADDRESS,
    "remote_addr": _ADDRESS,
    "local_addr": _ADDRESS,
    "dest_addr": _ADDRESS,
    "metadata": pl.Struct(
        dict.fromkeys(("src_ip", "dst_ip", "src_port", "dst_port", "protocol"), pl.String())
    ),
    "proto_tcp": _PORTS,
    "proto_udp": _PORTS,
    "proto_dns": pl.Struct(
        {
            "questions": pl.List(pl.Struct({"name": pl.String(), "type": pl.String()})),
            "answers": pl.List(pl.Struct({"IP": pl.String(), "CNAME": pl.String()})),
        }
    ),
    "dns_questions": pl.List(pl.Struct(_QUESTION)),
    "dns_response": pl.List(
        pl.Struct(
            {"query_data": pl.Struct(_QUESTION), "dns_answer": pl.List(pl.Struct({"answer": pl.String()}))}
        )
    ),
}
_SHAPE = pl.Struct(_OBJECTS)


def arguments(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each of ``rows``, with a column ``arg.NAME`` for each argument that is mapped.

    Parameters
    ----------
    rows
        ``args``: lists of name and value; a value that is no text is its JSON.
    """
    numbered = rows.select("args").with_row_index("at")
    each = numbered.filter(pl.col("args").list.len() > 0).explode("args").drop_nulls("args").unnest("args")
    each = each.with_columns(
        name=pl.coalesce("name", pl.col("argMeta").struct.field("name")),
        value=pl.coalesce("value", *TYPED, "sockaddr", pl.col("strArray").struct.field("value")),
    ).filter(pl.col("name").is_in([*_TEXTS, *_OBJECTS]) & pl.col("value").is_not_null())
    first = [
        pl.col("value").filter(pl.col("name") == name).first().alias(f"arg.{name}")
        for name in (*_TEXTS, *_OBJECTS)
    ]
    found = each.group_by("at", maintain_order=True).agg(first)
    whole = numbered.select("at").join(found, on="at", how="left", maintain_order="left").drop("at")
    return _decoded(whole).with_columns(said(pl.col(f"arg.{name}")) for name in _TEXTS)


def _decoded(found: pl.DataFrame) -> pl.DataFrame:
    """Read the values that are objects or lists, all of an event as one."""
    objects = [f"arg.{name}" for name in _OBJECTS]
    some = found.select(pl.any_horizontal(pl.col(objects).is_not_null()).alias("some"))["some"]
    texts = [f'"{name}":' + _json(pl.col(f"arg.{name}")).fill_null("null") for name in _OBJECTS]
    text = found.filter(some).select(text="{" + pl.concat_str(texts, separator=",") + "}")["text"]
    values, _ = decode(text, _SHAPE)
    read = values.struct.unnest().select(pl.all().name.prefix("arg."))
    read = read.with_columns(at=some.arg_true())
    told = found.drop(objects).with_row_index("at")
    return told.join(read, on="at", how="left", maintain_order="left").drop("at")


def _json(text: pl.Expr) -> pl.Expr:
    """Return objects and lists; the oldest versions write addresses as Python would."""
    python = text.str.starts_with("{'")
    spelled = pl.when(python).then(text.str.replace_all("'", '"', literal=True)).otherwise(text)
    return pl.when(text.str.contains(r"^[\[{]")).then(spelled)
