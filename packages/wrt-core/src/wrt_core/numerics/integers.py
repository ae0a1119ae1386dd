"""Integer instructions of i32 and i64: specification, section 4.3.2 "Integer Operations".

Operands and results are unsigned. The signed value of `a` is `(a ^ sign) - sign`, and flipping the
sign bits alone, `a ^ sign`, keeps the signed order.
"""

from __future__ import annotations

from collections.abc import Callable

from wrt_foundation.traps import Trap, TrapCode

__all__ = ["FUNCTIONS"]


def _integer_instructions(bits: int) -> dict[str, Callable[..., int]]:
    mask = (1 << bits) - 1
    sign = 1 << bits - 1
    last = bits - 1

    def eqz(a: int) -> int:
        return 0 if a else 1

    def eq(a: int, b: int) -> int:
        return 1 if a == b else 0

    def ne(a: int, b: int) -> int:
        return 1 if a != b else 0

    def lt_s(a: int, b: int) -> int:
        return 1 if a ^ sign < b ^ sign else 0

    def lt_u(a: int, b: int) -> int:
        return 1 if a < b else 0

    def gt_s(a: int, b: int) -> int:
        return 1 if a ^ sign > b ^ sign else 0

    def gt_u(a: int, b: int) -> int:
        return 1 if a > b else 0

    def le_s(a: int, b: int) -> int:
        return 1 if a ^ sign <= b ^ sign else 0

    def le_u(a: int, b: int) -> int:
        return 1 if a <= b else 0

    def ge_s(a: int, b: int) -> int:
        return 1 if a ^ sign >= b ^ sign else 0

    def ge_u(a: int, b: int) -> int:
        return 1 if a >= b else 0

    def clz(a: int) -> int:
        return bits - a.bit_length()

    def ctz(a: int) -> int:
        return (a & -a).bit_length() - 1 if a else bits

    def popcnt(a: int) -> int:
        return a.bit_count()

    def add(a: int, b: int) -> int:
        return a + b & mask

    def sub(a: int, b: int) -> int:
        return a - b & mask

    def mul(a: int, b: int) -> int:
        return a * b & mask

    def div_s(a: int, b: int) -> int:
        if not b:
            raise Trap(TrapCode.INTEGER_DIVIDE_BY_ZERO)
        x = (a ^ sign) - sign
        y = (b ^ sign) - sign
        # Python rounds down, wasm towards zero.
        quotient = abs(x) // abs(y)
        if (x < 0) != (y < 0):
            return -quotient & mask
        if quotient == sign:
            raise Trap(TrapCode.INTEGER_OVERFLOW)
        return quotient

    def div_u(a: int, b: int) -> int:
        if not b:
            raise Trap(TrapCode.INTEGER_DIVIDE_BY_ZERO)
        return a // b

    def rem_s(a: int, b: int) -> int:
        if not b:
            raise Trap(TrapCode.INTEGER_DIVIDE_BY_ZERO)
        x = (a ^ sign) - sign
        y = (b ^ sign) - sign
        # The remainder has the dividend's sign.
        return x % abs(y) if x >= 0 else -(-x % abs(y)) & mask

    def rem_u(a: int, b: int) -> int:
        if not b:
            raise Trap(TrapCode.INTEGER_DIVIDE_BY_ZERO)
        return a % b

    def and_(a: int, b: int) -> int:
        return a & b

    def or_(a: int, b: int) -> int:
        return a | b

    def xor(a: int, b: int) -> int:
        return a ^ b

    def shl(a: int, b: int) -> int:
        return a << (b & last) & mask

    def shr_s(a: int, b: int) -> int:
        return (a ^ sign) - sign >> (b & last) & mask

    def shr_u(a: int, b: int) -> int:
        return a >> (b & last)

    def rotl(a: int, b: int) -> int:
        b &= last
        return (a << b | a >> bits - b) & mask

    def rotr(a: int, b: int) -> int:
        b &= last
        return (a >> b | a << bits - b) & mask

    def extend8_s(a: int) -> int:
        return ((a & 0xFF) ^ 0x80) - 0x80 & mask

    def extend16_s(a: int) -> int:
        return ((a & 0xFFFF) ^ 0x8000) - 0x8000 & mask

    functions: list[Callable[..., int]]
    functions = [eqz, eq, ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u, clz, ctz, popcnt]
    functions += [add, sub, mul, div_s, div_u, rem_s, rem_u, and_, or_, xor, shl, shr_s, shr_u, rotl, rotr]
    functions += [extend8_s, extend16_s]
    return {f"i{bits}.{function.__name__.rstrip('_')}": function for function in functions}


def _extend32_s(a: int) -> int:
    return ((a & 0xFFFF_FFFF) ^ 0x8000_0000) - 0x8000_0000 & 0xFFFF_FFFF_FFFF_FFFF


FUNCTIONS: dict[str, Callable[..., int]] = {
    **_integer_instructions(32),
    **_integer_instructions(64),
    "i64.extend32_s": _extend32_s,
}
"""The functions by instruction name."""
