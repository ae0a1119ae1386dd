"""Lua, compiled by Emscripten, on the host module `emscripten`: `python lua.py GLUE.WASM CODE`.

GLUE.WASM is `dist/glue.wasm` of the npm package `wasmoon`: Lua's C API as exports, and no main program. What CODE
returns is printed. Needs this distribution, and wrt-wasi, for Lua's output.
"""

from __future__ import annotations

import sys

from wrt_core import EngineFactory, Instance
from wrt_core.host_modules import Grants, create_host_module
from wrt_core.runtime.unknown_imports import trap_unknown_imports


def text(guest: Instance, written: str) -> int:
    """Return the address of a text in the guest's memory, as C has them; it stays there."""
    data = written.encode() + b"\0"
    address: int = guest.exports.malloc(len(data))
    guest.exports.memory.write(address, data)
    return address


def run(guest: Instance, code: str) -> list[str]:
    """Run Lua code in a state of its own. Return what it returns, as text; errors too, which are what it has then."""
    lua = guest.exports
    state = lua.luaL_newstate()
    lua.luaL_openlibs(state)
    if lua.luaL_loadstring(state, text(guest, code)) == 0:
        lua.lua_pcallk(state, 0, -1, 0, 0, 0)  # -1: all results
    results = []
    for index in range(1, lua.lua_gettop(state) + 1):
        size = lua.malloc(4)
        address = lua.luaL_tolstring(state, index, size)
        length = int.from_bytes(lua.memory.read(size, 4), "little")
        results.append(lua.memory.read(address, length).decode(errors="replace"))
        lua.lua_settop(state, -2)  # the text is on the stack, too
    return results


def main(path: str, code: str) -> None:
    """Load the interpreter, and run the code."""
    engine = EngineFactory.create("stackless", cache="default")
    module = engine.load(path)
    grants = Grants(stdout=sys.stdout.buffer)
    hosts = [create_host_module(name, grants) for name in ("emscripten", "wasi_snapshot_preview1")]
    offered = {name: namespace for host in hosts for name, namespace in host.imports().items()}
    # Dates are what it imports besides, and few programs ask for them.
    guest = engine.instantiate(module, trap_unknown_imports(module, offered))
    for host in hosts:
        host.attach(guest)
    guest.exports["__wasm_call_ctors"]()
    print("\n".join(run(guest, code)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
