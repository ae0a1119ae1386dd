"""The instruction table agrees with itself, and with what instructions' names say about them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from wrt_foundation.features import Feature
from wrt_foundation.instructions import (
    BY_CODE,
    BY_KEYWORD,
    BY_NAME,
    INSTRUCTIONS,
    PREFIXES,
    Immediate,
    Instruction,
)

VALUES = {"i32", "i64", "f32", "f64", "v128"}
REFERENCES = {"eqref", "arrayref", "i31", "i31ref"}
SHAPES = {"i8x16": (8, 16), "i16x8": (16, 8), "i32x4": (32, 4), "i64x2": (64, 2), "f32x4": (32, 4), "f64x2": (64, 2)}


def named(pattern: str) -> list[tuple[Instruction, re.Match[str]]]:
    found = [(i, m) for i in INSTRUCTIONS if (m := re.fullmatch(pattern, i.name))]
    assert found, pattern
    return found


def test_names_and_codes_are_unique() -> None:
    assert len(BY_NAME) == len(BY_CODE) == len(INSTRUCTIONS)
    assert {i.prefix for i in INSTRUCTIONS} == {None, *PREFIXES}


def test_how_many_instructions_each_proposal_has() -> None:
    assert Counter(i.feature for i in INSTRUCTIONS) == {
        Feature.MVP: 172,
        Feature.SIGN_EXTENSION: 5,
        Feature.SATURATING_FLOAT_TO_INT: 8,
        Feature.BULK_MEMORY: 7,
        Feature.REFERENCE_TYPES: 9,
        Feature.SIMD: 236,
        Feature.RELAXED_SIMD: 20,
        Feature.TAIL_CALL: 2,
        Feature.EXCEPTIONS: 3,
        Feature.LEGACY_EXCEPTIONS: 5,
        Feature.FUNCTION_REFERENCES: 5,
        Feature.GC: 32,
        Feature.THREADS: 67,
        Feature.WIDE_ARITHMETIC: 4,
        Feature.STACK_SWITCHING: 7,
        Feature.CUSTOM_DESCRIPTORS: 7,
    }


def test_a_keyword_has_two_codes_only_where_immediates_choose() -> None:
    shared = {keyword: [i.name for i in found] for keyword, found in BY_KEYWORD.items() if len(found) > 1}
    assert shared == {
        "select": ["select", "select_t"],
        "ref.test": ["ref.test", "ref.test_null"],
        "ref.cast": ["ref.cast", "ref.cast_null"],
        "ref.cast_desc_eq": ["ref.cast_desc_eq", "ref.cast_desc_eq_null"],
    }
    assert all(i in BY_KEYWORD[i.keyword] for i in INSTRUCTIONS)


def test_encodings() -> None:
    assert BY_NAME["nop"].encoding == b"\x01"
    assert BY_NAME["memory.copy"].encoding == b"\xfc\x0a"
    assert BY_NAME["i8x16.relaxed_swizzle"].encoding == b"\xfd\x80\x02"
    assert len({i.encoding for i in INSTRUCTIONS}) == len(INSTRUCTIONS)


def test_signatures_are_made_of_known_words() -> None:
    for i in INSTRUCTIONS:
        assert (i.operands is None) is (i.results is None)
        words = {*(i.operands or ()), *(i.results or ())}
        assert words <= VALUES | REFERENCES | {"a", "t"}, i
        if "a" in words:
            assert Immediate.MEMARG in i.immediates or Immediate.MEMORY in i.immediates, i
        if "t" in words:
            assert Immediate.TABLE in i.immediates, i


def test_accesses_of_memory() -> None:
    for i in INSTRUCTIONS:
        assert (i.width > 0) is (Immediate.MEMARG in i.immediates), i
        assert i.width in (0, 1, 2, 4, 8, 16), i
        assert (i.lanes > 0) is (Immediate.LANE in i.immediates), i
        assert i.atomic is (i.width > 0 and ".atomic." in i.name), i
        if i.width:
            assert i.operands is not None
            assert i.operands[0] == "a", i


def test_scalar_loads_and_stores_say_their_width_in_their_name() -> None:
    for i, m in named(r"([if])(32|64)\.(?:atomic\.)?(load|store)(8|16|32)?(_[su])?"):
        type_ = m[1] + m[2]
        assert i.width == int(m[4] or m[2]) // 8, i
        assert (i.operands, i.results) == ((("a",), (type_,)) if m[3] == "load" else (("a", type_), ())), i


def test_atomic_operations_say_their_width_in_their_name() -> None:
    for i, m in named(r"(i32|i64)\.atomic\.rmw(8|16|32)?\.(\w+?)(_u)?"):
        assert i.width == int(m[2] or m[1][1:]) // 8, i
        operands = ("a", m[1], m[1]) if m[3] == "cmpxchg" else ("a", m[1])
        assert (i.operands, i.results) == (operands, (m[1],)), i


def test_vector_loads_and_stores_say_their_width_in_their_name() -> None:
    for i, m in named(r"v128\.load(\d+)(?:x(\d))?_(splat|zero|[su])"):
        assert i.width == int(m[1]) * int(m[2] or 1) // 8, i
        assert (i.operands, i.results) == (("a",), ("v128",))
    for i, m in named(r"v128\.(load|store)(\d+)_lane"):
        assert (i.width, i.lanes) == (int(m[2]) // 8, 128 // int(m[2])), i
        assert (i.operands, i.results) == (("a", "v128"), ("v128",) if m[1] == "load" else ())
    assert BY_NAME["v128.load"].width == BY_NAME["v128.store"].width == 16


def test_lanes_are_as_many_as_the_shape_has() -> None:
    for i, m in named(r"(\w+)\.(extract|replace)_lane(_[su])?"):
        bits, lanes = SHAPES[m[1]]
        scalar = m[1][0] + str(max(bits, 32))
        assert i.lanes == lanes
        expected = (("v128",), (scalar,)) if m[2] == "extract" else (("v128", scalar), ("v128",))
        assert (i.operands, i.results) == expected, i


def test_scalar_arithmetic_takes_and_gives_its_own_type() -> None:
    binary = "add|sub|mul|div|div_[su]|rem_[su]|and|or|xor|shl|shr_[su]|rotl|rotr|min|max|copysign"
    for i, m in named(rf"([if]\d\d)\.({binary})"):
        assert (i.operands, i.results) == ((m[1],) * 2, (m[1],)), i
    for i, m in named(r"([if]\d\d)\.(clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|extend\d+_s)"):
        assert (i.operands, i.results) == ((m[1],), (m[1],)), i


def test_comparisons_give_i32() -> None:
    for i, m in named(r"([if]\d\d)\.(eq|ne|lt|gt|le|ge)(_[su])?"):
        assert (i.operands, i.results) == ((m[1],) * 2, ("i32",)), i
    for i, m in named(r"(i32|i64)\.eqz"):
        assert (i.operands, i.results) == ((m[1],), ("i32",))


def test_conversions_name_both_of_their_types() -> None:
    scalar = r"([if]\d\d)\.(?:wrap|trunc|trunc_sat|extend|convert|demote|promote|reinterpret)_([if]\d\d)(_[su])?"
    for i, m in named(scalar):
        assert (i.operands, i.results) == ((m[2],), (m[1],)), i


def test_vector_instructions_by_what_they_do() -> None:
    for i, m in named(r"(\w+)\.splat"):
        bits, _ = SHAPES[m[1]]
        assert (i.operands, i.results) == ((m[1][0] + str(max(bits, 32)),), ("v128",)), i
    for i, _ in named(r"i\d+x\d+\.(shl|shr_[su])"):
        assert (i.operands, i.results) == (("v128", "i32"), ("v128",)), i
    for i, _ in named(r"\w+\.(all_true|any_true|bitmask)"):
        assert (i.operands, i.results) == (("v128",), ("i32",)), i
    for i, _ in named(r"[if]\d+x\d+\.(eq|ne|[lg][te])(_[su])?"):
        assert (i.operands, i.results) == (("v128",) * 2, ("v128",)), i
    for i, _ in named(r"[if]\d+x\d+\.(abs|neg|sqrt|ceil|floor|trunc|nearest|popcnt)"):
        assert (i.operands, i.results) == (("v128",), ("v128",)), i
    for i, _ in named(r"(v128\.bitselect|\w+\.relaxed_(n?madd|laneselect))"):
        assert (i.operands, i.results) == (("v128",) * 3, ("v128",)), i


def test_constant_instructions() -> None:
    constant = {i.name for i in INSTRUCTIONS if i.constant}
    assert constant == {
        *("i32.const", "i64.const", "f32.const", "f64.const", "v128.const"),
        *("global.get", "ref.null", "ref.func", "ref.i31"),
        *("i32.add", "i32.sub", "i32.mul", "i64.add", "i64.sub", "i64.mul"),
        *("struct.new", "struct.new_default", "struct.new_desc", "struct.new_default_desc"),
        *("array.new", "array.new_default", "array.new_fixed"),
        *("any.convert_extern", "extern.convert_any"),
    }


def test_special_typing_rules_are_few_and_known() -> None:
    # Everything that computes on numbers, vectors and memory has its signature in the table.
    special = {i.name for i in INSTRUCTIONS if i.operands is None}
    computing = {i.name for i in INSTRUCTIONS if re.match(r"[ifv]\d", i.name)}
    assert not special & computing
    assert len(special) < 100


@pytest.mark.parametrize("kind", Immediate)
def test_every_kind_of_immediate_is_used(kind: Immediate) -> None:
    assert any(kind in i.immediates for i in INSTRUCTIONS)


def test_instructions_compare_by_identity_and_print_their_name() -> None:
    assert repr(BY_NAME["i32.add"]) == "<i32.add>"
    assert len(set(INSTRUCTIONS)) == len(INSTRUCTIONS)
