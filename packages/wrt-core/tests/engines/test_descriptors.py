"""Custom descriptors: structures that carry the structure which describes their type."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory
from wrt_foundation.errors import ValidationError
from wrt_foundation.traps import Trap, TrapCode

TYPES = """
  (rec
    (type $a (sub (descriptor $b) (struct (field i32))))
    (type $b (sub (describes $a) (struct (field (mut i32)))))
    (type $c (sub $a (descriptor $d) (struct (field i32) (field i8))))
    (type $d (sub $b (describes $c) (struct (field (mut i32))))))
"""


def trapped(function, *args) -> TrapCode:
    with pytest.raises(Trap) as trap:
        function(*args)
    return trap.value.code


def test_a_structure_gives_back_the_very_descriptor_it_was_made_with(instantiate):
    f = instantiate(
        f"""(module {TYPES}
          (func (export "f") (result i32 i32 i32) (local $b (ref (exact $b))) (local $a (ref $a))
            (local.set $b (struct.new $b (i32.const 5)))
            (local.set $a (struct.new_desc $a (i32.const 7) (local.get $b)))
            (struct.set $b 0 (local.get $b) (i32.const 6))
            (ref.eq (ref.get_desc $a (local.get $a)) (local.get $b))
            (struct.get $b 0 (ref.get_desc $a (local.get $a)))
            (struct.get $a 0 (local.get $a))))"""
    ).exports.f
    assert f() == (1, 6, 7)


def test_defaults_with_a_descriptor_and_descriptors_in_globals(instantiate):
    exports = instantiate(
        f"""(module {TYPES}
          (global $b (ref (exact $b)) (struct.new $b (i32.const 3)))
          (global $a (ref $a) (struct.new_desc $a (i32.const 4) (global.get $b)))
          (global $default (ref $a) (struct.new_default_desc $a (global.get $b)))
          (func (export "constant") (result i32 i32)
            (struct.get $a 0 (global.get $a)) (ref.eq (ref.get_desc $a (global.get $a)) (global.get $b)))
          (func (export "default") (result i32 i32)
            (struct.get $a 0 (global.get $default))
            (struct.get $b 0 (ref.get_desc $a (struct.new_default_desc $a (global.get $b))))))"""
    ).exports
    assert exports.constant() == (4, 1)
    assert exports.default() == (0, 3)


def test_a_null_descriptor_traps_after_the_fields_are_evaluated(instantiate):
    log = []
    exports = instantiate(
        f"""(module {TYPES} (import "h" "log" (func $log (param i32) (result i32)))
          (func (export "new") (drop (struct.new_desc $a (call $log (i32.const 1)) (ref.null none))))
          (func (export "default") (drop (struct.new_default_desc $a (ref.null none))))
          (func (export "get") (drop (ref.get_desc $a (ref.null $a))))
          (func (export "cast") (param anyref)
            (drop (ref.cast_desc_eq (ref null $a) (local.get 0) (ref.null $b)))))""",
        {"h": {"log": lambda n: log.append(n) or n}},
    ).exports
    assert trapped(exports.new) is TrapCode.NULL_DESCRIPTOR_REFERENCE
    assert log == [1]
    assert trapped(exports.default) is TrapCode.NULL_DESCRIPTOR_REFERENCE
    assert trapped(exports["get"]) is TrapCode.NULL_REFERENCE
    assert trapped(exports.cast, None) is TrapCode.NULL_DESCRIPTOR_REFERENCE
    with pytest.raises(Trap, match="null descriptor reference"):
        instantiate(f"(module {TYPES} (global (ref $a) (struct.new_default_desc $a (ref.null none))))")


CASTS = f"""(module {TYPES}
  (global $b1 (ref (exact $b)) (struct.new $b (i32.const 1)))
  (global $b2 (ref (exact $b)) (struct.new $b (i32.const 2)))
  (global $d (ref (exact $d)) (struct.new $d (i32.const 3)))
  (func (export "a1") (result anyref) (struct.new_desc $a (i32.const 1) (global.get $b1)))
  (func (export "a2") (result anyref) (struct.new_desc $a (i32.const 2) (global.get $b2)))
  (func (export "c") (result anyref) (struct.new_desc $c (i32.const 3) (i32.const 0) (global.get $d)))
  (func (export "cast") (param anyref) (result i32)
    (struct.get $a 0 (ref.cast_desc_eq (ref $a) (local.get 0) (global.get $b1))))
  (func (export "cast_null") (param anyref) (result i32)
    (ref.is_null (ref.cast_desc_eq (ref null $a) (local.get 0) (global.get $b1))))
  (func (export "cast_sub") (param anyref) (result i32)
    (struct.get $a 0 (ref.cast_desc_eq (ref $a) (local.get 0) (global.get $d))))
  (func (export "branch") (param anyref) (result i32 i32)
    (block $l (result i32 (ref $a))
      (i32.const 10)
      (br_on_cast_desc_eq $l anyref (ref $a) (local.get 0) (global.get $b1))
      (drop) (return (i32.const -1)))
    (struct.get $a 0))
  (func (export "branch_fail") (param anyref) (result i32 i32)
    (block $l (result i32 anyref)
      (i32.const 10)
      (br_on_cast_desc_eq_fail $l anyref (ref $a) (local.get 0) (global.get $b1))
      (return (struct.get $a 0)))
    (drop) (i32.const -1)))"""


def test_casts_compare_descriptors_by_identity(instantiate):
    exports = instantiate(CASTS).exports
    assert exports.cast(exports.a1()) == 1
    for other in (exports.a2(), exports.c(), object(), None):
        assert trapped(exports.cast, other) is TrapCode.DESCRIPTOR_CAST_FAILURE
    assert exports.cast_sub(exports.c()) == 3
    assert trapped(exports.cast_sub, exports.a1()) is TrapCode.DESCRIPTOR_CAST_FAILURE
    assert exports.cast_null(None) == 1
    assert exports.cast_null(exports.a1()) == 0
    assert trapped(exports.cast_null, exports.a2()) is TrapCode.DESCRIPTOR_CAST_FAILURE


def test_branches_compare_descriptors_and_keep_what_lies_below(instantiate):
    exports = instantiate(CASTS).exports
    for name in ("branch", "branch_fail"):
        assert exports[name](exports.a1()) == (10, 1)
        for other in (exports.a2(), exports.c(), object(), None):
            assert exports[name](other) == (10, -1)


def test_descriptors_of_descriptors(instantiate):
    f = instantiate(
        """(module
          (rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (descriptor $c) (struct))
               (type $c (describes $b) (struct (field i32))))
          (func (export "f") (result i32)
            (struct.get $c 0 (ref.get_desc $b (ref.get_desc $a
              (struct.new_default_desc $a (struct.new_default_desc $b (struct.new $c (i32.const 9)))))))))"""
    ).exports.f
    assert f() == 9


def test_an_exact_cast_admits_no_subtype(instantiate):
    exports = instantiate(
        """(module (type $p (sub (struct))) (type $q (sub $p (struct)))
          (func (export "p") (result anyref) (struct.new $p))
          (func (export "q") (result anyref) (struct.new $q))
          (func (export "exact") (param anyref) (result i32) (ref.test (ref (exact $p)) (local.get 0)))
          (func (export "null") (param anyref) (result i32) (ref.test (ref null (exact $p)) (local.get 0)))
          (func (export "any") (param anyref) (result i32) (ref.test (ref $p) (local.get 0)))
          (func (export "cast") (param anyref) (drop (ref.cast (ref (exact $p)) (local.get 0)))))"""
    ).exports
    values = (exports.p(), exports.q(), None)
    assert [exports.exact(each) for each in values] == [1, 0, 0]
    assert [exports.null(each) for each in values] == [1, 0, 1]
    assert [exports.any(each) for each in values] == [1, 1, 0]
    exports.cast(values[0])
    assert trapped(exports.cast, values[1]) is TrapCode.CAST_FAILURE


def test_the_feature_is_one_that_can_be_off():
    parser = pytest.importorskip("wrt_wast.text.parser", reason="modules are written as text")
    engine = EngineFactory.create("stackless", features=["wasm-3.0"])
    with pytest.raises(ValidationError, match="custom-descriptors"):
        engine.load(parser.parse_module(f"(module {TYPES})"))
