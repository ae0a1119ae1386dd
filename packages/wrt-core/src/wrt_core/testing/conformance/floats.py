"""Floats: every bit of a NaN survives being moved about, and numbers are rounded once."""

from __future__ import annotations

import math
import struct

from wrt_core.engine import Engine
from wrt_core.testing.assembler import ModuleBuilder
from wrt_foundation.values import f32_bits, f32_from_bits, f64_bits, f64_from_bits

__all__ = ["FloatsConformance"]

_NANS = {
    "f32": (0x7FC0_0000, 0xFFC0_0000, 0x7F80_0001, 0xFFA5_A5A5, 0x7FFF_FFFF),
    "f64": (
        0x7FF8_0000_0000_0000,
        0xFFF8_0000_0000_0000,
        0x7FF0_0000_0000_0001,
        0xFFF4_0000_DEAD_BEEF,
        0x7FFF_FFFF_FFFF_FFFF,
    ),
}
_INTEGER = {"f32": "i32", "f64": "i64"}


def _unsigned(value: int, type_: str) -> int:
    return value & (0xFFFF_FFFF if type_ == "f32" else 0xFFFF_FFFF_FFFF_FFFF)


class FloatsConformance:
    """NaNs by their bits; single precision."""

    def test_nans_survive_what_does_not_compute(self, engine: Engine) -> None:
        for type_, patterns in _NANS.items():
            integer = _INTEGER[type_]
            in_, out = f"local.get 0 {type_}.reinterpret_{integer}", f"{integer}.reinterpret_{type_}"
            builder = ModuleBuilder()
            builder.import_function("env", "identity", f"{type_} -> {type_}")
            builder.memory(1, name=None)
            builder.global_(None, type_, f"{type_}.const 0.0")
            same = builder.function(None, f"{type_} -> {type_}", "local.get 0")
            ways = {
                "reinterpreted": f"{in_} {out}",
                "local": f"{in_} local.set 1 local.get 1 {out}",
                "tee": f"{in_} local.tee 1 {out}",
                "global": f"{in_} global.set 0 global.get 0 {out}",
                "memory": f"i32.const 1 {in_} {type_}.store align=0 i32.const 1 {type_}.load align=0 {out}",
                "stored": f"i32.const 9 {in_} {type_}.store align=0 i32.const 9 {integer}.load align=0",
                "loaded": f"i32.const 17 local.get 0 {integer}.store align=0 i32.const 17 {type_}.load align=0 {out}",
                "call": f"{in_} call {same} {out}",
                "host": f"{in_} call 0 {out}",
                "block": f"block {type_} {in_} end {out}",
                "branch": f"block {type_} {in_} br 0 end {out}",
                "select": f"{in_} {type_}.const 1.0 i32.const 1 select {out}",
                "negated twice": f"{in_} {type_}.neg {type_}.neg {out}",
                "sign copied": f"{in_} {in_} {type_}.copysign {out}",
            }
            for name, code in ways.items():
                builder.function(name, f"{integer} -> {integer}", code, type_)
            exports = builder.instantiate(engine, {"env": {"identity": lambda value: value}}).exports
            for pattern in patterns:
                for name in ways:
                    assert _unsigned(exports[name](pattern), type_) == pattern, (type_, name, hex(pattern))

    def test_constant_nans(self, engine: Engine) -> None:
        for type_, patterns in _NANS.items():
            for pattern in patterns:
                builder = ModuleBuilder()
                integer = _INTEGER[type_]
                builder.function(
                    "constant", f"-> {integer}", f"{type_}.const bits:{pattern:#x} {integer}.reinterpret_{type_}"
                )
                builder.global_("variable", type_, f"{type_}.const bits:{pattern:#x}")
                builder.function("variable again", f"-> {integer}", f"global.get 0 {integer}.reinterpret_{type_}")
                exports = builder.instantiate(engine).exports
                assert _unsigned(exports.constant(), type_) == pattern
                assert _unsigned(exports["variable again"](), type_) == pattern

    def test_nans_to_and_from_the_host(self, engine: Engine) -> None:
        for type_, patterns in _NANS.items():
            bits, from_bits = (f32_bits, f32_from_bits) if type_ == "f32" else (f64_bits, f64_from_bits)
            builder = ModuleBuilder()
            builder.function("identity", f"{type_} -> {type_}", "local.get 0")
            identity = builder.instantiate(engine).exports.identity
            for pattern in patterns:
                assert bits(identity(from_bits(pattern))) == pattern

    def test_signs_of_nans(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        code = "local.get 0 f64.reinterpret_i64"
        builder.function("abs", "i64 -> i64", f"{code} f64.abs i64.reinterpret_f64")
        builder.function("neg", "i64 -> i64", f"{code} f64.neg i64.reinterpret_f64")
        exports = builder.instantiate(engine).exports
        assert _unsigned(exports.abs(0xFFF4_0000_0000_0001), "f64") == 0x7FF4_0000_0000_0001
        assert _unsigned(exports.neg(0x7FF4_0000_0000_0001), "f64") == 0xFFF4_0000_0000_0001

    def test_arithmetic_gives_quiet_nans(self, engine: Engine) -> None:
        for type_, integer, quiet, there_and_back in (
            ("f32", "i32", 1 << 22, "f64.promote_f32 f32.demote_f64"),
            ("f64", "i64", 1 << 51, "f32.demote_f64 f64.promote_f32"),
        ):
            signalling = f"{type_}.const bits:{_NANS[type_][2]:#x}"
            for code in (
                f"{signalling} {type_}.const 1.0 {type_}.add",
                f"{signalling} {signalling} {type_}.mul",
                f"{signalling} {type_}.const 0.0 {type_}.div",
                f"{signalling} {type_}.sqrt",
                f"{signalling} {type_}.const 1.0 {type_}.min",
                f"{type_}.const inf {type_}.const inf {type_}.sub",
                f"{type_}.const 0.0 {type_}.const 0.0 {type_}.div",
                f"{signalling} {type_}.floor",
                f"{signalling} {there_and_back}",
            ):
                builder = ModuleBuilder()
                builder.function("run", f"-> {integer}", f"{code} {integer}.reinterpret_{type_}")
                bits = _unsigned(builder.instantiate(engine).exports.run(), type_)
                assert bits & quiet, code
                value = f32_from_bits(bits) if type_ == "f32" else f64_from_bits(bits)
                assert math.isnan(value), code

    def test_single_precision_is_rounded_once(self, engine: Engine) -> None:
        def single(value: float) -> float:
            rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
            return rounded

        builder = ModuleBuilder()
        for name in ("add", "sub", "mul", "div"):
            builder.function(name, "f32 f32 -> f32", f"local.get 0 local.get 1 f32.{name}")
        builder.function("sqrt", "f32 -> f32", "local.get 0 f32.sqrt")
        builder.function("convert", "i64 -> f32", "local.get 0 f32.convert_i64_s")
        exports = builder.instantiate(engine).exports
        third = single(1 / 3)
        assert exports.add(third, third) == single(third + third)
        assert exports.mul(third, third) == single(third * third)
        assert exports.div(1.0, 3.0) == third
        assert exports.sub(1.0, third) == single(1.0 - third)
        assert exports.sqrt(2.0) == single(math.sqrt(2.0))
        assert exports.mul(3e38, 10.0) == math.inf
        assert exports.div(-1.0, 0.0) == -math.inf
        # Halfway between two f32s once it has been rounded to an f64: rounding twice would go the wrong way.
        assert exports.convert((1 << 60) + (1 << 36) + 1) == float((1 << 60) + (1 << 37))

    def test_zeros_have_signs(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        for name, code in (
            ("min", "f64.const 0.0 f64.const -0.0 f64.min"),
            ("neg", "f64.const 0.0 f64.neg"),
            ("ceil", "f64.const -0.5 f64.ceil"),
            ("nearest", "f64.const -0.5 f64.nearest"),
            ("single", "f32.const -0.0 f64.promote_f32"),
            ("mul", "f64.const -1.0 f64.const 0.0 f64.mul"),
        ):
            builder.function(name, "-> f64", code)
        builder.function("max", "-> f64", "f64.const -0.0 f64.const 0.0 f64.max")
        exports = builder.instantiate(engine).exports
        for name in ("min", "neg", "ceil", "nearest", "single", "mul"):
            assert math.copysign(1, exports[name]()) == -1, name
        assert math.copysign(1, exports.max()) == 1
