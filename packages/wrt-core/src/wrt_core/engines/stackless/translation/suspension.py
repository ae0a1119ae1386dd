"""Which functions may suspend the continuation they run in: the others need no coroutine."""

from __future__ import annotations

from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.instructions import BY_NAME

__all__ = ["Suspension"]

_DIRECT = frozenset(BY_NAME[each] for each in ("call", "return_call"))
_SUSPENDING = frozenset(
    BY_NAME[each]
    for each in (
        *("suspend", "switch", "resume", "resume_throw", "resume_throw_ref"),
        *("call_indirect", "call_ref", "return_call_indirect", "return_call_ref"),
    )
)

_REACH = 64
"""Functions to look at for one answer: past it, the answer is that one may suspend, which is never wrong."""


class Suspension:
    """Finds out, on demand, which functions of a module may suspend."""

    def __init__(self, module: ValidatedModule) -> None:
        self._functions = module.module.codes
        self._imported = len(module.functions) - len(self._functions)
        self._known: dict[int, bool] = {}

    def possible(self, index: int) -> bool:
        """Say whether a call of the function at `index` may suspend, itself or through what it calls."""
        found = self._known.get(index)
        if found is None:
            found = self._known[index] = self._reaches(index)
        return found

    def _reaches(self, index: int) -> bool:
        """Whether anything that can be reached by direct calls may suspend, or there is too much to look at."""
        seen = {index}
        waiting = [index]
        while waiting:
            callees = self._callees(waiting.pop())
            if callees is None or len(seen) > _REACH or any(self._known.get(each) for each in callees):
                return True
            waiting += callees - seen
            seen |= callees
        self._known |= dict.fromkeys(seen, False)
        return False

    def _callees(self, index: int) -> set[int] | None:
        """The functions that one calls directly; None if it may suspend by itself, or calls who knows what."""
        if index < self._imported:
            return None
        body = self._functions[index - self._imported]
        callees: set[int] = set()
        for instruction, immediate, _ in read_instructions(body.code, body.offset):
            if instruction in _SUSPENDING:
                return None
            if instruction in _DIRECT:
                callees.add(immediate)
        return callees
