"""Source files are shown where they may be, and nowhere else."""

from __future__ import annotations

import os
import pickle

import pytest

from wrt_core.debugging import positions
from wrt_core.debugging.sources import SOURCE_PATH, Sources
from wrt_foundation.positions import Position


def test_a_line_is_found_below_a_directory(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.c").write_bytes(b"one\r\ntwo\x0c\nthr\xffee")
    sources = Sources([str(tmp_path)])
    assert sources.line(Position("src/a.c", 2)) == "two\x0c"
    assert sources.line(Position("src/../src/a.c", 3)) == "thr\ufffdee"
    assert sources.line(Position(str(tmp_path / "src" / "a.c"), 1)) == "one"
    for line in (0, -1, 4):
        assert sources.line(Position("src/a.c", line)) is None
    assert pickle.loads(pickle.dumps(sources)).line(Position("src/a.c", 1)) == "one"


def test_nothing_is_read_outside_of_the_directories(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret").write_text("secret")
    (inside / "link").symlink_to(tmp_path / "secret")
    (inside / "round").symlink_to(inside / "round")
    sources = Sources([str(inside)])
    for name in ("../secret", str(tmp_path / "secret"), "link", "round", "/etc/passwd", "", ".", "a\0b", "x" * 5000):
        assert sources.line(Position(name, 1)) is None, name
    assert Sources().line(Position("/etc/passwd", 1)) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert Sources([str(tmp_path)]).line(Position("pipe", 1)) is None


def test_a_long_line_is_cut_and_a_large_file_not_read(tmp_path):
    (tmp_path / "long").write_text("x" * 10_000)
    with (tmp_path / "large").open("wb") as file:
        file.truncate((4 << 20) + 1)
    sources = Sources([str(tmp_path)])
    assert len(sources.line(Position("long", 1))) == 500
    assert sources.line(Position("large", 1)) is None


def test_the_user_may_name_more_directories(tmp_path, monkeypatch, shapes, instructions):
    source = tmp_path / "src" / "shapes"
    source.mkdir(parents=True)
    (source / "shapes.c").write_text("\n" * 9 + "line ten")
    monkeypatch.setenv(SOURCE_PATH, os.pathsep.join(("/nowhere", str(source))))
    module = shapes("v2")
    offset = next(offset for name, offset in instructions(module) if name == "i32.div_s")
    found = positions(module)
    assert found.text(found.at(offset)) == "line ten"
