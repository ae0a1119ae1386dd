"""Indirect calls of what is small in a table that is known are promoted: nobody can tell, but by the time."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from wrt_core import Table
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.variant import Flavour, Form
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.runtime.instance import Instance
from wrt_core.testing import ModuleBuilder, Program, disagreement
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import FUNCREF, Limits, TableType

PLUGINS = get_plugin_manager()

SMALL = {
    "add": "local.get 0 local.get 1 i32.add",
    "sub": "local.get 0 local.get 1 i32.sub",
    "second": "local.get 1",
    "given": "local.get 0 i32.const 3 i32.mul local.set 0 local.get 0 local.get 1 i32.xor",
    "count": "global.get 0 i32.const 1 i32.add global.set 0 global.get 0 local.get 0 i32.mul",
    "less": "local.get 0 local.get 1 i32.lt_s if local.get 0 return end local.get 1",
}
OTHERS = {
    "reads": "local.get 0 i32.const 15 i32.and i32.load",
    "divides": "local.get 0 local.get 1 i32.div_u",
    "long": "local.get 0 " + "i32.const 7 i32.mul " * 20,
}
TYPE = "i32 i32 -> i32"


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


def built(table: Sequence[str | None], code: str, exported: bool = False, offset: int | str = 0) -> ModuleBuilder:
    """A module whose function `f` calls by an index what `table` names; `other` is of another type, None is null."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.data(bytes(range(1, 50)), 0)
    builder.global_("global", "i32", "i32.const 21")
    builder.global_("where", "i32", "i32.const 0", mutable=False)
    builder.table(len(table), name="table" if exported else None)
    named = {name: builder.function(None, TYPE, text) for name, text in (SMALL | OTHERS).items()}
    named["other"] = builder.function(None, "i32 -> i32", "local.get 0")
    start = 0
    while start < len(table):  # a segment has no null
        end = start
        while end < len(table) and table[end] is not None:
            end += 1
        if end > start:
            elements = [named[name] for name in table[start:end] if name is not None]
            builder.elements(elements, offset if isinstance(offset, str) else start + offset)
        start = end + 1
    builder.function("f", TYPE, code.replace("T", str(builder.type(TYPE))), "i32")
    return builder


def source_of(builder: ModuleBuilder, flavour: Flavour = Flavour.PLAIN) -> str:
    module = builder.load(engine())
    return translate(module, len(module.functions) - 1, form=Form(flavour=flavour)).source


def calls(index: str) -> str:
    return f"local.get 0 local.get 1 {index} call_indirect T"


LAST = "local.get 1 i32.const 3 i32.and"
ROUND = "local.get 0 i32.const 1 i32.sub local.tee 0 i32.const 31 i32.and br_if 0"
ONE = "local.get 0 i32.const 1 i32.and"
FOUR = ("add", "sub", "second", "given")

WAYS: dict[str, tuple[Sequence[str | None], str]] = {
    "all that there is": (FOUR, calls(LAST)),
    "eight": (("add", "sub") * 4, calls("local.get 0 i32.const 7 i32.and")),
    "two of three": (("add", "count", "sub"), calls("local.get 0 i32.const 1 i32.and")),
    "in a loop": (
        FOUR,
        f"loop local.get 2 local.get 0 {LAST} call_indirect T local.set 2 {ROUND} end local.get 2",
    ),
    "what is computed": (FOUR, f"local.get 0 i32.const 5 i32.mul local.get 1 i32.clz {LAST} call_indirect T"),
    "of each other": (FOUR, f"{calls(LAST)} {calls(LAST)} {LAST} call_indirect T"),
    "what it is given": (
        ("given", "less"),
        f"local.get 0 local.get 1 {ONE} call_indirect T local.get 0 i32.sub local.get 1 i32.add",
    ),
    "a global before and behind": (
        ("count", "add", "count", "sub"),
        f"global.get 0 {calls(LAST)} i32.sub global.get 0 i32.mul",
    ),
    "memory that is read before": (
        ("count", "add"),
        f"i32.const 8 i32.load i32.const 8 local.get 0 i32.store local.get 1 {ONE} call_indirect T",
    ),
    "by an index that is given something": (
        FOUR,
        "local.get 0 local.get 1 local.get 1 i32.const 3 i32.and local.tee 1 call_indirect T local.get 1 i32.add",
    ),
    "by one that is constant": (FOUR, calls("i32.const 2")),
}

MIXED: dict[str, tuple[Sequence[str | None], str]] = {
    "null": ((None, "add", "sub"), calls("local.get 0 i32.const 3 i32.rem_u")),
    "another type": (("add", "other", "sub"), calls("local.get 0 i32.const 3 i32.rem_u")),
    "the end": (("add", "sub", "less"), calls(LAST)),
    "anything": (("add", "sub"), calls("local.get 0 i32.const 5 i32.rem_u")),
    "any number": (("add", "sub"), calls("local.get 0")),
    "two that are far apart": (("add", None, None, "other", "sub"), calls("local.get 1 i32.const 7 i32.and")),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_all_known_is_not_called(way):
    builder = built(*WAYS[way])
    assert "c = " not in source_of(builder)
    assert disagreement(Program(builder.bytes(), ()), engine(), rounds=12) is None


@pytest.mark.parametrize("way", MIXED)
def test_what_else_an_index_may_mean_is_called(way):
    builder = built(*MIXED[way])
    source = source_of(builder)
    assert source.count("c = ") == 1
    assert " == " in source
    assert disagreement(Program(builder.bytes(), ()), engine(), rounds=20) is None


def code_of(instance: Instance, *args: int) -> TrapCode:
    with pytest.raises(Trap) as trap:
        instance.exports.f(*args)
    assert [frame.name for frame in trap.value.frames] == ["f"]
    return trap.value.code


def test_what_can_not_be_called_traps():
    instance = built(("add", None, "other", "sub"), calls("local.get 0")).instantiate(engine())
    for _ in range(2):
        assert [instance.exports.f(index, 7) for index in (0, 3)] == [7, -4]
        assert code_of(instance, 1, 0) is TrapCode.UNINITIALIZED_ELEMENT
        assert code_of(instance, 2, 0) is TrapCode.INDIRECT_CALL_TYPE_MISMATCH
        assert code_of(instance, 4, 0) is TrapCode.UNDEFINED_ELEMENT
        assert code_of(instance, -1, 0) is TrapCode.UNDEFINED_ELEMENT


@pytest.mark.parametrize(
    "builder",
    [
        built(FOUR, calls(LAST), exported=True),
        built(FOUR, calls(LAST) + " i32.const 0 i32.const 1 table.get 0 table.set 0"),
        built(FOUR, calls(LAST), offset="global.get 1"),
        built(("add", "reads"), calls("local.get 0 i32.const 1 i32.and")),
        built(("add", "divides"), calls("local.get 0 i32.const 1 i32.and")),
        built(("add", "long"), calls("local.get 0 i32.const 1 i32.and")),
        built(("less",) * 8, calls("local.get 0 i32.const 7 i32.and")),  # too long, together
        built(("add", "sub", "add", "sub", "add"), calls("local.get 0")),  # too many to ask for one by one
        built(("add",) * 9, calls("local.get 0 i32.const 7 i32.and local.get 1 i32.const 1 i32.and i32.add")),
        built(("other", "other"), calls("local.get 0 i32.const 1 i32.and")),
    ],
    ids=["exported", "changed", "somewhere", "reads", "traps", "long", "long together", "many", "nine", "other type"],
)
def test_what_is_not_known_or_not_small_is_called(builder):
    assert "\n if " not in source_of(builder)
    assert disagreement(Program(builder.bytes(), ()), engine(), rounds=8) is None


def test_a_function_is_not_made_many_times_as_long():
    code = f"{calls(LAST)} local.set 2 " * 100 + "local.get 2"
    builder = built(FOUR, code)
    assert source_of(builder).count("c = ") == 36
    assert builder.instantiate(engine()).exports.f(10, 1) == 9


def test_of_segments_that_overlap_the_last_counts():
    builder = built(FOUR, calls(LAST))
    builder.elements([1, 0], 1)
    instance = builder.instantiate(engine())
    assert "c = " not in source_of(builder)
    assert [instance.exports.f(10, index) for index in range(4)] == [10, 9, 12, 29]


@pytest.mark.parametrize("offset", ["global.get 1", "i32.const 1 i32.const -1 i32.add"])
def test_a_segment_that_may_be_anywhere_may_be_there(offset):
    builder = built(FOUR, calls(LAST))
    builder.elements([1], offset)
    assert "\n if " not in source_of(builder)
    assert builder.instantiate(engine()).exports.f(10, 0) == 10


def test_other_tables_and_segments_do_not_matter():
    builder = built(FOUR, calls(LAST))
    another = builder.table(4, name=None)
    builder.elements([1, 1, 1, 1], 0, another)
    builder.elements([1, 1], None)
    assert "c = " not in source_of(builder)
    assert [builder.instantiate(engine()).exports.f(10, index) for index in range(4)] == [10, 9, 2, 29]


NULLED = """(module
  (type $t (func (param i32) (result i32)))
  (table 2 funcref)
  (elem (i32.const 0) func $small $small)
  (elem (i32.const 1) funcref (ref.null func))
  (func $small (type $t) (local.get 0))
  (func (export "f") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 7) (i32.and (local.get 0) (i32.const 1)))))"""


def test_null_takes_what_was_there(instantiate):
    instance = instantiate(NULLED)
    assert instance.exports.f(0) == 7
    assert code_of(instance, 1) is TrapCode.UNINITIALIZED_ELEMENT


def test_of_what_a_segment_has_last_only_what_is_known_counts():
    builder = built(("add", "sub"), calls("local.get 1 i32.const 1 i32.and"))
    builder.elements([len(SMALL) + len(OTHERS)], 1)
    assert source_of(builder).count("c = ") == 1
    instance = builder.instantiate(engine())
    assert instance.exports.f(10, 2) == 12
    assert code_of(instance, 10, 1) is TrapCode.INDIRECT_CALL_TYPE_MISMATCH


def test_a_function_that_outlives_its_instance_has_no_elements_that_never_came():
    shared = Table(TableType(FUNCREF, Limits(1)))
    builder = ModuleBuilder()
    imported = builder.import_table("env", "shared", 1)
    own = builder.table(1, name=None)
    small = builder.function(None, "-> i32", "i32.const 7")
    calling = builder.function(None, "-> i32", f"i32.const 0 call_indirect {builder.type('-> i32')} {own}")
    builder.elements([calling], 0, imported)
    builder.elements([small], 5, own)
    builder.elements([small], 0, own)
    with pytest.raises(Trap):
        builder.instantiate(engine(), {"env": {"shared": shared}})
    escaped = shared[0]
    assert escaped is not None
    with pytest.raises(Trap) as trap:
        escaped()
    assert trap.value.code is TrapCode.UNINITIALIZED_ELEMENT


@pytest.mark.parametrize("way", [*WAYS, *MIXED])
def test_what_is_metered_pays_as_if_it_called_and_goes_on_from_each_safe_point(way):
    table, code = (WAYS | MIXED)[way]
    args = (6, 5) if way == "in a loop" else (2, 3) if way == "null" else (3, 0) if way == "another type" else (1, 0)
    module = built(table, code).load(engine())
    plain = engine().instantiate(module).exports.f(*args)
    calling = built(table, code, exported=True).instantiate(engine()).exports.f.start(*args, fuel=10_000)
    assert calling.run() is State.FINISHED
    assert calling.result == plain
    assert "F = n" in source_of(built(table, code), Flavour.METERED)
    for saved in (False, True):
        execution = engine().instantiate(module).exports.f.start(*args, fuel=0)
        pauses = 0
        while execution.run(fuel=execution.fuel_needed) is State.PAUSED:
            pauses += 1
            if saved:
                execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(engine(), module)
        assert (execution.result, execution.fuel_used) == (plain, calling.fuel_used)
        assert pauses > 1
