"""The conformance kit fails engines that deserve it: each of these breaks one promise."""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Callable
from typing import Any

import pytest

from wrt_core import Engine, EngineFactory, EngineWrapper
from wrt_core.engine import Source
from wrt_core.engines.stackless import compiled
from wrt_core.engines.stackless.engine import StacklessEngine
from wrt_core.engines.stackless.translation.function import translating
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports
from wrt_core.runtime.store import Store
from wrt_core.testing import EngineConformance, ModuleBuilder
from wrt_core.testing.conformance.random_programs import RandomProgramsConformance
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary import decode, read_instructions
from wrt_foundation.errors import WrtError
from wrt_foundation.features import Feature, Features
from wrt_foundation.immediates import MemArg
from wrt_foundation.traps import Trap, TrapCode, WasmException
from wrt_foundation.types import F32

KIT = {
    name: function
    for base in EngineConformance.__mro__
    for name, function in vars(base).items()
    if inspect.isfunction(function) and name.startswith("test_")
}


class Around(EngineWrapper):
    """An engine around the stackless one: the right way to write one."""

    name = "around"

    def __init__(self) -> None:
        super().__init__(EngineFactory.create("stackless"))


class Entering(Around):
    """Changes how guests are entered."""

    def enter(self, function: Callable[[], Any]) -> Any:
        raise NotImplementedError

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        instance = super().instantiate(module, imports, store=store)
        for func in instance.functions:
            if func.instance is instance:
                before = func.enter
                func.enter = lambda func, args, before=before: self.enter(lambda: before(func, args))
        return instance


class Unvalidated(Around):
    """Takes for a module whatever has the header of one."""

    def load(self, source: Source) -> ValidatedModule:
        try:
            return super().load(source)
        except WrtError:
            return super().load(b"\0asm\1\0\0\0")


class Remembering(Around):
    """Holds on to every instance."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: list[Instance] = []

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        self.instances.append(super().instantiate(module, imports, store=store))
        return self.instances[-1]


class Once(Around):
    """Makes one instance of a module, and gives it to everybody."""

    made: dict[ValidatedModule, Instance] = {}

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        if module not in self.made:
            self.made[module] = super().instantiate(module, imports, store=store)
        return self.made[module]


class Storeless(Around):
    """Does not care for the store that it is given."""

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        return super().instantiate(module, imports)


class Swallowing(Entering):
    """Makes a trap of whatever goes wrong."""

    def enter(self, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except WasmException:
            raise
        except Exception as error:
            raise Trap(TrapCode.UNREACHABLE) from error


class Frameless(Entering):
    """Forgets where it trapped."""

    def enter(self, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Trap as trap:
            raise Trap(trap.code) from None


class Limitless(Entering):
    """Leaves the recursion limit raised."""

    def enter(self, function: Callable[[], Any]) -> Any:
        sys.setrecursionlimit(sys.getrecursionlimit() + 1)
        return function()


class Boastful(Around):
    """Says that it runs everything."""

    @property
    def features(self) -> Features:
        return frozenset(Feature)

    def __init__(self) -> None:
        self.inner = StacklessEngine(features=["mvp"])


class Unchecked(Around):
    """Links anything to anything."""

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        from wrt_core.runtime.unknown_imports import trap_unknown_imports

        return super().instantiate(module, trap_unknown_imports(module, imports or {}), store=store)


@pytest.mark.parametrize(
    ("make", "failed"),
    [
        (Unvalidated, {"test_malformed_modules_are_refused", "test_invalid_modules_are_refused"}),
        (Unvalidated, {"test_every_truncation_is_refused", "test_validation_is_whole_before_anything_runs"}),
        (Remembering, {"test_an_instance_that_was_run_goes_away", "test_a_module_goes_away_with_its_instances"}),
        (Once, {"test_one_module_makes_instances_that_share_nothing", "test_each_instance_has_tags_of_its_own"}),
        (Storeless, {"test_instances_may_share_a_store", "test_a_store_does_not_keep_its_instances"}),
        (Swallowing, {"test_exceptions_pass_through_unchanged", "test_the_instance_is_usable_after_an_exception"}),
        (Swallowing, {"test_traps_of_arithmetic", "test_endless_recursion_traps"}),
        (Frameless, {"test_a_trap_has_frames", "test_frames_know_where_in_the_binary_they_are"}),
        (Limitless, {"test_the_hosts_recursion_limit_is_unchanged", "test_failures_reach_the_thread_that_they_are_of"}),
        (Boastful, {"test_an_exception_leaves_the_guest", "test_a_feature_that_the_engine_does_not_run_is_named"}),
        (Unchecked, {"test_a_missing_import_is_named", "test_a_failed_link_changes_nothing"}),
    ],
)
def test_a_broken_promise_is_found(make: Callable[[], Engine], failed: set[str]) -> None:
    limit = sys.getrecursionlimit()
    try:
        for name in failed:
            with pytest.raises((AssertionError, WrtError, OSError, KeyError, AttributeError)):
                KIT[name](EngineConformance(), make())
    finally:
        sys.setrecursionlimit(limit)
        gc.collect()


@pytest.mark.parametrize(
    ("before", "after", "found_by"),
    [
        ("f0(", "f0(1 + ", "test_random_programs_of_control"),
        ("br <= ", "br <= 1 + ", "test_random_programs_of_control"),
        (" < ", " <= ", "test_random_programs_of_integers"),
        ("B0[", "B0[1 + ", "test_random_programs"),
        (" - ", " + ", "test_random_programs_of_straight_code"),
    ],
)
def test_a_wrong_translation_is_found(before: str, after: str, found_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from wrt_core.engines.stackless.translation.writing.structured import write_structured

    def wrong(body: Any, source: Any) -> None:
        write_structured(body, source)
        for line in source.lines:
            line.text = line.text.replace(before, after)

    monkeypatch.setattr(compiled, "translating", lambda *args, **how: translating(*args, **{**how, "write": wrong}))
    with pytest.raises(AssertionError, match="seed"):
        KIT[found_by](RandomProgramsConformance(), StacklessEngine())


def test_an_engine_around_another_meets_the_kit() -> None:
    others = [name for name in sorted(KIT) if not name.startswith("test_random_programs")]
    for name in others:
        try:
            KIT[name](EngineConformance(), Around())
        except pytest.skip.Exception:
            continue


def test_no_test_hides_another() -> None:
    seen: dict[str, type] = {}
    for base in EngineConformance.__bases__:
        for name in vars(base):
            if name.startswith("test_"):
                assert name not in seen, f"{name} is in {base.__name__} and in {seen[name].__name__}"
                seen[name] = base
    assert len(seen) == len(KIT) > 150


def test_the_kit_leaves_the_engine_as_it_was() -> None:
    engine = StacklessEngine()
    KIT["test_traps_of_arithmetic"](EngineConformance(), engine)
    gc.collect()
    assert len(engine._modules) == 0


def test_the_assembler_refuses_imports_after_definitions() -> None:
    builder = ModuleBuilder()
    builder.function(None, "->", "")
    builder.import_memory("env", "memory", 1)
    with pytest.raises(ValueError, match="imports come first"):
        builder.import_function("env", "late", "->")


def test_what_the_assembler_writes_is_what_was_said() -> None:
    builder = ModuleBuilder("named")
    builder.import_function("env", "log", "i32 ->")
    builder.function("f", "i32 -> i64", "local.get 0 i64.load32_s 8 align=0 i64.const -1 i64.add", "f32 f32")
    module = decode(builder.bytes())
    assert (module.types, module.imports, module.functions) == (
        builder.module.types,
        builder.module.imports,
        builder.module.functions,
    )
    assert (module.codes, module.exports) == (builder.module.codes, builder.module.exports)
    assert module.names.module == "named"
    written = [(instruction.name, immediate) for instruction, immediate, _ in read_instructions(module.codes[0].code)]
    assert written == [
        ("local.get", 0),
        ("i64.load32_s", MemArg(0, 8)),
        ("i64.const", -1),
        ("i64.add", None),
        ("end", None),
    ]
    assert module.codes[0].locals == ((1, F32), (1, F32))
