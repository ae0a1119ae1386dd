"""Distributions are found in folders, in archives and by finders of their own; entry points are read as written."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile

import pytest

from wrt_foundation.plugins import Registry
from wrt_foundation.plugins.discovery import offers
from wrt_foundation.plugins.installed import EntryPoint, distributions, entry_points, header, normalized

GROUP = "wrt.engines"


def test_all_that_python_knows_of():
    known = {normalized(each.metadata["Name"]) for each in importlib.metadata.distributions()}
    assert {name for name, _ in distributions()} == known


def test_what_it_says_is_what_python_reads():
    for name in ("wrt-foundation", "pytest", "pluggy"):
        found = dict(distributions())[name]
        wanted = importlib.metadata.distribution(name)
        text = found.read_text("entry_points.txt") or ""
        assert sorted((e.group, e.name, e.value) for e in entry_points(text)) == sorted(
            (e.group, e.name, e.value) for e in wanted.entry_points
        )
        fields = header(found)
        assert fields["Version"] == [wanted.version]
        assert fields.get("Requires-Dist", []) == (wanted.requires or [])


def test_nothing_heavy_is_imported():
    program = (
        "import sys; from wrt_foundation.plugins import Registry; Registry('wrt.engines').names();"
        "print([m for m in ('importlib_metadata', 'importlib.metadata', 'email', 'zipfile') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_in_an_archive(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "acme.zip", "w") as archive:
        archive.writestr("acme_wrt-1.0.dist-info/METADATA", "Name: acme-wrt\nVersion: 1.0\n")
        archive.writestr("acme_wrt-1.0.dist-info/entry_points.txt", f"[{GROUP}]\nzipped = acme_zipped\n")
        archive.writestr(
            "acme_zipped.py",
            "from wrt_foundation.plugins import hookimpl\n@hookimpl\ndef wrt_register_engine(): return object\n",
        )
    monkeypatch.syspath_prepend(tmp_path / "acme.zip")
    registry = Registry(GROUP)
    assert "zipped" in registry.names()
    assert registry.get("zipped") is object


def test_by_a_finder_of_its_own(monkeypatch):
    class Found:
        name = "Acme_WRT"

        def read_text(self, filename):
            texts = {"METADATA": "Name: acme-wrt\nVersion: 3\n", "entry_points.txt": f"[{GROUP}]\nfound = acme\n"}
            return texts.get(filename)

    class Finder:
        def find_spec(self, *_):
            return None

        def find_distributions(self, *_):
            return [Found()]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    (offer,) = [each for each in offers([GROUP]) if each.name == "found"]
    assert (offer.distribution, offer.version, offer.entry_point.value) == ("acme-wrt", "3", "acme")


def test_in_the_working_directory(install, monkeypatch):
    site = install("acme-wrt", {GROUP: {"here": "acme"}})
    monkeypatch.setattr(sys, "path", ["", *(place for place in sys.path if place != str(site))])
    monkeypatch.chdir(site)
    assert "here" in Registry(GROUP).names()


def test_as_setuptools_leaves_it_in_a_source_tree(tmp_path, monkeypatch):
    folder = tmp_path / "acme_wrt.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: acme-wrt\nVersion: 2\n\nName: not this one\n")
    (folder / "entry_points.txt").write_text(f"[{GROUP}]\nold = acme\n")
    (tmp_path / "ancient-1.0.egg-info").write_text("Name: ancient\n")  # a file, as distutils left
    monkeypatch.syspath_prepend(tmp_path)
    (offer,) = [each for each in offers([GROUP]) if each.name == "old"]
    assert (offer.distribution, offer.version) == ("acme-wrt", "2")


def test_places_that_are_not_there(monkeypatch, tmp_path):
    before = offers([GROUP])
    monkeypatch.setattr(sys, "path", [str(tmp_path / "gone"), *sys.path])
    assert offers([GROUP]) == before


def test_entry_points_as_they_are_written():
    text = "\n# a comment\n; another\n[one]\na=b\n  spaced  =  m.n : o.p [x, y]  \n\n[two]\nwith=equals = m\n"
    found = list(entry_points(text))
    assert found == [
        EntryPoint("one", "a", "b"),
        EntryPoint("one", "spaced", "m.n : o.p [x, y]"),
        EntryPoint("two", "with", "equals = m"),
    ]
    assert found[1].extras == ["x", "y"]
    assert found[0].extras == []


def test_loading():
    assert EntryPoint("g", "n", "os.path").load() is sys.modules["os.path"]
    assert EntryPoint("g", "n", "os : path.join [extra]").load() is sys.modules["os"].path.join
    with pytest.raises(ValueError, match="names no module"):
        EntryPoint("g", "n", "not-a module").load()
    with pytest.raises(AttributeError):
        EntryPoint("g", "n", "os:no_such").load()
