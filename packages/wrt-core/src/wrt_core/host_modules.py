"""Host modules: modules for guests to import that are written in Python (entry points `wrt.host_modules`).

A host module of your own is a class that takes `Grants` and says what it offers::

    class Dice(HostModule):
        def __init__(self, grants):
            self.random = random.Random()

        def imports(self):
            return {"dice": {"roll": lambda sides: self.random.randint(1, sides)}}

Its plugin's entry-point name is the module name that guests import from: here "dice".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from wrt_core.runtime.host_namespace import HostNamespace
from wrt_foundation.errors import PluginError, WrtError
from wrt_foundation.plugins import Contract, PluginManager, Registry, State, get_plugin_manager

if TYPE_CHECKING:
    from wrt_core.runtime.instance import Instance
    from wrt_core.validation import ValidatedModule

__all__ = [
    "GrantedDirectory",
    "Grants",
    "HostModule",
    "HostModuleFactory",
    "HostNamespace",
    "create_host_module",
    "host_modules_for",
]


@dataclass(frozen=True)
class GrantedDirectory:
    """A directory of the host at `path`, which the guest finds at `guest_path`, to look at only if `read_only`."""

    path: str
    guest_path: str
    read_only: bool = False


@dataclass(frozen=True)
class Grants:
    """What an embedder lets host modules hand on to a guest. By default nothing.

    `arguments` start with the program's own name. The streams are binary; None stands for no stream. They stay
    the embedder's: a host module may write and flush, but does not close them. With a `seed`, clocks and random numbers
    are simulated, the same in every run. With `suspend`, who has to wait in a host function raises `Interruption` with
    a `Pending` where it can, for the guest is run by `run_sync` or `call_async`.

    `permits(kind, object, operation)` says, and records, what a policy says of a single use, such as ("filesystem",
    path, "read") with the resolved path; None where no policy is in force.

    Of a host module that is made of families of functions, each a plugin, as WASI is, `families` says which plugin
    serves one in place of the usual, None for nobody; `plugins` knows them.
    """

    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    directories: tuple[GrantedDirectory, ...] = ()
    stdin: BinaryIO | None = None
    stdout: BinaryIO | None = None
    stderr: BinaryIO | None = None
    seed: int | None = None
    suspend: bool = False
    permits: Callable[[str, str, str], bool] | None = None
    families: Mapping[str, str | None] = field(default_factory=dict)
    plugins: PluginManager | None = None


class HostModule(ABC):
    """What one guest instance may import from one host module. An object serves one instance, and is not shared."""

    @abstractmethod
    def imports(self) -> Mapping[str, Mapping[str, object]]:
        """Return what is offered, as `engine.instantiate` takes it: by module name, then by name.

        Callables get the type that the guest's module declares; a `Func` has one of its own, which is checked.
        Offered in a `HostNamespace(self.attach, {…})`, they can be called by the guest's start function too.
        """

    def attach(self, instance: Instance) -> None:  # noqa: B027 - most host modules need no memory
        """Called before any export is called: for those who need the guest's memory.

        With the same instance, it may be called twice: during instantiation, if `imports` offers a `HostNamespace`,
        and by whoever instantiates, afterwards.
        """

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Called when the guest is done with, for those who hold something for it. Twice does nothing."""


HostModuleFactory = Callable[[Grants], HostModule]
"""What a plugin of `wrt.host_modules` hands over: a `HostModule` subclass, or another callable that makes one."""

_CONTRACT: Contract[HostModuleFactory] = Contract(
    "a HostModule subclass or another callable that takes Grants", callable
)


def create_host_module(name: str, grants: Grants, manager: PluginManager | None = None) -> HostModule:
    """Return a new host module of the plugin `name`.

    Raises `UnknownPlugin` if no plugin has that name, and `PluginError` for one that is broken.
    """
    return _create(_registry(manager), name, grants)


def host_modules_for(
    module: ValidatedModule, grants: Grants, *, manager: PluginManager | None = None, besides: Iterable[str] = ()
) -> dict[str, HostModule]:
    """Return a new host module for each module name that `module` imports from and a plugin offers, by that name.

    Names in `besides` are left out: they are served otherwise. Raises `PluginError` for a plugin that is broken, and
    for a name that several distributions offer.
    """
    registry = _registry(manager)
    wanted = dict.fromkeys(import_.module for import_ in module.imports)
    # By bare names only: a guest does not get to pick a plugin that another shadows by asking for its full name.
    offered = {entry.name for entry in registry.entries() if entry.state is not State.DISABLED} - set(besides)
    return {name: _create(registry, name, grants, full_names=False) for name in wanted if name in offered}


def _registry(manager: PluginManager | None) -> Registry[HostModuleFactory]:
    return (manager or get_plugin_manager()).registry("wrt.host_modules", _CONTRACT)


def _create(registry: Registry[HostModuleFactory], name: str, grants: Grants, *, full_names: bool = True) -> HostModule:
    factory: Callable[[Grants], Any] = registry.get(name, full_names=full_names)
    if grants.plugins is None:
        grants = replace(grants, plugins=registry.manager)
    try:
        made = factory(grants)
    except WrtError:
        raise
    except Exception as error:  # a stranger's code
        raise PluginError(
            f"the host module {name!r} is broken: {type(error).__name__}: {error}", plugin=name
        ) from error
    if not isinstance(made, HostModule):
        raise PluginError(f"the host module {name!r} is broken: {type(made).__name__} is no HostModule", plugin=name)
    return made
