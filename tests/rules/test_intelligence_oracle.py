"""Matching by joins against oracles in plain Python, over generated lists and values."""

from __future__ import annotations

import datetime as dt
import ipaddress

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.rules.intelligence.addresses import match_addresses, numbers
from rtml.rules.intelligence.domains import match_domains
from rtml.rules.intelligence.entries import classify, domain_entries, network_entries
from rtml.rules.intelligence.formats import RAW
from rtml.rules.intelligence.relay import both_ways
from rtml.rules.intelligence.resolvers import copies

# Few different bits, so that networks nest, overlap and hit.
v4 = st.integers(0, 15).map(lambda n: ipaddress.IPv4Address((n % 4) << 30 | n >> 2))
v6 = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(
    lambda t: ipaddress.IPv6Address(t[0] << 126 | t[1] << 63 | t[2])
)
any_v4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
any_v6 = st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address)
address = v4 | v6 | any_v4 | any_v6
network = st.tuples(v4 | any_v4, st.integers(1, 32)) | st.tuples(v6 | any_v6, st.integers(1, 128))
junk = st.sampled_from(
    [
        "",
        "x",
        "1.2.3",
        "01.2.3.4",
        "1.2.3.256",
        "1.2.3.4.5",
        "::g",
        "1::2::3",
        ":",
        "1.2.3.4/8",
        "٣.2.3.4",
        "::1%eth0",
        "1.2.3.4 ",
        "-1.2.3.4",
        "::\x00",
    ]
)


def entries(values: list[str]) -> pl.DataFrame:
    rows = [(i, value, None, None) for i, value in enumerate(values, 1)]
    return classify(pl.DataFrame(rows, schema=RAW, orient="row"))


def widest(found, networks):
    """Networks that hold the address, longest first, IPv4 in IPv6 taken as IPv4."""
    mapped = getattr(found, "ipv4_mapped", None) or found
    held = [net for net in networks if net.version == mapped.version and mapped in net]
    return max(held, key=lambda net: net.prefixlen, default=None)


@settings(max_examples=300)
@given(st.lists(network, max_size=12), st.lists(address, max_size=12))
def test_addresses_match_the_longest_network_that_holds_them(networks, addresses):
    texts = [f"{base}/{length}" for base, length in networks]
    parsed = {ipaddress.ip_network(text, strict=False): text for text in reversed(texts)}
    listed = network_entries(entries(texts), 7)
    got = match_addresses(pl.Series([str(a) for a in addresses], dtype=pl.String), listed)
    want = {}
    for one in addresses:
        best = widest(one, parsed)
        if best is not None:
            want[str(one)] = (7, parsed[best])
    assert {value: (number, entry) for value, number, entry, *_ in got.rows()} == want


@given(st.lists(address.map(str) | junk | st.text(max_size=12) | st.none(), max_size=12))
def test_addresses_are_read_as_the_standard_library_reads_them(texts):
    def number(text):
        try:
            found = ipaddress.ip_address(text.partition("%")[0] if ":" in str(text) else text)
        except (ValueError, AttributeError):
            return None
        return int(found) + (0xFFFF << 32 if found.version == 4 else 0)

    got = numbers(pl.Series(texts, dtype=pl.String))
    assert [None if hi is None else hi << 64 | lo for hi, lo in got.rows()] == [
        number(text) for text in texts
    ]


@given(st.lists(st.tuples(address, st.integers(0, 130)) | st.tuples(junk, st.just(8)), max_size=8))
def test_networks_are_read_as_the_standard_library_reads_them(pairs):
    texts = [f"{base}/{length}" for base, length in pairs]
    kinds = []
    for text in texts:
        try:
            good = ipaddress.ip_network(text, strict=False).prefixlen > 0 and "%" not in text
        except ValueError:
            good = False
        kinds.append("address" if good else None)
    got = entries(texts)
    assert got["kind"].to_list() == kinds
    assert got.filter(pl.col("kind").is_null())["reason"].null_count() == 0


label = st.sampled_from(["a", "b", "ab", "a-b", "x_y", "com"])
name = st.lists(label, min_size=2, max_size=4).map(".".join)
asked = st.lists(label, min_size=0, max_size=6).map(".".join)
odd = asked.map(str.upper) | asked.map(lambda s: s + ".") | asked.map(lambda s: "." + s)


@settings(max_examples=300)
@given(st.lists(name, max_size=8), st.lists(asked | odd | st.none(), max_size=10), st.booleans())
def test_domains_match_the_longest_listed_name_that_they_lie_under(listed, names, exact):
    found = domain_entries(entries(listed), 3, exact)
    got = match_domains(pl.Series(names, dtype=pl.String), found)
    want = {}
    for one in {n for n in names if n is not None}:
        plain = one.lower().rstrip(".")
        held = [x for x in listed if plain == x or (not exact and plain.endswith("." + x))]
        if held:
            want[one] = (3, max(held, key=len))
    assert {value: (number, entry) for value, number, entry, *_ in got.rows()} == want


def test_a_wide_network_of_ipv6_holds_no_ipv4():
    listed = network_entries(entries(["::/8", "::ffff:0:0/96"]), 0)
    got = match_addresses(pl.Series(["192.0.2.1", "::1"]), listed)
    assert got.select("value", "entry").rows() == [("192.0.2.1", "::ffff:0:0/96"), ("::1", "::/8")]


def test_stars_ask_for_subdomains_in_an_exact_list():
    found = domain_entries(entries(["*.a.example", "b.example"]), 0, exact=True)
    names = pl.Series(["x.a.example", "a.example", "x.b.example", "b.example", "q" * 100_000])
    assert match_domains(names, found)["value"].to_list() == ["a.example", "b.example", "x.a.example"]


START = dt.datetime(2026, 1, 1)
second = st.integers(0, 12)


query = st.tuples(
    second,
    st.sampled_from("ab"),
    st.sampled_from(["C2.example.", "c2.example", "x.example"]),
    st.sampled_from(["/coredns", "unbound", "/usr/bin/curl", None]),
)


@given(st.lists(query, max_size=8))
def test_a_copy_is_a_resolvers_query_near_another_programs(queries):
    hits = pl.DataFrame(
        [(START + dt.timedelta(seconds=s), rule, name, exe) for s, rule, name, exe in queries],
        schema={"time": pl.Datetime("us"), "rule": pl.String, "name": pl.String, "program": pl.String},
        orient="row",
    )

    def resolver(query):
        return query[3] in ("/coredns", "unbound")

    def same(one, other):
        names = [query[2].lower().rstrip(".") for query in (one, other)]
        return one[1] == other[1] and names[0] == names[1] and abs(one[0] - other[0]) <= 5

    assert copies(hits).to_list() == [
        resolver(one) and any(same(one, other) and not resolver(other) for other in queries)
        for one in queries
    ]


@given(st.lists(st.tuples(second, st.sampled_from("hi"), st.sampled_from("cd"), st.booleans()), max_size=8))
def test_a_relay_has_both_directions_in_one_container_close_in_time(rows):
    hits = pl.DataFrame(
        [
            (i, START + dt.timedelta(seconds=s), host, name, 0, way)
            for i, (s, host, name, way) in enumerate(rows)
        ],
        schema={
            "row": pl.Int64,
            "time": pl.Datetime("us"),
            "host": pl.String,
            "container_id": pl.String,
            "list": pl.Int64,
            "outbound": pl.Boolean,
        },
        orient="row",
    )
    assert set(both_ways(hits, "5s")["row"]) == {
        i
        for i, (s, host, name, way) in enumerate(rows)
        if any(h == host and c == name and w != way and abs(t - s) <= 5 for t, h, c, w in rows)
    }
