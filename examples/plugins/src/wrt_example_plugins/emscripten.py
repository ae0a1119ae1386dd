"""A host module: what a Lua interpreter that Emscripten has compiled (npm's `wasmoon`) needs of `env`.

Emscripten compiles C for a host in JavaScript, which imports and calls a guest's exports and its table. This host is
in Python, and small, as most of what such programs import they call for files only: those are answered with an errno.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from wrt_core import Instance
from wrt_core.host_modules import Grants, HostModule
from wrt_foundation.errors import Exit
from wrt_foundation.traps import Trap, TrapCode

NO_SYSTEM_CALL = -52  # ENOSYS, as musl numbers it for WebAssembly
PAGE = 65536


class LongJump(Exception):
    """C's `longjmp` is under way: it unwinds the guest up to the `invoke_…` that the `setjmp` was made in."""


class Emscripten(HostModule):
    """Time, memory, and C's `setjmp`, for guests that export `memory`, their table and `setThrew`."""

    def __init__(self, grants: Grants) -> None:
        self.instance: Instance | None = None

    def attach(self, instance: Instance) -> None:
        """Keep the guest, whose functions are called from here."""
        self.instance = instance

    def imports(self) -> dict[str, dict[str, Callable[..., object]]]:
        """Offer `env`. Its names for ways to call a function say which types it has; here one does for all."""
        invocations = {f"invoke_{types}": self.invoke for types in ("v", "vi", "vii", "viii", "i", "ii", "iii", "iiii")}
        calls = ("openat", "fcntl64", "ioctl", "dup3", "unlinkat", "rmdir", "renameat", "readlinkat")
        return {
            "env": {
                **invocations,
                **{f"__syscall_{name}": lambda *_: NO_SYSTEM_CALL for name in calls},
                "_emscripten_throw_longjmp": self.long_jump,
                "abort": self.abort,
                "exit": self.exit,
                "emscripten_date_now": lambda: time.time() * 1000,
                "emscripten_get_now": lambda: time.monotonic() * 1000,
                "_emscripten_get_now_is_monotonic": lambda: 1,
                "emscripten_resize_heap": self.resize,
                "system": lambda _: 0,
            }
        }

    def invoke(self, index: int, *arguments: int) -> object:
        """Call a function of the table; if a long jump leaves it, put the stack back and tell who called."""
        assert self.instance is not None
        exports = self.instance.exports
        stack = exports["stackSave"]()
        try:
            return exports["__indirect_function_table"][index](*arguments)
        except LongJump:
            exports["stackRestore"](stack)
            exports["setThrew"](1, 0)
            return 0

    def long_jump(self) -> None:
        """Begin to unwind."""
        raise LongJump

    def resize(self, size: int) -> int:
        """Make the memory at least so many bytes large; 0 if it can't be."""
        assert self.instance is not None
        memory = self.instance.exports["memory"]
        missing = (size & 0xFFFF_FFFF) - memory.byte_length
        return int(missing <= 0 or memory.grow(-(-missing // PAGE)) >= 0)

    def abort(self) -> None:
        """C's `abort`."""
        raise Trap(TrapCode.UNREACHABLE, "the guest has aborted")

    def exit(self, status: int) -> None:
        """C's `exit`, which ends the guest and not its host."""
        raise Exit(status)
