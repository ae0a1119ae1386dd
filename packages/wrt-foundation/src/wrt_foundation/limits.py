"""Implementation limits: bounds on what one module may ask of the host, each with its reason.

The specification lets an implementation bound what it takes (appendix "Implementation
Limitations"). Where the JavaScript API of WebAssembly fixes a number, it is ours too, so that what
runs in a browser runs here.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "ImplementationLimits"]


@dataclass(frozen=True, slots=True)
class ImplementationLimits:
    """How much a module may hold; counts unless a unit is named.

    A count is checked before anything is allocated for it, so a file of a few bytes can't ask for
    gigabytes by declaring huge vectors.
    """

    module_size: int = 1 << 30
    """Bytes of a module: the largest that the JavaScript API admits."""
    types: int = 1_000_000
    functions: int = 1_000_000
    imports: int = 1_000_000
    exports: int = 1_000_000
    globals: int = 1_000_000
    tags: int = 1_000_000
    tables: int = 100_000
    memories: int = 100_000
    data_segments: int = 1_000_000
    element_segments: int = 10_000_000
    element_segment_items: int = 10_000_000
    struct_fields: int = 10_000
    parameters: int = 1_000
    results: int = 1_000
    locals: int = 50_000
    """Locals of one function, parameters included: a body declares them by count, so ten bytes may declare 2**32."""
    body_size: int = 128 << 20
    """Bytes of one function body: generous, because merged initialisers of real programs pass 7 MB."""
    br_table_targets: int = 65_520
    catches: int = 10_000
    subtyping_depth: int = 63
    nesting: int = 1_000_000
    """Blocks inside one another: bounded by memory alone, for nothing here recurses over them."""
    table_elements: int = 10_000_000
    """Elements a table may hold, as in the JavaScript API; growing past it fails as the specification allows."""


DEFAULT_LIMITS = ImplementationLimits()
