"""Registries: lazy, open to other packages, and not to be stopped by a broken one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rtml.detectors import DETECTORS
from rtml.errors import RtmlError, UsageError, lookup
from rtml.registry import Registry

OWN = {"sine": "math:sin", "ghost": "no.such.module:thing"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package that declares entry points of the group ``test.roots``."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name: str, entries: str) -> None:
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[test.roots]\n{entries}\n")

    return install


def roots() -> Registry:
    return Registry("root", "test.roots", OWN, callable)


def test_listing_and_asking_whether_it_is_there_import_nothing(package):
    package("acme", "cube = no.other.module:cube")
    registry = roots()
    assert list(registry) == ["sine", "ghost", "cube"] and len(registry) == 3
    assert registry.own == ("sine", "ghost")
    assert "ghost" in registry and "cube" in registry and "root" not in registry


def test_what_another_package_declares_is_there(package):
    package("acme", "cube = math:cbrt")
    assert roots()["cube"](27.0) == pytest.approx(3.0)
    with pytest.raises(UsageError, match=r"unknown root 'cub'; did you mean 'cube'\?"):
        lookup(roots(), "cub", "root")


def test_ours_wins_and_the_clash_is_said(package):
    package("acme", "sine = math:cos")
    with pytest.warns(UserWarning, match="acme 1.0 has a root 'sine' as rtml does; rtml's is used"):
        assert roots()["sine"](0.0) == 0.0


def test_of_two_others_the_first_by_name_wins(package):
    package("zeta", "cube = math:sqrt")
    package("acme", "cube = math:cbrt")
    with pytest.warns(UserWarning, match="zeta 1.0 has a root 'cube' as acme 1.0 does; acme 1.0's is used"):
        assert roots()["cube"](27.0) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("no.such.module:cube", r"\(no\.such\.module:cube\) cannot be loaded \(ModuleNotFoundError"),
        ("math:no_such_name", "cannot be loaded .AttributeError"),
        ("math:pi", "is no root: it is of type float"),
        ("not an import path", "cannot be loaded"),
    ],
)
def test_a_broken_plug_in_is_named_and_stops_no_other(package, entry, words):
    package("acme", f"cube = {entry}")
    package("good", "fine = math:tan")
    registry = Registry("root", "test.roots", {"sine": "math:sin"}, callable)
    with pytest.raises(RtmlError, match=f"root 'cube' of the package acme 1.0 .*{words}"):
        registry["cube"]
    with pytest.warns(UserWarning, match="acme 1.0"):
        assert [name for name, _ in registry.working()] == ["sine", "fine"]


def test_a_package_with_broken_metadata_is_passed_over(package):
    package("acme", "this line says nothing")
    package("good", "fine = math:tan")
    with pytest.warns(UserWarning, match="entry points of the package acme cannot be read"):
        assert list(roots()) == ["sine", "ghost", "fine"]


def test_what_is_called_otherwise_than_it_is_registered_is_refused(package):
    package("acme", "cube = tests.test_registry:Named")
    with pytest.raises(RtmlError, match="calls itself 'square'"):
        roots()["cube"]


class Named:
    name = "square"


def test_names_of_detectors_are_known_without_loading_one():
    code = (
        "import sys; from rtml.detectors import DETECTORS; names = list(DETECTORS);"
        "heavy = {'sklearn', 'river', 'scipy'} & set(sys.modules); sys.exit(' '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "isolation_forest" in DETECTORS.own
