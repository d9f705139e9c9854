"""A pattern written for a key covers every path that folds into that key."""

from __future__ import annotations

import fnmatch
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.features.paths import normalise, path_key
from rtml.profiles.folded import APPARMOR, FALCO, glob, kubescape_path, only_folder
from rtml.profiles.naming import dns_label, identifier
from tests.profiles import matching

NAMES = st.one_of(
    st.text(st.sampled_from("ab[x]{}! _-.9#*?é"), min_size=1, max_size=6),
    st.sampled_from(["usr", "lib", "python3.11", "etc", "tmp", "proc", "4711", "7c9e6679f0b1a2c3", "ab"]),
    st.sampled_from(["tmp.Xa81kQ02", "x.py", ".x", "job-29412.log", "dpkg.Qnuf7c", "a\nb", "\x1b[2J"]),
).filter(lambda name: name not in (".", "..") and not name.endswith(" (deleted)"))
PATHS = st.lists(NAMES, min_size=1, max_size=10).map(lambda parts: "/" + "/".join(parts))


def key_of(path: str, fold: object) -> str:
    return pl.DataFrame({"p": [path]}).select(fold(pl.col("p"))).item()


@settings(max_examples=300)
@given(PATHS)
def test_files(path: str):
    key = key_of(path, path_key)
    assert fnmatch.fnmatchcase(path, glob(key, FALCO)), key
    assert "#" in path or matching.apparmor(glob(key, APPARMOR), path), key
    assert matching.kubescape(kubescape_path(key), path), key


@settings(max_examples=300)
@given(PATHS)
def test_programs(path: str):
    key = key_of(path, normalise)
    if only_folder(key):
        assert not matching.apparmor(glob(key, APPARMOR, program=True), f"{key[:-1]}curl")
        return
    assert fnmatch.fnmatchcase(path, glob(key, FALCO, program=True)), key
    assert "#" in path or matching.apparmor(glob(key, APPARMOR, program=True), path), key


def test_a_program_named_by_a_digest_is_covered_and_its_folder_is_not():
    key = key_of("/opt/7c9e6679f0b1a2c3", normalise)
    assert key == "/opt/*"
    for globs in (FALCO, APPARMOR):
        pattern = glob(key, globs, program=True)
        assert matching.apparmor(pattern, "/opt/7c9e6679f0b1a2c3")
        assert matching.apparmor(pattern, "/opt/7c9e6679-f0b1-4a2c-8b3d-0123456789ab")
        assert not matching.apparmor(pattern, "/opt/deadbee") and not matching.apparmor(pattern, "/opt/nc")


def test_a_place_covers_no_other_folder():
    place = "/usr/lib/python3.#/json/*.py"
    for path in ("/usr/lib/python3.11/os.py", "/usr/lib/python3.11/html/x.py", "/etc/shadow"):
        assert not matching.kubescape(kubescape_path(place), path)
        assert not matching.apparmor(glob(place, APPARMOR), path)
    assert matching.apparmor(glob(place, APPARMOR), "/usr/lib/python3.11/json/decoder.py")
    assert not matching.apparmor(glob(place, APPARMOR), "/usr/lib/ruby/json/x.py")
    assert matching.kubescape(kubescape_path(place), "/usr/lib/ruby/json/x.py"), (
        "a part is all or nothing there"
    )


@pytest.mark.parametrize("path", ['/tmp/a" rw,', "/tmp/x r, /** rwix", "/tmp/@{HOME}", "/tmp/a\n/** w,"])
def test_nothing_reaches_apparmor_that_could_end_a_rule(path: str):
    pattern = glob(key_of(path, path_key), APPARMOR)
    assert re.fullmatch(r"[A-Za-z0-9_./:+~%=?*\[\]-]+", pattern)


def test_the_wildcard_of_kubescape_in_a_name_is_no_wildcard():
    assert kubescape_path("/tmp/\u22ef/x") is None


@settings(max_examples=300)
@given(st.text(max_size=80), st.text(max_size=80))
def test_labels_are_labels_and_two_names_stay_two(one: str, other: str):
    for name in (one, other):
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", dns_label(name))
    assert one == other or dns_label(one) != dns_label(other)
    assert re.fullmatch(r"[a-z0-9_]+", identifier(one))
