"""Host modules: made when a module asks for them by name, one for each guest, and refused by name when broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wrt_core import EngineFactory, Func, Memory
from wrt_core.host_modules import Grants, HostModule, HostNamespace, create_host_module, host_modules_for
from wrt_core.runtime.unknown_imports import trap_unknown_imports
from wrt_core.testing import ModuleBuilder
from wrt_foundation.binary import encode
from wrt_foundation.errors import LinkError, PluginError, UnknownPlugin, WrtError
from wrt_foundation.module import Export, Import, Module
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import (
    I32,
    ExternKind,
    ExternType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    RecType,
    SubType,
)

FUNCTION = FuncType((I32,), (I32,))


class Doubling(HostModule):
    """Doubles, and says what it was granted."""

    def __init__(self, grants: Grants) -> None:
        self.grants = grants
        self.instance = None

    def imports(self):
        return {"math": {"double": lambda number: 2 * number}}

    def attach(self, instance):
        self.instance = instance


def importing(*imports: tuple[str, str, ExternType]) -> bytes:
    """A module of imports alone; it exports its functions again, by their names."""
    functions = [name for _, name, type_ in imports if isinstance(type_, FuncUse)]
    return encode(
        Module(
            types=[RecType((SubType(FUNCTION),))],
            imports=[Import(*each) for each in imports],
            exports=[Export(name, ExternKind.FUNC, index) for index, name in enumerate(functions)],
        )
    )


@pytest.fixture
def engine():
    return EngineFactory.create("stackless")


@pytest.fixture
def manager():
    manager = get_plugin_manager({})
    manager.registry("wrt.host_modules").register("math", Doubling)
    return manager


def test_a_module_gets_the_host_modules_that_it_imports_from(engine, manager):
    module = engine.load(importing(("math", "double", FuncUse(0)), ("env", "other", FuncUse(0))))
    grants = Grants(("program",))
    hosts = host_modules_for(module, grants, manager=manager)
    assert list(hosts) == ["math"]
    assert hosts["math"].grants == replace(grants, plugins=manager)  # so that it finds plugins of its own there
    instance = engine.instantiate(module, hosts["math"].imports() | {"env": {"other": abs}})
    hosts["math"].attach(instance)
    assert instance.exports.double(21) == 42
    assert hosts["math"].instance is instance


def test_one_that_is_not_asked_for_is_not_even_loaded(engine, manager):
    manager.registry("wrt.host_modules").register("broken", lambda grants: 1 / 0)
    module = engine.load(importing(("math", "double", FuncUse(0))))
    assert list(host_modules_for(module, Grants(), manager=manager)) == ["math"]
    assert host_modules_for(module, Grants(), manager=manager, besides=["math"]) == {}


def test_two_guests_get_two(engine, manager):
    module = engine.load(importing(("math", "double", FuncUse(0))))
    one, two = (host_modules_for(module, Grants(), manager=manager)["math"] for _ in range(2))
    assert one is not two


def test_of_two_with_one_name_the_embedder_picks_and_not_the_guest(engine, tmp_path, monkeypatch):
    for name in ("acme", "zeta"):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[wrt.host_modules]\nclock = not_a_module\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert host_modules_for(engine.load(importing(("acme:clock", "now", FuncUse(0)))), Grants()) == {}
    module = engine.load(importing(("clock", "now", FuncUse(0))))
    assert host_modules_for(module, Grants(), besides=["clock"]) == {}
    with pytest.raises(PluginError, match="say which: 'acme:clock', 'zeta:clock'"):
        host_modules_for(module, Grants())
    monkeypatch.setenv("WRT_PLUGINS", "")
    assert host_modules_for(module, Grants()) == {}


def test_a_guests_name_is_never_a_full_name(engine, tmp_path, monkeypatch):
    for name, plugin in (("acme", "clock"), ("zeta", "acme:clock")):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[wrt.host_modules]\n{plugin} = {name}_is_not_a_module\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    # It means the plugin that is called so, and not that of the distribution before the colon.
    with pytest.raises(PluginError, match="the host module 'acme:clock' of zeta"):
        host_modules_for(engine.load(importing(("acme:clock", "now", FuncUse(0)))), Grants())
    # The embedder, who names a plugin, means that one.
    with pytest.raises(PluginError, match="the host module 'clock' of acme"):
        create_host_module("acme:clock", Grants())


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (lambda grants: 1 / 0, "the host module 'broken' is broken: ZeroDivisionError"),
        (lambda grants: {"broken": {}}, "the host module 'broken' is broken: dict is no HostModule"),
        (lambda: None, "the host module 'broken' is broken: TypeError"),
    ],
)
def test_a_broken_one_is_named(manager, factory, message):
    manager.registry("wrt.host_modules").register("broken", factory)
    with pytest.raises(PluginError, match=message):
        create_host_module("broken", Grants(), manager)


def test_its_own_refusals_are_not_called_broken(manager):
    def refuse(grants):
        raise WrtError("no")

    manager.registry("wrt.host_modules").register("strict", refuse)
    with pytest.raises(WrtError, match="^no$"):
        create_host_module("strict", Grants(), manager)


def test_a_name_that_nobody_offers(manager):
    with pytest.raises(UnknownPlugin, match="did you mean 'math'"):
        create_host_module("maht", Grants(), manager)


# --- the instance, as soon as it has its memory -------------------------------------------------------------


class Upper(HostModule):
    """Works on the memory of whoever imports from it."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.memory = None

    def attach(self, instance):
        self.log.append("attached")
        self.memory = instance.exports["memory"]

    def imports(self):
        return {"text": HostNamespace(self.attach, {"upper": self.upper}), "other": {"unused": abs}}

    def upper(self, address, length):
        self.log.append("called")
        self.memory.write(address, self.memory.read(address, length).upper())


def starting(*, trap: bool = False) -> ModuleBuilder:
    """A module whose start function has its data changed by the host."""
    builder = ModuleBuilder()
    builder.import_function("text", "upper", "i32 i32 ->")
    builder.memory(1)
    builder.data(b"start", 8)
    if trap:
        builder.data(b"outside", 65_536)
    builder.start(builder.function(None, "->", "i32.const 8 i32.const 5 call 0"))
    return builder


@pytest.mark.parametrize("completed", [False, True])
def test_a_start_function_may_call_a_host_module_that_needs_the_memory(engine, completed):
    log: list[str] = []
    module = starting().load(engine)
    imports = Upper(log).imports()
    if completed:
        imports = trap_unknown_imports(module, imports)
    instance = engine.instantiate(module, imports)
    assert instance.exports.memory.read(8, 5) == b"START"
    assert log == ["attached", "called"]


def test_who_is_not_imported_from_is_not_told(engine):
    log: list[str] = []
    builder = ModuleBuilder()
    builder.memory(1)
    builder.instantiate(engine, Upper(log).imports())
    assert log == []


def test_the_instance_is_told_before_its_segments_are_copied(engine):
    log: list[str] = []
    with pytest.raises(Trap):
        starting(trap=True).instantiate(engine, Upper(log).imports())
    assert log == ["attached"]


def test_a_host_module_that_can_not_do_with_the_instance_ends_its_making(engine):
    builder = ModuleBuilder()
    builder.import_function("text", "upper", "i32 i32 ->")
    with pytest.raises(KeyError, match="no export 'memory'"):
        builder.instantiate(engine, Upper([]).imports())


# --- unknown imports ---------------------------------------------------------------------------------------


def test_unknown_functions_trap_by_name_and_known_ones_work(engine):
    module = engine.load(importing(("env", "known", FuncUse(0)), ("env", "lost", FuncUse(0)), ("x", "y", FuncUse(0))))
    given = {"env": {"known": abs}}
    instance = engine.instantiate(module, trap_unknown_imports(module, given))
    assert instance.exports.known(-3) == 3
    for name, import_ in (("lost", "env.lost"), ("y", "x.y")):
        with pytest.raises(Trap, match=f"^unknown import called: {import_}$") as raised:
            instance.exports[name](1)
        assert raised.value.code is TrapCode.UNKNOWN_IMPORT
    assert given == {"env": {"known": abs}}, "what was given is not changed"


def test_an_instance_may_stand_for_a_module_name(engine):
    first = engine.instantiate(
        engine.load(importing(("env", "known", FuncUse(0)))), {"env": {"known": Func(FUNCTION, abs)}}
    )
    module = engine.load(importing(("first", "known", FuncUse(0)), ("first", "lost", FuncUse(0))))
    instance = engine.instantiate(module, trap_unknown_imports(module, {"first": first}))
    assert instance.exports.known(-3) == 3
    with pytest.raises(Trap, match=r"first\.lost"):
        instance.exports.lost(1)


@pytest.mark.parametrize("type_", [MemoryType(Limits(1)), GlobalType(I32)])
def test_what_is_no_function_stays_unknown(engine, type_):
    module = engine.load(importing(("env", "lost", FuncUse(0)), ("env", "thing", type_)))
    with pytest.raises(LinkError, match="unknown import: nothing was given for 'env' 'thing'"):
        engine.instantiate(module, trap_unknown_imports(module, {"env": {"memory": Memory(MemoryType(Limits(1)))}}))
