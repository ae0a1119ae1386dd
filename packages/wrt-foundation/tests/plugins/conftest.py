"""Throwaway distributions: folders of metadata and modules, made on disk and put on the path for one test."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., Path]

ENGINE = """
    from wrt_foundation.plugins import hookimpl

    class Engine:
        pass

    @hookimpl
    def wrt_register_engine(name):
        return Engine
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution: `install("acme", {"wrt.engines": {"fast": "acme"}}, {"acme.py": source})`."""
    monkeypatch.delenv("WRT_PLUGINS", raising=False)
    monkeypatch.delenv("WRT_TRACE_PLUGINS", raising=False)
    imported_before = set(sys.modules)

    def install(
        distribution: str,
        entry_points: dict[str, dict[str, str]] | str,
        modules: dict[str, str] | None = None,
        *,
        version: str = "1.0",
        requires: tuple[str, ...] = (),
    ) -> Path:
        site = tmp_path / distribution
        metadata = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir(parents=True)
        requirements = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{requirements}"
        )
        if not isinstance(entry_points, str):
            entry_points = "".join(
                f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in table.items())
                for group, table in entry_points.items()
            )
        (metadata / "entry_points.txt").write_text(entry_points)
        for path, source in (modules or {}).items():
            file = site / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(site)
        return site

    yield install
    for name in set(sys.modules) - imported_before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def acme(install: Install) -> Path:
    """A working stranger's plugin: the engine "acme-fast" of the distribution "acme-wrt"."""
    return install("acme-wrt", {"wrt.engines": {"acme-fast": "acme_plugin"}}, {"acme_plugin.py": ENGINE})
