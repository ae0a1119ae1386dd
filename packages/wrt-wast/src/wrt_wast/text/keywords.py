"""The words of the text format: what the lexer's grammar calls keywords."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from wrt_foundation.errors import did_you_mean
from wrt_foundation.instructions import BY_KEYWORD
from wrt_foundation.types import AbstractHeapType, NumType, PackedType, RefType

__all__ = ["HEAP_TYPES", "KEYWORDS", "NUMBER_TYPES", "PACKED_TYPES", "REFERENCE_TYPES", "suggest"]

NUMBER_TYPES: dict[str, NumType] = {str(number): number for number in NumType}
PACKED_TYPES: dict[str, PackedType] = {str(packed): packed for packed in PackedType}
HEAP_TYPES: dict[str, AbstractHeapType] = {str(heap): heap for heap in AbstractHeapType}
REFERENCE_TYPES: dict[str, RefType] = {str(RefType(True, heap)): RefType(True, heap) for heap in AbstractHeapType}
"""The shorthands for nullable references: `funcref`, `nullref` …"""

_SYNTAX = """
module type rec sub final func param result local struct array field mut cont descriptor describes exact
import export table memory global tag elem data declare item offset start shared pagesize ref null
then else do catch catch_ref catch_all catch_all_ref delegate on switch
i8x16 i16x8 i32x4 i64x2 f32x4 f64x2
binary quote definition instance register invoke get
assert_return assert_trap assert_exhaustion assert_malformed assert_invalid assert_unlinkable assert_exception
assert_suspension assert_malformed_custom assert_invalid_custom
nan:canonical nan:arithmetic either thread wait
ref.host ref.extern ref.any ref.struct ref.array ref.i31 ref.eq ref.exn ref.func
inf nan
"""

KEYWORDS: frozenset[str] = (
    frozenset(_SYNTAX.split())
    | frozenset(BY_KEYWORD)
    | frozenset(NUMBER_TYPES)
    | frozenset(PACKED_TYPES)
    | frozenset(HEAP_TYPES)
    | frozenset(REFERENCE_TYPES)
)
"""Every word that means something somewhere; any other word is an unknown operator wherever it stands."""

_RENAMED = {
    "get_local": "local.get",
    "set_local": "local.set",
    "tee_local": "local.tee",
    "get_global": "global.get",
    "set_global": "global.set",
    "current_memory": "memory.size",
    "grow_memory": "memory.grow",
    "anyfunc": "funcref",
    "anyref": "externref",
    "except_ref": "exnref",
    "i31.new": "ref.i31",
    "extern.externalize": "extern.convert_any",
    "extern.internalize": "any.convert_extern",
}
"""What words of earlier drafts are called now, where likeness would not find it."""


def suggest(word: str, known: Iterable[str] = KEYWORDS) -> str:
    """Return a hint at which of the `known` words an unknown one was probably meant to be, or an empty string."""
    if word in _RENAMED:
        return f" (did you mean {_RENAMED[word]!r}?)"
    if "/" in word:
        # Conversions were once written i32.trunc_s/f32 and i32.trunc_s:sat/f32.
        operation, _, source = word.replace(":sat", "").partition("/")
        sign = operation[-2:] if operation.endswith(("_s", "_u")) else ""
        modern = f"{operation.removesuffix(sign)}{'_sat' * (':sat' in word)}_{source}{sign}"
        if modern in KEYWORDS:
            return f" (did you mean {modern!r}?)"
    keyword, equals, number = word.partition("=")
    if equals and (alike := get_close_matches(keyword, ("offset", "align"), n=1)):
        return f" (did you mean '{alike[0]}={number}'?)"
    # Comparing with every keyword is slow, and nothing much longer is like any.
    return did_you_mean(word, known) if len(word) < 50 else ""
