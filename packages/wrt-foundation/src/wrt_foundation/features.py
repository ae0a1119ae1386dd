"""Features: the proposals that make up WebAssembly 3.0, and those beyond it, each switchable."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from wrt_foundation.errors import WrtError, did_you_mean

__all__ = ["ALL", "MVP", "WASM_2_0", "WASM_3_0", "Feature", "Features", "features"]


class Feature(Enum):
    """One proposal; the value is the name that users type and that reports show."""

    MVP = "mvp"
    # WebAssembly 2.0
    MUTABLE_GLOBALS = "mutable-globals"
    SIGN_EXTENSION = "sign-extension"
    SATURATING_FLOAT_TO_INT = "saturating-float-to-int"
    MULTI_VALUE = "multi-value"
    BULK_MEMORY = "bulk-memory"
    REFERENCE_TYPES = "reference-types"
    SIMD = "simd"
    # WebAssembly 3.0
    RELAXED_SIMD = "relaxed-simd"
    EXTENDED_CONST = "extended-const"
    TAIL_CALL = "tail-call"
    EXCEPTIONS = "exception-handling"
    FUNCTION_REFERENCES = "function-references"
    GC = "gc"
    MEMORY64 = "memory64"
    MULTI_MEMORY = "multi-memory"
    # Proposals that are not yet, or no longer, in the standard
    THREADS = "threads"
    WIDE_ARITHMETIC = "wide-arithmetic"
    CUSTOM_PAGE_SIZES = "custom-page-sizes"
    STACK_SWITCHING = "stack-switching"
    CUSTOM_DESCRIPTORS = "custom-descriptors"
    LEGACY_EXCEPTIONS = "legacy-exceptions"

    __hash__ = object.__hash__  # an Enum's own is a Python function, and features are looked up for every instruction

    @property
    def requires(self) -> frozenset[Feature]:
        """The features without which this one has no meaning."""
        return _REQUIRES.get(self, frozenset())


_REQUIRES = {
    Feature.RELAXED_SIMD: frozenset({Feature.SIMD}),
    Feature.FUNCTION_REFERENCES: frozenset({Feature.REFERENCE_TYPES}),
    Feature.GC: frozenset({Feature.FUNCTION_REFERENCES}),
    Feature.EXCEPTIONS: frozenset({Feature.REFERENCE_TYPES}),
    Feature.STACK_SWITCHING: frozenset({Feature.EXCEPTIONS, Feature.FUNCTION_REFERENCES}),
    Feature.CUSTOM_DESCRIPTORS: frozenset({Feature.GC}),
}

Features = frozenset[Feature]
"""A set of features: what a decoder or validator admits, or what a module uses."""

MVP: Features = frozenset({Feature.MVP})
WASM_2_0: Features = MVP | {
    Feature.MUTABLE_GLOBALS,
    Feature.SIGN_EXTENSION,
    Feature.SATURATING_FLOAT_TO_INT,
    Feature.MULTI_VALUE,
    Feature.BULK_MEMORY,
    Feature.REFERENCE_TYPES,
    Feature.SIMD,
}
WASM_3_0: Features = WASM_2_0 | {
    Feature.RELAXED_SIMD,
    Feature.EXTENDED_CONST,
    Feature.TAIL_CALL,
    Feature.EXCEPTIONS,
    Feature.FUNCTION_REFERENCES,
    Feature.GC,
    Feature.MEMORY64,
    Feature.MULTI_MEMORY,
}
ALL: Features = frozenset(Feature)


def features(names: Iterable[str]) -> Features:
    """Return the set of the named features with all that they require.

    Besides a feature's name, `wasm-2.0`, `wasm-3.0` and `all` are known. Raises `WrtError` for
    another name.
    """
    sets = {"wasm-2.0": WASM_2_0, "wasm-3.0": WASM_3_0, "all": ALL} | {f.value: frozenset({f}) for f in Feature}
    chosen: Features = MVP
    for name in names:
        if name not in sets:
            raise WrtError(f"unknown feature {name!r}{did_you_mean(name, sets)}; known: {', '.join(sets)}")
        chosen |= sets[name]
    while missing := frozenset().union(*(f.requires for f in chosen)) - chosen:
        chosen |= missing
    return chosen
