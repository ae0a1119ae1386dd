"""Entry points: what is installed is what pyproject.toml says, each leads to a plugin, and listing imports none."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

from wrt_foundation.plugins import KINDS, State, get_plugin_manager, list_plugins

STALE = "the environment does not know what pyproject.toml says: `hatch run refresh`"


def declared(package) -> set[tuple[str, str, str]]:
    """Return (group, name, value) for every entry point in pyproject.toml."""
    project = package.pyproject["project"]
    tables = {"console_scripts": project.get("scripts", {}), **project.get("entry-points", {})}
    return {(group, name, value) for group, table in tables.items() for name, value in table.items()}


def test_installed_entry_points_are_those_of_pyproject(package):
    try:
        distribution = importlib.metadata.distribution(package.name)
    except importlib.metadata.PackageNotFoundError:
        pytest.fail(f"{package.name} is not installed: `hatch run refresh`")
    installed = {(point.group, point.name, point.value) for point in distribution.entry_points}
    assert installed == declared(package), STALE


def test_installed_requirements_and_version_are_those_of_pyproject(package):
    about: dict[str, str] = {}
    exec((package.source / "__about__.py").read_text(encoding="utf-8"), about)
    assert importlib.metadata.version(package.name) == about["__version__"], STALE
    project = package.pyproject["project"]
    optional = project.get("optional-dependencies", {})
    expected = len(project["dependencies"]) + sum(len(requirements) for requirements in optional.values())
    assert len(importlib.metadata.requires(package.name) or ()) == expected, STALE


def test_groups_are_known_kinds(package):
    ours = {group for group, _, _ in declared(package) if group.startswith("wrt.")}
    assert ours <= set(KINDS)


def test_every_entry_point_leads_to_a_plugin(workspace):
    manager = get_plugin_manager({})
    ours = {package.name for package in workspace}
    not_loaded = {
        f"{entry.kind} {entry.name}": f"{entry.state.value}: {entry.reason}"
        for entry in list_plugins(manager, load=True)
        if entry.distribution in ours and entry.state is not State.LOADED
    }
    assert not_loaded == {}


def test_listing_plugins_imports_none(workspace):
    code = (
        "import json, sys; from wrt_foundation.plugins import list_plugins; before = set(sys.modules); "
        "names = [entry.name for entry in list_plugins()]; "
        "print(json.dumps([names, sorted(set(sys.modules) - before)]))"
    )
    outcome = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    names, imported = json.loads(outcome.stdout)
    plugins = {name for package in workspace for group, name, _ in declared(package) if group.startswith("wrt.")}
    assert plugins <= set(names)
    assert [module for module in imported if module.startswith("wrt_")] == []
