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
            "QR": pl.String(),
            "responseCode": pl.String(),
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


def arguments(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each of ``rows``, with a column ``arg.NAME`` for each argument that is mapped.

    Parameters
    ----------
    rows
        ``args``: lists of name and value; a value that is no text is its JSON.
    """
    numbered = rows.select("args").with_row_index("at")
    each = numbered.filter(pl.col("args").list.len() > 0).explode("args").drop_nulls("args").unnest("args")
    each = each.select(
        "at",
        name=pl.coalesce("name", pl.col("argMeta").struct.field("name")),
        value=pl.coalesce("value", *TYPED, "sockaddr", pl.col("strArray").struct.field("value")),
    ).filter(pl.col("name").is_in([*_TEXTS, *_OBJECTS]) & pl.col("value").is_not_null())
    found = {
        str(name): part.unique("at", keep="first", maintain_order=True)
        for (name,), part in each.partition_by("name", as_dict=True, include_key=False).items()
    }
    texts = {name: found[name].with_columns(said(pl.col("value"))) for name in _TEXTS if name in found}
    read = _decoded({name: found[name] for name in _OBJECTS if name in found}, rows.height)
    return pl.DataFrame(
        [
            *(_spread(texts.get(name), name, pl.String(), rows.height) for name in _TEXTS),
            *(_spread(read.get(name), name, kind, rows.height) for name, kind in _OBJECTS.items()),
        ]
    )


def _spread(values: pl.DataFrame | None, name: str, kind: pl.DataType, rows: int) -> pl.Series:
    """Return a column with values ``at`` their rows, null in all others."""
    column = pl.Series(f"arg.{name}", [None], kind).new_from_index(0, rows)
    if values is None:
        return column
    place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, rows)
    place = place.scatter(values["at"], pl.int_range(values.height, dtype=pl.UInt32, eager=True))
    return values["value"].gather(place).alias(f"arg.{name}")


def _decoded(objects: dict[str, pl.DataFrame], rows: int) -> dict[str, pl.DataFrame]:
    """Read the values that are objects or lists, all of an event as one."""
    if not objects:
        return {}
    some = pl.concat([values["at"] for values in objects.values()]).unique().sort()
    texts = pl.DataFrame(
        [_spread(values, name, pl.String(), rows).gather(some) for name, values in objects.items()]
    )
    parts = [f'"{name}":' + _json(pl.col(f"arg.{name}")).fill_null("null") for name in objects]
    text = texts.select(text="{" + pl.concat_str(parts, separator=",") + "}")["text"]
    values, _ = decode(text, pl.Struct({name: _OBJECTS[name] for name in objects}))
    return {name: pl.DataFrame({"at": some, "value": values.struct.field(name)}) for name in objects}


def _json(text: pl.Expr) -> pl.Expr:
    """Return objects and lists; the oldest versions write addresses as Python would."""
    python = text.str.starts_with("{'")
    spelled = pl.when(python).then(text.str.replace_all("'", '"', literal=True)).otherwise(text)
    return pl.when(text.str.starts_with("{") | text.str.starts_with("[")).then(spelled)
