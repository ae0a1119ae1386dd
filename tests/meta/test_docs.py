"""The documents say what is there: every hook with its signature, links that lead somewhere, code that parses."""

from __future__ import annotations

import ast
import importlib
import inspect
import re

import pytest

from wrt_foundation.plugins import KINDS
from wrt_foundation.plugins.hookspecs import PROJECT


def documents(root):
    """Return every Markdown file that we wrote."""
    folders = ("docs", "examples", "benchmarks", "packages")
    return [*root.glob("*.md"), *(path for folder in folders for path in (root / folder).rglob("*.md"))]


def hookspecs(workspace) -> dict[str, str]:
    """Return "wrt_hook(parameters)" and the layer's module for every hookspec of every layer."""
    found = {}
    for package in workspace:
        for name in package.modules:
            if name.endswith(".hookspecs"):
                module = importlib.import_module(name)
                for hook, function in vars(module).items():
                    if inspect.isfunction(function) and hasattr(function, f"{PROJECT}_spec"):
                        parameters = inspect.signature(function).parameters
                        found[f"{hook}({', '.join(parameters)})"] = name
    return found


def test_every_hook_has_a_heading_with_its_signature(root, workspace):
    text = (root / "docs" / "plugins.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#{2,5} `(wrt_\w+\(.*\))`$", text, re.MULTILINE)
    assert sorted(headings) == sorted(hookspecs(workspace))


def test_every_hook_says_when_and_what(workspace):
    for signature, module in hookspecs(workspace).items():
        name, _, parameters = signature.rstrip(")").partition("(")
        doc = inspect.getdoc(getattr(importlib.import_module(module), name)) or ""
        for said in ("Called ", *(f":param {parameter}:" for parameter in parameters.split(", ") if parameter)):
            assert said in doc, f"{module}.{name} does not say {said!r}"


def test_every_kind_has_a_section(root):
    text = (root / "docs" / "plugins.md").read_text(encoding="utf-8")
    for group, kind in KINDS.items():
        assert f"`{group}`" in text
        assert f"`{kind.hook}(" in text


@pytest.mark.parametrize("variable", ["WRT_PLUGINS", "WRT_TRACE_PLUGINS"])
def test_environment_variables_are_documented(root, variable):
    assert f"`{variable}" in (root / "docs" / "plugins.md").read_text(encoding="utf-8")


def test_links_lead_somewhere(root):
    broken = [
        (str(document.relative_to(root)), target)
        for document in documents(root)
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_python_blocks_parse(root):
    for document in documents(root):
        for block in re.findall(
            r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            ast.parse(block, filename=str(document))


def test_rationale_asks_why(root):
    headings = re.findall(r"^## (.*)$", (root / "RATIONALE.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings
    assert [heading for heading in headings if not re.fullmatch(r"Why .+\?", heading)] == []
