"""What the distribution promises before it has plugins: its version, and nothing that does not work."""

from __future__ import annotations

from importlib.metadata import distribution

from wrt_capability.__about__ import __version__


def test_states_its_version_once():
    assert distribution("wrt-capability").version == __version__


def test_registers_nothing_that_does_not_load():
    for entry_point in distribution("wrt-capability").entry_points:
        assert entry_point.load() is not None
