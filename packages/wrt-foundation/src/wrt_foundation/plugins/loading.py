"""Loading: from an offer to the thing the plugin hands over, with every way it can fail told by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pluggy

from wrt_foundation.errors import PluginError, did_you_mean
from wrt_foundation.plugins.contract import Contract
from wrt_foundation.plugins.discovery import Offer, normalized
from wrt_foundation.plugins.kinds import Kind

if TYPE_CHECKING:
    from wrt_foundation.plugins.manager import PluginManager

__all__ = ["attach", "install_hint", "load"]


def load(manager: PluginManager, kind: Kind, offer: Offer, contract: Contract[Any]) -> object:
    """Import the one plugin that `offer` leads to and return its answer to its kind's hook, which fits `contract`.

    The caller holds the manager's lock. Raises `PluginError`, whatever the plugin does; it is then not registered.
    """

    def broken(what: str) -> PluginError:
        text = f"the {kind.noun} {offer.name!r} of {offer.distribution} {offer.version or ''}".rstrip()
        return PluginError(f"{text} is broken: {what}", plugin=offer.name, distribution=offer.distribution)

    hook = getattr(manager.hook, kind.hook, None)
    if hook is None or not hook.has_spec():
        raise PluginError(f"no hookspec {kind.hook} was added: {kind.noun}s belong to a layer that is not set up")
    try:
        plugin = offer.entry_point.load()
    except ImportError as error:
        raise broken(f"{type(error).__name__}: {error}{install_hint(error, offer)}") from error
    except (Exception, SystemExit) as error:
        raise broken(f"importing {offer.entry_point.value!r} raised {_told(error)}") from error

    registered_here = False
    try:
        if not manager.is_registered(plugin):
            attach(manager, plugin, f"{offer.group}:{offer.qualified}")
            registered_here = True
        if not any(impl.plugin is plugin for impl in hook.get_hookimpls()):
            raise PluginError(f"{offer.entry_point.value!r} has no @hookimpl named {kind.hook}")
        others = [other for other in manager.get_plugins() if other is not plugin]
        answer: object = manager.subset_hook_caller(kind.hook, others)(name=offer.name)
        complaint = contract.complaint(answer)
        if complaint is not None:
            raise PluginError(f"{kind.hook} returned the wrong thing: {complaint}")
    except (Exception, SystemExit) as error:
        if registered_here:
            manager.unregister(plugin)
        if isinstance(error, PluginError):
            raise broken(error.message) from error.__cause__ or error
        hint = install_hint(error, offer) if isinstance(error, ImportError) else ""
        raise broken(f"{kind.hook} raised {_told(error)}{hint}") from error
    return answer


def attach(manager: PluginManager, plugin: object, name: str) -> None:
    """Register an object with hook implementations, or raise `PluginError` and leave the manager as it was.

    Stricter than pluggy, which lets an implementation of a hook that does not exist pass until asked.
    """
    if plugin is None:
        raise PluginError("there is nothing but None")  # which pluggy would take without a word
    try:
        manager.register(plugin, name)
    except (pluggy.PluginValidationError, ValueError, TypeError) as error:
        if manager.get_plugin(name) is plugin:
            manager.unregister(name=name)
        raise PluginError(" ".join(str(error).split())) from error
    for caller in manager.get_hookcallers(plugin) or ():
        optional = all(impl.optionalhook for impl in caller.get_hookimpls() if impl.plugin is plugin)
        if not caller.has_spec() and not optional:
            manager.unregister(plugin)
            known = [hook for hook, other in vars(manager.hook).items() if other.has_spec()]
            raise PluginError(f"there is no hook named {caller.name}{did_you_mean(caller.name, known)}")


def install_hint(error: ImportError, offer: Offer) -> str:
    """Return "; to mend it: pip install …" for an import that failed, or an empty string if there is no telling.

    The missing module is looked up in the requirements of the plugin's own distribution, so that
    an extra is asked for by the extra's name.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    missing = error.name.partition(".")[0]
    if missing == offer.entry_point.value.partition(":")[0].partition(".")[0]:
        return f"; to mend it: pip install --force-reinstall {offer.distribution}"
    for requirement in offer.requires:
        match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", requirement)
        if match is not None and normalized(match[0]) == normalized(missing):
            extra = re.search(r"""\bextra\s*==\s*['"]([^'"]+)['"]""", requirement)
            return f'; to mend it: pip install "{offer.distribution}[{extra[1]}]"' if extra else _reinstall(match[0])
    if offer.entry_point.extras:
        return f'; to mend it: pip install "{offer.distribution}[{",".join(offer.entry_point.extras)}]"'
    return _reinstall(missing)


def _reinstall(distribution: str) -> str:
    return f"; to mend it: pip install {distribution}"


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
