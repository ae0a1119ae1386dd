"""`validate`: the checks of a whole module, in the order of its index spaces.

Specification, section 3.5 "Modules".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wrt_core.validation.acceptance import Shapes
from wrt_core.validation.constant_expressions import check_constant_expression
from wrt_core.validation.context import Context
from wrt_core.validation.externs import check_extern_type
from wrt_core.validation.features import FeatureUse
from wrt_core.validation.function import check_function
from wrt_core.validation.segments import check_data, check_elements
from wrt_core.validation.signatures import Rules
from wrt_core.validation.types import check_types
from wrt_core.validation.validated import ValidatedModule
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.features import WASM_3_0, Feature, Features
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.module import Module
from wrt_foundation.types import (
    ExternKind,
    FuncUse,
    GlobalType,
)

__all__ = ["Progress", "validate"]


Progress = Callable[[int, int], object]
"""Is told how many bytes of code have been checked, and how many there are."""

_STEP = 1 << 17
"""Bytes of code between two such messages: some hundredths of a second."""


def validate(
    module: Module,
    *,
    features: Features = WASM_3_0,
    limits: ImplementationLimits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> ValidatedModule:
    """Return `module` as one that is known to be valid, with what validation found out about it.

    `features` are those the module may use. Raises `ValidationError` for a module that breaks a rule,
    `UnsupportedFeature` for one that uses another feature, and `DecodeError` for malformed bytes in a
    function body, which are not read before. The module must not be changed afterwards. `progress` is called now and
    then, in this thread.
    """
    found = FeatureUse(features)
    with _section("type"):
        types = check_types(module, found, limits)
    context = Context(module, types, found, limits)
    rules = Rules(context)
    for section, check in _CHECKS.items():
        with _section(section):
            check(context, rules)
    with _section("code"):
        _check_codes(context, rules, progress)
    return ValidatedModule(module, context, frozenset(found.used))


@contextmanager
def _section(name: str) -> Iterator[None]:
    """Put a section's name into the errors that come out of it without one."""
    try:
        yield
    except (DecodeError, ValidationError) as error:
        if error.section is None:
            error.section = name
        raise


def _check_imports(context: Context, rules: Rules) -> None:
    for import_ in context.module.imports:
        check_extern_type(context, import_.type)
        if isinstance(import_.type, GlobalType) and import_.type.mutable:
            context.use(Feature.MUTABLE_GLOBALS, "an imported mutable global")
        if isinstance(import_.type, FuncUse) and import_.type.exact:
            context.use(Feature.CUSTOM_DESCRIPTORS, "an exact import")
        context.add(import_.type)
    context.imported_globals = context.globals_in_scope = len(context.globals)


def _check_functions(context: Context, rules: Rules) -> None:
    context.add_functions(context.module.functions)


def _check_tables(context: Context, rules: Rules) -> None:
    for table in context.module.tables:
        check_extern_type(context, table.type)
        closed = context.table_type(table.type)
        if table.init is not None:
            context.use(Feature.FUNCTION_REFERENCES, "a table with an initial value")
            check_constant_expression(context, rules, table.init, closed.element)
        elif not closed.element.nullable:
            raise ValidationError(f"type mismatch: a table of {closed.element} needs an initial value")
        context.add(table.type)
    if len(context.tables) > 1:
        context.use(Feature.REFERENCE_TYPES, "multiple tables")


def _check_memories(context: Context, rules: Rules) -> None:
    for memory in context.module.memories:
        check_extern_type(context, memory)
        context.add(memory)
    if len(context.memories) > 1:
        context.use(Feature.MULTI_MEMORY, "multiple memories")


def _check_tags(context: Context, rules: Rules) -> None:
    for tag in context.module.tags:
        check_extern_type(context, tag)
        context.add(tag)


def _check_globals(context: Context, rules: Rules) -> None:
    for global_ in context.module.globals:
        type_ = context.close(global_.type.value)
        check_constant_expression(context, rules, global_.init, type_)
        context.add(global_.type)
        context.globals_in_scope += 1


def _check_exports(context: Context, rules: Rules) -> None:
    names: set[str] = set()
    for export in context.module.exports:
        match export.kind:
            case ExternKind.FUNC:
                context.function_type(export.index)
                context.declared.add(export.index)
            case ExternKind.TABLE:
                context.table(export.index)
            case ExternKind.MEMORY:
                context.memory(export.index)
            case ExternKind.GLOBAL:
                if context.global_(export.index).mutable:
                    context.use(Feature.MUTABLE_GLOBALS, "an exported mutable global")
            case ExternKind.TAG:
                context.tag(export.index)
        if export.name in names:
            raise ValidationError(f'duplicate export name "{export.name}"')
        names.add(export.name)


def _check_start(context: Context, rules: Rules) -> None:
    start = context.module.start
    if start is not None:
        type_ = context.function_type(start)
        if type_.params or type_.results:
            raise ValidationError(f"start function must have type [] -> [], not {type_}")


def _check_codes(context: Context, rules: Rules, progress: Progress | None) -> None:
    context.declaring = False
    module = context.module
    if len(module.functions) != len(module.codes):
        raise DecodeError("function and code section have inconsistent lengths")
    imported = len(context.functions) - len(module.functions)
    shapes = Shapes(rules)
    total = sum(len(code.code) for code in module.codes) if progress is not None else 0
    done = told = 0
    for index, (use, code) in enumerate(zip(module.functions, module.codes, strict=True), imported):
        check_function(shapes, index, context.function_type_at(use), code)
        done += len(code.code)
        if progress is not None and done - told >= _STEP:
            progress(done, total)
            told = done


_CHECKS: dict[str, Callable[[Context, Rules], None]] = {
    "import": _check_imports,
    "function": _check_functions,
    "table": _check_tables,
    "memory": _check_memories,
    "tag": _check_tags,
    "global": _check_globals,
    "export": _check_exports,
    "start": _check_start,
    "element": check_elements,
    "data": check_data,
}
"""The checks of the sections between types and code, in an order in which each finds what it refers to."""
