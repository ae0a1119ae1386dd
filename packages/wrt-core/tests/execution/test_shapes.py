"""What an activation has at each safe point, the rules of validation say, and translations have it there."""

from __future__ import annotations

from random import Random

import pytest

from wrt_core import EngineFactory
from wrt_core.engines.stackless.translation import function
from wrt_core.engines.stackless.translation.body import Body
from wrt_core.engines.stackless.translation.steps import done
from wrt_core.engines.stackless.translation.variant import Flavour, Form
from wrt_core.execution.activation import ActivationKind
from wrt_core.execution.shapes import Shapes
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import Kind, ModuleBuilder, random_program
from wrt_core.validation import ValidatedModule
from wrt_foundation.types import EXNREF, F32, F64, I32, I64

ENGINE = EngineFactory.create("stackless")


def by_rules(module: ValidatedModule, index: int) -> dict[int, tuple[object, ...]]:
    found = Shapes(module).of(module, index)
    return {at: (kind, len(each.stack), each.held, each.results) for at, (kind, each) in found.items()}


def translated(module: ValidatedModule, index: int) -> dict[int, tuple[object, ...]]:
    # In code that counts fuel any call may be made.
    form = Form(flavour=Flavour.METERED)
    read = done(function.reading(module, index, form, lambda _: True, Body.of(module, index)))
    return {at: (each.kind, len(each.stack), len(each.held), each.results) for at, each in read.points.items()}


@pytest.mark.parametrize("kind", Kind)
def test_they_are_what_translations_have(kind):
    found = 0
    for seed in range(40):
        module = ENGINE.load(random_program(Random(seed), kind).module)
        for index in range(len(module.functions) - len(module.module.codes), len(module.functions)):
            assert by_rules(module, index) == translated(module, index), seed
            found += len(by_rules(module, index))
    assert found > 100


CODES = {
    "behind a loop that does not end": ("loop br 0 end call 1", 0),
    "behind what leaves": ("block br 0 call 1 end call 1", 1),
    "behind a block that is left": ("block local.get 0 br_if 0 unreachable end call 1", 1),
    "behind one that is not": ("block unreachable end call 1", 0),
    "in the arm that is not there": ("local.get 0 if unreachable end call 1", 1),
    "behind arms that do not end": ("local.get 0 if unreachable else return end call 1", 0),
    "behind one that does": ("local.get 0 if unreachable else nop end call 1", 1),
    "nested where nothing is": ("return block loop call 1 end end local.get 0 if call 1 else call 1 end", 0),
    "behind a table": ("block block local.get 0 br_table 0 1 end call 1 unreachable end call 1", 2),
    "behind a try": ("try local.get 0 throw 0 catch 0 drop end call 1", 1),
    "behind one that all leave": ("try return catch_all unreachable end call 1", 0),
    "in a catch, of its own": ("try call 1 catch 0 drop call 1 catch_all call 1 end", 3),
    "behind what is delegated": ("try try unreachable delegate 0 call 1 catch_all end", 0),
    "behind what is thrown again": ("try call 1 catch_all rethrow 0 end call 1", 2),
    "what a table catches": ("block try_table catch_all 0 unreachable end end call 1", 1),
}


@pytest.mark.parametrize("way", CODES)
def test_there_are_none_where_control_can_not_come_to(way):
    code, calls = CODES[way]
    builder = ModuleBuilder()
    builder.tag(None, "i32 ->")
    builder.function("f", "i32 ->", code)
    builder.function(None, "->", "")
    module = builder.load(ENGINE)
    found = by_rules(module, 0)
    assert sum(each[0] is ActivationKind.CALL for each in found.values()) == calls
    assert found == translated(module, 0)


def test_they_have_the_types_of_what_is_there():
    builder = ModuleBuilder()
    builder.tag(None, "i32 ->")
    callee = builder.function(None, "i64 -> f32 i32", "f32.const 1 i32.const 2")
    loop = f"loop {builder.type('i64 -> i64')} i64.const 5 call {callee} drop drop end"
    code = f"f64.const 1 local.get 1 {loop} drop drop"
    index = builder.function("f", "i32 i64 ->", code, "f64")
    module = builder.load(ENGINE)
    (at_loop, begun), (at_call, call) = Shapes(module).of(module, index).values()
    assert (at_loop, begun.locals, begun.stack, begun.results) == (ActivationKind.LOOP, (I32, I64, F64), (F64, I64), ())
    assert (at_call, call.stack, call.results, call.held) == (ActivationKind.CALL, (F64, I64), (F32, I32), 0)
    assert EXNREF not in call.stack


def test_nothing_is_read_again_at_a_pause_or_for_a_snapshot(monkeypatch):
    builder = ModuleBuilder()
    code = "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 0"
    inner = builder.function(None, "i32 -> i32", code)
    builder.function("f", "i32 -> i32", f"i32.const 7 local.get 0 call {inner} i32.add")
    exports = builder.instantiate(ENGINE).exports
    assert exports.f.start(40, fuel=10_000).run() is State.FINISHED  # all is translated
    execution = exports.f.start(40, fuel=100)
    with monkeypatch.context() as patch:
        patch.setattr(function, "reading", None)
        assert execution.run() is State.PAUSED
        assert len(execution.frames) == 2
        data = Snapshot.of(execution).to_bytes()
        resumed = Snapshot.from_bytes(data).resume(ENGINE, execution.func.instance.module)
    assert resumed.run(fuel=10_000) is State.FINISHED
    assert resumed.result == 7
