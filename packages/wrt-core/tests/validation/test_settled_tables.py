"""Which tables have forever what they have at first."""

from __future__ import annotations

import pickle

import pytest

from wrt_core.testing import ModuleBuilder
from wrt_core.validation import validate
from wrt_foundation.types import ExternKind

FIRST, SECOND, THIRD = range(3)

READING = f"""
    table.size {SECOND} drop
    i32.const 0 table.get {SECOND} drop
    i32.const 0 call_indirect 0 {SECOND}
    i32.const 0 i32.const 0 i32.const 0 table.copy {FIRST} {SECOND}
"""


def settled(code: str = "", imported: bool = False, exported: bool = False) -> set[int]:
    """Return which of three tables are settled in a module whose code is this."""
    builder = ModuleBuilder()
    if imported:
        builder.import_table("env", "table", 1)
    for _ in range(2 if imported else 3):
        builder.table(1, name=None)
    if exported:
        builder.export("table", ExternKind.TABLE, SECOND)
    builder.elements([], None)
    builder.function("f", "->", code)
    module = validate(builder.module)
    found = {index for index in range(3) if module.is_settled(index)}
    copy = pickle.loads(pickle.dumps(module))
    assert found == {index for index in range(3) if copy.is_settled(index)}
    return found


def test_a_table_that_is_only_read_is_settled():
    assert settled(READING) == {SECOND, THIRD}


@pytest.mark.parametrize(
    "code",
    [
        "i32.const 0 ref.null func table.set {}",
        "ref.null func i32.const 1 table.grow {} drop",
        "i32.const 0 ref.null func i32.const 1 table.fill {}",
        f"i32.const 0 i32.const 0 i32.const 0 table.copy {{}} {THIRD}",
        "i32.const 0 i32.const 0 i32.const 0 table.init 0 {}",
    ],
)
@pytest.mark.parametrize("reached", [True, False], ids=["reached", "dead"])
def test_what_code_writes_to_is_not(code, reached):
    assert settled(("" if reached else "unreachable ") + code.format(SECOND)) == {FIRST, THIRD}


def test_what_others_see_is_not():
    assert settled(exported=True) == {FIRST, THIRD}
    assert settled(imported=True) == {SECOND, THIRD}
