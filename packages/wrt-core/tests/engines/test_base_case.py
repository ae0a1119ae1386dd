"""A function that calls itself is not called where it would do nothing but return: nobody can tell, but by the time."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.body import Body
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.templates.in_place.base_case import BaseCase
from wrt_core.engines.stackless.translation.variant import Flavour, Form, Variant
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import Block, Conditional, Label, Sequence, Stop
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap

PLUGINS = get_plugin_manager()


def engine() -> StacklessEngine:
    return StacklessEngine(plugins=PLUGINS)


LESS = "local.get 0 i32.const 1 i32.sub"
TWICE = f"{LESS} call 0 local.get 0 i32.const 2 i32.sub call 0 i32.add"


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def tak(x: int, y: int, z: int) -> int:
    return z if y >= x else tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))


TAK = """
    block local.get 1 local.get 0 i32.ge_s br_if 0
        local.get 0 i32.const 1 i32.sub local.get 1 local.get 2 call 0
        local.get 1 i32.const 1 i32.sub local.get 2 local.get 0 call 0
        local.get 2 i32.const 1 i32.sub local.get 0 local.get 1 call 0
        call 0 return
    end local.get 2
"""

# Each with its type, arguments, and what it computes.
FUNCTIONS: dict[str, tuple[str, str, list[tuple[int, ...]], Callable[..., object]]] = {
    "an arm": (
        "i32 -> i32",
        f"local.get 0 i32.const 2 i32.lt_s if i32 local.get 0 else {TWICE} end",
        [(0,), (1,), (2,), (9,), (-5,)],
        fib,
    ),
    "the other arm": (
        "i32 -> i32",
        f"local.get 0 i32.const 2 i32.ge_s if i32 {TWICE} else local.get 0 end",
        [(0,), (1,), (2,), (9,), (-5,)],
        fib,
    ),
    "a return": (
        "i32 -> i32",
        f"local.get 0 i32.const 2 i32.lt_s if local.get 0 return end {TWICE}",
        [(0,), (1,), (9,), (-5,)],
        fib,
    ),
    "a branch past the rest": ("i32 i32 i32 -> i32", TAK, [(6, 4, 2), (1, 2, 3), (-1, -3, -2)], tak),
    "a branch out of the function": (
        "i32 -> i32",
        f"local.get 0 local.get 0 i32.const 2 i32.lt_s br_if 0 drop {TWICE}",
        [(0,), (1,), (9,), (-5,)],
        fib,
    ),
    "a branch out of it before another return": (
        "i32 -> i32",
        (
            f"local.get 0 local.get 0 i32.const 2 i32.lt_s br_if 0 drop"
            f" local.get 0 i32.const 9 i32.gt_s if i32.const 7 return end {TWICE}"
        ),
        [(0,), (1,), (9,), (-5,), (10,)],
        lambda n: 7 if n > 9 else fib(n),
    ),
    "a branch to a branch": (
        "i32 -> i32",
        f"block block local.get 0 i32.const 2 i32.lt_s br_if 0 {TWICE} return end br 0 end local.get 0",
        [(0,), (1,), (9,), (-5,)],
        fib,
    ),
    "nothing": (
        "i32 ->",
        f"local.get 0 i32.eqz if return end {LESS} call 0 global.get 0 i32.const 1 i32.add global.set 0 {LESS} call 0",
        [(0,), (1,), (5,)],
        lambda n: None,
    ),
    "one arm": (
        "i32 ->",
        f"local.get 0 if {LESS} call 0 global.get 0 i32.const 1 i32.add global.set 0 {LESS} call 0 end",
        [(0,), (1,), (5,)],
        lambda n: None,
    ),
    "one arm, and more": (
        "i32 -> i32",
        f"local.get 0 i32.const 2 i32.ge_s if {TWICE} return end local.get 0 i32.const 0 i32.add",
        [(0,), (1,), (9,), (-5,)],
        fib,
    ),
    "two results": (
        "i32 -> i32 i32",
        (
            f"local.get 0 i32.const 1 i32.le_u if i32.const 7 local.get 0 return end"
            f" {LESS} call 0 i32.mul {LESS} call 0 drop"
        ),
        [(0,), (1,), (4,)],
        lambda n: None,
    ),
    "a global": (
        "i32 -> i32",
        f"local.get 0 global.get 0 i32.lt_u if i32 global.get 0 else {TWICE} end",
        [(0,), (20,), (25,)],
        lambda n: None,
    ),
    "what is selected": (
        "i32 -> i32",
        f"local.get 0 i32.const 3 i32.const 4 local.get 0 select i32.lt_u if i32 i32.const 1 else {TWICE} end",
        [(0,), (4,), (8,)],
        lambda n: None,
    ),
}

OTHERS = {
    # what the function does, and why it is called in any case
    "what may trap": f"i32.const 8 local.get 0 i32.div_u i32.const 5 i32.gt_u if i32 local.get 0 else {TWICE} end",
    "what reads memory": f"i32.const 8 i32.load local.get 0 i32.gt_u if i32 local.get 0 else {TWICE} end",
    "what writes": f"i32.const 5 global.set 0 local.get 0 i32.const 2 i32.lt_s if i32 local.get 0 else {TWICE} end",
    "one call": f"local.get 0 i32.eqz if i32 local.get 0 else {LESS} call 0 end",
    "neither arm returns at once": (f"local.get 0 i32.const 2 i32.lt_s if i32 i32.const 8 i32.load else {TWICE} end"),
    "a local of its own": f"local.get 1 local.get 0 i32.lt_u if i32 local.get 0 else {TWICE} end",
    "a loop before": f"loop end local.get 0 i32.const 2 i32.lt_s if i32 local.get 0 else {TWICE} end",
    "much to compute": (
        f"local.get 0 {'i32.const 3 i32.mul ' * 5} local.get 0 i32.const 2 i32.lt_s br_if 0 drop"
        f" {TWICE} i32.const 1 i32.add"
    ),
    "nothing after a branch": f"block {TWICE} drop end local.get 0 local.get 0 br_if 0",
    "two conditions": (
        f"local.get 0 i32.const 2 i32.lt_s if i32 local.get 0 i32.eqz if i32 i32.const 1 else local.get 0 end"
        f" else {TWICE} end"
    ),
}


def build(type_: str, code: str) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("global", "i32", "i32.const 21")
    builder.function("f0", type_, code, "i32")
    return builder


def expected(builder: ModuleBuilder, arguments: tuple[int, ...]) -> tuple[object, int]:
    """What metered code gives, and leaves in the global."""
    instance = builder.instantiate(engine())
    execution = instance.exports.f0.start(*arguments, fuel=1_000_000)
    assert execution.run() is State.FINISHED
    return execution.result, instance.exports["global"].value


@pytest.mark.parametrize("way", FUNCTIONS)
def test_what_is_decided_where_it_is_called(way: str) -> None:
    type_, code, several, computes = FUNCTIONS[way]
    builder = build(type_, code)
    module = builder.load(engine())
    lines = translate(module, 0).source.splitlines()
    calls = [number for number, line in enumerate(lines) if "decided0(" in line]
    assert calls
    assert all(lines[number - 1].strip().startswith(("else", "if")) for number in calls[:1])
    for arguments in several:
        instance = builder.instantiate(engine())
        result = instance.exports.f0(*arguments)
        assert (result, instance.exports["global"].value) == expected(builder, arguments)
        assert computes(*arguments) in (result, None)


@pytest.mark.parametrize("way", OTHERS)
def test_what_is_not(way: str) -> None:
    builder = build("i32 -> i32", OTHERS[way])
    assert re.search(r"f0\(\(?l0 [-+]", translate(builder.load(engine()), 0).source)


def test_what_can_not_be_at_a_call_is_not_asked_there() -> None:
    code = f"local.get 0 i32.eqz if i32 i32.const 1 else local.get 0 call 0 {LESS} call 0 i32.add end"
    lines = translate(build("i32 -> i32", code).load(engine()), 0).source.splitlines()
    assert next(line.strip() for line in lines if "decided0(" in line) == "s0 = decided0(l0)"


def test_the_rest_of_a_function_calls() -> None:
    module = build("i32 -> i32", FUNCTIONS["an arm"][1]).load(engine())

    def decides(form: Form) -> bool:
        return re.search(r"(f|decided)0\(l2\)", translate(module, 0, form=form).source) is not None

    translation = translate(module, 0, form=Form(Variant.CODE, Flavour.METERED))
    lines = translation.source.splitlines()
    at_call = next(offset for line, offset in zip(lines, translation.offsets, strict=True) if "f0(" in line)
    assert decides(Form(Variant.CODE, Flavour.PLAIN))
    assert decides(Form(Variant.CODE, Flavour.POLLED))
    assert decides(Form(Variant.CODE, Flavour.METERED))
    assert not decides(Form(Variant.CODE, Flavour.PLAIN, at_call))


def asked(builder: ModuleBuilder, decided: bool, flavour: Flavour = Flavour.PLAIN) -> int:
    """How often the code of a function asks where it goes on."""
    source = translate(builder.load(engine()), 0, form=Form(flavour=flavour, decided=decided)).source
    return len(re.findall(r"^ +if ", source, re.MULTILINE))


@pytest.mark.parametrize("way", FUNCTIONS)
@pytest.mark.parametrize("flavour", Flavour)
def test_what_has_been_decided_is_not_asked_again(way: str, flavour: Flavour) -> None:
    builder = build(*FUNCTIONS[way][:2])
    assert asked(builder, True, flavour) == asked(builder, False, flavour) - 1


def test_what_is_metered_decides_and_makes_the_call_where_it_can_not_pay() -> None:
    module = build("i32 -> i32", FUNCTIONS["an arm"][1]).load(engine())
    lines = translate(module, 0, form=Form(flavour=Flavour.METERED)).source.splitlines()
    called = [re.search(r"\w+0(?=\()", line) for line in lines]
    assert [each[0] for each in called if each is not None] == ["f0", "decided0"] * 2


@pytest.mark.parametrize("falls", [True, False])
def test_only_the_question_is_left_out(falls: bool) -> None:
    case = Body.of(build("i32 -> i32", FUNCTIONS["an arm"][1]).load(engine()), 0).base_case
    assert case is not None
    first, rest = Line("first", 1), Line("rest", 2)
    way = Sequence([Line("way", 3)] if falls else [Stop("return", 3)], falls)
    other = Conditional("test", "not test", Sequence([Stop("return 0", 4)], False), way, case.offset + 1)
    tree = Sequence([Block(Label(), Sequence([first, other]), 1), rest])
    case.skip(tree)
    assert tree.nodes[0].body.nodes == [first, other]
    other.offset = case.offset
    case.skip(tree)
    assert tree.nodes[0].body.nodes == [first, *way.nodes]
    assert tree.nodes[0].body.falls is falls
    assert tree.nodes[1] is rest


def test_what_is_come_to_again_is_asked_again() -> None:
    code = f"local.get 0 i32.const 2 i32.lt_s if local.get 0 return end {TWICE} return_call 0"
    builder = build("i32 -> i32", code)
    assert asked(builder, decided=True) == asked(builder, decided=False) > 0
    assert builder.instantiate(engine()).exports.f0(3) == 1


def test_what_is_decided_grows_wary_too() -> None:
    """An address that always wraps is masked after a while, also in calls that the function makes of itself."""
    load, again = "local.get 0 local.get 1 i32.add i32.load8_u", f"{LESS} local.get 1 call 0 i32.add"
    code = f"local.get 0 i32.eqz if i32 i32.const 0 else {load} {again} {again} end"
    builder = build("i32 i32 -> i32", code)
    builder.data(bytes(range(1, 9)))
    instance = builder.instantiate(engine())
    assert instance.exports.f0(1, 5) == 7
    assert "retry_at" in instance.namespace["decided0"].__code__.co_names
    assert instance.exports.f0(4, -1) == expected(builder, (4, -1))[0]
    assert "retry_at" not in instance.namespace["decided0"].__code__.co_names


def test_a_trap_in_what_is_decided_has_all_its_frames() -> None:
    code = f"local.get 0 i32.const 1 i32.lt_s if i32 i32.const 0 else {{}} {LESS} call 0 {LESS} call 0 i32.add end"
    trapping = "local.get 0 i32.const 3 i32.eq if unreachable end"
    instance = build("i32 -> i32", code.format(trapping)).instantiate(engine())
    with pytest.raises(Trap) as trap:
        instance.exports.f0(6)
    assert len(trap.value.frames) == 4
    assert len({frame.offset for frame in trap.value.frames}) == 2


def test_a_pause_in_any_call() -> None:
    """Fuel and what is seen at pauses are those of a function that is called each time."""
    code = FUNCTIONS["an arm"][1]
    builder = build("i32 -> i32", code)
    one = engine()
    module = builder.load(one)
    whole = one.instantiate(module).exports.f0.start(7, fuel=10_000)
    assert whole.run() is State.FINISHED
    execution = one.instantiate(module).exports.f0.start(7, fuel=0)
    pauses = 0
    while execution.run(fuel=execution.fuel_needed) is not State.FINISHED:
        pauses += 1
        execution = Snapshot.from_bytes(Snapshot.of(execution).to_bytes()).resume(one, module)
    assert (execution.result, pauses) == (fib(7), 41)
    assert whole.fuel_used == execution.fuel_used


def test_the_depth_of_calls_is_still_bounded() -> None:
    code = f"local.get 0 i32.eqz if i32 i32.const 1 else {LESS} call 0 drop {LESS} call 0 end"
    function = build("i32 -> i32", code).instantiate(engine()).exports.f0
    assert function(10) == 1
    with pytest.raises(Trap, match="call stack exhausted"):
        function(-1)


VALUES = ("local.get 0", "local.get 1", "i32.const 3", "global.get 0", "local.get 1 local.get 0 i32.xor")
CONDITIONS = (
    "local.get 0",
    "local.get 0 i32.eqz",
    "local.get 0 i32.const 2 i32.lt_s",
    "local.get 1 local.get 0 i32.ge_s",
)


def random_code(random: Random) -> str:
    """The code of a function of two numbers that calls itself, after going some way that ends or returns."""

    def call() -> str:
        return f"local.get 0 i32.const {random.choice((1, 2))} i32.sub {random.choice(VALUES)} call 0"

    def statements(depth: int, inside: int) -> str:
        """`inside` so many constructs, and so many more in it."""
        value, condition = random.choice(VALUES), random.choice(CONDITIONS)
        ways = [
            "",
            f"{value} {condition} br_if {inside} drop",
            f"{value} return",
            f"{call()} drop",
            f"block i32 {value} {condition} br_if 0 drop {value} end drop",
            "global.get 0 i32.const 1 i32.add global.set 0",
        ]
        if inside:
            ways += [f"{condition} br_if {random.randrange(inside)}", f"br {random.randrange(inside)}"]
        if depth:
            inner, other = statements(depth - 1, inside + 1), statements(depth - 1, inside + 1)
            ways += [
                f"block {inner} end",
                f"{condition} if {inner} end",
                f"{condition} if {inner} else {other} end",
            ] * 3
        return " ".join(random.choice(ways) for _ in range(random.choice((1, 1, 2))))

    return f"{statements(3, 0)} {call()} {call()} i32.sub {statements(2, 0)}"


def endings(builder: ModuleBuilder) -> list[tuple[object, ...]]:
    """How calls end that have little fuel, and what those give that are not metered."""
    one, found = engine(), list[tuple[object, ...]]()
    module = builder.load(one)
    for arguments in ((0, 0), (5, 1), (3, 9), (-1, 4)):
        instance = one.instantiate(module)
        execution = instance.exports.f0.start(*arguments, fuel=3_000)
        state = execution.run()
        found.append((state, execution.fuel_used, instance.exports["global"].value))
        if state is State.FINISHED:
            instance = one.instantiate(module)
            plain = instance.exports.f0(*arguments)
            found.append((execution.result, plain, instance.exports["global"].value))
    return found


def test_random_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a look at the base case, all is the same, fuel included."""
    decided = 0
    for seed in range(160):
        builder = build("i32 i32 -> i32", random_code(Random(seed)))
        module = builder.load(engine())
        if Body.of(module, 0).base_case is None:
            continue
        decided += 1
        ours = endings(builder)
        with monkeypatch.context() as without:
            without.setattr(BaseCase, "of", lambda *_: None)
            assert endings(builder) == ours, seed
    assert decided > 20
