"""`wrt run` with host modules of strangers: linked by name, picked by full name where two share one."""

from __future__ import annotations

import sys

import pytest

STRANGE = """
from wrt_core.host_modules import HostModule
from wrt_foundation.plugins import hookimpl

class Strange(HostModule):
    def __init__(self, grants):
        self.attached = 0

    def attach(self, instance):
        self.attached += 1

    def imports(self):
        return {"strange": {"question": lambda number: number + ADDED * self.attached, "other": print}}

@hookimpl
def wrt_register_host_module():
    return Strange
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put distributions on the path that offer the host module `strange`, each adding another number."""
    placed = []

    def put(name: str, source: str) -> None:
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[wrt.host_modules]\nstrange = {name}_strange\n")
        (tmp_path / f"{name}_strange.py").write_text(source)
        placed.append(f"{name}_strange")
        monkeypatch.syspath_prepend(str(tmp_path))

    yield put
    for module in placed:
        sys.modules.pop(module, None)


def test_it_is_linked_where_a_module_imports_from_its_name(invoke, modules, install):
    install("acme", STRANGE.replace("ADDED", "1"))
    result = invoke("run", modules("strange"), "--invoke", "ask", "41")
    assert (result.exit_code, result.stdout) == (0, "42\n")


def test_of_two_with_one_name_the_user_picks(invoke, modules, install):
    install("acme", STRANGE.replace("ADDED", "1"))
    install("zeta", STRANGE.replace("ADDED", "2"))
    undecided = invoke("run", modules("strange"), "--invoke", "ask", "40")
    assert undecided.exit_code == 1
    assert "say which: 'acme:strange', 'zeta:strange'" in undecided.stderr
    for name, answer in (("acme:strange", "41\n"), ("zeta:strange", "42\n")):
        assert invoke("run", "--host-module", name, modules("strange"), "--invoke", "ask", "40").stdout == answer


def test_a_broken_one_is_named(invoke, modules, install):
    install("acme", "import surely_not_there")
    result = invoke("run", modules("strange"))
    assert result.exit_code == 1
    assert "the host module 'strange' of acme 1.0 is broken" in result.stderr
    assert "pip install surely_not_there" in result.stderr
