"""Imports run one way. The contracts are in the root pyproject.toml."""

from __future__ import annotations

import subprocess
import sys
import tomllib

LINT_IMPORTS = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


def test_the_contracts_hold(root):
    outcome = subprocess.run([*LINT_IMPORTS, "--no-cache"], cwd=root, check=False, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_contracts_speak_of_every_package(root, workspace):
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    ours = {package.source.name for package in workspace}
    assert set(config["root_packages"]) == ours
    (layers,) = [contract["layers"] for contract in config["contracts"] if contract["type"] == "layers"]
    assert {name.strip() for layer in layers for name in layer.split("|")} == ours


def test_declared_dependencies_run_the_same_way(root, workspace):
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in config["contracts"] if contract["type"] == "layers"]
    height = {name.strip(): -index for index, layer in enumerate(layers) for name in layer.split("|")}
    for package in workspace:
        for requirement in package.pyproject["project"]["dependencies"]:
            if requirement.startswith("wrt-"):
                below = requirement.partition("~")[0].replace("-", "_")
                assert height[below] < height[package.source.name], f"{package.name} requires {requirement}"


def test_a_broken_contract_is_noticed(tmp_path):
    for name, source in (("upper", ""), ("lower", "import upper")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source)
    (tmp_path / ".importlinter").write_text(
        "[importlinter]\nroot_packages =\n    upper\n    lower\n"
        "[importlinter:contract:1]\nname = one way\ntype = layers\nlayers =\n    upper\n    lower\n"
    )
    outcome = subprocess.run([*LINT_IMPORTS, "--no-cache"], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert outcome.returncode == 1
    assert "one way BROKEN" in outcome.stdout
