"""Vectors as numbers: templates that compute on all lanes at once.

Most of what vector instructions do with integers is a handful of operations on one int of 128 bits, lane 0
at its low end (see `wrt_core.numerics.vectors.shape`). Making one of bytes, and bytes of one, costs more than such an
operation. So a vector may be pending as a number, what computes on numbers takes it as such, and a local
that is mostly used so holds one: which locals those are is found out by translating a function twice.
"""

from __future__ import annotations

import re

from wrt_core.engines.stackless.translation.operand import ADD, ATOM, COMPARE, NOTHING, WIDTH_MASK, Operand
from wrt_core.engines.stackless.translation.templates.floats import call_numeric
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.numerics.vectors.shape import I8X16, I16X8, I32X4, I64X2, INTEGER_SHAPES, ONES, Shape
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32, I64, V128

__all__ = ["compute", "constant_vector", "held_as_numbers", "number_of", "vector_of"]

_SIMPLE = re.compile(r"\w+")
_LOCAL = re.compile(r"l\d+")
_PLACE = re.compile(r"\{(\w)\}")


def vector_of(number: str) -> str:
    """The bytes of a number; both are texts, the number's binds as tight as an atom."""
    return f"{number}.to_bytes(16, 'little')"


def constant_vector(value: bytes) -> Operand:
    """A constant, which is cheap in both forms."""
    return Operand(repr(value), V128, ATOM, number=f"{int.from_bytes(value, 'little'):#x}")


def is_constant(operand: Operand) -> bool:
    """Whether a vector is a constant."""
    return operand.number is not None and operand.number.startswith("0x")


def number_of(t: Translator, operand: Operand) -> str:
    """The text of a vector as a number, as tight as an atom."""
    if operand.number is not None:
        return operand.number
    if _LOCAL.fullmatch(operand.text):
        vote(t, int(operand.text[1:]), 2)  # one for itself, one for the vote that reading the local was
    return f"number({operand.text}, 'little')"


_WEIGHED_FRAMES = 64


def vote(t: Translator, local: int, votes: int) -> None:
    """Count how often a local had better be a number, or with negative votes bytes; in loops more than outside."""
    depth = sum(frame.label.loop for frame in t.frames[-_WEIGHED_FRAMES:])
    t.votes.numbers[local] += votes << 3 * min(depth, 4)


def held_as_numbers(t: Translator) -> frozenset[int]:
    """The locals that had better hold numbers. Parameters come as bytes and stay so."""
    params = len(t.type.params)
    return frozenset(local for local, votes in t.votes.numbers.items() if votes > 0 and local >= params)


def compute(t: Translator, form: str, operands: list[Operand]) -> None:
    """Push the vector whose number is `form`: `{0}`, `{1}` … are the numbers of `operands`, which have been popped.

    First places must be in the operands' order; what is named more than once is evaluated there. `{d}` and `{t}` are
    variables for `form` itself, after the first places of all operands.
    """
    texts, reads, effects, size = _bound(t, form, operands)
    _push(t, _filled(form, texts), reads, effects, size)


def _bound(t: Translator, form: str, operands: list[Operand]) -> tuple[list[list[str]], frozenset[str], int, int]:
    """For each operand the texts for its first place in a form, and for the rest."""
    height = len(t.stack)
    texts: list[list[str]] = []
    reads: frozenset[str] = frozenset()
    effects, size = NOTHING, 1 + form.count("(")
    for index, operand in enumerate(operands):
        number = number_of(t, operand)
        reads |= operand.reads
        effects |= operand.effects
        size += operand.size
        if form.count(f"{{{index}}}") > 1 and not _SIMPLE.fullmatch(number):
            # The variable is this height's: whatever is evaluated before its last use has other ones.
            variable = f"{'pqu'[index]}{height}"
            texts.append([f"({variable} := {number})", variable])
        else:
            texts.append([number, number])
    return texts, reads, effects, size


def _filled(form: str, texts: list[list[str]]) -> str:
    seen: set[str] = set()

    def place(match: re.Match[str]) -> str:
        name = match[1]
        if not name.isdigit():
            return name
        text = texts[int(name)][name in seen]
        seen.add(name)
        return text

    return _PLACE.sub(place, form)


def _push(t: Translator, text: str, reads: frozenset[str], effects: int, size: int) -> None:
    number = f"({text})"
    t.push(Operand(vector_of(number), V128, ATOM, 0, 0, effects, reads, size, number=number))


# What is one form, for every count of operands


def _forms() -> dict[str, str]:
    forms = {
        "v128.not": f"{{0}} ^ {ONES:#x}",
        "v128.and": "{0} & {1}",
        "v128.andnot": "{0} & ~{1}",
        "v128.or": "{0} | {1}",
        "v128.xor": "{0} ^ {1}",
        "v128.bitselect": "({0} ^ {1}) & {2} ^ {1}",
        "i64x2.mul": _products("{0} & %s", "{1} & %s", "{0} >> 64", "{1} >> 64", " & %s"),
        "i64x2.extmul_high_i32x4_u": _products("{0} >> 64 & %h", "{1} >> 64 & %h", "{0} >> 96", "{1} >> 96"),
    }
    for floats, integers in (("f32x4", I32X4), ("f64x2", I64X2)):
        forms[f"{floats}.abs"] = f"{{0}} & {integers.low:#x}"
        forms[f"{floats}.neg"] = f"{{0}} ^ {integers.high:#x}"
    for shape in INTEGER_SHAPES:
        forms[f"{shape.name}.relaxed_laneselect"] = forms["v128.bitselect"]
        high, low = f"{shape.high:#x}", f"{shape.low:#x}"
        # The top bits apart, no carry or borrow crosses over to the next lane.
        forms[f"{shape.name}.add"] = f"({{0}} & {low}) + ({{1}} & {low}) ^ ({{0}} ^ {{1}}) & {high}"
        forms[f"{shape.name}.sub"] = f"({{0}} | {high}) - ({{1}} & {low}) ^ ({{0}} ^ ~{{1}}) & {high}"
    # In top bits: whether lanes differ; then each top bit is spread over its lane. Of other shapes, tables are faster.
    high, low = f"{I16X8.high:#x}", f"{I16X8.low:#x}"
    differ = f"((({{d}} := {{0}} ^ {{1}}) & {low}) + {low} | {{d}}) & {high}"
    forms["i16x8.ne"] = _spread(differ, 15)
    forms["i16x8.eq"] = _spread(f"{differ} ^ {high}", 15)
    for shape in (I8X16, I16X8):
        forms |= _orders(shape)
        forms[f"{shape.name}.avgr_u"] = f"({{0}} | {{1}}) - (({{0}} ^ {{1}}) >> 1 & {shape.low:#x})"
    return forms


def _products(low: str, other_low: str, high: str, other_high: str, masked: str = "") -> str:
    """Two products of 64 bits each, of parts that `%s` masks to 64 bits and `%h` to 32."""
    form = f"({low}) * ({other_low}){masked} | (({high}) * ({other_high}){masked}) << 64"
    return form.replace("%s", f"{WIDTH_MASK[I64]:#x}").replace("%h", f"{WIDTH_MASK[I32]:#x}")


def _spread(top_bits: str, last: int) -> str:
    return f"({{t}} := {top_bits}) - ({{t}} >> {last}) | {{t}}"


def _orders(shape: Shape) -> dict[str, str]:
    """Comparisons, minima and maxima of narrow lanes, as in `wrt_core.numerics.vectors.comparison`."""
    high, low, last = f"{shape.high:#x}", f"{shape.low:#x}", shape.bits - 1
    forms = {}
    for sign, deciding in (("u", 1), ("s", 0)):
        for swapped in (False, True):
            x, y = ("{1}", "{0}") if swapped else ("{0}", "{1}")
            decides = (x, y)[deciding]
            # Top bits: whether x is at least y.
            at_least = f"(({{0}} ^ {{1}} | {y} ^ ({x} | {high}) - ({y} & {low})) ^ {decides}) & {high}"
            forms[f"{shape.name}.{'le' if swapped else 'ge'}_{sign}"] = _spread(at_least, last)
            forms[f"{shape.name}.{'gt' if swapped else 'lt'}_{sign}"] = _spread(f"{at_least} ^ {high}", last)
            if not swapped:
                chosen = _spread(at_least, last)
                forms[f"{shape.name}.min_{sign}"] = f"({x} ^ {y}) & ({chosen}) ^ {x}"
                forms[f"{shape.name}.max_{sign}"] = f"({x} ^ {y}) & ({chosen}) ^ {y}"
    return forms


_FORMS = _forms()


_IF_NUMBER = {"i64x2.mul"}
"""Forms that are not faster than a function of bytes unless one operand is a number already."""


@template(*_FORMS)
def formed(t: Translator, instruction: Instruction, _: None) -> None:
    assert instruction.operands is not None
    count = len(instruction.operands)
    if instruction.name in _IF_NUMBER and all(each.number is None for each in t.stack.items[-count:]):
        call_numeric(t, instruction)
        return
    compute(t, _FORMS[instruction.name], t.pop_many(count))


@template("i8x16.eq", "i8x16.ne")
def compare_bytes(t: Translator, instruction: Instruction, _: None) -> None:
    a, b = t.pop_many(2)
    table = "equal" if instruction.name.endswith("eq") else "unequal"
    text = vector_of(f"({number_of(t, a)} ^ {number_of(t, b)})")
    t.combine(f"{text}.translate({table})", ATOM, V128, (a, b))


# Shifts by a constant


def _shifted(name: str, shape: Shape, count: int) -> str:
    kept = shape.units * (shape.mask >> count)
    match name:
        case "shl":
            return f"({{0}} & {kept:#x}) << {count}"
        case "shr_u":
            return f"{{0}} >> {count} & {kept:#x}"
    # Where the sign is 1, 2**bits - 2**(bits-1-count) in a lane is its top count+1 bits.
    return f"{{0}} >> {count} & {kept:#x} | (({{d}} := {{0}} & {shape.high:#x}) << 1) - ({{d}} >> {count})"


_SHAPES = {shape.name: shape for shape in INTEGER_SHAPES}


@template(*[f"{shape}.{name}" for shape in _SHAPES for name in ("shl", "shr_u", "shr_s")])
def shift(t: Translator, instruction: Instruction, _: None) -> None:
    count, shifted = t.stack.items[-1].value, t.stack.items[-2]
    shape, name = instruction.name.split(".")
    # Bytes by themselves are shifted by a table.
    if count is None or (shape == "i8x16" and shifted.number is None):
        call_numeric(t, instruction)
        return
    t.pop()
    operand = t.pop()
    compute(t, _shifted(name, _SHAPES[shape], count % _SHAPES[shape].bits), [operand])


# Bytes moved


_MOST_MOVES = 3
"""Bytes that move by the same distance move together. With more distances than that, bytes are faster by a table."""


@template("i8x16.shuffle")
def shuffle(t: Translator, instruction: Instruction, lanes: tuple[int, ...]) -> None:
    b, a = t.pop(), t.pop()
    if a.text == b.text and a.effects == NOTHING:
        lanes = tuple(lane % 16 for lane in lanes)
    used = {lane // 16 for lane in lanes}
    operands = [a, b]
    unused = [operands[index] for index in {0, 1} - used]
    if all(each.effects == NOTHING for each in unused):
        form = _moved(lanes)
        if form is not None:
            sources = [operands[index] for index in used]
            if all(each.number is not None for each in sources):
                compute(t, form, operands)
                return
            for each in sources:
                if _LOCAL.fullmatch(each.text):
                    vote(t, int(each.text[1:]), 1)  # as a number it would do as well
        if len(used) == 1:
            (source,) = (operands[index] for index in used)
            order = bytes(lane % 16 for lane in lanes)
            text = f"{order!r}.translate({source.at(ADD)} + after1)"
            shuffled = Operand(text, V128, ATOM, 0, 0, source.effects, source.reads, source.size + 1)
            shuffled.low_lanes = _low_lanes(source, order)
            t.push(shuffled)
            return
    t.combine(f"{bytes(lanes)!r}.translate({a.at(ADD)} + {b.at(ADD + 1)} + after2)", ATOM, V128, (a, b))


def _low_lanes(source: Operand, order: bytes) -> tuple[Operand, int, int] | None:
    starts = order[0], order[4]
    if any(order[i] != starts[i // 4] + i % 4 for i in range(8)):
        return None
    return source, 8 * starts[0], 8 * starts[1]


@template("i64x2.extmul_low_i32x4_u")
def products(t: Translator, instruction: Instruction, _: None) -> None:
    # Often lanes 0 and 2 are multiplied, and shuffled for that: there is no such instruction, but such a form.
    parts: list[list[str]] = []
    operands = []
    for index, operand in enumerate(t.pop_many(2)):
        source, *starts = operand.low_lanes or (operand, 0, 32)
        operands.append(source)
        parts.append([f"{{{index}}} >> {start}" if start else f"{{{index}}}" for start in starts])
    (a, c), (b, d) = parts
    compute(t, _products(f"{a} & %h", f"{b} & %h", f"{c} & %h", f"{d} & %h"), operands)


def _moved(lanes: tuple[int, ...]) -> str | None:
    """The form that moves bytes, or None if it would be long."""
    masks: dict[tuple[int, int], int] = {}
    for to, lane in enumerate(lanes):
        move = (lane // 16, to - lane % 16)
        masks[move] = masks.get(move, 0) | 0xFF << 8 * to
    if len(masks) > _MOST_MOVES:
        return None
    parts = []
    for (operand, distance), mask in sorted(masks.items()):
        shifted = f"{{{operand}}}"
        if distance:
            shifted = f"({shifted} {'<<' if distance > 0 else '>>'} {8 * abs(distance)})"
        parts.append(f"{shifted} & {mask:#x}")
    return " | ".join(parts)


@template("v128.any_true")
def any_true(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    left, zero = (a.at(COMPARE + 1), "ZERO") if a.number is None else (a.number, "0")
    t.combine(f"{left} != {zero}", COMPARE, I32, (a,), 0, 1, negated=f"{left} == {zero}")
