"""The books balance, whatever guests do and however it fails."""

from __future__ import annotations

import gc

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.policy import Policy
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import QuotaExceeded
from wrt_foundation.memory import process_budget
from wrt_foundation.traps import Trap
from wrt_foundation.types import I64, ArrayType, FieldType

PAGE = 65536
POLICY = Policy.parse("""
extends = "trusted"
[[rule]]
limits = { memory = "5 MiB", fuel = 2000 }
quota = { memory = "1 MiB", table = 40, instances = 4, gc = 4000, fuel = 1_000_000, concurrency = 2 }
""")


def program(pages: int, elements: int, *, traps: bool = False) -> ModuleBuilder:
    builder = ModuleBuilder()
    numbers = builder.type(ArrayType(FieldType(I64, True)))
    builder.memory(pages)
    builder.table(elements)
    builder.global_("kept", "externref", "ref.null extern")
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    builder.function("grow_table", "i32 -> i32", "ref.null func local.get 0 table.grow 0")
    builder.function("keep", "i32 ->", f"i64.const 0 local.get 0 array.new {numbers} extern.convert_any global.set 0")
    builder.function("trap", "i32 ->", "local.get 0 memory.grow drop unreachable")
    builder.function("spin", "->", "loop br 0 end")
    if traps:
        builder.start(builder.function(None, "->", "i32.const 1 memory.grow drop unreachable"))
    return builder


class Guests(RuleBasedStateMachine):
    """Instances that are made, that grow, trap, run out of fuel, and go."""

    def __init__(self) -> None:
        super().__init__()
        self.before = process_budget().used
        self.engine = CapabilityAwareEngine(policy=POLICY)
        self.account = self.engine.tenant.account
        self.instances: list = []
        self.arrays: dict[int, int] = {}

    def teardown(self) -> None:
        self.instances.clear()
        gc.collect()
        for kind in ("memory", "table", "instances", "gc", "calls"):
            assert self.account.used(kind) == 0, kind
        self.engine.close()
        assert process_budget().used == self.before

    @rule(pages=st.integers(0, 20), elements=st.integers(0, 30), traps=st.booleans())
    def instantiate(self, pages, elements, traps):
        try:
            self.instances.append(program(pages, elements, traps=traps).instantiate(self.engine))
        except QuotaExceeded:
            return
        except Trap:
            if not traps:
                raise

    @precondition(lambda self: self.instances)
    @rule(data=st.data(), amount=st.integers(0, 12))
    def grow(self, data, amount):
        exports = data.draw(st.sampled_from(self.instances)).exports
        exports.grow(amount)
        exports.grow_table(amount)

    @precondition(lambda self: self.instances)
    @rule(data=st.data(), amount=st.integers(0, 300))
    def keep(self, data, amount):
        instance = data.draw(st.sampled_from(self.instances))
        try:
            instance.exports.keep(amount)
        except Trap:
            return
        self.arrays[id(instance)] = 16 + 8 * amount

    @precondition(lambda self: self.instances)
    @rule(data=st.data(), amount=st.integers(0, 12))
    def trap(self, data, amount):
        exports = data.draw(st.sampled_from(self.instances)).exports
        try:
            exports.trap(amount)
        except Trap:
            return
        raise AssertionError("it traps")

    @precondition(lambda self: self.instances)
    @rule(data=st.data())
    def spin(self, data):
        exports = data.draw(st.sampled_from(self.instances)).exports
        try:
            exports.spin()
        except QuotaExceeded:
            return
        raise AssertionError("it never ends by itself")

    @precondition(lambda self: self.instances)
    @rule(data=st.data(), how=st.sampled_from(["drop", "close"]))
    def end(self, data, how):
        instance = self.instances.pop(data.draw(st.integers(0, len(self.instances) - 1)))
        if how == "close":
            instance.exports.memory.close()
        self.arrays.pop(id(instance), None)
        del instance

    @invariant()
    def books_balance(self):
        gc.collect()
        memories = [each.exports.memory for each in self.instances]
        assert self.account.used("memory") == sum(each.byte_length for each in memories) <= 1 << 20
        assert self.account.used("table") == sum(len(each.exports.table) for each in self.instances) <= 40
        assert self.account.used("instances") == len(self.instances) <= 4
        assert self.account.used("gc") == sum(self.arrays.values()) <= 4000
        assert self.account.used("calls") == 0
        assert self.account.used("fuel") <= 1_000_000
        assert process_budget().used - self.before == self.account.used("memory")


Guests.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
test_books = Guests.TestCase
