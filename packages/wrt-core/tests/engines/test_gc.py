"""Structures, arrays and unboxed scalars: what the suite does not reach, and what a host sees of them."""

from __future__ import annotations

import pytest

from wrt_core.runtime import aggregates
from wrt_core.runtime.aggregates import I31, Array, Struct, array_new, ref_eq
from wrt_foundation.canonical import canonical_types
from wrt_foundation.errors import ValueRangeError
from wrt_foundation.traps import Exhaustion, Trap, TrapCode
from wrt_foundation.types import I32, ArrayType, FieldType, RecType, SubType


def traps(code: TrapCode, function, *args):
    with pytest.raises(Trap) as trapped:
        function(*args)
    assert trapped.value.code is code


# Structures


def test_packed_fields_keep_their_low_bits_and_extend_as_asked(instantiate):
    exports = instantiate(
        """(module (type $s (struct (field (mut i8)) (field (mut i16))))
          (func (export "made") (param i32 i32) (result i32 i32 i32 i32) (local $s (ref null $s))
            (local.set $s (struct.new $s (local.get 0) (local.get 1)))
            (struct.get_s $s 0 (local.get $s)) (struct.get_u $s 0 (local.get $s))
            (struct.get_s $s 1 (local.get $s)) (struct.get_u $s 1 (local.get $s)))
          (func (export "set") (param i32) (result i32 i32) (local $s (ref $s))
            (local.set $s (struct.new_default $s))
            (struct.set $s 0 (local.get $s) (i32.add (local.get 0) (local.get 0)))
            (struct.set $s 1 (local.get $s) (i32.sub (local.get 0) (i32.const 1)))
            (struct.get_s $s 0 (local.get $s)) (struct.get_u $s 1 (local.get $s))))"""
    ).exports
    assert exports.made(0x180, -1) == (-128, 128, -1, 0xFFFF)
    assert exports.made(-129, 0x1_8000) == (127, 127, -0x8000, 0x8000)
    assert exports.set(64) == (-128, 63)
    assert exports.set(0) == (0, 0xFFFF)


def test_fields_are_evaluated_in_order_and_before_the_structure_is_made(instantiate):
    log = []
    f = instantiate(
        """(module (import "h" "log" (func $log (param i32) (result i32)))
          (type $s (struct (field i32) (field (mut i32)) (field i32)))
          (func (export "f") (result i32) (local $s (ref null $s))
            (local.set $s (struct.new $s (call $log (i32.const 1)) (call $log (i32.const 2)) (call $log (i32.const 3))))
            (struct.set $s 1 (local.get $s) (call $log (i32.const 4)))
            (i32.add (i32.mul (struct.get $s 0 (local.get $s)) (i32.const 10)) (struct.get $s 1 (local.get $s)))))""",
        {"h": {"log": lambda n: log.append(n) or n}},
    ).exports.f
    assert f() == 14
    assert log == [1, 2, 3, 4]


def test_a_field_is_read_before_what_follows_writes_it(instantiate):
    f = instantiate(
        """(module (type $s (struct (field (mut i32))))
          (func $set (param (ref $s)) (result i32) (struct.set $s 0 (local.get 0) (i32.const 9)) (i32.const 0))
          (func (export "f") (result i32 i32) (local $s (ref $s))
            (local.set $s (struct.new $s (i32.const 5)))
            (i32.add (struct.get $s 0 (local.get $s)) (call $set (local.get $s)))
            (struct.get $s 0 (local.get $s))
            (struct.set $s 0 (local.get $s) (i32.const 1))))"""
    ).exports.f
    assert f() == (5, 9)


def test_a_null_structure_traps_after_its_operands(instantiate):
    log = []
    exports = instantiate(
        """(module (import "h" "log" (func $log (param i32) (result i32)))
          (type $s (struct (field (mut i32))))
          (func (export "read") (drop (struct.get $s 0 (ref.null $s))))
          (func (export "set") (struct.set $s 0 (ref.null $s) (call $log (i32.const 1)))))""",
        {"h": {"log": lambda n: log.append(n) or n}},
    ).exports
    traps(TrapCode.NULL_STRUCTURE_REFERENCE, exports.read)
    traps(TrapCode.NULL_STRUCTURE_REFERENCE, exports.set)
    assert log == [1]


def test_each_new_structure_is_another_one(instantiate):
    f = instantiate(
        """(module (type $s (struct (field i32)))
          (func (export "f") (result i32 i32) (local $a (ref $s))
            (ref.eq (struct.new $s (i32.const 1)) (struct.new $s (i32.const 1)))
            (local.set $a (struct.new $s (i32.const 1)))
            (ref.eq (local.get $a) (local.get $a))))"""
    ).exports.f
    assert f() == (0, 1)


def test_a_cycle_of_structures(instantiate):
    f = instantiate(
        """(module (type $s (struct (field (mut (ref null $s))) (field i32)))
          (func (export "f") (result i32) (local $s (ref $s))
            (local.set $s (struct.new $s (ref.null $s) (i32.const 7)))
            (struct.set $s 0 (local.get $s) (local.get $s))
            (struct.get $s 1 (struct.get $s 0 (struct.get $s 0 (local.get $s))))))"""
    ).exports.f
    assert f() == 7


# Arrays

ARRAYS = """(module
  (type $bytes (array (mut i8)))
  (type $numbers (array (mut i32)))
  (type $references (array (mut (ref null $numbers))))
  (data $data "\\01\\02\\fe\\ff")
  (elem $elements (ref null $numbers) (ref.null $numbers) (ref.null $numbers))
  (func $iota (param $n i32) (result (ref $numbers)) (local $a (ref $numbers)) (local $i i32)
    (local.set $a (array.new_default $numbers (local.get $n)))
    (block (loop
      (br_if 1 (i32.eq (local.get $i) (local.get $n)))
      (array.set $numbers (local.get $a) (local.get $i) (local.get $i))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br 0)))
    (local.get $a))
  (func (export "copy") (param $to i32) (param $from i32) (param $count i32) (result (ref $numbers))
    (local $a (ref $numbers))
    (local.set $a (call $iota (i32.const 6)))
    (array.copy $numbers $numbers (local.get $a) (local.get $to) (local.get $a) (local.get $from) (local.get $count))
    (local.get $a))
  (func (export "fill") (param $at i32) (param $value i32) (param $count i32) (result (ref $bytes))
    (local $a (ref $bytes))
    (local.set $a (array.new $bytes (i32.const 0x1ff) (i32.const 4)))
    (array.fill $bytes (local.get $a) (local.get $at) (local.get $value) (local.get $count))
    (local.get $a))
  (func (export "new_data") (param i32 i32) (result (ref $bytes))
    (array.new_data $bytes $data (local.get 0) (local.get 1)))
  (func (export "new_words") (param i32 i32) (result (ref $numbers))
    (array.new_data $numbers $data (local.get 0) (local.get 1)))
  (func (export "new_elem") (param i32 i32) (result (ref $references))
    (array.new_elem $references $elements (local.get 0) (local.get 1)))
  (func (export "init_data") (param i32 i32 i32)
    (array.init_data $bytes $data (array.new_default $bytes (i32.const 4))
      (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init_elem") (param i32 i32 i32)
    (array.init_elem $references $elements (array.new_default $references (i32.const 4))
      (local.get 0) (local.get 1) (local.get 2)))
  (func (export "drop") (data.drop $data) (elem.drop $elements))
  (func (export "new") (param i32) (result i32) (array.len (array.new_default $bytes (local.get 0))))
  (func (export "read") (param i32) (result i32)
    (array.get_s $bytes (array.new_fixed $bytes 3 (i32.const 255) (i32.const 127) (i32.const 0x80)) (local.get 0)))
  (func (export "get_null") (drop (array.get_u $bytes (ref.null $bytes) (i32.const -1))))
  (func (export "set_null") (array.set $numbers (ref.null $numbers) (i32.const -1) (i32.const 0)))
  (func (export "fill_null") (array.fill $bytes (ref.null $bytes) (i32.const -1) (i32.const 0) (i32.const 1)))
  (func (export "copy_to_null")
    (array.copy $bytes $bytes (ref.null $bytes) (i32.const 0)
      (array.new_default $bytes (i32.const 0)) (i32.const 9) (i32.const 9)))
  (func (export "copy_from_null")
    (array.copy $bytes $bytes (array.new_default $bytes (i32.const 0)) (i32.const 9)
      (ref.null $bytes) (i32.const 0) (i32.const 9)))
  (func (export "len_null") (drop (array.len (ref.null array)))))"""


@pytest.mark.parametrize(
    ("to", "from_", "count", "expected"),
    [
        (2, 0, 4, [0, 1, 0, 1, 2, 3]),
        (0, 2, 4, [2, 3, 4, 5, 4, 5]),
        (6, 6, 0, [0, 1, 2, 3, 4, 5]),
        (1, 1, 5, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_copies_may_overlap(instantiate, to, from_, count, expected):
    assert list(instantiate(ARRAYS).exports.copy(to, from_, count)) == expected


def test_bulk_operations_keep_within_bounds_and_change_nothing_otherwise(instantiate):
    exports = instantiate(ARRAYS).exports
    assert list(exports.fill(1, 0x2FE, 2)) == [0xFF, 0xFE, 0xFE, 0xFF]
    for at, count in ((5, 0), (-1, 0), (3, 2), (0, -1), (-1, 1)):
        traps(TrapCode.ARRAY_OUT_OF_BOUNDS, exports.fill, at, 0, count)
    for to, from_, count in ((3, 0, 4), (0, 3, 4), (-1, 0, 1), (0, 0, -1)):
        traps(TrapCode.ARRAY_OUT_OF_BOUNDS, exports.copy, to, from_, count)


def test_arrays_of_segments(instantiate):
    exports = instantiate(ARRAYS).exports
    assert list(exports.new_data(1, 3)) == [2, 0xFE, 0xFF]
    assert list(exports.new_words(0, 1)) == [-0x0001FDFF]
    assert list(exports.new_data(4, 0)) == []
    for offset, count in ((0, 5), (5, 0), (-1, 1), (0, -1)):
        traps(TrapCode.MEMORY_OUT_OF_BOUNDS, exports.new_data, offset, count)
    traps(TrapCode.MEMORY_OUT_OF_BOUNDS, exports.new_words, 1, 1)
    traps(TrapCode.MEMORY_OUT_OF_BOUNDS, exports.new_words, 0, 0x4000_0001)
    traps(TrapCode.TABLE_OUT_OF_BOUNDS, exports.new_elem, 1, 2)
    traps(TrapCode.ARRAY_OUT_OF_BOUNDS, exports.init_data, 4, 9, 1)
    traps(TrapCode.MEMORY_OUT_OF_BOUNDS, exports.init_data, 0, 1, 4)
    traps(TrapCode.ARRAY_OUT_OF_BOUNDS, exports.init_elem, 4, 9, 1)
    traps(TrapCode.TABLE_OUT_OF_BOUNDS, exports.init_elem, 0, 1, 2)
    exports.drop()
    assert list(exports.new_data(0, 0)) == []
    traps(TrapCode.MEMORY_OUT_OF_BOUNDS, exports.new_data, 0, 1)
    traps(TrapCode.TABLE_OUT_OF_BOUNDS, exports.new_elem, 0, 1)


def test_elements_are_extended_and_bounded(instantiate):
    exports = instantiate(ARRAYS).exports
    assert [exports.read(index) for index in range(3)] == [-1, 127, -128]
    for index in (3, -1, -3):
        traps(TrapCode.ARRAY_OUT_OF_BOUNDS, exports.read, index)


@pytest.mark.parametrize("name", ["get_null", "set_null", "fill_null", "copy_to_null", "copy_from_null", "len_null"])
def test_null_traps_come_before_bounds(instantiate, name):
    traps(TrapCode.NULL_ARRAY_REFERENCE, instantiate(ARRAYS).exports[name])


def test_an_array_past_the_limit_is_exhaustion(instantiate, monkeypatch):
    exports = instantiate(ARRAYS).exports
    monkeypatch.setattr(aggregates, "ARRAY_LIMIT", 1000)
    assert exports.new(1000) == 1000
    with pytest.raises(Exhaustion, match="allocation size too large"):
        exports.new(1001)
    with pytest.raises(Exhaustion, match="allocation size too large"):
        instantiate("(module (type $a (array i8)) (global (ref $a) (array.new_default $a (i32.const 1001))))")


def test_an_array_that_the_host_has_no_memory_for_is_exhaustion(monkeypatch):
    (type_,) = canonical_types([RecType((SubType(ArrayType(FieldType(I32))),))])
    monkeypatch.setattr(aggregates, "ARRAY_LIMIT", 1 << 62)
    with pytest.raises(Exhaustion, match="allocation size too large"):
        array_new(type_, 0, 1 << 60)


def test_operands_that_are_pending_see_the_array_as_it_was(instantiate):
    f = instantiate(
        """(module (type $a (array (mut i32))) (memory 1) (data (i32.const 0) "\\02")
          (global $g (mut i32) (i32.const 1))
          (func $zero (result i32)
            (global.set $g (i32.const 40)) (i32.store8 (i32.const 0) (i32.const 0)) (i32.const 0))
          (func (export "f") (result i32 i32 i32) (local $a (ref $a))
            (local.set $a (array.new $a (i32.const 7) (i32.const 3)))
            ;; the index is read from memory, and then the value changes what it was read from
            (array.set $a (local.get $a) (i32.load8_u (i32.const 0)) (i32.add (global.get $g) (call $zero)))
            (array.get $a (local.get $a) (i32.const 0))
            (array.get $a (local.get $a) (i32.const 2))
            (array.set $a (local.get $a) (i32.const 2) (i32.const 0))
            (global.get $g)))"""
    ).exports.f
    assert f() == (7, 1, 40)


# Unboxed scalars


def test_i31_is_equal_by_value_and_wraps(instantiate):
    exports = instantiate(
        """(module
          (func (export "eq") (param i32 i32) (result i32) (ref.eq (ref.i31 (local.get 0)) (ref.i31 (local.get 1))))
          (func (export "both") (param i32) (result i32 i32)
            (i31.get_s (ref.i31 (local.get 0))) (i31.get_u (ref.i31 (local.get 0))))
          (func (export "give") (param i32) (result i31ref) (ref.i31 (local.get 0)))
          (func (export "take") (param i31ref) (result i32) (i31.get_s (local.get 0)))
          (func (export "same") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
          (global (export "constant") i31ref (ref.i31 (i32.const -2))))"""
    ).exports
    assert exports.eq(5, 5 + (1 << 31)) == 1
    assert exports.eq(5, 6) == 0
    assert exports.both(-1) == (-1, 0x7FFF_FFFF)
    assert exports.both(0x4000_0000) == (-0x4000_0000, 0x4000_0000)
    assert exports.give(-5) == -5
    assert exports.constant.value == -2
    assert repr(exports.give(-5)) == "I31(-5)"
    assert exports.take(I31(0x7FFF_FFFF)) == -1
    assert exports.same(I31(-1), I31(0x7FFF_FFFF)) == 1
    assert exports.same(I31(0), None) == 0
    traps(TrapCode.NULL_I31_REFERENCE, exports.take, None)


@pytest.mark.parametrize("value", [-0x4000_0001, 0x8000_0000])
def test_a_host_makes_no_i31_of_more_bits(value):
    with pytest.raises(ValueRangeError):
        I31(value)


def test_equality_does_not_mix_kinds():
    assert ref_eq(None, None)
    assert ref_eq(I31(5), I31(5))
    assert not ref_eq(I31(5), 5)
    assert not ref_eq([], [])


# What a host sees


def test_a_host_reads_what_it_is_given(instantiate):
    exports = instantiate(
        """(module
          (type $s (struct (field i8) (field i64) (field f32) (field v128) (field (ref null $s)) (field externref)))
          (type $a (array i64))
          (func (export "struct") (param externref) (result (ref $s))
            (struct.new $s (i32.const -1) (i64.const -1) (f32.const 1.5)
              (v128.const i32x4 1 0 0 0) (struct.new_default $s) (local.get 0)))
          (func (export "array") (result (ref $a)) (array.new_fixed $a 2 (i64.const -1) (i64.const 1)))
          (func (export "take") (param (ref $s)) (result i64) (struct.get $s 1 (local.get 0))))"""
    ).exports
    host = object()
    value = exports.struct(host)
    assert isinstance(value, Struct)
    assert len(value) == 6
    assert [value[i] for i in (0, 1, 2)] == [255, -1, 1.5]
    assert value[3] == (1).to_bytes(16, "little")
    assert isinstance(value[4], Struct)
    assert list(value[4])[4] is None
    assert value[5] is host
    assert exports.take(value) == -1
    array = exports.array()
    assert isinstance(array, Array)
    assert list(array) == [-1, 1]
    assert (len(array), array[0]) == (2, -1)
    with pytest.raises(IndexError):
        array[2]
