"""What is known of a number's range and likely size decides how it is masked, compared and divided, not what comes out.

Every instruction that takes such a decision, on operands of every form that leads to another one, at all edges.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.operand import Operand, is_integer
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_core.numerics import NUMERICS
from wrt_core.testing import ModuleBuilder
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.traps import Trap

BITS = {"i32": 32, "i64": 64}


def edges(bits: int) -> list[int]:
    half, whole = 1 << bits - 1, 1 << bits
    return [0, 1, 2, 7, half - 2, half - 1, half, half + 1, whole - 7, whole - 2, whole - 1]


# Each form's code for the value of a local, and what it makes of a number.
FORMS: dict[str, tuple[str, Callable[[int, int], int]]] = {
    "a local": ("local.get {n}", lambda x, bits: x),
    "a sum": ("local.get {n} {t}.const 5 {t}.add", lambda x, bits: x + 5),
    "a difference": ("local.get {n} {t}.const 3 {t}.sub", lambda x, bits: x - 3),
    "a wild sum": ("local.get {n} {t}.const 0x5bd1e995 {t}.add", lambda x, bits: x + 0x5BD1E995),
    "a product": ("local.get {n} {t}.const 12 {t}.mul", lambda x, bits: x * 12),
    "a wild product": ("local.get {n} {t}.const 1664525 {t}.mul", lambda x, bits: x * 1664525),
    "what was shifted": ("local.get {n} {t}.const 3 {t}.shl", lambda x, bits: x << 3),
    "no negative number": ("local.get {n} {t}.const 1 {t}.shr_u", lambda x, bits: x >> 1),
    "a small number": ("local.get {n} {t}.const 255 {t}.and", lambda x, bits: x & 255),
    "a signed number": (
        "local.get {n} {t}.const 1 {t}.shr_s",
        lambda x, bits: (x - (x >> bits - 1 << bits)) >> 1,
    ),
    "no small number": ("local.get {n} {t}.const 7 {t}.and {t}.const 9 {t}.add", lambda x, bits: (x & 7) + 9),
    "a constant that was shifted": (
        "{t}.const -1 local.get {n} {t}.shr_u",
        lambda x, bits: ((1 << bits) - 1) >> x % bits,
    ),
    "all bits turned": ("local.get {n} {t}.const -1 {t}.xor", lambda x, bits: ~x),
    "all bits of a sum": ("local.get {n} {t}.const 5 {t}.add {t}.const -1 {t}.xor", lambda x, bits: ~(x + 5)),
    "a last byte": (
        "local.get {n} {t}.const -8 {t}.shl {t}.const -8 {t}.shr_s",
        lambda x, bits: ((x & 255) ^ 128) - 128,
    ),
    "a last byte that is small": (
        "local.get {n} {t}.const 127 {t}.and {t}.const -8 {t}.shl {t}.const -8 {t}.shr_s",
        lambda x, bits: x & 127,
    ),
    "a signed quotient": (
        "local.get {n} {t}.const 7 {t}.div_s",
        lambda x, bits: x // 7 if x < 1 << bits - 1 else -(((1 << bits) - x) // 7),
    ),
    "a hash": (
        "local.get {n} {t}.const 33 {t}.mul {t}.const 7 {t}.add {t}.const 31 {t}.mul {t}.const 37 {t}.mul",
        lambda x, bits: (x * 33 + 7) * 31 * 37,
    ),
    "what is in memory": ("i32.const 16 local.get {n} {t}.store i32.const 16 {t}.load", lambda x, bits: x),
}

COMPARING = ("lt_s", "gt_s", "le_s", "ge_s", "lt_u", "gt_u", "le_u", "ge_u", "eq", "ne")
COMPUTING = ("add", "sub", "mul", "and", "xor", "shl", "shr_s")
DIVIDING = ("div_s", "rem_s", "div_u", "rem_u")


def functions(type_: str, instruction: str, codes: dict[str, tuple[str, str]]) -> dict[str, Callable[[int, int], int]]:
    """A function of two numbers for each pair of operands, by the pair's name."""
    result = "i32" if instruction in COMPARING else type_
    builder = ModuleBuilder()
    builder.memory(1)
    for name, (a, b) in codes.items():
        builder.function(name, f"{type_} {type_} -> {result}", f"{a} {b} {type_}.{instruction}")
    exports = builder.instantiate(StacklessEngine()).exports
    return {name: exports[name] for name in codes}


def outcome(function: Callable[..., int], bits: int, *args: int) -> int | str:
    """What a function gives, in unsigned form, or how it traps."""
    try:
        return function(*args) & (1 << bits) - 1
    except Trap as trap:
        return trap.message


@pytest.mark.parametrize("type_", BITS)
@pytest.mark.parametrize("instruction", [*COMPARING, *COMPUTING, *DIVIDING])
def test_two_operands_of_any_form(type_: str, instruction: str) -> None:
    bits = BITS[type_]
    codes = {
        f"{left}, {right}": (FORMS[left][0].format(t=type_, n=0), FORMS[right][0].format(t=type_, n=1))
        for left in FORMS
        for right in FORMS
    }
    expected = NUMERICS[f"{type_}.{instruction}"]
    mask = (1 << bits) - 1
    for name, function in functions(type_, instruction, codes).items():
        one, other = (FORMS[form][1] for form in name.split(", "))
        for x in edges(bits):
            for y in edges(bits):
                a, b = one(x, bits) & mask, other(y, bits) & mask
                got = outcome(function, bits, x, y)
                assert got == outcome(expected, bits, a, b), f"{name}: {a:#x} {type_}.{instruction} {b:#x}"


@pytest.mark.parametrize("type_", BITS)
@pytest.mark.parametrize("instruction", [*COMPARING, *COMPUTING, *DIVIDING])
def test_an_operand_and_a_constant(type_: str, instruction: str) -> None:
    bits = BITS[type_]
    codes = {}
    forms = (
        "a local",
        "a sum",
        "no negative number",
        "no small number",
        "a constant that was shifted",
        "what is in memory",
    )
    for form in forms:
        code = FORMS[form][0].format(t=type_, n=0)
        for constant in edges(bits):
            codes[f"{form}, {constant}"] = code, f"{type_}.const {constant}"
            codes[f"{constant}, {form}"] = f"{type_}.const {constant}", code
    expected = NUMERICS[f"{type_}.{instruction}"]
    mask = (1 << bits) - 1
    for name, function in functions(type_, instruction, codes).items():
        left, right = name.split(", ")
        for x in edges(bits):
            a, b = (FORMS[each][1](x, bits) & mask if each in FORMS else int(each) for each in (left, right))
            got = outcome(function, bits, x, 0)
            assert got == outcome(expected, bits, a, b), f"{name}: {a:#x} {type_}.{instruction} {b:#x}"


@pytest.mark.parametrize("instruction", COMPARING)
def test_conditions_and_their_opposites(instruction: str) -> None:
    expected = NUMERICS[f"i32.{instruction}"]
    builder = ModuleBuilder()
    numbers = edges(32)
    condition = f"i32.{instruction}"
    builder.function(
        "locals", "i32 i32 -> i32", f"local.get 0 local.get 1 {condition} if i32 i32.const 1 else i32.const 0 end"
    )
    builder.function("opposite", "i32 i32 -> i32", f"local.get 0 local.get 1 {condition} i32.eqz i32.eqz i32.eqz")
    for c in numbers:
        builder.function(
            f"constant {c}",
            "i32 -> i32",
            f"local.get 0 i32.const {c} {condition} i32.eqz if i32 i32.const 0 else i32.const 1 end",
        )
        builder.function(f"opposite {c}", "i32 -> i32", f"local.get 0 i32.const {c} {condition} i32.eqz")
    exports = builder.instantiate(StacklessEngine()).exports
    for x in numbers:
        for y in numbers:
            wanted = expected(x, y)
            assert exports["locals"](x, y) == wanted
            assert exports["opposite"](x, y) == 1 - wanted
            assert exports[f"constant {y}"](x) == wanted
            assert exports[f"opposite {y}"](x) == 1 - wanted


def test_a_comparison_that_is_decided_still_evaluates_its_operands() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 -> i32", "local.get 0 i32.load i32.const 0x7fffffff i32.le_s")
    exports = builder.instantiate(StacklessEngine()).exports
    assert exports.f(0) == 1
    with pytest.raises(Trap, match="out of bounds memory access"):
        exports.f(1 << 16)


def test_two_operands_that_trap_do_so_in_order() -> None:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.function("f", "i32 i32 -> i32", "local.get 0 i32.load8_u i32.const 1 local.get 1 i32.div_u i32.lt_s")
    builder.function("g", "i32 i32 -> i32", "i32.const 1 local.get 1 i32.div_u local.get 0 i32.load8_u i32.gt_s")
    exports = builder.instantiate(StacklessEngine()).exports
    with pytest.raises(Trap, match="out of bounds memory access"):
        exports.f(1 << 16, 0)
    with pytest.raises(Trap, match="integer divide by zero"):
        exports.g(1 << 16, 0)


SAFE = [
    each
    for each in NUMERICS
    if each in BY_NAME and each[:4] in ("i32.", "i64.") and not each[4:].startswith(("div", "rem", "trunc", "reinter"))
]
"""Instructions on integers that can't trap."""


def random_expression(random: Random, type_: str, depth: int) -> str:
    """Code for a number of a type, made of locals (0 and 1 are i32, 2 and 3 are i64) and constants."""
    if depth == 0 or random.random() < 0.1:
        if random.random() < 0.5:
            return f"local.get {random.randrange(2) + 2 * (type_ == 'i64')}"
        return f"{type_}.const {random.choice(edges(BITS[type_]))}"
    name = random.choice([each for each in SAFE if BY_NAME[each].results == (type_,)])
    operands = BY_NAME[name].operands
    assert operands is not None
    return " ".join([*(random_expression(random, str(each), depth - 1) for each in operands), name])


def test_every_range_holds_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found out of an expression's range is so, whoever relies on it."""
    pushed: list[Operand] = []
    push = Translator.push
    monkeypatch.setattr(Translator, "push", lambda t, operand: (pushed.append(operand), push(t, operand))[1])
    engine = StacklessEngine()
    looked_at = 0
    for seed in range(400):
        random = Random(seed)
        builder = ModuleBuilder()
        builder.function("f", "i32 i32 i64 i64 -> i64", random_expression(random, "i64", 2 + seed % 5))
        instance = builder.instantiate(engine)
        pushed.clear()
        translate(instance.module, 0)
        for _ in range(6):
            names = {f"l{n}": random.choice(edges(64 if n > 1 else 32)) for n in range(4)}
            for operand in pushed:
                if operand.reads <= names.keys() and is_integer(operand.type):
                    value = eval(operand.text, instance.namespace, dict(names))
                    assert operand.low <= value <= operand.high, (seed, operand.text, names)
                    looked_at += 1
    assert looked_at > 10_000
