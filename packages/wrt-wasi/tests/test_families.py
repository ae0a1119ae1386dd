"""Families: each a plugin, which another can replace, and of which a guest gets those that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from wrt_core import EngineFactory
from wrt_core.host_modules import Grants, create_host_module
from wrt_core.runtime.unknown_imports import trap_unknown_imports
from wrt_foundation.errors import LinkError, PluginError, UnknownPlugin, WrtError
from wrt_foundation.plugins import State, get_plugin_manager
from wrt_foundation.traps import Trap
from wrt_wasi import MODULE, Family, Wasi, run
from wrt_wasi.filesystem.virtual import VirtualFilesystem
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.signatures import FAMILIES, SIGNATURES

KIT = Path(__file__).parent / "guests" / "kit.wasm"
OTHERS = [name for name in FAMILIES if name != "stdio"]


class Dice(Family):
    """Random numbers that are not."""

    closed = 0

    def random_get(self, memory, buffer, length):
        memory.write(buffer, b"\4" * length)

    def close(self):
        type(self).closed += 1


class Library(Family):
    """A file system of a stranger's, which always has the same directory."""

    def __init__(self, guest):
        super().__init__(guest)
        guest.descriptors.preopen(b"/", VirtualFilesystem({"book": "text"}).root())


@pytest.fixture
def link(importing):
    """A function that instantiates a module which imports functions by name from a `Wasi` made with options."""
    engine = EngineFactory.create("stackless")

    def make(*names, **options):
        module = engine.load(importing(list(names)))
        wasi = Wasi(**options)
        instance = engine.instantiate(module, wasi.imports())
        wasi.attach(instance)
        return instance.exports

    return make


def test_every_function_is_of_one_family_and_served():
    assert sorted(name for names in FAMILIES.values() for name in names) == sorted(SIGNATURES)
    namespace = Wasi().imports()[MODULE]
    assert sorted(namespace) == sorted(SIGNATURES)
    assert namespace.missing == {}


def test_each_family_is_a_plugin_of_its_own():
    entries = {each.name: each for each in get_plugin_manager({}).registry("wrt.wasi_families").entries()}
    assert {f"wasi-{family}" for family in FAMILIES} | {"wasi-unsupported"} == entries.keys()
    assert {each.distribution for each in entries.values()} == {"wrt-wasi"}
    assert {each.state for each in entries.values()} == {State.AVAILABLE}


@pytest.mark.parametrize("family", OTHERS)
def test_a_family_serves_its_functions_and_no_others(family):
    others = dict.fromkeys(set(FAMILIES) - {family})
    assert sorted(Wasi(families=others).imports()[MODULE]) == sorted(FAMILIES[family])


@pytest.mark.parametrize("family", OTHERS)
def test_functions_of_a_family_that_is_left_out_do_not_link(link, family):
    wanted = next(iter(FAMILIES[family]))
    with pytest.raises(LinkError, match=f"'{wanted}': the WASI family '{family}' is left out") as raised:
        link(wanted, families={family: None})
    assert (raised.value.module, raised.value.name) == (MODULE, wanted)


def test_the_others_link(link):
    exports = link("random_get", "fd_write", families={"sockets": None, "filesystem": None})
    assert exports.random_get(0, 4) == 0


def test_what_is_left_out_can_be_linked_to_a_trap(importing):
    engine = EngineFactory.create("stackless")
    module = engine.load(importing(["sock_accept"]))
    imports = trap_unknown_imports(module, Wasi(families={"sockets": None}).imports())
    instance = engine.instantiate(module, imports)
    with pytest.raises(Trap):
        instance.exports.sock_accept(3, 0, 0)


@pytest.mark.parametrize("family", [name for name in OTHERS if name != "process"])
def test_or_it_answers_that_there_is_no_such_thing(link, family):
    exports = link(*FAMILIES[family], families={family: "wasi-unsupported"})
    for name, type_ in FAMILIES[family].items():
        assert exports[name](*[0] * len(type_.params)) == Errno.NOSYS


def test_what_has_no_answer_can_not_be_answered(link):
    with pytest.raises(LinkError, match="'wasi-unsupported' serves the WASI family 'process' without it"):
        link("proc_exit", families={"process": "wasi-unsupported"})
    assert link("sched_yield", families={"process": "wasi-unsupported"}).sched_yield() == Errno.NOSYS


def test_somebody_else_can_serve_one(link):
    exports = link("random_get", "args_sizes_get", families={"random": Dice}, arguments=["a"])
    assert exports.random_get(10, 3) == 0
    assert exports.memory.read(9, 5) == b"\0\4\4\4\0"
    assert exports.random_get(65535, 2) == Errno.FAULT
    assert exports.args_sizes_get(0, 4) == 0


def test_by_the_name_of_its_plugin(link):
    plugins = get_plugin_manager()
    plugins.registry("wrt.wasi_families").register("dice", Dice)
    exports = link("random_get", families={"random": "dice"}, plugins=plugins)
    assert exports.random_get(10, 1) == 0
    assert exports.memory.read(10, 1) == b"\4"


def test_or_in_the_name_of_ours(importing):
    plugins = get_plugin_manager()
    plugins.registry("wrt.wasi_families").register("wasi-random", Dice, replace=True)
    wasi = create_host_module(MODULE, Grants(), plugins)
    engine = EngineFactory.create("stackless")
    instance = engine.instantiate(engine.load(importing(["random_get"])), wasi.imports())
    wasi.attach(instance)
    instance.exports.random_get(0, 1)
    assert instance.exports.memory.read(0, 1) == b"\4"


def test_a_file_system_of_somebody_else_s(link):
    exports = link("fd_prestat_get", "fd_filestat_get", families={"filesystem": Library})
    assert exports.fd_prestat_get(3, 0) == Errno.SUCCESS
    assert exports.fd_filestat_get(3, 100) == Errno.SUCCESS
    with pytest.raises(LinkError, match="<class '.*Library'> serves the WASI family 'filesystem' without it"):
        link("path_open", families={"filesystem": Library})


def test_grants_say_who_serves(importing):
    wasi = create_host_module(MODULE, Grants(families={"sockets": None}))
    assert "sock_send" not in wasi.imports()[MODULE]
    assert "fd_write" in wasi.imports()[MODULE]


def test_directories_begin_behind_the_standard_streams_even_without_those(link):
    exports = link("fd_prestat_get", "fd_write", families={"stdio": None}, directories={"/": {}})
    assert exports.fd_prestat_get(3, 0) == Errno.SUCCESS
    assert [exports.fd_prestat_get(number, 0) for number in (0, 1, 2, 4)] == [Errno.BADF] * 4
    assert exports.fd_write(1, 0, 0, 0) == Errno.BADF


def test_families_are_closed():
    before = Dice.closed
    with Wasi(families={"random": Dice}):
        assert Dice.closed == before
    assert Dice.closed == before + 1


def test_those_that_were_made_are_closed_if_another_can_not_be():
    before = Dice.closed
    with pytest.raises(PluginError, match="no Family"):
        Wasi(families={"random": Dice, "sockets": lambda guest: "a socket"})
    assert Dice.closed == before + 1


def test_a_family_that_there_is_not():
    with pytest.raises(WrtError, match="WASI has no family 'socket' \\(did you mean 'sockets'\\?\\)"):
        Wasi(families={"socket": None})


def test_a_plugin_that_there_is_not():
    with pytest.raises(UnknownPlugin, match="no WASI family is called 'wasi-socket'"):
        Wasi(families={"sockets": "wasi-socket"})


def test_one_that_is_switched_off_is_missed_when_it_is_needed(link):
    plugins = get_plugin_manager({"WRT_PLUGINS": "wasi-random,wasi-descriptors"})
    assert link("random_get", plugins=plugins).random_get(0, 4) == 0
    with pytest.raises(LinkError, match="the WASI family 'sockets' is not there.*WRT_PLUGINS"):
        link("sock_send", plugins=plugins)
    with pytest.raises(PluginError, match="WRT_PLUGINS"):
        link("sock_send", plugins=plugins, families={"sockets": "wasi-sockets"})


def test_a_program_runs_without_what_it_does_not_need():
    result = run(KIT, args=["say", "hello"], families={"sockets": None}, capture=True)
    assert result.stdout == b"hello\n"


def test_a_program_does_not_run_without_what_it_needs():
    with pytest.raises(LinkError, match="the WASI family 'descriptors' is left out"):
        run(KIT, args=["say", "hello"], families={"descriptors": None}, capture=True)


def test_a_program_of_c_runs_where_it_has_no_file_system():
    result = run(KIT, args=["say", "hello"], families={"filesystem": "wasi-unsupported"}, capture=True)
    assert (result.status, result.stdout) == (0, b"hello\n")
