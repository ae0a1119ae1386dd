"""Instructions: every one of the table, in its flat and folded forms, and the structured ones."""

from __future__ import annotations

import pytest

from wrt_foundation.binary import encode, read_instructions
from wrt_foundation.errors import TextError
from wrt_foundation.immediates import Cast, Catch, CatchKind, Handler, MemArg
from wrt_foundation.instructions import INSTRUCTIONS, Immediate
from wrt_foundation.types import ANYREF, F64, I32, I64, AbstractHeapType, RefType
from wrt_wast.text import parse_module

SURROUNDINGS = """
(type $sig (func (param i32) (result i64)))
(type $st (struct (field $x i32) (field $y (mut i64))))
(type $k (cont $sig))
(table $tab 1 funcref) (table $tab2 1 funcref)
(memory $mem 1) (memory $mem2 1)
(global $glob (mut i32) (i32.const 0))
(tag $tag)
(elem $seg func)
(data $bytes "")
(func $callee)
"""


def body(text: str, locals_: str = "(local $l i32)") -> list:
    module = parse_module(f"{SURROUNDINGS}(func {locals_} {text})")
    *found, (last, _) = [(i.name, immediate) for i, immediate, _ in read_instructions(module.codes[-1].code)]
    assert last == "end"
    return found


def refused(text: str) -> str:
    with pytest.raises(TextError) as caught:
        body(text)
    return caught.value.message


SAMPLES = {
    Immediate.LABEL: ("0", 0),
    Immediate.LABELS: ("0 0 0", (0, 0, 0)),
    Immediate.FUNC: ("$callee", 0),
    Immediate.TYPE: ("$st", 1),
    Immediate.TABLE: ("$tab2", 1),
    Immediate.MEMORY: ("$mem2", 1),
    Immediate.GLOBAL: ("$glob", 0),
    Immediate.LOCAL: ("$l", 0),
    Immediate.TAG: ("$tag", 0),
    Immediate.ELEM: ("$seg", 0),
    Immediate.DATA: ("$bytes", 0),
    Immediate.FIELD: ("$y", 1),
    Immediate.COUNT: ("3", 3),
    Immediate.HEAP_TYPE: ("$st", RefType(True, 1)),
    Immediate.CAST: ("0 anyref (ref $st)", Cast(0, ANYREF, RefType(False, 1))),
    Immediate.MEMARG: ("$mem2 offset=5 align=1", MemArg(0, 5, 1)),
    Immediate.LANE: ("1", 1),
    Immediate.LANES: ("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31", (*range(15), 31)),
    Immediate.HANDLERS: ("(on $tag 0) (on $tag switch)", (Handler(0, 0), Handler(0, None))),
    Immediate.FENCE: ("", 0),
    Immediate.I32: ("-0x8000_0000", -(1 << 31)),
    Immediate.I64: ("18446744073709551615", -1),
    Immediate.F32: ("-nan:0x1", 0xFF800001),
    Immediate.F64: ("0x1.8p1", 0x4008000000000000),
    Immediate.V128: ("i16x8 0 1 2 3 4 5 6 -1", bytes([0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 255, 255])),
}
SPECIAL = {
    "select_t": ("(result i32)", (I32,)),
    "call_indirect": ("$tab2 (type $sig)", (0, 1)),
    "return_call_indirect": ("$tab2 (type $sig)", (0, 1)),
    "memory.init": ("$mem2 $bytes", (0, 1)),
    "table.init": ("$tab2 $seg", (0, 1)),
    "ref.test": ("(ref $st)", RefType(False, 1)),
    "ref.test_null": ("(ref null $st)", RefType(True, 1)),
    "ref.cast": ("(ref $st)", RefType(False, 1)),
    "ref.cast_null": ("(ref null $st)", RefType(True, 1)),
    "ref.cast_desc_eq": ("(ref (exact $st))", RefType(False, 1, exact=True)),
    "ref.cast_desc_eq_null": ("(ref null $st)", RefType(True, 1)),
}
STRUCTURED = {"block", "loop", "if", "else", "end", "try", "try_table", "catch", "catch_all", "delegate"}


@pytest.mark.parametrize("instruction", [i for i in INSTRUCTIONS if i.name not in STRUCTURED], ids=lambda i: i.name)
def test_every_plain_instruction_of_the_table(instruction):
    if instruction.name in SPECIAL:
        text, expected = SPECIAL[instruction.name]
    else:
        samples = [SAMPLES[kind] for kind in instruction.immediates]
        text = " ".join(sample for sample, _ in samples)
        values = tuple(value for _, value in samples)
        expected = None if not values else values[0] if len(values) == 1 else values
    assert body(f"{instruction.keyword} {text}") == [(instruction.name, expected)]
    assert body(f"({instruction.keyword} {text} (nop) (nop))") == [
        ("nop", None),
        ("nop", None),
        (instruction.name, expected),
    ]


@pytest.mark.parametrize(
    "instruction", [i for i in INSTRUCTIONS if Immediate.MEMARG in i.immediates], ids=lambda i: i.name
)
def test_alignment_is_natural_by_default(instruction):
    lane = " 0" if Immediate.LANE in instruction.immediates else ""
    ((_, found),) = body(f"{instruction.keyword}{lane}")
    memarg = found[0] if lane else found
    assert memarg == MemArg(instruction.width.bit_length() - 1, 0, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("memory.size", ("memory.size", 0)),
        ("memory.copy", ("memory.copy", (0, 0))),
        ("memory.copy 1 0", ("memory.copy", (1, 0))),
        ("memory.init $bytes", ("memory.init", (0, 0))),
        ("table.init 1", ("table.init", (1, 0))),
        ("table.init 1 0", ("table.init", (0, 1))),
        ("table.copy $tab2 $tab", ("table.copy", (1, 0))),
        ("call_indirect", ("call_indirect", (3, 0))),
        ("call_indirect (param i32) (result) (result i64)", ("call_indirect", (0, 0))),
        ("v128.load8_lane 7", ("v128.load8_lane", (MemArg(0, 0, 0), 7))),
        ("v128.load8_lane 1 7", ("v128.load8_lane", (MemArg(0, 0, 1), 7))),
        ("v128.load8_lane $mem2 align=1 7", ("v128.load8_lane", (MemArg(0, 0, 1), 7))),
        ("v128.load8_lane offset=3 7", ("v128.load8_lane", (MemArg(0, 3, 0), 7))),
        ("select (result) (result i32 i64)", ("select_t", (I32, I64))),
        ("br_table 1 2 3", ("br_table", (1, 2, 3))),
        ("ref.null $st", ("ref.null", RefType(True, 1))),
        ("ref.null func", ("ref.null", RefType(True, AbstractHeapType.FUNC))),
        ("i32.load offset=0xFFFF_FFFF_FFFF_FFFF", ("i32.load", MemArg(2, (1 << 64) - 1))),
        ("struct.get 1 0", ("struct.get", (1, 0))),
    ],
)  # fmt: skip
def test_what_may_be_left_out(text, expected):
    assert body(text) == [expected]


def test_blocks_flat_and_folded_are_the_same():
    flat = (
        "block $a (result i32) loop $b i32.const 1 if (param i32) nop else $c br $a end br $b end unreachable end drop"
    )
    with pytest.raises(TextError, match="mismatching label"):
        body(flat)
    flat = flat.replace("else $c", "else")
    folded = """(drop (block $a (result i32)
        (loop $b (i32.const 1) (if (param i32) (then (nop)) (else (br $a))) (br $b)) (unreachable)))"""
    assert body(flat) == body(folded)


def test_a_folded_if_evaluates_its_condition_first_and_outside_of_its_label():
    names = [name for name, _ in body("(if $x (i32.const 1) (i32.eqz) (then (br $x)) (else))")]
    assert names == ["i32.const", "i32.eqz", "if", "br", "else", "end"]
    assert refused("(if $x (br $x) (then))") == "unknown label $x"
    assert body("(if (then))") == [("if", None), ("end", None)]


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("", None),
        ("(result)", None),
        ("(result f64)", F64),
        ("(result (ref null $st))", RefType(True, 1)),
        ("(type $sig)", 0),
        ("(type 0) (param i32) (result i64)", 0),
        ("(param i32) (result i64)", 0),
        ("(param i32 i32) (param i64)", 4),
        ("(result i32 i32)", 4),
    ],
)
def test_block_types(text, type_):
    assert body(f"block {text} end")[0] == ("block", type_)
    assert body(f"(loop {text})")[0] == ("loop", type_)


def test_try_table_has_clauses_that_see_the_labels_around_it():
    (_, block), (_, immediate), *_ = body(
        "block $h (try_table $h (result i32) (catch $tag $h) (catch_ref 0 0) (catch_all $h) (catch_all_ref 0) nop) end"
    )
    clauses = (
        Catch(CatchKind.CATCH, 0, 0),
        Catch(CatchKind.CATCH_REF, 0, 0),
        Catch(CatchKind.CATCH_ALL, None, 0),
        Catch(CatchKind.CATCH_ALL_REF, None, 0),
    )
    assert (block, immediate) == (None, (I32, clauses))


def test_legacy_exceptions_flat_and_folded_are_the_same():
    flat = "try $t (result i32) i32.const 1 catch $tag rethrow 0 catch_all i32.const 2 end drop try $u nop delegate 0"
    folded = """(drop (try $t (result i32) (do (i32.const 1)) (catch $tag (rethrow $t)) (catch_all (i32.const 2))))
        (try $u (do (nop)) (delegate 0))"""
    assert body(flat) == body(folded)
    assert body("block $b (try (do) (delegate $b)) end")[2] == ("delegate", 0)
    assert body("(try (do))") == [("try", None), ("end", None)]
    assert refused("try $t delegate $t").startswith("unknown label $t")


@pytest.mark.parametrize(
    "text",
    """
(try)
(try (catch $tag))
(try (do) (do))
(try (do) (catch_all) (catch $tag))
(try (do) (nop))
(try (do) (delegate 0) (catch_all))
(try (do) (delegate 0 nop))
(try nop)
try catch_all catch $tag end
if else else end
block else end
end
else
then
(then)
(else)
(do)
block
(block
loop )
(if)
(if (then) (nop))
(if (then) (else) (else))
(if (else) (then))
(if (then) nop)
(if nop (then))
(i32.add i32.const 1 (i32.const 2))
(end)
(i32.const)
i32.const 1 2
(i32.const 1 2)
br
br_table
call
local.get
memory.init
select (param i32)
call_indirect (param $x i32)
block (param $x i32) end
(block (result i32) (param i32))
select (result $x)
i32.load align=3 offset=1
ref.null
ref.test funcref x
i8x16.extract_lane_s
v128.const
v128.const i8x17 0
(nop
()
(())
42
"nop"
$x
memory.copy 0
br_on_cast 0 anyref
(on $tag 0)
resume $k (on $tag)
catch
delegate 0
(param i32)
nop (local i32)
    """.strip().splitlines(),
)
def test_what_the_grammar_does_not_give_is_refused(text):
    assert refused(text).startswith(("unexpected token", "unknown operator", "alignment"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("i32.const 0x1_0000_0000", "constant out of range"),
        ("f32.const 1e39", "constant out of range"),
        ("i64.const 1.0", "unexpected token 1.0"),
        ("f32.const nan:canonical", "unexpected token nan:canonical"),
        ("i32.load align=0", "alignment must be a power of two"),
        ("i32.load align=6", "alignment must be a power of two"),
        ("i32.load offset=18446744073709551616", "i64 constant out of range"),
        ("i32.load offset=-1", "unknown operator offset=-1"),
        ("v128.const i32x4 0 0 0", "wrong number of lane literals"),
        ("v128.const i32x4 0 0 0 0 0", "wrong number of lane literals"),
        ("v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 256", "constant out of range"),
        ("i8x16.shuffle 0 1 2", "invalid lane length"),
        ("i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 256", "i8 constant out of range"),
        ("i8x16.extract_lane_u 256", "i8 constant out of range"),
        ("i8x16.extract_lane_u -1", "unexpected token -1"),
        ("br $x", "unknown label $x"),
        ("block $outer br $oter end", "unknown label $oter (did you mean '$outer'?)"),
        ("local.get $m", "unknown local $m"),
        ("call $calle", "unknown function $calle (did you mean '$callee'?)"),
        ("struct.get $st $z", "unknown field $z"),
        ("struct.get $sig $x", "unknown field $x"),
        ("block $a end $b", "mismatching label $b: the block is $a"),
        ("block end $b", "mismatching label $b: the block has no label"),
        ("i32.cnst", "unknown operator i32.cnst (did you mean 'i32.const'?)"),
        ("get_local 0", "unknown operator get_local (did you mean 'local.get'?)"),
        ("i32.trunc_u:sat/f64", "unknown operator i32.trunc_u:sat/f64 (did you mean 'i32.trunc_sat_f64_u'?)"),
        ("block (type $sig) (result i32) end", "inline function type"),
        ("block (type 99) (result i32) end", "unknown type"),
        ("block (type $st) (result i32) end", "inline function type"),
        ("call 4294967296", "i32 constant out of range"),
        ("block loop end", "unexpected token ), expected the 'end' of the 'block' at"),
    ],
)
def test_errors_say_what_is_wrong(text, message):
    assert refused(text).startswith(message)


def test_label_identifiers_shadow_and_reappear():
    labels = [
        immediate for name, immediate in body("block $x loop $x br $x end br $x end block $x br $x end") if name == "br"
    ]
    assert labels == [0, 0, 0]


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("block ", "end "),
        ("(block ", ")"),
        ("(i32.eqz ", ")"),
        ("(if (then ", "))"),
        ("(if (then) (else ", "))"),
        ("(try_table ", ")"),
        ("(try (do ", "))"),
        ("(if (result i32) (block (result i32) ", ") (then) (else))"),
    ],
)
def test_nesting_is_bounded_by_memory_alone(opening, closing):
    depth = 100_000
    module = parse_module(f"(func {opening * depth} {closing * depth})")
    assert len(module.codes[0].code) > depth
    encode(module)


def test_nesting_that_is_not_closed_is_an_error_too():
    with pytest.raises(TextError, match="unexpected token"):
        parse_module("(func " + "(block " * 100_000)
    with pytest.raises(TextError, match="unexpected token"):
        parse_module("(" * 100_000)
