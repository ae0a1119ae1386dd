"""What the meta tests look at: the workspace's packages, read from disk and not from what is installed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Package:
    """One folder of packages/."""

    folder: Path
    pyproject: dict[str, Any]

    @property
    def name(self) -> str:
        """The distribution's name."""
        return str(self.pyproject["project"]["name"])

    @property
    def source(self) -> Path:
        """The folder of the import package."""
        return self.folder / "src" / self.name.replace("-", "_")

    @property
    def modules(self) -> list[str]:
        """The dotted name of every module, sorted."""
        return sorted(self._dotted(path) for path in self.source.rglob("*.py"))

    def _dotted(self, path: Path) -> str:
        parts = path.relative_to(self.source.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def packages() -> list[Package]:
    """Return the workspace's packages by name."""
    files = sorted((ROOT / "packages").glob("*/pyproject.toml"))
    return [Package(file.parent, tomllib.loads(file.read_text(encoding="utf-8"))) for file in files]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `package` once for each."""
    if "package" in metafunc.fixturenames:
        metafunc.parametrize("package", packages(), ids=lambda package: package.name)


@pytest.fixture(scope="session")
def workspace() -> list[Package]:
    """All packages, for tests that compare them."""
    return packages()


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT
