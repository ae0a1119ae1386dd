"""Loading: bytes become a validated module, or a typed error says what is wrong with them."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path

from wrt_core.engine import Engine
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import raises
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary import decode
from wrt_foundation.errors import DecodeError, UnsupportedFeature, ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.types import I64, ExternKind, Limits, MemoryType, RecType, StructType, SubType

__all__ = ["LoadingConformance"]


def _adder() -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.function("add", "i32 i32 -> i32", "local.get 0 local.get 1 i32.add")
    return builder


def _beyond(feature: Feature) -> ModuleBuilder | None:
    """A module that needs one feature, and none that is not in WebAssembly 1.0 besides."""
    builder = ModuleBuilder()
    match feature:
        case Feature.SIMD:
            builder.function(None, "->", "i32.const 0 i32x4.splat drop")
        case Feature.TAIL_CALL:
            builder.function(None, "->", "return_call 0")
        case Feature.MEMORY64:
            builder.module.memories.append(MemoryType(Limits(1), I64))
        case Feature.MULTI_MEMORY:
            builder.memory(1, name=None)
            builder.memory(1, name=None)
        case Feature.GC:
            builder.module.types.append(RecType((SubType(StructType()),)))
        case Feature.THREADS:
            builder.module.memories.append(MemoryType(Limits(1, 1), shared=True))
        case Feature.WIDE_ARITHMETIC:
            builder.function(None, "->", "i64.const 1 i64.const 1 i64.mul_wide_u drop drop")
        case Feature.CUSTOM_PAGE_SIZES:
            builder.module.memories.append(MemoryType(Limits(1), page_size=1))
        case Feature.EXCEPTIONS:
            builder.tag(None, "->")
        case _:
            return None
    return builder


class LoadingConformance:
    """`Engine.load`."""

    def test_bytes_and_other_buffers_load(self, engine: Engine) -> None:
        binary = _adder().bytes()
        for source in (binary, bytearray(binary), memoryview(binary), memoryview(b"." + binary)[1:]):
            module = engine.load(source)
            assert isinstance(module, ValidatedModule)
            assert engine.instantiate(module).exports.add(1, 2) == 3

    def test_what_was_loaded_is_a_copy(self, engine: Engine) -> None:
        binary = bytearray(_adder().bytes())
        module = engine.load(binary)
        binary[:] = bytes(len(binary))
        assert engine.instantiate(module).exports.add(1, 2) == 3

    def test_files_load_by_path(self, engine: Engine) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "add.wasm"
            path.write_bytes(_adder().bytes())
            for source in (path, str(path)):
                assert engine.instantiate(engine.load(source)).exports.add(2, 3) == 5

    def test_a_decoded_module_loads(self, engine: Engine) -> None:
        module = engine.load(decode(_adder().bytes()))
        assert engine.instantiate(module).exports.add(2, 3) == 5

    def test_a_module_made_by_hand_loads(self, engine: Engine) -> None:
        assert engine.instantiate(engine.load(_adder().module)).exports.add(2, 3) == 5

    def test_the_empty_module_loads(self, engine: Engine) -> None:
        instance = engine.instantiate(engine.load(b"\0asm\1\0\0\0"))
        assert list(instance.exports) == []

    def test_what_is_no_source_is_a_type_error(self, engine: Engine) -> None:
        for source in (None, 7, 1.5, ["\0asm"]):
            with raises(TypeError):
                engine.load(source)

    def test_a_file_that_is_not_there(self, engine: Engine) -> None:
        with raises(FileNotFoundError):
            engine.load("/nowhere/there/is/such/a/module.wasm")

    def test_malformed_modules_are_refused(self, engine: Engine) -> None:
        binary = _adder().bytes()
        for source, message in (
            (b"", "unexpected end"),
            (b"\0as", "unexpected end"),
            (b"\0asm", "unexpected end"),
            (b"elf!\1\0\0\0", "magic header not detected"),
            (b"\0asm\2\0\0\0", "unknown binary version"),
            (b"\0asm\1\0\0\0\x0f\0", "malformed section id"),
            (binary + b"\0", "unexpected end"),
            (binary + b"\1\1\0", "unexpected content after last section"),
            (binary[:-1], "unexpected end|length out of bounds|section size mismatch"),
        ):
            with raises(DecodeError, message):
                engine.load(source)

    def test_every_truncation_is_refused(self, engine: Engine) -> None:
        binary = _adder().bytes()
        whole = {8}  # the header alone is a module
        at = 8
        while at < len(binary):  # and so is what ends where a section does, if the sections there agree
            at += 2 + binary[at + 1]
            whole.add(at)
        for length in range(len(binary)):
            if length not in whole:
                with raises(DecodeError):
                    engine.load(binary[:length])

    def test_invalid_modules_are_refused(self, engine: Engine) -> None:
        for type_, code, message in (
            ("-> i32", "", "type mismatch"),
            ("-> i32", "i64.const 0", "type mismatch"),
            ("->", "i32.const 0", "type mismatch"),
            ("->", "i32.add drop", "type mismatch"),
            ("->", "local.get 0 drop", "unknown local"),
            ("->", "call 9", "unknown function"),
            ("->", "global.get 0 drop", "unknown global"),
            ("->", "br 1", "unknown label"),
            ("->", "i32.const 0 i32.load drop", "unknown memory"),
            ("->", "i32.const 0 call_indirect 0", "unknown table"),
        ):
            builder = ModuleBuilder()
            builder.function(None, type_, code)
            with raises(ValidationError, message):
                builder.load(engine)

    def test_validation_is_whole_before_anything_runs(self, engine: Engine) -> None:
        builder = _adder()
        builder.function("broken", "-> i32", "")
        with raises(ValidationError, "type mismatch") as caught:
            builder.load(engine)
        assert caught.error.function == 1

    def test_a_feature_that_the_engine_does_not_run_is_named(self, engine: Engine) -> None:
        for feature in Feature:
            builder = _beyond(feature)
            if builder is None:
                continue
            if feature in engine.features:
                builder.load(engine)
            else:
                with raises(UnsupportedFeature) as caught:
                    builder.load(engine)
                assert caught.error.feature == feature.value

    def test_imports_and_exports_are_listed(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_function("env", "log", "i32 ->")
        builder.import_memory("env", "memory", 1, 2)
        builder.function("run", "->", "")
        builder.global_("answer", "i32", "i32.const 42", mutable=False)
        builder.export("log again", ExternKind.FUNC, 0)
        module = builder.load(engine)
        assert [(each.module, each.name, each.kind) for each in module.imports] == [
            ("env", "log", ExternKind.FUNC),
            ("env", "memory", ExternKind.MEMORY),
        ]
        assert module.imports[1].type == MemoryType(Limits(1, 2))
        assert [(each.name, each.kind) for each in module.exports] == [
            ("run", ExternKind.FUNC),
            ("answer", ExternKind.GLOBAL),
            ("log again", ExternKind.FUNC),
        ]

    def test_a_validated_module_pickles(self, engine: Engine) -> None:
        builder = ModuleBuilder("sample")
        builder.import_function("env", "log", "i32 ->")
        builder.function("add", "i32 i32 -> i32", "local.get 0 local.get 1 i32.add")
        module = pickle.loads(pickle.dumps(builder.load(engine)))
        instance = engine.instantiate(module, {"env": {"log": lambda _: None}})
        assert instance.exports.add(-5, 3) == -2

    def test_one_module_makes_instances_that_share_nothing(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.global_("count", "i32", "i32.const 0")
        builder.memory(1)
        builder.function("next", "-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0")
        module = builder.load(engine)
        one, other = engine.instantiate(module), engine.instantiate(module)
        assert [one.exports.next(), one.exports.next(), other.exports.next()] == [1, 2, 1]
        one.exports.memory.write(0, b"one")
        assert other.exports.memory.read(0, 3) == bytes(3)
        assert one.exports.next is not other.exports.next
