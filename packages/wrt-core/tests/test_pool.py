"""Pools: what one user leaves, the next one does not find; engines are bounded, waited for, and refused with a type."""

from __future__ import annotations

import gc
import pickle
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wrt_core import EngineFactory, EnginePool, Func, Global, Instance, Memory, PoolClosed, PoolExhausted, Table
from wrt_core.host_modules import HostNamespace
from wrt_core.runtime.initial_state import InitialState, restorable
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import Exit, LinkError, UnknownPlugin
from wrt_foundation.memory import MemoryClosed
from wrt_foundation.memory.test import TestMemoryProvider
from wrt_foundation.plugins import get_plugin_manager
from wrt_foundation.traps import Trap
from wrt_foundation.types import EXTERNREF, FUNCREF, I32, FuncType, GlobalType, Limits, MemoryType, TableType

PAGE = 65_536
SECRET = b"the secret of the one before"


def program() -> ModuleBuilder:
    """A module with something of everything that a guest can change."""
    builder = ModuleBuilder()
    builder.memory(3, 8)
    builder.data(b"begin", 0)
    builder.data(b"across", PAGE - 3)
    passive_data = builder.data(b"passive", None)
    function = builder.function("seven", "-> i32", "i32.const 7")
    builder.table(4, 10, name="functions")
    builder.table(3, 10, element=EXTERNREF, name="things")
    builder.elements([function], 1)
    passive = builder.elements([function, function], None)
    for type_, init in (
        ("i32", "i32.const -1"),
        ("i64", "i64.const 5"),
        ("f64", "f64.const 0.5"),
        ("externref", "ref.null extern"),
    ):
        builder.global_(f"the_{type_}", type_, init)
    builder.function("store", "i32 i32 ->", "local.get 0 local.get 1 i32.store8")
    builder.function("fill", "i32 i32 i32 ->", "local.get 0 local.get 1 local.get 2 memory.fill")
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    builder.function("grow_things", "i32 -> i32", "ref.null extern local.get 0 table.grow 1")
    builder.function("init", "->", f"i32.const 100 i32.const 0 i32.const 7 memory.init {passive_data}")
    builder.function("init_table", "->", f"i32.const 2 i32.const 0 i32.const 2 table.init {passive}")
    builder.function("drop", "->", f"data.drop {passive_data} elem.drop {passive}")
    builder.function("put", "i32 externref ->", "local.get 0 local.get 1 table.set 1")
    builder.function("keep", "externref ->", "local.get 0 global.set 3")
    builder.function("trap", "->", "unreachable")
    return builder


def state_of(instance: Instance) -> dict[str, Any]:
    """All that can be seen of an instance, comparably."""

    def shown(value: object) -> object:
        return ("function", value.index) if isinstance(value, Func) else value

    return {
        "memories": [memory.read(0, memory.byte_length) for memory in instance.memories],
        "tables": [[shown(each) for each in table.elements] for table in instance.tables],
        "globals": [shown(global_.raw) for global_ in instance.globals],
        "data": list(instance.data),
        "elements": [[shown(each) for each in segment] for segment in instance.elements],
    }


@pytest.fixture
def pool():
    with EnginePool("stackless", 1, timeout=0) as pool:
        yield pool


@pytest.fixture
def module(pool):
    with pool.engine() as engine:
        return program().load(engine)


# --- nothing leaks ----------------------------------------------------------------------------------------


def leave_everything(exports: Any) -> None:
    """Write a secret wherever a guest or its host can write one, without growing anything."""
    for address in (0, 1000, PAGE - 5, 2 * PAGE + 7, 3 * PAGE - len(SECRET)):
        exports.memory.write(address, SECRET)
    exports.the_i32.value = 0x5EC2E7
    exports.the_i64.value = -0x5EC2E7
    exports.the_f64.value = 1e300
    exports.keep(SECRET)
    exports.functions[3] = Func(FuncType(), lambda: None, name="secret")
    exports.put(0, SECRET)
    exports.things[2] = SECRET
    exports.init_table()
    exports.init()
    exports.drop()


def test_the_next_user_finds_what_the_first_one_found(pool, module):
    with pool.instance(module) as instance:
        first, before = instance, state_of(instance)
        leave_everything(instance.exports)
        assert state_of(instance) != before
    with pool.instance(module) as instance:
        assert instance is first, "it was not even reused"
        assert state_of(instance) == before
        everything = b"".join(before["memories"])
        assert SECRET not in everything
        assert everything.count(0) == len(everything) - len(b"begin") - len(b"across")
        # Dropped segments are there again, and still work.
        instance.exports.init()
        assert instance.exports.memory.read(100, 7) == b"passive"
        instance.exports.init_table()
        assert instance.exports.functions[3]() == 7
    statistics = pool.statistics
    assert (statistics.instantiated, statistics.reused, statistics.discarded) == (1, 1, 0)


STEPS = st.one_of(
    st.tuples(st.just("store"), st.integers(0, 3 * PAGE - 1), st.integers(1, 255)),
    st.tuples(st.just("fill"), st.integers(0, 2 * PAGE), st.integers(0, 255), st.integers(0, PAGE)),
    st.tuples(st.sampled_from(["init", "init_table", "drop", "trap"])),
    st.tuples(st.just("put"), st.integers(0, 3), st.sampled_from(["secret", None])),
    st.tuples(st.just("keep"), st.just("secret")),
    st.tuples(st.sampled_from(["grow", "grow_things"]), st.integers(0, 2)),
)


@given(users=st.lists(st.lists(STEPS, max_size=6), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_whatever_was_done_the_next_user_finds_a_new_instance(users):
    engine = EngineFactory.create("stackless")
    module = program().load(engine)
    wanted = state_of(engine.instantiate(module))
    with EnginePool("stackless", 1, timeout=0) as pool:
        for steps in users:
            with pool.instance(module) as instance:
                assert state_of(instance) == wanted
                for name, *arguments in steps:
                    try:
                        instance.exports[name](*arguments)
                    except Trap:
                        continue
        with pool.instance(module) as instance:
            assert state_of(instance) == wanted


@pytest.mark.parametrize(
    "grow", [lambda e: e.grow(1), lambda e: e.grow_things(1), lambda e: e.memory.grow(1), lambda e: e.memory.close()]
)
def test_what_can_not_be_put_back_is_replaced(pool, module, grow):
    with pool.instance(module) as instance:
        first, before, memory = instance, state_of(instance), instance.exports.memory
        leave_everything(instance.exports)
        grow(instance.exports)
    with pytest.raises(MemoryClosed):
        memory.read(0, 1)
    with pool.instance(module) as instance:
        assert instance is not first
        assert state_of(instance) == before
    statistics = pool.statistics
    assert (statistics.instantiated, statistics.reused, statistics.discarded) == (2, 0, 1)


def test_growing_by_nothing_is_no_reason_to_discard(pool, module):
    for _ in range(2):
        with pool.instance(module) as instance:
            assert instance.exports.grow(0) == 3
    assert pool.statistics.reused == 1


def test_what_the_start_function_did_is_part_of_the_initial_state(pool):
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("count", "i32", "i32.const 0")
    builder.start(builder.function(None, "->", "i32.const 8 i32.const 7 i32.store8 i32.const 3 global.set 0"))
    with pool.engine() as engine:
        module = builder.load(engine)
    for _ in range(3):
        with pool.instance(module) as instance:
            assert (instance.exports.memory.read(8, 1), instance.exports.count.value) == (b"\7", 3)
            instance.exports.memory.write(8, b"\0")
            instance.exports.count.value = 0
    assert pool.statistics.instantiated == 1


def test_a_memory_of_an_odd_size_is_scrubbed_to_its_last_byte(pool):
    builder = ModuleBuilder()
    builder.memory(PAGE + 5, page_size=1)
    builder.data(b"end", PAGE + 2)
    with pool.engine() as engine:
        module = builder.load(engine)
    for _ in range(2):
        with pool.instance(module) as instance:
            memory = instance.exports.memory
            assert memory.read(0, PAGE + 5) == bytes(PAGE + 2) + b"end"
            memory.write(0, b"x" * (PAGE + 5))
    assert pool.statistics.reused == 1


def test_who_stepped_in_between_steps_out(pool, module):
    heard = []
    with pool.instance(module) as instance:
        func = instance.exports.seven
        enter = func.enter

        def listening(func: Func, args: Any) -> Any:
            heard.append(func.name)
            return enter(func, args)

        func.enter = listening
        assert func() == 7
    with pool.instance(module) as instance:
        assert instance.exports.seven() == 7
    assert heard == ["seven"]


@pytest.mark.parametrize(
    "text",
    [
        '(module (type $a (array (mut i32))) (global (export "g") (ref $a) (array.new_default $a (i32.const 2))))',
        '(module (type $s (struct (field (mut i32)))) (table (export "t") 1 (ref $s) (struct.new_default $s)))',
        "(module (type $s (struct (field (mut i32)))) (elem (ref $s) (struct.new_default $s)))",
        '(module (memory (export "m") 1 1 shared))',
    ],
)
def test_a_state_that_can_not_be_copied_is_never_reused(pool, text):
    pytest.importorskip("wrt_wast", reason="the module is written as text")
    with pool.engine() as engine:
        module = engine.load(text)
    for _ in range(2):
        with pool.instance(module) as instance:
            assert not restorable(instance)
            with pytest.raises(ValueError, match="shares what it changes"):
                InitialState(instance)
    assert (pool.statistics.instantiated, pool.statistics.reused) == (2, 0)


@pytest.mark.parametrize("failure", [Trap, Exit, ValueError])
def test_an_instance_whose_user_failed_is_as_good_as_another(pool, module, failure):
    def use() -> None:
        with pool.instance(module) as instance:
            instance.exports.memory.write(0, SECRET)
            if failure is Trap:
                instance.exports.trap()
            raise failure(3)

    with pytest.raises(failure):
        use()
    with pool.instance(module) as instance:
        assert instance.exports.memory.read(0, 5) == b"begin"
    assert pool.statistics.reused == 1


def test_an_interrupted_one_is_not(pool, module):
    with pytest.raises(KeyboardInterrupt), pool.instance(module):
        raise KeyboardInterrupt
    with pool.instance(module):
        pass
    assert (pool.statistics.reused, pool.statistics.discarded) == (0, 1)


# --- what it is linked with -------------------------------------------------------------------------------


def calling() -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.import_function("env", "answer", "-> i32")
    builder.memory(1)
    builder.function("run", "-> i32", "call 0")
    return builder


class Host:
    """Answers by a bound method, which is another object each time it is asked for."""

    def __init__(self, value: int) -> None:
        self.value = value

    def answer(self) -> int:
        return self.value


def test_other_imports_make_another_instance(pool):
    with pool.engine() as engine:
        module = calling().load(engine)
    one, two = Host(1), Host(2)
    for host in (one, two, one, two, Host(1)):
        with pool.instance(module, {"env": {"answer": host.answer}}) as instance:
            assert instance.exports.run() == host.value
    assert (pool.statistics.instantiated, pool.statistics.reused) == (3, 2)


def test_equal_imports_are_not_the_same(pool):
    class Same:
        def __init__(self, value: int) -> None:
            self.value = value

        def __call__(self) -> int:
            return self.value

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    with pool.engine() as engine:
        module = calling().load(engine)
    for value in (1, 2):
        with pool.instance(module, {"env": {"answer": Same(value)}}) as instance:
            assert instance.exports.run() == value


def test_a_failed_link_gives_the_engine_back(pool):
    with pool.engine() as engine:
        module = calling().load(engine)
    with pytest.raises(LinkError, match="unknown import"), pool.instance(module, {"env": {}}):
        raise AssertionError("there is no instance")
    assert pool.statistics.in_use == 0


@pytest.mark.parametrize(
    ("add", "extern"),
    [
        (lambda builder: builder.import_memory("env", "it", 1), lambda: Memory(MemoryType(Limits(1)))),
        (lambda builder: builder.import_table("env", "it", 1), lambda: Table(TableType(FUNCREF, Limits(1)))),
        (
            lambda builder: builder.import_global("env", "it", "i32", mutable=True),
            lambda: Global(GlobalType(I32, True), 0),
        ),
    ],
)
def test_what_is_shared_by_import_is_not_touched(pool, add, extern):
    builder = ModuleBuilder()
    add(builder)
    with pool.engine() as engine:
        module = builder.load(engine)
    imports = {"env": {"it": extern()}}
    for _ in range(2):
        with pool.instance(module, imports) as instance:
            assert not restorable(instance)
            if isinstance(shared := imports["env"]["it"], Memory):
                shared.write(0, b"shared")
    assert pool.statistics.reused == 0
    if isinstance(shared, Memory):
        assert shared.read(0, 6) == b"shared", "an imported memory is the giver's: not closed, not cleared"


def test_functions_of_another_guest_are_not_put_back_and_so_not_kept(pool):
    library = ModuleBuilder()
    library.global_("count", "i32", "i32.const 0")
    library.function("answer", "-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0")
    with pool.engine() as engine:
        other = library.instantiate(engine)
        module = calling().load(engine)
    for expected in (1, 2):
        with pool.instance(module, {"env": other}) as instance:
            assert instance.exports.run() == expected
    assert pool.statistics.reused == 0


def test_constants_and_namespaces_of_host_modules_are_no_hindrance(pool):
    attached = []
    builder = calling()
    builder.import_global("env", "constant", "i32")
    namespace = HostNamespace(attached.append, {"answer": lambda: 5, "constant": Global(GlobalType(I32), 1)})
    with pool.engine() as engine:
        module = builder.load(engine)
    for _ in range(2):
        with pool.instance(module, {"env": namespace}) as instance:
            assert instance.exports.run() == 5
    assert (pool.statistics.reused, len(attached)) == (1, 1)


# --- engines ----------------------------------------------------------------------------------------------


def test_engines_are_made_ahead_with_the_options_and_the_manager():
    manager = get_plugin_manager({})
    pool = EnginePool("stackless", 3, manager=manager, max_call_depth=77)
    with pool, pool.engine() as one, pool.engine() as two, pool.engine() as three:
        assert len({id(each) for each in (one, two, three)}) == 3
        assert {each.max_call_depth for each in (one, two, three)} == {77}
        assert all(each.plugins is manager for each in (one, two, three))


def test_the_engine_used_last_is_lent_first():
    with EnginePool("stackless", 3) as pool:
        with pool.engine() as first:
            pass
        with pool.engine() as again:
            assert again is first


def test_an_engine_is_never_lent_twice():
    lent: set[int] = set()
    guard = threading.Lock()

    def use(_: int) -> None:
        with pool.engine() as engine:
            with guard:
                assert id(engine) not in lent
                lent.add(id(engine))
            time.sleep(0)
            with guard:
                lent.remove(id(engine))

    with EnginePool("stackless", 3) as pool, ThreadPoolExecutor(12) as threads:
        list(threads.map(use, range(300)))
        assert (pool.statistics.lent, pool.statistics.in_use) == (300, 0)


def test_threads_with_instances_do_not_meet():
    def use(number: int) -> None:
        with pool.instance(module) as instance:
            exports = instance.exports
            assert exports.memory.read(200, 4) == bytes(4)
            exports.memory.write(200, number.to_bytes(4, "little"))
            time.sleep(0)
            assert exports.memory.read(200, 4) == number.to_bytes(4, "little")

    with EnginePool("stackless", 2) as pool, ThreadPoolExecutor(6) as threads:
        with pool.engine() as engine:
            module = program().load(engine)
        list(threads.map(use, range(1, 121)))
        statistics = pool.statistics
        assert statistics.instantiated + statistics.reused == 120
        assert statistics.instantiated <= 2


def test_an_exhausted_pool_says_so(pool):
    with pool.engine():
        with pytest.raises(PoolExhausted, match="all 1 engines of the pool are in use") as caught, pool.engine():
            raise AssertionError("there is no engine")
        assert isinstance(caught.value, TimeoutError)
        assert pool.statistics.refused == 1
    with pool.engine():
        pass
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_waiting_for_a_time_and_no_longer():
    with EnginePool("stackless", 1, timeout=60) as pool, pool.engine():
        started = time.monotonic()
        with pytest.raises(PoolExhausted), pool.engine(timeout=0.05):
            raise AssertionError("there is no engine")
        assert 0.05 <= time.monotonic() - started < 30


@pytest.mark.parametrize("timeout", [None, 60])
def test_who_waits_gets_the_engine_that_is_given_back(timeout):
    got = threading.Event()
    with EnginePool("stackless", 1) as pool:

        def wait() -> None:
            with pool.engine(timeout=timeout):
                got.set()

        with pool.engine():
            thread = threading.Thread(target=wait)
            thread.start()
            assert not got.wait(0.05)
        thread.join(60)
        assert got.is_set()


def test_a_closed_pool_refuses(pool, module):
    with pool.instance(module) as kept:
        pass
    pool.close()
    pool.close()
    assert pool.closed
    with pytest.raises(PoolClosed), pool.engine():
        raise AssertionError("there is no engine")
    with pytest.raises(PoolClosed), pool.instance(module):
        raise AssertionError("there is no instance")
    assert kept.exports.memory.closed, "what was idle is gone"
    assert pool.statistics.idle_instances == 0


def test_what_is_lent_when_the_pool_is_closed_ends_when_it_is_given_back(pool, module):
    with pool.instance(module) as instance:
        pool.close()
        assert instance.exports.seven() == 7
        instance.exports.memory.write(0, b"still here")
    assert instance.exports.memory.closed
    assert pool.statistics.idle_instances == 0


def test_closing_wakes_who_waits():
    pool = EnginePool("stackless", 1)
    failures: list[BaseException] = []

    def wait() -> None:
        try:
            with pool.engine():
                raise AssertionError("there is no engine")
        except BaseException as error:  # noqa: BLE001 - handed to the thread that tests
            failures.append(error)

    with pool.engine():
        threads = [threading.Thread(target=wait) for _ in range(3)]
        for thread in threads:
            thread.start()
        pool.close()
        for thread in threads:
            thread.join(60)
    assert [type(each) for each in failures] == [PoolClosed] * 3


@pytest.mark.parametrize(("size", "kept"), [(0, 1), (-1, 1), (1, -1)])
def test_sizes_that_make_no_sense(size, kept):
    with pytest.raises(ValueError, match="at least one engine"):
        EnginePool("stackless", size, kept=kept)


def test_an_engine_that_nobody_offers():
    with pytest.raises(UnknownPlugin, match="did you mean 'stackless'"):
        EnginePool("stackles", 2)


# --- what is kept -----------------------------------------------------------------------------------------


def test_prepared_instances_are_there_for_all_at_once():
    with EnginePool("stackless", 3, timeout=0) as pool:
        with pool.engine() as engine:
            module = program().load(engine)
        pool.prepare(module)
        assert (pool.statistics.idle_instances, pool.statistics.instantiated) == (3, 3)
        with pool.instance(module) as one, pool.instance(module) as two, pool.instance(module) as three:
            assert len({id(each) for each in (one, two, three)}) == 3
        assert (pool.statistics.reused, pool.statistics.instantiated) == (3, 3)
        pool.prepare(module, count=1)
        for count in (-1, 4):
            with pytest.raises(ValueError, match="does not prepare"):
                pool.prepare(module, count=count)


def test_two_who_prepare_do_not_wait_for_one_another():
    barrier = threading.Barrier(2)

    def begin() -> None:
        with suppress(threading.BrokenBarrierError):
            barrier.wait(0.1)  # until each has one engine, if that is how it goes

    builder = ModuleBuilder()
    builder.start(builder.import_function("env", "begin", "->"))
    with EnginePool("stackless", 2) as pool, ThreadPoolExecutor(2) as threads:
        with pool.engine() as engine:
            modules = [builder.load(engine) for _ in range(2)]
        waiting = [threads.submit(pool.prepare, each, {"env": {"begin": begin}}, timeout=2) for each in modules]
        for each in waiting:
            each.result(60)


def test_the_instance_is_found_in_whichever_engine_has_it():
    with EnginePool("stackless", 2, timeout=0) as pool:
        with pool.engine() as engine:
            module, other = program().load(engine), calling().load(engine)
        with pool.instance(module) as first:
            pass
        with pool.instance(other, {"env": {"answer": lambda: 1}}), pool.engine():
            pass  # both engines were used since
        with pool.instance(module) as again:
            assert again is first


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_no_more_is_kept_than_wanted(kept):
    provider = TestMemoryProvider()
    with EnginePool("stackless", 1, kept=kept, timeout=0, memory_provider=provider) as pool:
        with pool.engine() as engine:
            modules = [program().load(engine) for _ in range(3)]
        for module in modules:
            with pool.instance(module):
                pass
        assert pool.statistics.idle_instances == kept
        assert pool.statistics.discarded == 3 - kept
        assert provider.statistics.regions == kept, "the memories of the others were given back"
        if kept:
            with pool.instance(modules[-1]):  # the latest is what is kept
                assert pool.statistics.reused == 1
    provider.check_leaks()


def test_a_dropped_pool_keeps_nothing_alive(module):
    pool = EnginePool("stackless", 1)
    with pool.instance(module) as instance:
        gone = weakref.ref(instance)
    del instance, pool
    gc.collect()
    assert gone() is None


def test_statistics_count(pool, module):
    with pool.instance(module), pytest.raises(PoolExhausted), pool.engine():
        raise AssertionError("there is no engine")
    with pool.engine():
        assert pool.statistics.in_use == 1
    statistics = pool.statistics
    assert (statistics.size, statistics.in_use, statistics.idle_instances) == (1, 0, 1)
    # The fixture `module` lent one too.
    assert (statistics.lent, statistics.refused) == (3, 1)
    assert repr(pool) == "<EnginePool of 1 'stackless', 1 free>"
