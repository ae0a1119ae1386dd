"""The books balance, whatever guests do and however it fails: ten thousand random operations, checked after each."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from wrt_capability.engine import CapabilityAwareEngine
from wrt_capability.grant import Grant
from wrt_capability.policy import Policy
from wrt_capability.tenant import Tenant
from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import CapabilityDenied, ExecutionError, LinkError, QuotaExceeded, SnapshotError
from wrt_foundation.memory import MemoryClosed, process_budget
from wrt_foundation.traps import Trap
from wrt_foundation.types import I64, ArrayType, FieldType

WALKS, STEPS = 20, 500
HELD = ("memory", "table", "instances", "gc", "calls")
QUOTA = {"memory": 1 << 20, "table": 60, "instances": 6, "gc": 4000, "concurrency": 3}
POLICIES = [
    Policy.of(
        {
            "extends": "trusted",
            "exhausted": exhausted,
            "rule": [{"limits": {"memory": "5 MiB", "fuel": 2000}, "quota": {**QUOTA, "fuel": 1_000_000}}],
        }
    )
    for exhausted in ("trap", "pause")
]
REFUSED = (QuotaExceeded, CapabilityDenied, Trap, LinkError, SnapshotError)


def program(pages: int, elements: int, failure: str | None = None) -> ModuleBuilder:
    """A guest that grows, allocates, traps, loops and calls the host; or one whose instantiation fails on the way."""
    builder = ModuleBuilder("guest")
    builder.import_function("env", "host", "->")
    if failure == "link":
        builder.import_function("env", "nobody", "->")
    numbers = builder.type(ArrayType(FieldType(I64, True)))
    builder.memory(pages)
    builder.table(elements)
    builder.global_("kept", "externref", "ref.null extern")
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    builder.function("grow_table", "i32 -> i32", "ref.null func local.get 0 table.grow 0")
    builder.function("keep", "i32 ->", f"i64.const 0 local.get 0 array.new {numbers} extern.convert_any global.set 0")
    builder.function("forget", "->", "ref.null extern global.set 0")
    builder.function("trap", "i32 ->", "local.get 0 memory.grow drop unreachable")
    builder.function("spin", "->", "loop br 0 end")
    builder.function("host", "->", "call 0")
    if failure == "segment":
        builder.data(b"x", pages * 65536)
    if failure == "start":
        builder.start(builder.function(None, "->", "i32.const 1 memory.grow drop unreachable"))
    return builder


@dataclass
class Guest:
    """An instance that is held, and what it must be charged for."""

    instance: Any
    array: int = 0
    executions: list[Execution] = field(default_factory=list)


class Walk:
    """One tenant's guests, and a random walk through all that can happen to them."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.guests: list[Guest] = []
        self.inside = 0
        self.before = process_budget().used
        self.open()

    def open(self) -> None:
        self.tenant = Tenant("acme", policy=self.random.choice(POLICIES))
        self.engine = CapabilityAwareEngine(tenant=self.tenant)
        self.account = self.tenant.account

    def guest(self) -> Guest:
        return self.random.choice(self.guests)

    # --- what can happen ------------------------------------------------------------------------------------

    def instantiate(self) -> None:
        self._instantiate(None)

    def fail(self) -> None:
        with pytest.raises(REFUSED):
            self._instantiate(self.random.choice(["link", "segment", "start"]))

    def _instantiate(self, failure: str | None, authority: Any = None) -> None:
        builder = program(self.random.randrange(20), self.random.randrange(40), failure)
        module = self.engine.load(builder.bytes())
        made = self.engine.instantiate(module, {"env": {"host": self.host}}, authority=authority)
        self.guests.append(Guest(made))

    def delegate(self) -> None:
        grants = [Grant(kind, "*") for kind in ("module", "call", "import")]
        part = self.tenant.authority.delegate(grants, quota={"memory": self.random.randrange(1 << 20)})
        self._instantiate(None, part)
        if self.random.random() < 0.3:
            part.revoke("a whim")

    def grow(self) -> None:
        guest, amount = self.guest(), self.random.randrange(12)
        exports = guest.instance.exports
        exports.grow(amount)
        exports.grow_table(amount)

    def grow_from_outside(self) -> None:
        exports = self.guest().instance.exports
        exports.memory.grow(self.random.randrange(12))
        exports.table.grow(self.random.randrange(12))

    def keep(self) -> None:
        guest, amount = self.guest(), self.random.randrange(300)
        guest.instance.exports.keep(amount)
        guest.array = 16 + 8 * amount

    def forget(self) -> None:
        guest = self.guest()
        guest.instance.exports.forget()
        guest.array = 0

    def trap(self) -> None:
        guest = self.guest()
        with pytest.raises((Trap, CapabilityDenied)):
            guest.instance.exports.trap(self.random.randrange(12))

    def spin(self) -> None:
        guest = self.guest()
        with pytest.raises((QuotaExceeded, CapabilityDenied, Trap)):
            guest.instance.exports.spin()

    def call_the_host(self) -> None:
        self.guest().instance.exports.host()

    def host(self) -> None:
        """What the guest's import does: whatever the host does, in the middle of a call."""
        self.inside += 1
        try:
            if self.inside < 4:
                self.step()
            if self.random.random() < 0.2:
                raise KeyError("the host's own")
        finally:
            self.inside -= 1

    def start(self) -> None:
        guest = self.guest()
        execution = guest.instance.exports[self.random.choice(["spin", "host"])].start(fuel=self.random.randrange(500))
        guest.executions.append(execution)
        execution.run()

    def go_on(self) -> None:
        executions = self.guest().executions
        if executions:
            execution = self.random.choice(executions)
            if not execution.state.ended:
                execution.run(fuel=self.random.randrange(1000))

    def fork(self) -> None:
        self._copy(lambda execution: execution.fork())

    def move(self) -> None:
        def moved(execution: Execution) -> Execution:
            data = Snapshot.of(execution).to_bytes()
            module = execution.func.instance.module
            return Snapshot.from_bytes(data).resume(self.engine, module, {"env": {"host": self.host}})

        self._copy(moved)

    def _copy(self, copied: Any) -> None:
        guest = self.guest()
        paused = [each for each in guest.executions if not each.state.ended]
        if paused:
            execution = self.random.choice(paused)
            copy = copied(execution)
            self.guests.append(Guest(copy.func.instance, guest.array, [copy]))

    def cancel(self) -> None:
        executions = self.guest().executions
        if executions:
            executions.pop(self.random.randrange(len(executions))).cancel()

    def top_up(self) -> None:
        self.account.top_up("fuel", 10_000)

    def close_memory(self) -> None:
        self.guest().instance.exports.memory.close()

    def drop(self) -> None:
        self.guests.pop(self.random.randrange(len(self.guests)))

    def suspend(self) -> None:
        self.tenant.suspend("for a moment")
        with pytest.raises(CapabilityDenied):
            self.guest().instance.exports.grow(1)
        self.tenant.resume()

    def end_the_tenant(self) -> None:
        if self.inside:
            return
        self.tenant.close()
        for guest in self.guests:
            with pytest.raises(CapabilityDenied):
                guest.instance.exports.grow(1)
        for kind in HELD:
            assert self.account.used(kind) == 0, kind
        self.guests.clear()
        self.open()

    ALWAYS = ("instantiate", "instantiate", "instantiate", "fail", "delegate")
    WITH_GUESTS = (
        *("grow", "grow_from_outside", "keep", "forget", "trap", "spin", "call_the_host", "call_the_host", "start"),
        *("start", "go_on", "go_on", "fork", "fork", "move", "cancel", "top_up", "close_memory", "drop", "drop"),
        "suspend",
    )

    def step(self) -> str:
        names = self.ALWAYS if not self.guests else (*self.ALWAYS, *self.WITH_GUESTS)
        name = self.random.choice(names) if self.random.random() > 0.01 else "end_the_tenant"
        with suppress(
            *REFUSED, ExecutionError, MemoryClosed, KeyError
        ):  # one that is in the middle of it is left alone
            getattr(self, name)()
        return name

    # --- the books ------------------------------------------------------------------------------------------

    def check(self) -> None:
        for guest in self.guests:  # an error has frames, and those have other guests
            guest.executions = [each for each in guest.executions if not each.state.ended]
        gc.collect()
        account, instances = self.account, [each.instance for each in self.guests]
        memories = [each.memories[0] for each in instances]
        held = sum(each.byte_length for each in memories if not each.closed)
        assert account.used("memory") == held <= QUOTA["memory"]
        assert process_budget().used - self.before == held
        assert account.used("table") == sum(len(each.tables[0]) for each in instances) <= QUOTA["table"]
        assert account.used("instances") == len(instances) <= QUOTA["instances"]
        assert account.used("gc") == sum(each.array for each in self.guests) <= QUOTA["gc"]
        assert account.used("calls") == 0
        limit = account.limit("fuel")
        assert limit is None or account.used("fuel") <= limit


@pytest.fixture
def young() -> Iterator[None]:
    """Have the collector look at what is made from now on alone, so that it can after each operation."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(WALKS))
def test_the_books_balance_after_each_of_many_operations(young, seed):
    walk = Walk(seed)
    for number in range(STEPS):
        done = walk.step()
        try:
            walk.check()
        except AssertionError as error:
            raise AssertionError(f"walk {seed}, operation {number}, {done}: {error}") from None
    walk.guests.clear()
    gc.collect()
    for kind in HELD:
        assert walk.account.used(kind) == 0, kind
    walk.tenant.close()
    assert process_budget().used == walk.before


def test_there_are_at_least_ten_thousand():
    assert WALKS * STEPS >= 10_000
