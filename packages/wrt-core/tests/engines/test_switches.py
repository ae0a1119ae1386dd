"""Switches: blocks that begin together with a `br_table` in the innermost, whose cases ask the table's index."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.testing import ModuleBuilder, Program
from wrt_foundation.plugins import get_plugin_manager

PLUGINS = get_plugin_manager()

ADD = "local.get 1 i32.const {} i32.add local.set 1"


def module(code: str) -> ModuleBuilder:
    """A module with a function of two numbers, that may use two locals more."""
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f0", "i32 i32 -> i32", code, "i32 i32")
    return builder


def switch(cases: list[str], table: str, index: str = "local.get 0") -> str:
    """Code that goes to one of the cases, which each go on with the next unless they leave."""
    return f"{'block ' * len(cases)} {index} br_table {table} {' '.join(f'end {each}' for each in cases)}"


def source_of(code: str) -> str:
    return translate(module(code).load(StacklessEngine(plugins=PLUGINS)), 0).source


def returning(count: int) -> list[str]:
    return [f"i32.const {100 + number} return" for number in range(count)]


def test_each_case_asks_the_index() -> None:
    source = source_of(switch(returning(8), "0 1 2 3 4 5 6 7") + " unreachable")
    assert not re.search(r"\bbr\b", source)
    assert sorted(re.findall(r"(?:if|elif) l0 < (\d)", source)) == [*"1234567"]
    one = StacklessEngine(plugins=PLUGINS)
    instance = module(switch(returning(8), "0 1 2 3 4 5 6 7") + " unreachable").instantiate(one)
    assert [instance.exports.f0(index, 0) for index in (*range(9), -1)] == [*range(100, 108), 107, 107]


def test_cases_that_the_table_does_not_name_are_passed() -> None:
    code = switch(returning(10), "0 1 2 9") + " unreachable"
    assert "br = " not in source_of(code)
    instance = module(code).instantiate(StacklessEngine(plugins=PLUGINS))
    assert [instance.exports.f0(index, 0) for index in range(11)] == [100, 101, 102, *[109] * 8]


def breaking(cases: str) -> str:
    """A loop that goes round once, and a switch in it: each case that is an `x` leaves the switch, and others fall."""
    count = len(cases)
    asks = "local.get 0 i32.const 99 i32.eq if unreachable end"
    written = [
        f"i32.const {100 + number} local.set 1 {asks} br {count - 1 - number}" if case == "x" else ""
        for number, case in enumerate(cases)
    ]
    table = " ".join(map(str, range(count)))
    after = f"{ADD.format(1000)} local.get 2 i32.const 1 i32.add local.tee 2 i32.const 1 i32.lt_u br_if 0"
    return f"loop block {switch(written, table)} end {after} end local.get 1"


@pytest.mark.parametrize("cases", ["xx-x", "xxx-x", "xxxx-x", "xx--x", "xxxxxx-x", "--xx", "xxxxx", "xxxx-", "xxx--xx"])
def test_cases_that_break(cases: str) -> None:
    code = breaking(cases)
    instance = module(code).instantiate(StacklessEngine(plugins=PLUGINS))
    for index in range(len(cases) + 2):
        at = min(index, len(cases) - 1)
        found = cases.find("x", at)
        assert instance.exports.f0(index, 5) == 1000 + (5 if found < 0 else 100 + found), source_of(code)


@pytest.mark.parametrize("cases", ["xxxxx", "xxx-xx", "xxxxxx"])
def test_cases_with_labels_of_their_own_ask_the_index(cases: str) -> None:
    assert "br = " not in source_of(breaking(cases).replace("unreachable", ADD.format(1)))


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("1 0 2 3", "not in order"),
        ("0 2 1 3", "not in order"),
        ("0 1 2 3 1", "the default is before others"),
        ("0 1 2 4", "one is further out"),
    ],
)
def test_other_tables_say_where_they_go(table: str, why: str) -> None:
    code = f"block {ADD.format(1)} {switch(returning(4), table)} unreachable end i32.const 5"
    assert "br = " in source_of(code), why


@pytest.mark.parametrize(
    "case",
    [
        ADD.format(7),  # falls into the next
        "local.get 1 if br 1 end i32.const 9 return",  # goes to another case
    ],
)
def test_cases_that_lead_to_others_are_told_by_br(case: str) -> None:
    cases = [case, *returning(3)]
    assert "br = " in source_of(switch(cases, "0 1 2 3") + " unreachable")


def test_what_has_come_by_another_way_is_told_by_br() -> None:
    first = "local.get 1 br_if 1 local.get 0 br_table 0 1 2 3"
    code = "block block block block " + first + " ".join(f" end {each}" for each in returning(4)) + " unreachable"
    assert "br = " in source_of(code)
    instance = module(code).instantiate(StacklessEngine(plugins=PLUGINS))
    assert [instance.exports.f0(index, 0) for index in range(5)] == [100, 101, 102, 103, 103]
    assert instance.exports.f0(3, 1) == 101


def test_what_goes_past_the_others_is_not_taken_for_the_last() -> None:
    """The first case goes to the last one or falls into the second, which has nothing to do with those behind it."""
    cases = [f"{ADD.format(1)} local.get 1 i32.const 5 i32.gt_u br_if 6", *returning(8)[1:]]
    code = switch(cases, "0 1 2 3 4 5 6 7") + " unreachable"
    instance = module(code).instantiate(StacklessEngine(plugins=PLUGINS))
    assert [instance.exports.f0(0, value) for value in (3, 5)] == [101, 107], source_of(code)
    assert [instance.exports.f0(index, 0) for index in range(1, 9)] == [*range(101, 108), 107]


def random_switch(seed: int) -> Program:
    """A loop of switches in one another, whose cases fall, go on, leave, or change what is asked."""
    random = Random(seed)

    def statement(depth: int, inside: int) -> str:
        """`inside` so many constructs, the outermost of which is a block around the loop."""
        ways = [ADD.format(random.randrange(1, 99))] * 3
        ways += ["local.get 0 i32.const 1 i32.shr_u local.set 0", "local.get 1 i32.const 7 i32.and local.set 3"]
        ways.append(f"local.get 1 i32.const {random.randrange(1, 8)} i32.and if {ADD.format(1000)} end")
        ways.append(f"local.get 1 i32.const {random.randrange(1, 16)} i32.and i32.eqz br_if {random.randrange(inside)}")
        if depth:
            ways += [several(depth - 1, inside)] * 2
        return random.choice(ways)

    def several(depth: int, inside: int) -> str:
        count = random.randrange(2, 10)
        table = [*range(count)]
        if random.random() < 0.4:
            table = [random.randrange(count + min(inside, 2)) for _ in range(random.randrange(1, 7))]
        cases = []
        for number in range(count):
            around = inside + count - 1 - number
            ends = ["", f"br {random.randrange(around)}", f"br {around - 1}", "local.get 1 return"]
            if number < count - 1:
                ends.append(f"br {count - 2 - number}")
                ends.append(f"local.get 1 i32.const 3 i32.and br_if {random.randrange(around)}")
            body = " ".join(statement(depth, around) for _ in range(random.randrange(3)))
            cases.append(f"{body} {random.choice(ends if random.random() < 0.5 else ends[2:3])}")
        index = random.choice(("local.get 0 i32.const 7 i32.and", "local.get 3", "local.get 0", "local.get 1"))
        return switch(cases, " ".join(map(str, table)), index)

    code = f"""
        block loop
            local.get 2 i32.const 1 i32.add local.tee 2 i32.const 12 i32.gt_u br_if 1
            local.get 0 i32.const 5 i32.add local.set 0
            {several(2, 2)}
            {ADD.format(3)} br 0
        end end local.get 1
    """
    return Program(module(code).bytes(), (" ".join(code.split()),))


@pytest.mark.parametrize("part", range(10))
def test_random_switches(agree: Callable[..., None], part: int) -> None:
    agree(random_switch, range(part * 60, part * 60 + 60), rounds=4)


def test_random_switches_are_of_all_kinds() -> None:
    one = StacklessEngine(plugins=PLUGINS)
    sources = [translate(one.load(random_switch(seed).module), 0).source for seed in range(200)]
    assert sum(bool(re.search(r"if (l\d|s\d) < \d:", each)) for each in sources) > 40
    assert sum("br = " in each for each in sources) > 40


@pytest.mark.parametrize("part", range(3))
def test_pauses_at_every_safe_point(agree_paused: Callable[..., None], part: int) -> None:
    for seed in range(2000 + part * 8, 2008 + part * 8):
        random = Random(seed)
        agree_paused(random_switch(seed), random.randrange(16), random.randrange(100))
