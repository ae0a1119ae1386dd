"""Linking: each import is found, is of the right kind, and of a type that matches."""

from __future__ import annotations

from wrt_core.engine import Engine
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.linking import Imports
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.testing.assembler import ModuleBuilder, signature
from wrt_core.testing.expect import needs, raises
from wrt_foundation.errors import LinkError
from wrt_foundation.features import Feature
from wrt_foundation.types import (
    EXTERNREF,
    F32,
    FUNCREF,
    I32,
    I64,
    AbstractHeapType,
    ExternKind,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    RefType,
    TableType,
)

__all__ = ["LinkingConformance"]


def _refused(engine: Engine, builder: ModuleBuilder, extern: object, message: str) -> None:
    with raises(LinkError, message) as caught:
        builder.instantiate(engine, {"env": {"it": extern}})
    assert (caught.error.module, caught.error.name) == ("env", "it")


class LinkingConformance:
    """Imports that fit, and those that don't."""

    def test_a_missing_import_is_named(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_function("env", "it", "->")
        module = builder.load(engine)
        several: tuple[Imports | None, ...] = (
            None,
            {},
            {"other": {"it": print}},
            {"env": {}},
            {"env": {"other": print}},
        )
        for imports in several:
            with raises(LinkError, "unknown import.*'env'.*'it'") as caught:
                engine.instantiate(module, imports)
            assert (caught.error.module, caught.error.name) == ("env", "it")

    def test_a_near_miss_is_suggested(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_function("env", "console_log", "->")
        with raises(LinkError, "did you mean 'consolelog'"):
            builder.instantiate(engine, {"env": {"consolelog": lambda: None}})

    def test_what_is_not_imported_does_not_matter(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("seven", "-> i32", "i32.const 7")
        assert builder.instantiate(engine, {"env": {"it": object()}}).exports.seven() == 7

    def test_the_wrong_kind_is_refused(self, engine: Engine) -> None:
        function = ModuleBuilder()
        function.import_function("env", "it", "->")
        memory = ModuleBuilder()
        memory.import_memory("env", "it", 1)
        table = ModuleBuilder()
        table.import_table("env", "it", 1)
        global_ = ModuleBuilder()
        global_.import_global("env", "it", "i32")
        externs = {
            ExternKind.FUNC: Func(FuncType(), lambda: None),
            ExternKind.MEMORY: Memory(MemoryType(Limits(1))),
            ExternKind.TABLE: Table(TableType(FUNCREF, Limits(1))),
            ExternKind.GLOBAL: Global(GlobalType(I32), 0),
        }
        for builder in (function, memory, table, global_):
            kind = builder.module.imports[0].kind
            builder.instantiate(engine, {"env": {"it": externs[kind]}})
            for other, extern in externs.items():
                if other is not kind:
                    _refused(engine, builder, extern, "incompatible import type")
            _refused(engine, builder, object(), "incompatible import type")

    def test_a_callable_is_no_global(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_global("env", "it", "i32")
        _refused(engine, builder, lambda: 0, "incompatible import type")

    def test_a_function_of_another_type_is_refused(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_function("env", "it", "i32 -> i64")
        builder.instantiate(engine, {"env": {"it": Func(signature("i32 -> i64"), lambda _: 0)}})
        for other in ("i64 -> i64", "i32 -> i32", "i32 ->", "-> i64", "i32 i32 -> i64", "i32 -> i64 i64"):
            _refused(engine, builder, Func(signature(other), lambda *_: 0), "incompatible import type")

    def test_a_memory_must_be_large_enough_and_not_too_large(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_memory("env", "it", 2, 4)
        for limits in (Limits(2, 4), Limits(3, 3), Limits(2, 2)):
            builder.instantiate(engine, {"env": {"it": Memory(MemoryType(limits))}})
        for limits in (Limits(1, 4), Limits(2, 5), Limits(2)):
            _refused(engine, builder, Memory(MemoryType(limits)), "incompatible import type")

    def test_the_present_size_of_a_memory_counts(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_memory("env", "it", 2)
        memory = Memory(MemoryType(Limits(1)))
        _refused(engine, builder, memory, "incompatible import type")
        memory.grow(1)
        builder.instantiate(engine, {"env": {"it": memory}})

    def test_a_table_must_match(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_table("env", "it", 2, 4)
        builder.instantiate(engine, {"env": {"it": Table(TableType(FUNCREF, Limits(3, 4)))}})
        for type_ in (
            TableType(FUNCREF, Limits(1, 4)),
            TableType(FUNCREF, Limits(2, 5)),
            TableType(FUNCREF, Limits(2)),
            TableType(EXTERNREF, Limits(2, 4)),
        ):
            _refused(engine, builder, Table(type_), "incompatible import type")

    def test_a_global_must_match(self, engine: Engine) -> None:
        constant, variable = ModuleBuilder(), ModuleBuilder()
        constant.import_global("env", "it", "i32")
        variable.import_global("env", "it", "i32", mutable=True)
        constant.instantiate(engine, {"env": {"it": Global(GlobalType(I32), 1)}})
        variable.instantiate(engine, {"env": {"it": Global(GlobalType(I32, True), 1)}})
        _refused(engine, constant, Global(GlobalType(I32, True), 1), "incompatible import type")
        _refused(engine, variable, Global(GlobalType(I32), 1), "incompatible import type")
        _refused(engine, constant, Global(GlobalType(I64), 1), "incompatible import type")
        _refused(engine, constant, Global(GlobalType(F32), 1), "incompatible import type")

    def test_a_subtype_is_admitted(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_global("env", "it", "externref")
        thing = object()
        builder.instantiate(engine, {"env": {"it": Global(GlobalType(EXTERNREF), thing)}})
        needs(engine, Feature.FUNCTION_REFERENCES)
        # A constant that is never null may stand where one that might be is wanted.
        never_null = RefType(False, AbstractHeapType.EXTERN)
        builder.instantiate(engine, {"env": {"it": Global(GlobalType(never_null), thing)}})

    def test_a_tag_must_match(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.import_tag("env", "it", "i32 ->")
        builder.instantiate(engine, {"env": {"it": Tag(FuncType((I32,)))}})
        for type_ in (FuncType(), FuncType((I64,)), FuncType((I32, I32))):
            _refused(engine, builder, Tag(type_), "incompatible import type")

    def test_exports_and_instances_are_namespaces(self, engine: Engine) -> None:
        library = ModuleBuilder()
        library.function("double", "i32 -> i32", "local.get 0 i32.const 2 i32.mul")
        library.memory(1)
        made = library.instantiate(engine)
        user = ModuleBuilder()
        user.import_function("library", "double", "i32 -> i32")
        user.import_memory("library", "memory", 1)
        user.function("store", "i32 ->", "i32.const 0 local.get 0 call 0 i32.store")
        for namespace in (made, made.exports, dict(made.exports)):
            user.instantiate(engine, {"library": namespace}).exports.store(21)
            assert made.exports.memory.read(0, 4) == (42).to_bytes(4, "little")
            made.exports.memory.write(0, bytes(4))

    def test_what_is_exported_again_is_the_same(self, engine: Engine) -> None:
        externs = {
            "function": Func(signature("->"), lambda: None),
            "memory": Memory(MemoryType(Limits(1))),
            "table": Table(TableType(FUNCREF, Limits(1))),
            "global": Global(GlobalType(I32), 1),
        }
        builder = ModuleBuilder()
        builder.import_function("env", "function", "->")
        builder.import_memory("env", "memory", 1)
        builder.import_table("env", "table", 1)
        builder.import_global("env", "global", "i32")
        for name in externs:
            kind = ExternKind.FUNC if name == "function" else ExternKind[name.upper()]
            builder.export(name, kind, 0)
        exports = builder.instantiate(engine, {"env": externs}).exports
        for name, extern in externs.items():
            assert exports[name] is extern

    def test_two_imports_of_one_name(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_function("env", "it", "-> i32")
        builder.import_function("env", "it", "-> i32")
        builder.function("sum", "-> i32", "call 0 call 1 i32.add")
        assert builder.instantiate(engine, {"env": {"it": lambda: 4}}).exports.sum() == 8

    def test_a_failed_link_changes_nothing(self, engine: Engine) -> None:
        memory = Memory(MemoryType(Limits(1)))
        builder = ModuleBuilder()
        builder.import_memory("env", "memory", 1)
        builder.import_function("env", "missing", "->")
        builder.data(b"written")
        with raises(LinkError):
            builder.instantiate(engine, {"env": {"memory": memory}})
        assert memory.read(0, 7) == bytes(7)
