"""The conformance kit for engines, and what its tests are made with: inherit a class, give one fixture, get our tests.

It ships in the wheel and needs pytest only where it runs. A conftest.py that calls
`pytest.register_assert_rewrite("wrt_core.testing")` makes its failures tell more.
"""

from __future__ import annotations

from wrt_core.testing.assembler import ModuleBuilder, assemble
from wrt_core.testing.differential import disagreement
from wrt_core.testing.engine import EngineConformance
from wrt_core.testing.programs import Kind, Program, random_program
from wrt_core.testing.reference import Reference

__all__ = [
    "EngineConformance",
    "Kind",
    "ModuleBuilder",
    "Program",
    "Reference",
    "assemble",
    "disagreement",
    "random_program",
]
