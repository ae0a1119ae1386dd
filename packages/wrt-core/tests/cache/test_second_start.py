"""A second start does what the first had to, and nothing of it again."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from wrt_core import EngineFactory, ValidatedModule
from wrt_core.cache import Cache, verdict
from wrt_core.engines.stackless.stored import Stored
from wrt_core.engines.stackless.translation.function import translate
from wrt_core.engines.stackless.translation.variant import Form
from wrt_core.execution.state import State
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import UnsupportedFeature, ValidationError
from wrt_foundation.traps import Trap
from wrt_foundation.types import I32

PROGRAM = """
import sys
from wrt_core import EngineFactory
from wrt_foundation.plugins import get_plugin_manager, hookimpl

class Counter:
    count = 0
    @hookimpl
    def wrt_function_compiled(self):
        self.count += 1

counter, plugins = Counter(), get_plugin_manager()
plugins.registry("wrt.observers").register("counter", counter)
engine = EngineFactory.create("stackless", plugins=plugins, cache=sys.argv[2])
instance = engine.instantiate(engine.load(sys.argv[1]))
print(instance.exports.add(19, 23), counter.count)
"""


def everything(instance) -> list[object]:
    """What the functions give, and where they trap."""
    results = [instance.exports.add(40, 2), instance.exports.load(0), instance.exports.nan.call_raw(())]
    for name, argument in (("load", -1), ("indirect", 1), ("indirect", 5)):
        with pytest.raises(Trap) as caught:
            instance.exports[name](argument)
        results.append((caught.value.code, caught.value.frames))
    return [repr(each) for each in results]


def test_processes(tmp_path, module, directory):
    (tmp_path / "small.wasm").write_bytes(module)
    command = [sys.executable, "-c", PROGRAM, tmp_path / "small.wasm", directory]
    outputs = [subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(2)]
    assert outputs == ["42 1\n", "42 0\n"]  # the first wrote at its end what the second found


def test_nothing_is_translated_again(start, module, directory):
    first, translated = start(module, cache=directory)
    expected = everything(first)
    assert sorted(translated) == [0, 1, 2, 3]
    second, translated = start(module, cache=directory)
    assert everything(second) == expected
    assert translated == []


def test_what_was_kept_is_left_and_gone_on_with_like_what_was_made(start, directory):
    builder = ModuleBuilder()
    builder.memory(1)
    less = "local.get 0 i32.const 1 i32.sub local.tee 0"
    step = builder.function(None, "i32 -> i32", f"loop {less} br_if 0 end i32.const 3")
    vector = "local.get 1 local.get 1 v128.xor local.get 0 i32x4.splat v128.xor local.set 1"
    sum_ = f"local.get 0 i32.const 5 i32.mul local.get 0 call {step} i32.add drop"
    loop = f"loop {vector} {sum_} {less} br_if 0 end"
    builder.function("run", "i32 -> i32", f"{loop} local.get 1 i32x4.extract_lane 2", "v128")
    found, made = [], []
    for _ in range(2):
        instance, translated = start(builder.bytes(), cache=directory)
        execution, seen = instance.exports.run.start(6, fuel=0), []
        while execution.run(fuel=execution.fuel_needed) is State.PAUSED:
            seen.append([(each.offset, each.locals, each.stack) for each in execution.frames])
        found.append((seen, execution.result))
        made.append(len(translated))
    assert made[1] == made[0] - 2  # what is left of them is not kept
    assert found[0] == found[1]
    assert any(len(frames) == 2 and frames[1][2] for frames in found[0][0])


def test_both_forms_of_a_function_that_calls_itself_are_kept(start, directory):
    builder = ModuleBuilder()
    less = "local.get 0 i32.const {} i32.sub call 0"
    twice = f"{less.format(1)} {less.format(2)} i32.add"
    builder.function("fib", "i32 -> i32", f"local.get 0 i32.const 2 i32.lt_s if i32 local.get 0 else {twice} end")
    for forms in ([0, 0], []):
        instance, translated = start(builder.bytes(), cache=directory)
        assert [instance.exports.fib(n) for n in (0, 1, 2, 10)] == [0, 1, 1, 55]
        assert translated == forms


def test_only_what_was_not_there_is_translated(start, module, directory):
    start(module, cache=directory)[0].exports.add(1, 2)
    instance, translated = start(module, cache=directory)
    everything(instance)
    assert sorted(translated) == [1, 2, 3]


def test_nothing_is_validated_again(start, module, directory, monkeypatch):
    first, _ = start(module, cache=directory)
    monkeypatch.setattr(verdict, "validate", lambda *_, **__: pytest.fail("validated again"))
    second, _ = start(module, cache=directory)
    found_out = ("features_used", "declared_functions", "changed_tables")
    for name in (*found_out, "hash", "function_types", "exports", "memories", "tables"):
        assert getattr(second.module, name) == getattr(first.module, name), name


def test_a_verdict_is_for_the_features_it_was_given_with(start, directory):
    builder = ModuleBuilder()
    builder.function("f", "i32 -> i32", "local.get 0 i32.extend8_s")
    start(builder.bytes(), cache=directory)
    with pytest.raises(UnsupportedFeature):
        start(builder.bytes(), cache=directory, features=["mvp"])


def test_what_is_invalid_is_invalid_again(start, directory):
    builder = ModuleBuilder()
    builder.function("f", "-> i32", "i64.const 1")
    messages = set()
    for _ in range(2):
        with pytest.raises(ValidationError) as caught:
            start(builder.bytes(), cache=directory)
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_another_module_has_a_pack_of_its_own(start, module, directory):
    start(module, cache=directory)[0].exports.add(1, 2)
    builder = ModuleBuilder("small")
    builder.function("add", "i32 i32 -> i32", "local.get 0 local.get 1 i32.sub")
    assert start(builder.bytes(), cache=directory)[0].exports.add(1, 2) == -1


def test_a_pack_under_another_modules_name_is_not_taken_for_its(start, module, directory):
    start(module, cache=directory)[0].exports.add(1, 2)
    builder = ModuleBuilder("small")
    builder.function("add", "i32 i32 -> i32", "local.get 0 local.get 1 i32.sub")
    other = start(builder.bytes(), cache=directory)[0].module
    (pack,) = Cache(directory).modules()
    shutil.copy(pack.path, str(pack.path).replace(pack.module, other.hash))
    assert start(builder.bytes(), cache=directory)[0].exports.add(1, 2) == -1


def test_another_wrt_or_python_starts_anew(start, module, directory, monkeypatch):
    first, _ = start(module, cache=directory)
    first.exports.add(1, 2)
    monkeypatch.setattr("wrt_core.cache.cache.fingerprint", lambda: bytes(16))
    second, translated = start(module, cache=directory)
    second.exports.add(1, 2)
    assert translated == [0]


def test_without_a_fingerprint_nothing_is_kept(start, module, directory, monkeypatch):
    monkeypatch.setattr("wrt_core.cache.cache.fingerprint", lambda: None)
    start(module, cache=directory)[0].exports.add(1, 2)
    assert Cache(directory).modules() == []


def test_forms_are_kept_apart(start, directory):
    builder = ModuleBuilder()
    builder.function("twice", "i32 -> i32", "local.get 0 return_call 1")
    builder.function("add", "i32 -> i32", "local.get 0 i32.const 2 i32.mul")
    for translated in ([0, 1], []):
        instance, found = start(builder.bytes(), cache=directory)
        assert instance.exports.twice(21) == 42
        assert instance.exports.add(21) == 42
        assert sorted(set(found)) == translated


def test_casts_come_back(start, directory):
    parser = pytest.importorskip("wrt_wast.text.parser", reason="modules are written as text")
    from wrt_foundation.binary import encode

    source = """(module
      (type $s (sub (struct (field i32)))) (type $t (sub final $s (struct (field i32 i32))))
      (func (export "is") (param i32) (result i32 i32 i32)
        (local anyref)
        (if (local.get 0) (then (local.set 1 (struct.new_default $t))) (else (local.set 1 (ref.i31 (i32.const 1)))))
        (ref.test (ref $s) (local.get 1)) (ref.test (ref null $t) (local.get 1)) (ref.test i31ref (local.get 1))))"""
    binary = encode(parser.parse_module(source))
    for expected in ([0], []):
        instance, translated = start(binary, cache=directory)
        assert instance.exports["is"](1) == (1, 1, 0)
        assert instance.exports["is"](0) == (0, 0, 1)
        assert translated == expected


def test_a_module_without_bytes_is_not_kept(module, directory):
    engine = EngineFactory.create("stackless", cache=directory)
    builder = ModuleBuilder()
    builder.function("id", "i32 -> i32", "local.get 0")
    decoded = builder.module
    decoded.binary = b""
    loaded = engine.load(decoded)
    assert isinstance(loaded, ValidatedModule)
    assert engine.pack(loaded) is None
    assert loaded.function_types[0].params == (I32,)


def test_off_unless_asked_for(start, module, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    start(module)[0].exports.add(1, 2)
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_at_a_safe_point_is_not_kept(directory):
    builder = ModuleBuilder()
    builder.function("f", "i32 -> i32", "loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end local.get 0")
    module = EngineFactory.create("stackless").load(builder.bytes())
    points = translate(module, 0).exits
    stored = Stored(Cache(directory).pack(module.hash))
    for form, kept in ((Form(), True), *((Form(resumed=offset), False) for offset in points)):
        stored.put(translate(module, 0, form=form), 0, form)
        assert (stored.get(module, 0, form) is not None) is kept
    assert points
