"""References: identity across the border, casts across modules, calls through them, and what the border refuses."""

from __future__ import annotations

import pytest

from wrt_core import Func, Global, Table
from wrt_core.runtime.aggregates import I31, Struct
from wrt_foundation.errors import LinkError, ValueTypeError
from wrt_foundation.traps import Trap, TrapCode, WasmException
from wrt_foundation.types import ANYREF, EXTERNREF, FUNCREF, I32, FuncType, GlobalType, Limits, TableType

CONVERSIONS = """(module
  (type $s (struct (field i32)))
  (func (export "internalise") (param externref) (result anyref) (any.convert_extern (local.get 0)))
  (func (export "externalise") (param anyref) (result externref) (extern.convert_any (local.get 0)))
  (func (export "both") (param externref) (result externref)
    (extern.convert_any (any.convert_extern (local.get 0))))
  (func (export "struct") (param i32) (result externref)
    (extern.convert_any (struct.new $s (local.get 0))))
  (func (export "field") (param externref) (result i32)
    (struct.get $s 0 (ref.cast (ref $s) (any.convert_extern (local.get 0)))))
  (func (export "is_eq") (param externref) (result i32) (ref.test (ref eq) (any.convert_extern (local.get 0))))
  (func (export "is_i31") (param externref) (result i32) (ref.test (ref i31) (any.convert_extern (local.get 0))))
  (func (export "is_any") (param externref) (result i32) (ref.test (ref any) (any.convert_extern (local.get 0))))
  (func (export "eq") (param externref externref) (result i32)
    (ref.eq (ref.cast eqref (any.convert_extern (local.get 0)))
            (ref.cast eqref (any.convert_extern (local.get 1)))))
  (func (export "is_null") (param externref) (result i32) (ref.is_null (any.convert_extern (local.get 0)))))"""


def trapped(function, *args) -> TrapCode:
    with pytest.raises(Trap) as trap:
        function(*args)
    return trap.value.code


@pytest.mark.parametrize("value", [object(), 5, True, "text", (), I31(-3), Func(FuncType(), lambda: None)])
def test_an_object_of_the_host_stays_the_same_object(instantiate, value):
    exports = instantiate(CONVERSIONS).exports
    for name in ("internalise", "externalise", "both"):
        assert exports[name](value) is value
    assert exports.is_any(value) == 1


def test_null_is_null_on_both_sides(instantiate):
    exports = instantiate(CONVERSIONS).exports
    assert exports.both(None) is None
    assert exports.is_null(None) == 1
    assert exports.is_any(None) == 0


def test_the_hosts_objects_have_no_structure_inside(instantiate):
    exports = instantiate(CONVERSIONS).exports
    for value in (object(), 5, "text", Func(FuncType(), lambda: None)):
        assert exports.is_eq(value) == 0
        assert exports.is_i31(value) == 0
        assert trapped(exports.field, value) is TrapCode.CAST_FAILURE


def test_a_structure_that_went_out_comes_back_as_itself(instantiate):
    exports = instantiate(CONVERSIONS).exports
    structure = exports.struct(7)
    assert isinstance(structure, Struct)
    assert exports.field(structure) == 7
    assert exports.eq(structure, structure) == 1
    assert exports.eq(structure, exports.struct(7)) == 0
    assert exports.is_i31(I31(1)) == 1
    assert exports.eq(I31(1), I31(1)) == 1


# Types of several modules

TYPES = """
  (rec (type $list (sub (struct (field i32) (field (ref null $list))))))
  (rec (type $longer (sub $list (struct (field i32) (field (ref null $list)) (field i64)))))
  (type $other (sub (struct (field i32) (field (ref null $list)))))
"""


def test_equal_definitions_of_two_modules_are_one_type(instantiate):
    maker = instantiate(
        f"""(module (type $unrelated (func)) {TYPES}
          (func (export "list") (result (ref $list)) (struct.new $list (i32.const 1) (ref.null $list)))
          (func (export "longer") (result (ref $list)) (struct.new_default $longer))
          (func (export "other") (result (ref struct)) (struct.new_default $other)))"""
    ).exports
    taker = instantiate(
        f"""(module {TYPES}
          (func (export "take") (param (ref $list)) (result i32) (struct.get $list 0 (local.get 0)))
          (func (export "is_longer") (param structref) (result i32) (ref.test (ref $longer) (local.get 0)))
          (func (export "is_list") (param structref) (result i32) (ref.test (ref $list) (local.get 0)))
          (func (export "is_just_list") (param structref) (result i32) (ref.test (ref (exact $list)) (local.get 0))))"""
    ).exports
    assert taker.take(maker.list()) == 1
    assert [taker.is_list(maker[each]()) for each in ("list", "longer", "other")] == [1, 1, 0]
    assert [taker.is_just_list(maker[each]()) for each in ("list", "longer")] == [1, 0]
    assert [taker.is_longer(maker[each]()) for each in ("list", "longer")] == [0, 1]
    assert taker.is_list(None) == 0
    with pytest.raises(ValueTypeError):
        taker.take(maker.other())


def test_functions_link_by_canonical_types_and_their_subtypes(instantiate):
    library = instantiate(
        """(module (type $s (struct)) (type $f (sub (func (result anyref)))) (type $g (sub $f (func (result (ref $s)))))
          (func (export "f") (type $f) (ref.null any))
          (func (export "g") (type $g) (struct.new $s)))"""
    )
    text = """(module (type $f (sub (func (result anyref)))) (type $s (struct))
      (import "l" "{}" (func $i (type $f))) (func (export "call") (result anyref) (call $i)))"""
    assert instantiate(text.format("f"), {"l": library}).exports.call() is None
    assert isinstance(instantiate(text.format("g"), {"l": library}).exports.call(), Struct)
    with pytest.raises(LinkError, match="incompatible import type"):
        instantiate('(module (import "l" "f" (func (result anyref))))', {"l": library})


# Calls through references


def test_calls_through_references(instantiate):
    host = Func(FuncType((I32,), (I32,)), lambda n: n * 2)
    exports = instantiate(
        """(module (type $f (func (param i32) (result i32)))
          (import "h" "f" (func $host (type $f)))
          (elem declare func $own $host)
          (func $own (type $f) (i32.add (local.get 0) (i32.const 1)))
          (func (export "own") (param i32) (result i32) (call_ref $f (local.get 0) (ref.func $own)))
          (func (export "host") (param i32) (result i32) (call_ref $f (local.get 0) (ref.func $host)))
          (func (export "given") (param (ref null $f)) (result i32) (call_ref $f (i32.const 20) (local.get 0)))
          (func (export "get") (result (ref $f)) (ref.func $own)))""",
        {"h": {"f": host}},
    ).exports
    assert (exports.own(1), exports.host(4), exports.given(host)) == (2, 8, 40)
    assert exports.given(exports["get"]()) == 21
    assert trapped(exports.given, None) is TrapCode.NULL_FUNCTION_REFERENCE


def test_a_subtype_may_be_called_and_another_type_not(instantiate):
    exports = instantiate(
        """(module (type $f (sub (func (result anyref)))) (type $g (sub $f (func (result i31ref))))
          (type $h (func (result anyref)))
          (table funcref (elem $fs $gs $hs))
          (func $fs (type $f) (ref.null any))
          (func $gs (type $g) (ref.i31 (i32.const 5)))
          (func $hs (type $h) (ref.null any))
          (func (export "indirect") (param i32) (result anyref) (call_indirect (type $f) (local.get 0)))
          (func (export "cast") (param i32) (result anyref)
            (call_ref $f (ref.cast (ref null $f) (table.get (local.get 0))))))"""
    ).exports
    for name, code in (("indirect", TrapCode.INDIRECT_CALL_TYPE_MISMATCH), ("cast", TrapCode.CAST_FAILURE)):
        assert exports[name](0) is None
        assert exports[name](1) == 5
        assert trapped(exports[name], 2) is code


def test_arguments_are_evaluated_before_the_null_check(instantiate):
    log = []
    f = instantiate(
        """(module (type $f (func (param i32))) (import "h" "log" (func $log (param i32) (result i32)))
          (func (export "f") (call_ref $f (call $log (i32.const 1)) (ref.null $f))))""",
        {"h": {"log": lambda n: log.append(n) or n}},
    ).exports.f
    assert trapped(f) is TrapCode.NULL_FUNCTION_REFERENCE
    assert log == [1]


# Branches


def test_branches_on_null_and_casts_keep_what_lies_below(instantiate):
    exports = instantiate(
        """(module
          (func (export "on_null") (param externref) (result i32)
            (block $l (result i32)
              (i32.const 10) (br_on_null $l (local.get 0)) (drop) (i32.const 1) (i32.add)))
          (func (export "on_non_null") (param externref) (result i32 externref)
            (block $l (result i32 (ref extern))
              (i32.const 10) (br_on_non_null $l (local.get 0)) (return (i32.const 3) (ref.null extern))))
          (func (export "on_cast") (param anyref) (result i32 i32)
            (block $l (result i32 (ref i31))
              (i32.const 10) (br_on_cast $l anyref (ref i31) (local.get 0)) (drop) (return (i32.const 3)))
            (i31.get_s))
          (func (export "on_cast_fail") (param anyref) (result i32 i32)
            (block $l (result i32 anyref)
              (i32.const 10) (br_on_cast_fail $l anyref (ref i31) (local.get 0)) (return (i31.get_s)))
            (return (drop) (i32.const 3))))"""
    ).exports
    something = object()
    assert (exports.on_null(None), exports.on_null(something)) == (10, 11)
    assert exports.on_non_null(None) == (3, None)
    assert exports.on_non_null(something) == (10, something)
    assert exports.on_cast(I31(-4)) == (10, -4)
    assert exports.on_cast(something) == (10, 3)
    assert exports.on_cast(None) == (10, 3)
    assert exports.on_cast_fail(I31(-4)) == (10, -4)
    assert exports.on_cast_fail(something) == (10, 3)


def test_effects_come_before_a_cast_that_traps(instantiate):
    log = []
    f = instantiate(
        """(module (import "h" "log" (func $log (result i32)))
          (func (export "f") (param anyref) (result i32)
            (call $log) (i31.get_s (ref.cast (ref i31) (local.get 0))) (i32.add)))""",
        {"h": {"log": lambda: log.append(1) or 1}},
    ).exports.f
    assert f(I31(1)) == 2
    assert trapped(f, None) is TrapCode.CAST_FAILURE
    assert log == [1, 1]


def test_a_null_reference_traps_when_it_must_not_be_null(instantiate):
    f = instantiate(
        '(module (func (export "f") (param externref) (result (ref extern)) (ref.as_non_null (local.get 0))))'
    ).exports.f
    assert f(1) == 1
    assert trapped(f, None) is TrapCode.NULL_REFERENCE


def test_an_exception_reference_goes_out_and_comes_back(instantiate):
    exports = instantiate(
        """(module (tag $e (export "e") (param i32))
          (func (export "make") (param i32) (result exnref)
            (block (result exnref) (try_table (catch_all_ref 0) (throw $e (local.get 0))) (unreachable)))
          (func (export "throw") (param exnref) (throw_ref (local.get 0))))"""
    ).exports
    exception = exports.make(5)
    assert isinstance(exception, WasmException)
    with pytest.raises(WasmException) as caught:
        exports.throw(exception)
    assert caught.value is exception
    assert exception.payload == (5,)
    assert trapped(exports.throw, None) is TrapCode.NULL_EXCEPTION_REFERENCE
    with pytest.raises(ValueTypeError):
        exports.throw(ValueError())


# What the border refuses

KINDS = """(module
  (type $s (struct)) (type $a (array i8)) (type $f (func)) (type $g (func (param i32)))
  (func (export "funcref") (param funcref)) (func (export "a function") (param (ref null $f)))
  (func (export "structref") (param structref)) (func (export "a struct") (param (ref null $s)))
  (func (export "arrayref") (param arrayref)) (func (export "i31ref") (param i31ref))
  (func (export "eqref") (param eqref)) (func (export "exnref") (param exnref))
  (func (export "nullref") (param nullref)) (func (export "nullfuncref") (param nullfuncref))
  (func (export "nullexternref") (param nullexternref))
  (func (export "non-null") (param (ref extern)))
  (func (export "struct") (result structref) (struct.new $s))
  (func (export "array") (result arrayref) (array.new_default $a (i32.const 0)))
  (func $made (export "f")) (func (export "g") (param i32)))"""


def test_references_of_the_wrong_kind_do_not_come_in(instantiate):
    exports = instantiate(KINDS).exports
    given = {
        "struct": exports.struct(),
        "array": exports.array(),
        "i31": I31(0),
        "f": exports.f,
        "g": exports.g,
        "object": object(),
        "number": 5,
        "callable": lambda: None,
        "null": None,
    }
    admitted = {
        "funcref": {"f", "g", "null"},
        "a function": {"f", "null"},
        "structref": {"struct", "null"},
        "a struct": {"struct", "null"},
        "arrayref": {"array", "null"},
        "i31ref": {"i31", "null"},
        "eqref": {"struct", "array", "i31", "null"},
        "exnref": {"null"},
        "nullref": {"null"},
        "nullfuncref": {"null"},
        "nullexternref": {"null"},
        "non-null": set(given) - {"null"},
    }
    for name, kinds in admitted.items():
        for kind, value in given.items():
            if kind in kinds:
                exports[name](value)
            else:
                with pytest.raises(ValueTypeError):
                    exports[name](value)


@pytest.mark.parametrize(
    ("result", "good", "bad"),
    [
        ("funcref", None, len),
        ("(ref extern)", 5, None),
        ("i31ref", I31(5), 5),
        ("structref", None, object()),
        ("exnref", None, ValueError()),
        ("nullref", None, I31(0)),
    ],
)
def test_a_host_function_returns_no_other_kind(instantiate, result, good, bad):
    answer = [good, bad]
    f = instantiate(
        f"""(module (import "h" "f" (func $f (result {result})))
          (func (export "f") (call $f) (drop)))""",
        {"h": {"f": lambda: answer.pop(0)}},
    ).exports.f
    assert f() is None
    with pytest.raises(ValueTypeError):
        f()


def test_tables_and_globals_take_no_other_kind():
    table = Table(TableType(FUNCREF, Limits(1)))
    with pytest.raises(ValueTypeError):
        table[0] = len
    variable = Global(GlobalType(FUNCREF, mutable=True), None)
    with pytest.raises(ValueTypeError):
        variable.value = 5
    anything = Global(GlobalType(ANYREF, mutable=True), None)
    anything.value = table
    assert anything.value is table
    assert Global(GlobalType(EXTERNREF), len).value is len
