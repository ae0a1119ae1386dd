"""The fingerprint is another as soon as any line of source, or the Python, is."""

from __future__ import annotations

import sys

import pytest

import wrt_core
from wrt_core.cache.fingerprint import fingerprint


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A copy of nothing but the engine's templates, in the place of wrt_core."""
    folder = tmp_path / "wrt_core"
    (folder / "engines").mkdir(parents=True)
    (folder / "engines" / "integers.py").write_text("add = '{} + {}'\n")
    (folder / "notes.txt").write_text("")
    monkeypatch.setattr(wrt_core, "__path__", [str(folder)])
    return folder


def fresh() -> bytes | None:
    fingerprint.cache_clear()
    return fingerprint()


@pytest.fixture(autouse=True)
def _own(monkeypatch):
    yield
    fingerprint.cache_clear()


def test_the_same_each_time(source):
    assert fresh() == fresh() is not None


def test_changed_source(source):
    before = fresh()
    (source / "engines" / "integers.py").write_text("add = '{} - {}'\n")
    assert fresh() != before


def test_renamed_source(source):
    before = fresh()
    (source / "engines" / "integers.py").rename(source / "engines" / "numbers.py")
    assert fresh() != before


def test_other_files_do_not_count(source):
    before = fresh()
    (source / "notes.txt").write_text("notes")
    assert fresh() == before


def test_another_python(source, monkeypatch):
    before = fresh()
    monkeypatch.setattr(sys, "version", sys.version + " with patches")
    assert fresh() != before


def test_source_that_can_not_be_read(monkeypatch, tmp_path):
    monkeypatch.setattr(wrt_core, "__path__", [str(tmp_path / "archive.zip" / "wrt_core")])
    assert fresh() is None
