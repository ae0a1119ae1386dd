"""Every package has what a package needs, and no file has a name that says nothing."""

from __future__ import annotations

import ast
import re
import sys

# Import names of what our packages depend on, where they are not the distribution's own name.
IMPORT_NAMES = {"importlib-metadata": "importlib_metadata"}
# What conformance kits and the pytest plugin may use: whoever uses them has it.
TEST_TOOLS = {"pytest", "hypothesis"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


def test_no_name_that_says_nothing(root):
    named = [
        path.relative_to(root)
        for folder in ("packages", "tests", "examples", "benchmarks", "docs", ".ci")
        for path in (root / folder).rglob("*")
        if path.suffix in {".py", ".md", ""} and path.stem in EMPTY_NAMES
    ]
    assert named == []


def test_package_has_its_files(package):
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml"):
        assert (package.folder / name).is_file(), name
    for name in ("__init__.py", "__about__.py", "py.typed"):
        assert (package.source / name).is_file(), name
    assert list((package.folder / "tests").rglob("test_*.py")), "no tests"


def test_every_folder_of_modules_is_a_package(package):
    # One without is a namespace package: it would import, and fall out of the wheel's type information.
    folders = {path.parent for path in package.source.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_license_is_the_repositorys(package, root):
    assert (package.folder / "LICENSE").read_text() == (root / "LICENSE").read_text()


def test_readme_is_about_the_package(package):
    assert (package.folder / "README.md").read_text(encoding="utf-8").startswith(f"# {package.name}\n")


def test_changelog_has_the_version(package):
    version = re.search(r'"(.+)"', (package.source / "__about__.py").read_text().split("=")[1])
    assert version is not None
    assert re.search(rf"^## {re.escape(version[1])}\b", (package.folder / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_packages_agree(workspace):
    for key in ("requires-python", "license", "license-files", "readme", "dynamic"):
        assert len({str(package.pyproject["project"][key]) for package in workspace}) == 1, key


def test_every_import_is_a_declared_dependency(package):
    project = package.pyproject["project"]
    requirements = [re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in project["dependencies"]]
    names = {match[0] for match in requirements if match is not None}
    allowed = {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in names}
    allowed |= {package.source.name} | set(sys.stdlib_module_names)
    undeclared = set()
    for path in package.source.rglob("*.py"):
        is_for_tests = "testing" in path.parts or path.stem == "pytest_plugin"
        # A subcommand is imported by `wrt` alone, which brings what it draws with.
        is_command = "commands" in path.parts
        tools = (TEST_TOOLS if is_for_tests else set()) | ({"click", "rich"} if is_command else set())
        for imported in imports(ast.parse(path.read_text(encoding="utf-8"))):
            if imported not in allowed | tools:
                undeclared.add((str(path.relative_to(package.source)), imported))
    assert undeclared == set()


def imports(node: ast.AST) -> set[str]:
    """Return the first part of every module that `node` imports when it runs."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {str(node.module).partition(".")[0]}
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return set().union(*map(imports, node.orelse))
    return set().union(*map(imports, ast.iter_child_nodes(node)))


def test_imports_are_found_where_they_run():
    source = "import a.b\nif TYPE_CHECKING:\n  import c\nelse:\n  import d\ndef f():\n  from e.g import h"
    assert imports(ast.parse(source)) == {"a", "d", "e"}
