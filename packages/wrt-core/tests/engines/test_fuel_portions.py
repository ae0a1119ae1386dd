"""Fuel is counted in portions, whose numbers are small: what is used and when it is used up does not depend on that."""

from __future__ import annotations

import pytest

from wrt_core.engines.stackless import editions
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.execution import Execution
from wrt_core.testing import ModuleBuilder

CODE = """
    loop
        local.get 1 local.get 0 call 0 i32.add local.set 1
        local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0
    end
    local.get 1
"""


def started(fuel: int) -> Execution:
    builder = ModuleBuilder()
    builder.function(None, "i32 -> i32", "local.get 0 i32.const 3 i32.mul")
    builder.function("f", "i32 -> i32", CODE, "i32")
    return builder.instantiate(StacklessEngine()).exports.f.start(200, fuel=fuel)


@pytest.mark.parametrize("portion", [1, 7, 50, 1_000])
@pytest.mark.parametrize("fuel", [0, 1, 49, 50, 51, 500, 2**40])
def test_small_portions_change_nothing(monkeypatch: pytest.MonkeyPatch, portion: int, fuel: int) -> None:
    whole = started(fuel)
    whole.run()
    monkeypatch.setattr(editions, "_PORTION", portion)
    execution = started(fuel)
    execution.run()
    assert (execution.state, execution.fuel, execution.fuel_used) == (whole.state, whole.fuel, whole.fuel_used)
    for each in (execution, whole):
        while each.state == "paused":
            each.run(fuel=100)
    assert execution.result == whole.result == 60_300
    assert execution.fuel_used == whole.fuel_used


def test_more_fuel_than_a_portion_is_all_there() -> None:
    execution = started(3 * editions._PORTION + 5)
    execution.run()
    assert execution.fuel is not None
    assert execution.fuel > 2 * editions._PORTION
    assert execution.fuel_used == 3 * editions._PORTION + 5 - execution.fuel
