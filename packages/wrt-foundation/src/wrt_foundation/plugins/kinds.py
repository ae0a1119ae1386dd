"""The kinds of plugin: one entry-point group each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """One kind of plugin. A layer that needs another kind adds it with `PluginManager.add_kind`."""

    group: str
    """The entry-point group, such as "wrt.engines"."""
    noun: str
    """What one of them is called in messages, such as "engine"."""
    hook: str
    """The hook that a plugin of this kind implements to hand over what it registers."""
    description: str
    """One sentence: what such a plugin is for."""
    built_ins_stay: bool = False
    """True where `WRT_PLUGINS` switches off strangers' plugins only (see `selection`)."""


_ALL = (
    Kind("wrt.engines", "engine", "wrt_register_engine", "Turns a validated module into an instance and runs it."),
    Kind(
        "wrt.memory_providers",
        "memory provider",
        "wrt_register_memory_provider",
        "Reserves, grows and releases the bytes of linear memories.",
    ),
    Kind(
        "wrt.capabilities",
        "capability",
        "wrt_register_capability",
        "Grants guests one right at a time, and says no to the rest.",
    ),
    Kind("wrt.audit_sinks", "audit sink", "wrt_register_audit_sink", "Keeps the records of what guests were allowed."),
    Kind("wrt.formats", "format", "wrt_register_format", "Reads a module from bytes or text."),
    Kind(
        "wrt.host_modules",
        "host module",
        "wrt_register_host_module",
        "Gives guests a module to import that is written in Python.",
    ),
    Kind(
        "wrt.wasi_families",
        "WASI family",
        "wrt_register_wasi_family",
        "Serves some of the functions of WASI that belong together.",
    ),
    # A command runs only when it is typed, and `wrt plugins` must be there to show what is switched off.
    Kind("wrt.commands", "command", "wrt_register_command", "Adds a subcommand to `wrt`.", built_ins_stay=True),
    Kind(
        "wrt.observers",
        "observer",
        "wrt_register_observer",
        "Is told what happens: loading, linking, growing, trapping, calls from the host.",
    ),
)

KINDS: dict[str, Kind] = {kind.group: kind for kind in _ALL}
"""The kinds that every manager starts with, by entry-point group."""
