"""Where mutated sources come from, and how many there are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wrt_foundation.binary import encode
from wrt_foundation.errors import WrtError
from wrt_wast.script import parse_script
from wrt_wast.script.directives import DefineModule, ModuleForm, ModuleSource


@pytest.fixture(scope="session")
def mutations() -> int:
    """How many mutated sources of each kind to try: WRT_MUTATIONS, by default few enough for every run."""
    return int(os.environ.get("WRT_MUTATIONS", "1000"))


@pytest.fixture(scope="session")
def scripts() -> list[bytes]:
    """The specification's scripts, small enough to be mutated often."""
    root = Path(os.environ.get("WRT_SUITES") or Path(__file__).parents[3] / "shared" / "suites") / "official"
    if not root.is_dir():
        pytest.skip(f"THE SUITES ARE NOT HERE: no folder {root} (see WRT_SUITES)")
    return [path.read_bytes() for path in sorted(root.rglob("*.wast")) if path.stat().st_size < 60_000]


@pytest.fixture(scope="session")
def binaries(scripts: list[bytes]) -> list[bytes]:
    """The modules of the scripts, as binaries."""
    found = []
    for script in scripts:
        for directive in parse_script(script).directives:
            if isinstance(directive, DefineModule):
                data = _binary(directive.source)
                if data is not None and len(data) < 20_000:
                    found.append(data)
    return found


def _binary(source: ModuleSource) -> bytes | None:
    if source.form is ModuleForm.BINARY:
        return source.data
    try:
        return encode(source.read())
    except WrtError:
        return None
