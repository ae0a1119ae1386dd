"""Reading policies: TOML in, `Policy` out, and for whatever makes no sense the line, the key and the nearest word."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from wrt_capability.policy.errors import PolicyError
from wrt_capability.policy.kinds import CORE_KINDS, AccessKind
from wrt_capability.policy.patterns import ANY, ModulePattern, NamePattern
from wrt_capability.policy.policy import DeniedImports, Exhausted, Policy
from wrt_capability.policy.positions import Path as Keys
from wrt_capability.policy.positions import positions
from wrt_capability.policy.quantities import QUANTITIES, Quantity, parse_quantity
from wrt_capability.policy.rule import ALL_MODULES, Entry, Place, Rule
from wrt_foundation.errors import PluginError, did_you_mean
from wrt_foundation.plugins import PluginManager, get_plugin_manager

__all__ = ["PRESETS", "load_policy", "load_preset", "parse_policy", "policy_of"]

PRESETS = ("qm", "asil-a", "asil-b", "asil-c", "asil-d", "sandbox", "trusted")
"""The policies that come with the package."""

_TOP = ("name", "description", "extends", "denied-imports", "exhausted", "rule", "capabilities")
_RULE = ("tenant", "module", "allow", "deny", "limits", "quota", "log")


def load_policy(path: str | os.PathLike[str], *, manager: PluginManager | None = None) -> Policy:
    """Read a policy file. Raises `PolicyError`, and `OSError` for a file that can't be read."""
    found = Path(path)
    return _read(_text(found), os.fspath(path), found.parent, manager, (found.resolve(),))


def parse_policy(text: str, filename: str = "<policy>", *, manager: PluginManager | None = None) -> Policy:
    """Read a policy from its text. What it extends by path is looked for in the current folder."""
    return _read(text, filename, Path(), manager, ())


def load_preset(name: str, *, manager: PluginManager | None = None) -> Policy:
    """Read one of `PRESETS`. Raises `PolicyError` for another name."""
    if name not in PRESETS:
        raise PolicyError(f"no preset is called {name!r}{did_you_mean(name, PRESETS)}; known: {', '.join(PRESETS)}")
    return _read(preset_text(name), name, Path(), manager, ())


def preset_text(name: str) -> str:
    """Return the text of a preset, to read or to start from."""
    return (resources.files("wrt_capability.policy") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


def policy_of(source: Any, *, manager: PluginManager | None = None) -> Policy:
    """Return the policy that `source` is; see `Policy.of`."""
    if source is None:
        return Policy(name="nothing")
    if isinstance(source, Policy):
        return source
    if isinstance(source, Mapping):
        return _Reader("<policy>", {}, Path(), manager, ()).policy(source)
    if isinstance(source, str) and source in PRESETS:
        return load_preset(source, manager=manager)
    if isinstance(source, (str, os.PathLike)):
        return load_policy(source, manager=manager)
    raise TypeError(f"a policy is a Policy, a mapping, a preset's name or a path, not {type(source).__name__}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"it is no UTF-8: {error}", filename=str(path)) from error


def _read(text: str, filename: str, folder: Path, manager: PluginManager | None, chain: tuple[Path, ...]) -> Policy:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        line = message.rpartition("(at line ")[2].partition(",")[0]
        raise PolicyError(message, filename=filename, line=int(line) if line.isdigit() else None) from error
    except RecursionError as error:
        raise PolicyError("values inside one another, too deep", filename=filename) from error
    return _Reader(filename, positions(text), folder, manager, chain).policy(document)


class _Reader:
    """Reads one document. `lines` are the lines of its keys, `chain` the files that led here by extending."""

    def __init__(
        self,
        filename: str,
        lines: Mapping[Keys, int],
        folder: Path,
        manager: PluginManager | None,
        chain: tuple[Path, ...],
    ) -> None:
        self.filename = filename
        self.lines = lines
        self.folder = folder
        self.chain = chain
        self._manager = manager
        self._kinds = dict(CORE_KINDS)
        self._spoken_of: dict[str, Mapping[str, Any]] = {}

    @property
    def manager(self) -> PluginManager:
        if self._manager is None:
            self._manager = get_plugin_manager()
        return self._manager

    def policy(self, document: Mapping[str, Any]) -> Policy:
        self._known(document, (), _TOP, "key")
        own_settings = self._settings(document)
        below = [self._extended(keys, name) for keys, name in self._strings(document.get("extends", []), ("extends",))]
        settings: dict[str, Mapping[str, Any]] = {}
        choice = {
            "denied_imports": self._choice(document, "denied-imports", DeniedImports),
            "exhausted": self._choice(document, "exhausted", Exhausted),
        }
        rules = document.get("rule", [])
        if not isinstance(rules, (list, tuple)):
            self.refuse(("rule",), "rules are an array of tables: write [[rule]]")
        own = tuple(self._rule(("rule", index), rule) for index, rule in enumerate(rules))
        inherited: list[Rule] = []
        layer = 0
        merged: dict[str, Any] = {}
        for each in below:
            inherited += [replace(rule, layer=rule.layer + layer) for rule in each.rules]
            layer = max((rule.layer for rule in inherited), default=-1) + 1
            merged |= {"denied_imports": each.denied_imports, "exhausted": each.exhausted}
            self._kinds |= each.kinds
            settings |= each.settings
        merged |= {key: value for key, value in choice.items() if value is not None}
        return Policy(
            (*inherited, *(replace(rule, layer=layer) for rule in own)),
            self._string(document.get("name", self.filename), ("name",)),
            self._string(document.get("description", ""), ("description",)),
            kinds=self._kinds,
            # In this order: what a policy names itself is asked before what it names by the way.
            settings=own_settings | self._spoken_of | settings | own_settings,
            **merged,
        )

    def _extended(self, keys: Keys, name: str) -> Policy:
        if name in PRESETS:
            return load_preset(name, manager=self.manager)
        path = self.folder / name
        if path.resolve() in self.chain:
            self.refuse(keys, f"{name!r} extends itself")
        try:
            text = _text(path)
        except OSError as error:
            hint = did_you_mean(name, PRESETS)
            self.refuse(keys, f"{name!r} is no preset{hint}, and no file: {error.strerror or error}", error)
        return _read(text, str(path), path.parent, self.manager, (*self.chain, path.resolve()))

    def _settings(self, document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        tables = self._table(document.get("capabilities", {}), ("capabilities",))
        settings = {}
        for name, table in tables.items():
            settings[name] = self._table(table, ("capabilities", name))
            self._describe(name, ("capabilities", name), settings[name])
        return settings

    def _rule(self, keys: Keys, rule: Any) -> Rule:
        table = self._table(rule, keys)
        self._known(table, keys, _RULE, "key")
        log = table.get("log", False)
        if not isinstance(log, bool):
            self.refuse((*keys, "log"), f"it is true or false, not {log!r}")
        quota = self._quantities(table, (*keys, "quota"), [q for q in QUANTITIES.values() if q.quota])
        module = self._pattern(table, (*keys, "module"), ModulePattern, ALL_MODULES)
        if quota and module.text != "*":
            self.refuse((*keys, "quota"), "a quota is a tenant's, so its rule must not name a module")
        return Rule(
            Place(self.filename, self.lines.get(keys)),
            self._pattern(table, (*keys, "tenant"), NamePattern, ANY),
            module,
            (*self._entries(table, (*keys, "allow")), *self._entries(table, (*keys, "deny"))),
            self._quantities(table, (*keys, "limits"), [q for q in QUANTITIES.values() if q.limits]),
            quota,
            log,
        )

    def _pattern(self, table: Mapping[str, Any], keys: Keys, made: Any, default: Any) -> Any:
        key = str(keys[-1])
        if key not in table:
            return default
        text = self._string(table[key], keys)
        try:
            return made(text)
        except ValueError as error:
            self.refuse(keys, str(error), error)

    def _entries(self, table: Mapping[str, Any], keys: Keys) -> Iterable[Entry]:
        for name, value in self._table(table.get(str(keys[-1]), {}), keys).items():
            kind = self._kind(name, (*keys, name))
            if not isinstance(value, Mapping):
                yield from self._patterns(kind, None, value, (*keys, name))
                continue
            self._known(value, (*keys, name), kind.operations, "operation")
            for operation, each in value.items():
                yield from self._patterns(kind, operation, each, (*keys, name, operation))

    def _patterns(self, kind: AccessKind, operation: str | None, value: Any, keys: Keys) -> Iterable[Entry]:
        for each, text in self._strings(value, keys):
            try:
                pattern = kind.pattern(text)
            except ValueError as error:
                self.refuse(each, f"{text!r} does not stand for {kind.objects}: {error}", error)
            place = Place(self.filename, self.lines.get(each, self.lines.get(keys)))
            yield Entry(keys[2] == "allow", kind.name, operation, pattern, place)

    def _kind(self, name: str, keys: Keys) -> AccessKind:
        if name not in self._kinds:
            self._describe(name, keys)
            # Who speaks of what a plugin defines needs the plugin: it knows which imports amount to that.
            self._spoken_of[name] = {}
        found = self._kinds.get(name)
        if found is None:
            self.refuse(keys, f"the capability {name!r} defines no kind of access")
        return found

    def _describe(self, name: str, keys: Keys, settings: Mapping[str, Any] | None = None) -> None:
        """Learn the kinds of the capability plugin `name`, which loads it."""
        from wrt_capability.plugins import describe_capability
        from wrt_foundation.errors import UnknownPlugin

        known = [*self._kinds, *self.manager.registry("wrt.capabilities").names()]
        try:
            described = describe_capability(name, self.manager, settings)
        except UnknownPlugin as error:
            message = f"there is no kind of access, and no capability plugin, called {name!r}"
            self.refuse(keys, f"{message}{did_you_mean(name, known)}; known: {', '.join(dict.fromkeys(known))}", error)
        except PluginError as error:
            self.refuse(keys, error.message, error)
        self._kinds |= {kind.name: kind for kind in described.kinds if kind.name not in CORE_KINDS}

    def _quantities(self, table: Mapping[str, Any], keys: Keys, admitted: list[Quantity]) -> dict[Quantity, int | None]:
        values = self._table(table.get(str(keys[-1]), {}), keys)
        self._known(values, keys, [each.name for each in admitted], "limit" if keys[-1] == "limits" else "quota")
        found = {}
        for quantity in admitted:
            if quantity.name in values:
                try:
                    found[quantity] = parse_quantity(quantity, values[quantity.name])
                except ValueError as error:
                    self.refuse((*keys, quantity.name), str(error), error)
        return found

    # --- values of one type --------------------------------------------------------------------------------

    def _table(self, value: Any, keys: Keys) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.refuse(keys, f"it must be a table, not {value!r}")
        for key in value:
            if not isinstance(key, str):
                self.refuse(keys, f"keys are text, not {key!r}")
        return value

    def _string(self, value: Any, keys: Keys) -> str:
        if not isinstance(value, str):
            self.refuse(keys, f"it must be text in quotes, not {value!r}")
        return value

    def _strings(self, value: Any, keys: Keys) -> list[tuple[Keys, str]]:
        if isinstance(value, str):
            return [(keys, value)]
        if not isinstance(value, (list, tuple)):
            self.refuse(keys, f"it must be text in quotes or an array of such, not {value!r}")
        return [((*keys, index), self._string(each, (*keys, index))) for index, each in enumerate(value)]

    def _choice(self, table: Mapping[str, Any], key: str, choices: Any) -> Any:
        if key not in table:
            return None
        try:
            return choices(table[key])
        except ValueError:
            names = [each.value for each in choices]
            hint = did_you_mean(str(table[key]), names)
            self.refuse((key,), f"it must be {' or '.join(map(repr, names))}, not {table[key]!r}{hint}")

    def _known(self, table: Mapping[str, Any], keys: Keys, known: Iterable[str], noun: str) -> None:
        names = list(known)
        for key in table:
            if key not in names:
                message = f"there is no {noun} {key!r}{did_you_mean(str(key), names)}; known: {', '.join(names)}"
                self.refuse((*keys, key), message)

    def refuse(self, keys: Keys, message: str, cause: BaseException | None = None) -> NoReturn:
        """Raise `PolicyError` for what stands under these keys."""
        line = next((self.lines[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in self.lines), None)
        key = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in keys).removeprefix(".")
        raise PolicyError(message, filename=self.filename, line=line, key=key or None) from cause
